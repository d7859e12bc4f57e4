import { defined } from '../schemas/defined.ts';
import { sayAsHub, unreachableMessage } from './hub-messages.ts';
import type {
  Directory,
  Answer,
  Attempt,
  Channel,
  Clock,
  DeadLetters,
  DeliveryCase,
  DeliveryDesk,
  DeliveryOrder,
  MissionLog,
  Notification,
  Random,
  StoredEntry,
  Subscription,
  SubscriptionLog,
} from './ports.ts';
import type { Notice } from './views/notification.ts';

export interface DeliverPorts {
  readonly missions: MissionLog;
  readonly desk: DeliveryDesk;
  readonly subscriptions: SubscriptionLog;
  readonly channel: Channel;
  readonly deadLetters: DeadLetters;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  /** Builds the body of a notification. */
  readonly compose: (notice: Notice) => string;
  readonly settings: DeliverySettings;
}

export interface DeliverySettings {
  /** Tries of one notification before the hub gives up. */
  readonly maxAttempts: number;
  /** Failed tries after which people are told that the party cannot be reached: they must know before the hub gives up. */
  readonly warnAfterAttempts: number;
  /** First wait, seconds; doubles with every try up to the longest. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Longest `Retry-After` that is obeyed, seconds. */
  readonly longestRetryAfter: number;
}

/** About 12 minutes in all. SQS holds the mission's later notifications back for as long, which is what order asks for. */
export const deliverySettings: DeliverySettings = {
  maxAttempts: 15,
  warnAfterAttempts: 5,
  firstWait: 1,
  longestWait: 60,
  longestRetryAfter: 300,
};

/** `settled`: nothing more to do. `again`: the order comes back after that many seconds. */
export type Delivered = { readonly outcome: 'settled' } | { readonly outcome: 'again'; readonly seconds: number };

const settled: Delivered = { outcome: 'settled' };

/** The sweeper looks after a retry that the queue has lost this long after it was due, milliseconds. */
const lostAfterMilliseconds = 15_000;

const isDelivered = ({ status }: Answer): boolean => status !== undefined && status >= 200 && status < 300;

/** A client error says that the same request will fail again, except those that ask for patience (408, 425, 429). */
const isPermanent = ({ status, failure }: Answer): boolean =>
  failure === 'redirect' ||
  failure === 'refused-address' ||
  (status !== undefined && status >= 300 && status < 500 && ![408, 425, 429].includes(status));

/** Exponential backoff with half jitter; `Retry-After` is obeyed within bounds. */
const waitSeconds = (attempts: number, { retryAfter }: Answer, settings: DeliverySettings, random: Random): number => {
  const ceiling = Math.min(settings.longestWait, settings.firstWait * 2 ** (attempts - 1));
  const wait = ceiling / 2 + (ceiling / 2) * random();
  return Math.ceil(Math.max(wait, Math.min(retryAfter ?? 0, settings.longestRetryAfter)));
};

const wordsOf = ({ status, failure }: Answer): string =>
  status === undefined ? (failure ?? 'connection') : `HTTP ${status}`;

const judge = (answer: Answer, attemptsBefore: number, ports: DeliverPorts): { attempt: Attempt; wait?: number } => {
  const now = ports.clock.now();
  const at = new Date(now).toISOString();
  const words = wordsOf(answer);
  if (isDelivered(answer)) return { attempt: { at, answer: words, status: 'delivered' } };
  const attempts = attemptsBefore + 1;
  if (isPermanent(answer) || attempts >= ports.settings.maxAttempts)
    return { attempt: { at, answer: words, status: 'failed' } };
  const wait = waitSeconds(attempts, answer, ports.settings, ports.random);
  const dueAt = new Date(now + wait * 1000 + lostAfterMilliseconds).toISOString();
  return { attempt: { at, answer: words, status: 'pending', dueAt }, wait };
};

/** The handshake opens the channel: a subscription is active once its endpoint has answered 2xx to one (Backport IG, "Handshake"). */
const shakeHands = async (subscription: Subscription, ports: DeliverPorts): Promise<Answer> => {
  const answer = await ports.channel.post(
    subscription,
    `${subscription.id}.0`,
    ports.compose({ kind: 'handshake', subscription }),
  );
  if (isDelivered(answer)) await ports.subscriptions.setStatus(subscription.id, 'active');
  return answer;
};

