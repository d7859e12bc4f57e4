import { defined } from '../../schemas/defined.ts';
import type { Clock, Random } from '../mission/clock.ts';
import { type Backoff, backoffSeconds } from './backoff.ts';
import { type Answer, answerText, type Channel, isDelivered, isPermanent, isAboutEndpoint } from './channel.ts';
import type { EndpointJob } from './delivery-queue.ts';
import type { EndpointHealth, EndpointHealthStore } from './endpoint-health.ts';
import type { Notice } from './notice.ts';
import type { Subscription, Subscriptions } from './subscription.ts';

/**
 * Handshakes, heartbeats, and the circuit breaker, which keeps an endpoint that does not answer from being called for every
 * mission. A subscription has one endpoint, so its status is the state of the circuit: `error` is open, a handshake is the probe.
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

/** Waits are those before a probe. */
export interface CircuitSettings extends Backoff {
  /** Consecutive calls without an answer after which the circuit opens. */
  readonly opensAfter: number;
  /** Seconds. A longer `Retry-After` opens the circuit at once: by it the endpoint announces that it is unavailable. */
  readonly patience: number;
}

/** A delivery that finds the probe claimed retries after this, milliseconds: most probes take less. */
const probeTakenMilliseconds = 2_000;

/** Longer than a call lasts, milliseconds: the claim of a probe ends by then, also if its caller has crashed. */
const probeMilliseconds = 15_000;

const later = (clock: Clock, seconds: number): string => new Date(clock.now() + seconds * 1000).toISOString();

/** Saves the health and returns the subscription with it. Nothing if the subscription was ended or changed since it was read: the call was to its former endpoint. */
const saveHealth = async (
  subscription: Subscription,
  health: EndpointHealth,
  ports: CircuitPorts,
): Promise<Subscription | undefined> => {
  if (!(await ports.endpointHealth.save(subscription, health))) return undefined;
  const { error: _error, retryAt: _retryAt, failingSince: _since, ...rest } = subscription;
  return { ...rest, ...defined({ ...health, dueAt: undefined }) };
};

/** The endpoint has answered: the circuit is closed, and the next heartbeat gets its time. */
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

/** The endpoint has not answered. After too many consecutive failures the circuit opens, and a probe is due. */
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
    // Calls of several missions fail at the same time: the storage counts them.
    const counted = await ports.endpointHealth.countFailure(subscription, error, at);
    if (counted === undefined) return undefined;
    seen = counted;
    if (seen.failures < circuit.opensAfter && (answer.retryAfter ?? 0) <= circuit.patience)
      return { ...subscription, ...seen, error };
  }
  // A handshake that fails makes an error at once (Backport IG, "REST-Hook"); the first of them are repeated soon.
  const probes = Math.max(1, seen.failures - circuit.opensAfter + 1);
  const wait = backoffSeconds(circuit, { failures: probes, jitter: ports.random() }, answer);
  const retryAt = later(ports.clock, wait);
  const now = subscription.status === 'active' ? { ...subscription, ...seen } : subscription;
  return saveHealth(now, { status: 'error', ...seen, error, retryAt, dueAt: retryAt }, ports);
};

/** The endpoint answers, but not as a subscriber does. No probe changes that: the subscriber must. */
const recordRejection = (
  what: EndpointJob['kind'] | 'notification',
  subscription: Subscription,
  answer: Answer,
  ports: CircuitPorts,
): Promise<Subscription | undefined> =>
  saveHealth(subscription, { status: 'error', failures: 0, error: `${what}: ${answerText(answer)}` }, ports);

/** The answer to a call, and the subscription with the endpoint's health after it. */
export interface CallResult {
  readonly answer: Answer;
  readonly subscription: Subscription;
}

/**
 * Calls an endpoint whose circuit is closed and records whether it answers. A rejection counts as an answer. A rejection that is
 * about the endpoint makes the subscription's status `error` all the same, and the next notification begins with a handshake.
 */
export const callEndpoint = async (
  subscription: Subscription,
  webhookId: string,
  body: string,
  correlationId: string | undefined,
  ports: CircuitPorts,
): Promise<CallResult> => {
  const answer = await ports.channel.post(subscription, webhookId, body, correlationId);
  const recorded = async (): Promise<Subscription | undefined> => {
    if (!isDelivered(answer) && !isPermanent(answer)) return recordFailure(subscription, answer, ports);
    if (!isDelivered(answer) && isAboutEndpoint(answer))
      return recordRejection('notification', subscription, answer, ports);
    return subscription.failures === 0 ? subscription : recordSuccess(subscription, ports);
  };
  return { answer, subscription: (await recorded()) ?? subscription };
};

/** `open`: the circuit is open, and nothing may be sent before `retryAt`, ISO 8601. */
export type HandshakeResult = CallResult | { readonly open: true; readonly retryAt: string };

/**
 * Sends a handshake: a subscription is active once its endpoint has answered it with 2xx (Backport IG, "Handshake").
 * If the circuit is open, one caller at a time claims the probe, and none before its time.
 */
export const sendHandshake = async (subscription: Subscription, ports: CircuitPorts): Promise<HandshakeResult> => {
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
  const recorded = async (): Promise<Subscription | undefined> => {
    if (isDelivered(answer)) return recordSuccess(subscription, ports);
    return isPermanent(answer)
      ? recordRejection('handshake', subscription, answer, ports)
      : recordFailure(subscription, answer, ports);
  };
  const handshaken = await recorded();
  // Changed or ended meanwhile: the handshake was with an endpoint that must not be notified any more.
  return handshaken === undefined ? soon : { answer, subscription: handshaken };
};

/** Runs a job that is about an endpoint: a handshake until the subscription is active, then its heartbeats. */
export const runEndpointJob = async (job: EndpointJob, ports: CircuitPorts): Promise<void> => {
  const subscription = await ports.subscriptions.read(job.subscription);
  if (subscription === undefined || subscription.status === 'off') return;
  if (subscription.status !== 'active') {
    await sendHandshake(subscription, ports);
    return;
  }
  if (job.kind !== 'heartbeat' || subscription.heartbeat === undefined) return;
  const answer = await ports.channel.post(
    subscription,
    `${subscription.id}.heartbeat.${job.due}`,
    ports.compose({ kind: 'heartbeat', subscription }),
  );
  if (isDelivered(answer)) await recordSuccess(subscription, ports, Date.parse(job.due));
  else if (isPermanent(answer)) await recordRejection('heartbeat', subscription, answer, ports);
  else await recordFailure(subscription, answer, ports);
};
