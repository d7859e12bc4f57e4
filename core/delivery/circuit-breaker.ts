import { defined } from '../../schemas/defined.ts';
import type { Clock, Random } from '../mission/clock.ts';
import type { Answer, Channel, EndpointJob } from './delivery-queue.ts';
import type { Subscription, Subscriptions } from './subscription.ts';
import type { EndpointHealth, EndpointHealthStore } from './endpoint-health.ts';
import type { Notice } from './notice.ts';

/**
 * Contact with an endpoint: handshake, heartbeat, and the circuit that keeps a dead endpoint from being called for every
 * mission. A subscription has one endpoint, so the circuit is the subscription's status: `error` is open, a handshake is the probe.
 */
export interface CircuitPorts {
  readonly subscriptions: Pick<Subscriptions, 'read'>;
  readonly endpointHealth: EndpointHealthStore;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly random: Random;
  /** Builds the body of a notification. */
  readonly compose: (notice: Notice) => string;
  readonly settings: { readonly circuit: CircuitSettings };
}

export interface CircuitSettings {
  /** Calls in a row without an answer after which the circuit opens. */
  readonly opensAfter: number;
  /** First wait before a probe, seconds; doubles with every probe up to the longest. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Longest `Retry-After` that is obeyed, seconds. */
  readonly longestRetryAfter: number;
  /** A `Retry-After` longer than this opens the circuit at once, seconds: the endpoint says itself that it is away. */
  readonly patience: number;
}

/** Whoever finds another at the probe comes back after this, milliseconds: most probes take less. */
const probeTakenMilliseconds = 2_000;

/** Longer than a call lasts: whoever took a probe and died gives it back by then. */
const probeMilliseconds = 15_000;

export const isDelivered = ({ status }: Answer): boolean => status !== undefined && status >= 200 && status < 300;

/** A client error says that the same request will fail again, except those that ask for patience (408, 425, 429). */
export const isPermanent = ({ status, failure }: Answer): boolean =>
  failure === 'redirect' ||
  failure === 'refused-address' ||
  failure === 'off' ||
  (status !== undefined && status >= 300 && status < 500 && ![408, 425, 429].includes(status));

/** A refusal that is about the endpoint, not about what was sent: who may call, and whether anybody is there. */
const isOfEndpoint = ({ status, failure }: Answer): boolean =>
  failure !== undefined || (status !== undefined && (status < 400 || [401, 403, 404, 405, 410].includes(status)));

export const answerText = ({ status, failure }: Answer): string =>
  status === undefined ? (failure ?? 'connection') : `HTTP ${status}`;

/** Seconds to wait after so many failures: exponential backoff with half jitter; `Retry-After` is obeyed within bounds. */
export const waitSeconds = (
  failures: number,
  { retryAfter }: Pick<Answer, 'retryAfter'>,
  {
    firstWait,
    longestWait,
    longestRetryAfter,
  }: Pick<CircuitSettings, 'firstWait' | 'longestWait' | 'longestRetryAfter'>,
  random: Random,
): number => {
  const ceiling = Math.min(longestWait, firstWait * 2 ** (failures - 1));
  const wait = ceiling / 2 + (ceiling / 2) * random();
  return Math.ceil(Math.max(wait, Math.min(retryAfter ?? 0, longestRetryAfter)));
};

const later = (clock: Clock, seconds: number): string => new Date(clock.now() + seconds * 1000).toISOString();

/** Nothing if the subscription has ended or its settings were changed since it was read: what was said to its endpoint is over. */
const saveHealth = async (
  subscription: Subscription,
  contact: EndpointHealth,
  ports: CircuitPorts,
): Promise<Subscription | undefined> => {
  if (!(await ports.endpointHealth.save(subscription, contact))) return undefined;
  const { error: _error, retryAt: _retryAt, failingSince: _since, ...rest } = subscription;
  return { ...rest, ...defined({ ...contact, dueAt: undefined }) };
};

/** The endpoint has answered: the circuit is closed, and the next heartbeat is owed. */
const recordSuccess = (
  subscription: Subscription,
  ports: CircuitPorts,
  since = ports.clock.now(),
): Promise<Subscription | undefined> => {
  const { heartbeat } = subscription;
  const next = heartbeat === undefined ? undefined : since + heartbeat * 1000;
  const dueAt =
    heartbeat === undefined || next === undefined
      ? undefined
      : new Date(next > ports.clock.now() ? next : ports.clock.now() + heartbeat * 1000).toISOString();
  return saveHealth(subscription, { status: 'active', failures: 0, ...defined({ dueAt }) }, ports);
};

