import { defined } from '../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { canonicalText } from '../../schemas/json/json.ts';
import type { SubscriptionSettings } from '../../schemas/subscription.ts';
import type { DeliveryLanes } from '../delivery/delivery-queue.ts';
import { deliveryGraceMilliseconds } from '../delivery/fan-out.ts';
import type { Subscription, Subscriptions } from '../delivery/subscription.ts';
import type { Clock } from '../mission/clock.ts';
import { type Precondition, unmetPrecondition } from './precondition.ts';

/** What a subscriber does with its subscriptions: create, replace the settings, rotate the secret, end. */

/** Where notifications may go, and with which headers. */
export interface EndpointRules {
  /** Why the hub does not call this endpoint, as a text after "the endpoint"; `undefined` if it does. */
  whyRefused(endpoint: string): string | undefined;
  /** Whether the hub can send this header line: `Name: value`, and not a header that the hub sets itself. */
  isHeaderLine(line: string): boolean;
}

/** The part of the directory that limits the hosts of an organisation. */
export interface HostLimits {
  notifiesAt(organisation: string, endpoint: string): boolean;
}

/** Makes what must not be guessed. */
export interface Secrets {
  /** A UUID. */
  newId(): string;
  /** A secret in the form of Standard Webhooks, `whsec_…`. */
  newSecret(): string;
}

export interface ManagePorts extends Clock {
  readonly subscriptions: Pick<
    Subscriptions,
    'create' | 'read' | 'ofOrganisation' | 'listings' | 'completeListing' | 'change' | 'turnOff'
  >;
  readonly lanes: Pick<DeliveryLanes, 'slow'>;
  readonly endpointRules: EndpointRules;
  readonly secrets: Secrets;
  /** The handshake could not be queued now; it is pending, and the sweeper queues it. */
  readonly onHandshakePostponed: (subscription: string, error: unknown) => void;
}

/** Of one organisation: all of them are read with every message that concerns it. */
const mostSubscriptions = 50;

/** Attempts to change a subscription while others change it too. */
const mostAttempts = 3;

const endpointElement = 'Subscription.channel.endpoint';

const headerElement = (line: number): string => `Subscription.channel.header[${line}]`;

/** Of two lines with one name, receivers take the first, the last or both. */
const headerGivenTwice = (headers: readonly string[]): Refusal | undefined => {
  const names = headers.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  const second = names.findIndex((name, line) => names.indexOf(name) < line);
  if (second === -1) return undefined;
  return {
    outcome: 'refused',
    faults: [
      {
        code: 'wrong-field',
        at: headerElement(second),
        and: headerElement(names.indexOf(names[second] ?? '')),
        detail: 'Two lines have the same header name. Give each name once, whatever its case.',
      },
    ],
  };
};

/** The refusal of an endpoint or header that the hub cannot use. */
const refusalOf = (
  { endpoint, headers }: SubscriptionSettings,
  organisation: string,
  directory: HostLimits,
  { endpointRules }: ManagePorts,
): Refusal | undefined => {
  const why = endpointRules.whyRefused(endpoint);
  if (why !== undefined) return refuse('refused-endpoint', endpointElement, why);
  if (!directory.notifiesAt(organisation, endpoint))
    return refuse('refused-endpoint', endpointElement, 'is at no host that the directory lists for you');
  const line = headers.findIndex((one) => !endpointRules.isHeaderLine(one));
  return line === -1
    ? headerGivenTwice(headers)
    : refuse(
        'wrong-field',
        headerElement(line),
        'must be "Name: value", and not a header that the hub sets itself or that belongs to the connection',
      );
};

const handshakeDue = (now: number): string => new Date(now + deliveryGraceMilliseconds).toISOString();

const queueHandshake = async (subscription: string, due: string, ports: ManagePorts): Promise<void> => {
  await ports.lanes.slow
    .send([{ kind: 'handshake', subscription, due }])
    .catch((error: unknown) => ports.onHandshakePostponed(subscription, error));
};

const tooMany = refuse(
  'unsupported-subscription',
  'Subscription',
  `An organisation can have at most ${mostSubscriptions} subscriptions. Delete one first.`,
);

