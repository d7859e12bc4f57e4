import { defined } from '../../schemas/defined.ts';
import {
  type Called,
  callEndpoint,
  type CircuitSettings,
  type ContactPorts,
  isDelivered,
  isPermanent,
  keepContact,
  shakeHands,
  waitSeconds,
  wordsOf,
} from './circuit-breaker.ts';
import { sayAsHub, unreachableMessage } from '../mission/hub-messages.ts';
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
} from '../mission/mission-log.ts';

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
  circuit: { opensAfter: 5, firstWait: 2, longestWait: 30, longestRetryAfter: 300, patience: 10 },
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
      readonly error: string;
      /** Several calls in a row had no answer; a first handshake may fail by chance. */
      readonly isDead: boolean;
    };

interface Taken {
  readonly turn: Turn;
  readonly subscription: Subscription;
  /** Before that nothing is sent, ISO 8601: the circuit is open. */
  readonly heldUntil?: string;
}

interface Verdict {
  readonly attempt: Attempt;
  /** Seconds to the next turn; absent: there is none. */
  readonly wait?: number;
  /** People are to be told that the party is not reached. */
  readonly warns: boolean;
}

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

/** While the circuit is open the hub looks again after so long at the latest: who closes it does not wake those that wait. */
const waitWhileOpen = (heldUntil: number, now: number, { random, settings }: DeliverPorts): number =>
  Math.max(1, Math.ceil(Math.min(settings.circuit.patience, (heldUntil - now) / 1000) + random()));

/** What is to be noted of a turn that began at `begun`, how long to wait for the next, and whether people must be told. */
const judge = (
  { turn, heldUntil }: Taken,
  notification: Notification,
  before: Notification | undefined,
  begun: number,
  ports: DeliverPorts,
): Verdict => {
  const { clock, random, settings } = ports;
  const { attempts, warned } = notification;
  const now = clock.now();
  const firstTriedAt = triedSince(notification, before, new Date(begun).toISOString());
  const since = Date.parse(firstTriedAt);
  const called = 'answer' in turn;
  const noted = {
    at: new Date(now).toISOString(),
    answer: called ? wordsOf(turn.answer) : `not called, the endpoint does not answer: ${turn.error}`,
    called,
    firstTriedAt,
  };
  if (called && isDelivered(turn.answer)) return { attempt: { ...noted, status: 'delivered' }, warns: false };
  if ((called && isPermanent(turn.answer)) || now - since >= settings.tryFor * 1000)
    return { attempt: { ...noted, status: 'failed' }, warns: false };
  const tries = called ? attempts + 1 : attempts;
  const held = heldUntil === undefined ? undefined : Date.parse(heldUntil);
  const wait =
    called && held === undefined
      ? waitSeconds(tries, turn.answer, settings, random)
      : waitWhileOpen(held ?? now, now, ports);
  // When the next call can have an answer, if it takes as long as this one did.
  const next = Math.max(now + wait * 1000, held ?? 0) + (now - begun);
  const isSlow = tries >= settings.warnAfterAttempts || next - since >= settings.warnAfter * 1000;
  const dueAt = new Date(now + wait * 1000 + lostAfterMilliseconds).toISOString();
  return {
    attempt: { ...noted, status: 'pending', dueAt },
    wait,
    warns: warned !== true && (isSlow || (!called && turn.isDead)),
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
const take = async (subscription: Subscription, due: Due, ports: DeliverPorts): Promise<Taken> => {
  if (subscription.status === 'off') return { turn: { answer: { failure: 'off' } }, subscription };
  let open = subscription;
  if (subscription.status !== 'active') {
    const handshaken = await shakeHands(subscription, ports);
    if ('open' in handshaken) {
      const isDead = subscription.failures >= ports.settings.circuit.opensAfter;
      return { turn: { error: subscription.error ?? 'none', isDead }, subscription, heldUntil: handshaken.retryAt };
    }
    if (!isDelivered(handshaken.answer)) return takenBy(handshaken);
    open = handshaken.subscription;
  }
  const name = `${open.id}.${due.notification.number}`;
  return takenBy(await callEndpoint(open, name, bodyOf(open, due, ports), due.entry.correlationId, ports));
};

const takenBy = ({ answer, subscription }: Called): Taken => ({
  turn: { answer },
  subscription,
  ...(subscription.status === 'error' ? defined({ heldUntil: subscription.retryAt }) : {}),
});

/** So long people are not told of a party that may yet be reached by another of its subscriptions, in multiples of `warnAfter`. */
const otherWayFactor = 2;

/** Whether another subscription of the party has the entry, or may have it in a moment. */
const otherWay = async ({ notification, entry }: Due, ports: DeliverPorts): Promise<'reached' | 'open' | 'none'> => {
  const { organisation, subscription } = notification;
  const elsewhere = await ports.subscriptions.notifications(
    entry.told.filter((one) => one.organisation === organisation && one.subscription !== subscription),
  );
  if (elsewhere.some(({ status }) => status === 'delivered')) return 'reached';
  for (const { status, subscription: id } of elsewhere) {
    const other = status === 'pending' ? await ports.subscriptions.subscription(id) : undefined;
    if (other?.status === 'active' || other?.status === 'requested') return 'open';
  }
  return 'none';
};

/**
 * Tells people that a party has not been reached, unless another of its subscriptions has the entry. The hub's message owes
 * its own notifications from now on, and the sweeper pays them: here only what cannot be lost is done.
 * `false`: another of its subscriptions is still being tried, and is waited for.
 */
const tellPeople = async (
  event: 'delivery-failed' | 'party-unreachable',
  due: Due,
  { answer, at, firstTriedAt }: Attempt,
  outage: string | undefined,
  ports: DeliverPorts,
): Promise<boolean> => {
  const { entry, notification } = due;
  const message = unreachableMessage(event, entry, notification.organisation, answer, ports.directory, outage);
  if (message === undefined) return true;
  const other = await otherWay(due, ports);
  if (other === 'reached') return true;
  const patience = otherWayFactor * ports.settings.warnAfter * 1000;
  if (event === 'party-unreachable' && other === 'open' && Date.parse(at) - Date.parse(firstTriedAt) < patience)
    return false;
  const { missions, directory, clock } = ports;
  await sayAsHub({ missions, directory, now: () => clock.now() }, message, entry.correlationId, 0);
  return true;
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
    const { notification } = due;
    const turned = ports.clock.now();
    if (turned - begun > longestRunMilliseconds) return { outcome: 'again', seconds: 1 };
    const taken = await take(subscription, due, ports);
    subscription = taken.subscription;
    const { attempt, wait, warns } = judge(taken, notification, before ?? due.previous, turned, ports);
    // The record last: a crash in between tells people twice rather than never.
    if (attempt.status === 'failed') await tellPeople('delivery-failed', due, attempt, undefined, ports);
    const warned = warns && (await tellPeople('party-unreachable', due, attempt, subscription.failingSince, ports));
    await ports.subscriptions.record(subscription.id, notification.number, {
      ...attempt,
      ...(warned ? { warned } : {}),
    });
    if (wait !== undefined) return { outcome: 'again', seconds: wait };
    before = { ...notification, status: attempt.status, firstTriedAt: attempt.firstTriedAt };
  }
  return settled;
};

/** Carries out an order: a notification, or a sign that is owed to an endpoint. */
export const deliver = async (order: DeliveryOrder, ports: DeliverPorts): Promise<Delivered> => {
  if (order.kind === 'notification') return deliverNotification(order, ports);
  await keepContact(order, ports);
  return settled;
};