/** The endpoint has not answered: once too often, and the circuit opens; from then on a probe is owed. */
const recordFailure = async (
  subscription: Subscription,
  answer: Answer,
  ports: CircuitPorts,
): Promise<Subscription | undefined> => {
  const { circuit } = ports.settings;
  const error = answerText(answer);
  const at = later(ports.clock, 0);
  let seen = { failures: subscription.failures + 1, failingSince: subscription.failingSince ?? at };
  if (subscription.status === 'active') {
    // Calls of several missions fail at the same time: the table counts, not this run.
    const counted = await ports.endpointHealth.countFailure(subscription, error, at);
    if (counted === undefined) return undefined;
    seen = counted;
    if (seen.failures < circuit.opensAfter && (answer.retryAfter ?? 0) <= circuit.patience)
      return { ...subscription, ...seen, error };
  }
  // A handshake that fails makes an error at once (Backport IG, "REST-Hook"); the first of them are repeated soon.
  const probes = Math.max(1, seen.failures - circuit.opensAfter + 1);
  const retryAt = later(ports.clock, waitSeconds(probes, answer, circuit, ports.random));
  const now = subscription.status === 'active' ? { ...subscription, ...seen } : subscription;
  return saveHealth(now, { status: 'error', ...seen, error, retryAt, dueAt: retryAt }, ports);
};

/** It answers, but not as a subscriber does: no probe will change that, the subscriber must. */
const recordRejection = (
  what: EndpointJob['kind'] | 'notification',
  subscription: Subscription,
  answer: Answer,
  ports: CircuitPorts,
): Promise<Subscription | undefined> =>
  saveHealth(subscription, { status: 'error', failures: 0, error: `${what}: ${answerText(answer)}` }, ports);

/** What a call to the endpoint came to, and how it stands with it since. */
export interface CallResult {
  readonly answer: Answer;
  readonly subscription: Subscription;
}

/**
 * Calls an endpoint whose circuit is closed, and notes whether it answers. A refusal is an answer; one that is about the
 * endpoint itself is an error of the subscription all the same, and the next notification begins with a handshake.
 */
export const callEndpoint = async (
  subscription: Subscription,
  webhookId: string,
  body: string,
  correlationId: string | undefined,
  ports: CircuitPorts,
): Promise<CallResult> => {
  const answer = await ports.channel.post(subscription, webhookId, body, correlationId);
  const since = async (): Promise<Subscription | undefined> => {
    if (!isDelivered(answer) && !isPermanent(answer)) return recordFailure(subscription, answer, ports);
    if (!isDelivered(answer) && isOfEndpoint(answer))
      return recordRejection('notification', subscription, answer, ports);
    return subscription.failures === 0 ? subscription : recordSuccess(subscription, ports);
  };
  return { answer, subscription: (await since()) ?? subscription };
};

/** `open`: nothing may be sent now; `retryAt` says when. */
export type HandshakeResult = CallResult | { readonly open: true; readonly retryAt: string };

/**
 * Opens the channel: a subscription is active once its endpoint has answered 2xx to a handshake (Backport IG, "Handshake").
 * Of an open circuit one caller at a time takes the probe, and nobody before its time.
 */
export const shakeHands = async (subscription: Subscription, ports: CircuitPorts): Promise<HandshakeResult> => {
  const { retryAt } = subscription;
  const now = ports.clock.now();
  const soon = { open: true, retryAt: new Date(now + probeTakenMilliseconds).toISOString() } as const;
  if (subscription.status === 'error' && retryAt !== undefined) {
    if (Date.parse(retryAt) > now) return { open: true, retryAt };
    const until = new Date(now + probeMilliseconds).toISOString();
    if (!(await ports.endpointHealth.claimProbe(subscription, until))) return soon;
  }
  const answer = await ports.channel.post(
    subscription,
    `${subscription.id}.0`,
    ports.compose({ kind: 'handshake', subscription }),
  );
  const since = async (): Promise<Subscription | undefined> => {
    if (isDelivered(answer)) return recordSuccess(subscription, ports);
    return isPermanent(answer)
      ? recordRejection('handshake', subscription, answer, ports)
      : recordFailure(subscription, answer, ports);
  };
  const shaken = await since();
  // Changed or ended meanwhile: that was the hand of an endpoint that is not to be told any more.
  return shaken === undefined ? soon : { answer, subscription: shaken };
};

/** Gives an endpoint the sign that is owed to it: a handshake until it is active, then its heartbeats. */
export const runEndpointJob = async (order: EndpointJob, ports: CircuitPorts): Promise<void> => {
  const subscription = await ports.subscriptions.read(order.subscription);
  if (subscription === undefined || subscription.status === 'off') return;
  if (subscription.status !== 'active') {
    await shakeHands(subscription, ports);
    return;
  }
  if (order.kind !== 'heartbeat' || subscription.heartbeat === undefined) return;
  const answer = await ports.channel.post(
    subscription,
    `${subscription.id}.heartbeat.${order.due}`,
    ports.compose({ kind: 'heartbeat', subscription }),
  );
  if (isDelivered(answer)) await recordSuccess(subscription, ports, Date.parse(order.due));
  else if (isPermanent(answer)) await recordRejection('heartbeat', subscription, answer, ports);
  else await recordFailure(subscription, answer, ports);
};