/** Stores a new subscription with the status `requested`, if the limit and `listings` allow it. */
const create = async (
  organisation: string,
  settings: SubscriptionSettings,
  listings: number | undefined,
  ports: ManagePorts,
): Promise<Subscription | 'full' | 'changed'> => {
  const now = ports.now();
  const subscription: Subscription = {
    ...settings,
    id: ports.secrets.newId(),
    organisation,
    status: 'requested',
    secret: ports.secrets.newSecret(),
    createdAt: new Date(now).toISOString(),
    revision: 1,
    failures: 0,
  };
  const due = handshakeDue(now);
  const limits = { most: mostSubscriptions, ...defined({ listings }) };
  const listing = await ports.subscriptions.create(subscription, due, limits);
  if (listing !== 'listed') return listing;
  await queueHandshake(subscription.id, due, ports);
  return subscription;
};

/** A subscription that was created, or that was there already (`If-None-Exist`). */
export interface CreatedSubscription {
  readonly outcome: 'created' | 'found';
  readonly subscription: Subscription;
}

/**
 * Creates a subscription; the hub then sends a handshake. `existing`: with `If-None-Exist`, those of the organisation's subscriptions
 * that match its criteria. If one does, nothing is created; also of two such requests at the same time, one creates.
 */
export const createSubscription = async (
  organisation: string,
  settings: SubscriptionSettings,
  directory: HostLimits,
  ports: ManagePorts,
  existing?: (own: readonly Subscription[]) => readonly Subscription[],
): Promise<CreatedSubscription | Refusal> => {
  const refused = refusalOf(settings, organisation, directory, ports);
  if (refused !== undefined) return refused;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    // Before the list: a subscription that is created after this is in the list, or changes this.
    const listings = existing === undefined ? undefined : await ports.subscriptions.listings(organisation);
    const own = await ports.subscriptions.ofOrganisation(organisation);
    const [match, other] = existing?.(own) ?? [];
    if (other !== undefined) return refuse('several-matches', 'http.If-None-Exist');
    if (match !== undefined) {
      // Its creation may have crashed: it is found only if the sweeper does not end it.
      if (match.status === 'requested' && !(await ports.subscriptions.completeListing(match.id))) continue;
      return { outcome: 'found', subscription: match };
    }
    if (own.length >= mostSubscriptions) return tooMany;
    const created = await create(organisation, settings, listings, ports);
    if (created === 'full') return tooMany;
    if (created !== 'changed') return { outcome: 'created', subscription: created };
  }
  return refuse('contended');
};

const alreadyOff = refuse(
  'unsupported-subscription',
  'Subscription.status',
  'The subscription is off for good. Create a new one. The events of this one can still be read.',
);

/** Changes a subscription as it is stored now. If another change was first, that one is read, and never overwritten unseen. */
const change = async (
  seen: Subscription,
  precondition: Precondition,
  changed: (now: Subscription) => Subscription,
  { subscriptions }: ManagePorts,
  handshakeDueAt?: string,
): Promise<Subscription | Refusal> => {
  let current: Subscription | undefined = seen;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    if (current === undefined) return refuse('not-found');
    const unmet = unmetPrecondition(precondition, current);
    if (unmet !== undefined) return unmet;
    if (current.status === 'off') return alreadyOff;
    const next: Subscription = changed(current);
    if (await subscriptions.change(next, handshakeDueAt)) return { ...next, revision: next.revision + 1 };
    current = await subscriptions.read(seen.id);
  }
  return refuse('contended');
};

/** What stays when the settings are replaced: all but the settings and the endpoint's health, and what only a newer release knows. */
const withoutSettings = ({
  endpoint: _endpoint,
  payload: _payload,
  headers: _headers,
  filter: _filter,
  filterText: _filterText,
  timeout: _timeout,
  heartbeat: _heartbeat,
  reason: _reason,
  status: _status,
  failures: _failures,
  failingSince: _failingSince,
  retryAt: _retryAt,
  rejectedSince: _rejectedSince,
  failedCall: _failedCall,
  ...rest
}: Subscription): Omit<Subscription, keyof SubscriptionSettings | 'status' | 'failures'> => rest;