const deliverHandshake = async (order: DeliveryOrder, ports: DeliverPorts, receives: number): Promise<Delivered> => {
  const subscription = await ports.subscriptions.subscription(order.subscription);
  if (subscription === undefined || subscription.status !== 'requested') return settled;
  const answer = await shakeHands(subscription, ports);
  if (isDelivered(answer)) return settled;
  if (isPermanent(answer) || receives >= ports.settings.maxAttempts) {
    await ports.subscriptions.setStatus(subscription.id, 'error', `handshake: ${wordsOf(answer)}`);
    return settled;
  }
  return { outcome: 'again', seconds: waitSeconds(receives, answer, ports.settings, ports.random) };
};

/** One notification of a mission, and everything that is needed to give it. */
interface Due {
  readonly order: DeliveryOrder;
  readonly notification: Notification;
  readonly entry: StoredEntry;
  readonly request: StoredEntry;
  readonly announced?: StoredEntry;
}

const dueOf = (order: DeliveryOrder, { notification, entry, request, announced }: DeliveryCase): Due => {
  if (notification === undefined || entry === undefined) {
    throw new Error(`notification ${order.subscription}.${order.number} points to an entry that is not in the log`);
  }
  return { order, notification, entry, request: request ?? entry, ...defined({ announced }) };
};

/** What is owed to this subscription in this mission up to the order, oldest first: order must hold however many were lost by the queue. */
const chainOf = async (order: DeliveryOrder, found: DeliveryCase, { desk }: DeliverPorts): Promise<readonly Due[]> => {
  const chain = [dueOf(order, found)];
  let { previous } = found;
  while (previous?.status === 'pending') {
    const earlier: DeliveryOrder = {
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

const give = (
  subscription: Subscription,
  { notification, entry, request, announced }: Due,
  ports: DeliverPorts,
): Promise<Answer> => {
  const body = ports.compose({
    kind: 'event-notification',
    subscription: { ...subscription, status: 'active' },
    role: ports.directory.partyOf(subscription.organisation)?.role ?? 'observer',
    events: [{ notification, entry, request, ...defined({ announced }) }],
  });
  return ports.channel.post(subscription, `${subscription.id}.${notification.number}`, body);
};

/**
 * Tells people that a party has not been reached, unless another of its subscriptions has the entry. The hub's message owes
 * its own notifications from now on, and the sweeper pays them: here only what cannot be lost is done.
 */
const tellPeople = async (
  event: 'delivery-failed' | 'party-unreachable',
  { notification, entry }: Due,
  answer: Answer,
  ports: DeliverPorts,
): Promise<void> => {
  const { organisation } = notification;
  const message = unreachableMessage(event, entry, organisation, wordsOf(answer), ports.directory);
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
export const deliver = async (order: DeliveryOrder, ports: DeliverPorts, receives = 1): Promise<Delivered> => {
  if (order.number === 0) return deliverHandshake(order, ports, receives);
  const found = await ports.desk.open(order);
  const { subscription, notification } = found;
  if (subscription === undefined || notification?.status !== 'pending') return settled;

  let isOpen = subscription.status === 'active';
  for (const due of await chainOf(order, found, ports)) {
    let answer: Answer = { failure: 'refused-address' };
    if (subscription.status !== 'off') {
      const handshake: Answer = isOpen ? { status: 200 } : await shakeHands(subscription, ports);
      isOpen = isDelivered(handshake);
      answer = isOpen ? await give(subscription, due, ports) : handshake;
    }
    const { attempt, wait } = judge(answer, due.notification.attempts, ports);
    // The record last: a crash in between tells people twice rather than never.
    if (attempt.status === 'failed') {
      await ports.deadLetters.put(due.order);
      await tellPeople('delivery-failed', due, answer, ports);
    } else if (attempt.status === 'pending' && due.notification.attempts + 1 === ports.settings.warnAfterAttempts) {
      await tellPeople('party-unreachable', due, answer, ports);
    }
    await ports.subscriptions.record(subscription.id, due.notification.number, attempt);
    if (wait !== undefined) return { outcome: 'again', seconds: wait };
  }
  return settled;
};
