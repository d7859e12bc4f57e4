import { defined } from '../schemas/defined.ts';
import {
  callEndpoint,
  type CircuitSettings,
  type ContactPorts,
  isDelivered,
  isPermanent,
  keepContact,
  shakeHands,
  waitSeconds,
  wordsOf,
} from './contact.ts';
import { sayAsHub, unreachableMessage } from './hub-messages.ts';
import type {
  Answer,
  Attempt,
  DeliveryCase,
  DeliveryDesk,
  DeliveryOrder,
  Directory,
  MissionLog,
  Notification,
  NotificationOrder,
  StoredEntry,
  Subscription,
} from './ports.ts';

export interface DeliverPorts extends ContactPorts {
  readonly missions: MissionLog;
  readonly desk: DeliveryDesk;
  readonly directory: Directory;
  readonly settings: DeliverySettings;
}

export interface DeliverySettings {
  /** The hub tries a notification for so long after it first turned to it, seconds. */
  readonly tryFor: number;
  /** Failed tries after which people are told that the party cannot be reached: they must know before the hub gives up. */
  readonly warnAfterAttempts: number;
  /** The same in seconds after it first turned to it, for endpoints that take long to fail. */
  readonly warnAfter: number;
  /** First wait, seconds; doubles with every try up to the longest. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Longest `Retry-After` that is obeyed, seconds. */
  readonly longestRetryAfter: number;
  readonly circuit: CircuitSettings;
}

/** Twelve minutes in all. SQS holds the mission's later notifications back for as long, which is what order asks for. */
export const deliverySettings: DeliverySettings = {
  tryFor: 720,
  warnAfterAttempts: 5,
  warnAfter: 30,
  firstWait: 1,
  longestWait: 60,
  longestRetryAfter: 300,
  // A partner that is back is told within about half a minute.
  circuit: { opensAfter: 5, firstWait: 2, longestWait: 30, longestRetryAfter: 300 },
};

/** `settled`: nothing more to do. `again`: the order comes back after that many seconds. */
export type Delivered = { readonly outcome: 'settled' } | { readonly outcome: 'again'; readonly seconds: number };

const settled: Delivered = { outcome: 'settled' };

/** The sweeper looks after a retry that the queue has lost this long after it was due, milliseconds. */
const lostAfterMilliseconds = 15_000;

/** A chain that takes longer goes on in the next run, milliseconds: a run must end before its function is ended. */
const longestRunMilliseconds = 8_000;

/** What became of one turn: the endpoint's answer, or that the open circuit kept the hub from asking. */
type Turn =
  | { readonly answer: Answer }
  | {
      readonly retryAt: string;
      readonly error: string;
      /** Several calls in a row had no answer; a first handshake may fail by chance. */
      readonly isDead: boolean;
    };

/**
 * Since when it is tried: what waited behind a notification that was given up was tried as long as that, if it was there.
 * So the notifications of one mission to a dead endpoint are not given up one after another, each after its own time.
 */
const triedSince = (
  { firstTriedAt, writtenAt }: Notification,
  before: Notification | undefined,
  now: string,
): string => {
  if (firstTriedAt !== undefined) return firstTriedAt;
  if (before?.status !== 'failed' || before.firstTriedAt === undefined) return now;
  return before.firstTriedAt > writtenAt ? before.firstTriedAt : writtenAt;
};

/** What is to be noted of a turn, and how long to wait for the next. */
const judge = (
  turn: Turn,
  notification: Notification,
  before: Notification | undefined,
  { clock, random, settings }: DeliverPorts,
): { readonly attempt: Attempt; readonly wait?: number } => {
  const { attempts, warned } = notification;
  const now = clock.now();
  const at = new Date(now).toISOString();
  const firstTriedAt = triedSince(notification, before, at);
  const called = 'answer' in turn;
  const answer = called ? wordsOf(turn.answer) : `not called, the endpoint does not answer: ${turn.error}`;
  if (called && isDelivered(turn.answer)) return { attempt: { at, answer, called, firstTriedAt, status: 'delivered' } };
  const since = Date.parse(firstTriedAt);
  if ((called && isPermanent(turn.answer)) || now - since >= settings.tryFor * 1000)
    return { attempt: { at, answer, called, firstTriedAt, status: 'failed' } };
  const tries = called ? attempts + 1 : attempts;
  const isSlow = tries >= settings.warnAfterAttempts || now - since >= settings.warnAfter * 1000;
  const wait = called
    ? waitSeconds(tries, turn.answer, settings, random)
    : Math.max(1, Math.ceil((Date.parse(turn.retryAt) - now) / 1000 + random()));
  return {
    attempt: {
      at,
      answer,
      called,
      firstTriedAt,
      status: 'pending',
      dueAt: new Date(now + wait * 1000 + lostAfterMilliseconds).toISOString(),
      ...(warned === true || isSlow || (!called && turn.isDead) ? { warned: true } : {}),
    },
    wait,
  };
};

/** One notification of a mission, and everything that is needed to give it. */
interface Due {
  readonly notification: Notification;
  readonly previous?: Notification;
  readonly entry: StoredEntry;
  readonly request: StoredEntry;
  readonly announced?: StoredEntry;
}