const isSameFilter = (one: SubscriptionSettings['filter'], other: SubscriptionSettings['filter']): boolean =>
  canonicalText(one) === canonicalText(other);

/** Replaces the settings, and begins with a handshake. The secret stays, and the event numbers continue. */
export const replaceSettings = async (
  subscription: Subscription,
  settings: SubscriptionSettings,
  directory: HostLimits,
  ports: ManagePorts,
  precondition: Precondition = {},
): Promise<Subscription | Refusal> => {
  const refused = refusalOf(settings, subscription.organisation, directory, ports);
  if (refused !== undefined) return refused;
  const due = handshakeDue(ports.now());
  const changed = await change(
    subscription,
    precondition,
    (current) => ({
      ...withoutSettings(current),
      ...settings,
      ...(isSameFilter(current.filter, settings.filter)
        ? {}
        : { filterChangedAt: new Date(ports.now()).toISOString() }),
      status: 'requested',
      failures: 0,
    }),
    ports,
    due,
  );
  if (!isRefusal(changed)) await queueHandshake(subscription.id, due, ports);
  return changed;
};

/**
 * Makes a new secret; for `overlapSeconds` the hub signs with the former one too. During the overlap the same call returns the
 * same secret: if it made another one, a subscriber that lost the answer would lose the former secret too. The version of before
 * may be given again, because the change has been made (RFC 9110, 13.1.1).
 */
export const rotateSecret = async (
  subscription: Subscription,
  { overlapSeconds }: { readonly overlapSeconds: number },
  ports: ManagePorts,
  precondition: Precondition = {},
): Promise<Subscription | Refusal> => {
  const now = ports.now();
  const isInOverlap = ({ formerSecret }: Subscription): boolean =>
    overlapSeconds > 0 && formerSecret !== undefined && Date.parse(formerSecret.until) > now;
  const isRepeat = (seen: Subscription): boolean => seen.status !== 'off' && isInOverlap(seen);
  const { ifNoneMatch } = precondition;
  if (isRepeat(subscription)) return unmetPrecondition(defined({ ifNoneMatch }), subscription) ?? subscription;
  const secret = ports.secrets.newSecret();
  const until = new Date(now + overlapSeconds * 1000).toISOString();
  const changed = await change(
    subscription,
    precondition,
    (current) => {
      if (isInOverlap(current)) return current;
      const { formerSecret: _former, ...rest } = current;
      const former = overlapSeconds === 0 ? {} : { formerSecret: { secret: current.secret, until } };
      return { ...rest, secret, ...former };
    },
    ports,
  );
  if (!isRefusal(changed)) return changed;
  // The same request at the same time may have made the change first.
  const current = await ports.subscriptions.read(subscription.id);
  return current !== undefined && ifNoneMatch === undefined && isRepeat(current) ? current : changed;
};

/** Turns a subscription off for good. It can still be read, with its events: they show what was missed. */
export const turnOff = async (
  seen: Subscription,
  { subscriptions, now }: Pick<ManagePorts, 'subscriptions' | 'now'>,
  precondition: Precondition = {},
): Promise<Subscription | Refusal> => {
  let current: Subscription | undefined = seen;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    if (current === undefined) return refuse('not-found');
    const unmet = unmetPrecondition(precondition, current);
    if (unmet !== undefined) return unmet;
    const endedAt = new Date(now()).toISOString();
    if (await subscriptions.turnOff(seen.id, endedAt, { revision: current.revision }))
      return { ...current, status: 'off', endedAt };
    current = await subscriptions.read(seen.id);
  }
  return refuse('contended');
};

/** Turns a subscription off for good. `wasLast`: the organisation has no other one now, so no machine notifies it. */
export const endSubscription = async (
  subscription: Subscription,
  ports: Pick<ManagePorts, 'subscriptions' | 'now'>,
  precondition: Precondition = {},
): Promise<{ readonly wasLast: boolean } | Refusal> => {
  const off = await turnOff(subscription, ports, precondition);
  if (isRefusal(off)) return off;
  const left = await ports.subscriptions.ofOrganisation(subscription.organisation);
  return { wasLast: subscription.status !== 'off' && left.every(({ status }) => status === 'off') };
};