const dueOf = (order: NotificationOrder, found: DeliveryCase): Due => {
  const { notification, previous, entry, request, announced } = found;
  if (notification === undefined || entry === undefined) {
    throw new Error(`notification ${order.subscription}.${order.number} points to an entry that is not in the log`);
  }
  return { notification, entry, request: request ?? entry, ...defined({ previous, announced }) };
};

/** What is owed to this subscription in this mission up to the order, oldest first: order must hold however many were lost by the queue. */
const chainOf = async (
  order: NotificationOrder,
  found: DeliveryCase,
  { desk }: DeliverPorts,
): Promise<readonly Due[]> => {
  const chain = [dueOf(order, found)];
  let { previous } = found;
  while (previous?.status === 'pending') {
    const earlier: NotificationOrder = {
      kind: 'notification',
      subscription: order.subscription,
      number: previous.number,
      mission: order.mission,
      entry: previous.entry,
      request: order.request,
      ...(previous.previous === undefined ? {} : { previous: previous.previous }),
    };
    const opened = await desk.open(earlier);
    chain.unshift(dueOf(earlier, opened));
    previous = opened.previous;
  }
  return chain;
};

const bodyOf = (subscription: Subscription, due: Due, ports: DeliverPorts): string => {
  const { notification, entry, request, announced } = due;
  return ports.compose({
    kind: 'event-notification',
    subscription,
    role: ports.directory.partyOf(subscription.organisation)?.role ?? 'observer',
    events: [{ notification, entry, request, ...defined({ announced }) }],
  });
};

/** Takes one turn with an endpoint: a handshake first if it is not active, then the notification. */
const take = async (
  subscription: Subscription,
  due: Due,
  ports: DeliverPorts,
): Promise<{ readonly turn: Turn; readonly subscription: Subscription }> => {
  if (subscription.status === 'off') return { turn: { answer: { failure: 'off' } }, subscription };
  let open = subscription;
  if (subscription.status !== 'active') {
    const handshaken = await shakeHands(subscription, ports);
    if ('open' in handshaken)
      return {
        turn: {
          retryAt: handshaken.retryAt,
          error: subscription.error ?? 'none',
          isDead: subscription.failures >= ports.settings.circuit.opensAfter,
        },
        subscription,
      };
    if (!isDelivered(handshaken.answer)) return { turn: handshaken, subscription: handshaken.subscription };
    open = handshaken.subscription;
  }
  const called = await callEndpoint(open, `${open.id}.${due.notification.number}`, bodyOf(open, due, ports), ports);
  return { turn: called, subscription: called.subscription };
};

/**
 * Tells people that a party has not been reached, unless another of its subscriptions has the entry. The hub's message owes
 * its own notifications from now on, and the sweeper pays them: here only what cannot be lost is done.
 */
const tellPeople = async (
  event: 'delivery-failed' | 'party-unreachable',
  { notification, entry }: Due,
  answer: string,
  ports: DeliverPorts,
): Promise<void> => {
  const { organisation } = notification;
  const message = unreachableMessage(event, entry, organisation, answer, ports.directory);
  if (message === undefined) return;
  const elsewhere = await ports.subscriptions.notifications(
    entry.told.filter((one) => one.organisation === organisation && one.subscription !== notification.subscription),
  );
  if (elsewhere.some(({ status }) => status === 'delivered')) return;
  const { missions, directory, clock } = ports;
  await sayAsHub({ missions, directory, now: () => clock.now() }, message, 0);
};

/**
 * Delivers one notification, after any earlier one of the same mission that is still owed to the same subscription:
 * order comes from the log, so it holds even if the queue lost or shuffled its messages.
 * Delivering twice is possible (a crash between answer and receipt); `webhook-id` is the same then.
 */
const deliverNotification = async (order: NotificationOrder, ports: DeliverPorts): Promise<Delivered> => {
  const found = await ports.desk.open(order);
  if (found.subscription === undefined || found.notification?.status !== 'pending') return settled;

  const begun = ports.clock.now();
  let { subscription } = found;
  let before: Notification | undefined;
  for (const due of await chainOf(order, found, ports)) {
    if (ports.clock.now() - begun > longestRunMilliseconds) return { outcome: 'again', seconds: 1 };
    const taken = await take(subscription, due, ports);
    subscription = taken.subscription;
    const { attempt, wait } = judge(taken.turn, due.notification, before ?? due.previous, ports);
    // The record last: a crash in between tells people twice rather than never.
    if (attempt.status === 'failed') await tellPeople('delivery-failed', due, attempt.answer, ports);
    else if (attempt.warned === true && due.notification.warned !== true)
      await tellPeople('party-unreachable', due, attempt.answer, ports);
    await ports.subscriptions.record(subscription.id, due.notification.number, attempt);
    if (wait !== undefined) return { outcome: 'again', seconds: wait };
    before = { ...due.notification, status: attempt.status, firstTriedAt: attempt.firstTriedAt };
  }
  return settled;
};

/** Carries out an order: a notification, or a sign that is owed to an endpoint. */
export const deliver = async (order: DeliveryOrder, ports: DeliverPorts): Promise<Delivered> => {
  if (order.kind === 'notification') return deliverNotification(order, ports);
  await keepContact(order, ports);
  return settled;
};
