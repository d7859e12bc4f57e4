import { defined } from '../../schemas/defined.ts';
import type { Clock, Random } from '../mission/clock.ts';
import { type Backoff, backoffSeconds } from './backoff.ts';
import { type CallSlots, inSlot, slotWait } from './call-slots.ts';
import {
  type Answer,
  type Call,
  callSeconds,
  type Channel,
  isDelivered,
  isFinal,
  isRejected,
  resultOf,
} from './channel.ts';
import type { EndpointJob } from './delivery-queue.ts';
import type { EndpointHealth, EndpointHealthStore } from './endpoint-health.ts';
import { quickAnswersInARow, quickCallSeconds, speedAfter } from './endpoint-speed.ts';
import type { Notice } from './notice.ts';
import type { Notifications } from './notifications.ts';
import { begunAt, isDue } from './due.ts';
import type { FailedCall, Subscription, Subscriptions } from './subscription.ts';

/**
 * Handshakes, heartbeats, and the circuit breaker, which keeps an endpoint that does not answer from being called for every
 * mission. A subscription has one endpoint, so its status is the state of the circuit: `error` is open, a handshake is the probe.
 */
export interface CircuitPorts {
  readonly subscriptions: Pick<Subscriptions, 'read'>;
  readonly notifications: Pick<Notifications, 'newest'>;
  readonly endpointHealth: EndpointHealthStore;
  readonly channel: Channel;
  readonly slots: CallSlots;
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
  /** Seconds for which an endpoint that rejects every call (`isRejected`) is tried again. */
  readonly rejectedFor: number;
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
  const { quickAnswersNeeded } = subscription;
  if (!(await ports.endpointHealth.save(subscription, { ...health, ...defined({ quickAnswersNeeded }) })))
    return undefined;
  const {
    failedCall: _failedCall,
    retryAt: _retryAt,
    failingSince: _failingSince,
    rejectedSince: _rejectedSince,
    ...rest
  } = subscription;
  return { ...rest, ...defined({ ...health, dueAt: undefined }) };
};

/** The endpoint has answered: the circuit is closed, and the next heartbeat gets its time: a period after the last one was due. */
const recordSuccess = (
  subscription: Subscription,
  ports: CircuitPorts,
  since = ports.clock.now(),
): Promise<Subscription | undefined> => {
  const { heartbeat } = subscription;
  const now = ports.clock.now();
  const dueAt =
    heartbeat === undefined
      ? undefined
      : // Not so if that is past, or was planned by a wrong clock.
        new Date((since <= now && since + heartbeat * 1000 > now ? since : now) + heartbeat * 1000).toISOString();
  return saveHealth(subscription, { status: 'active', failures: 0, ...defined({ dueAt }) }, ports);
};

type CallKind = FailedCall['call'];

const failedCallOf = (call: CallKind, answer: Answer, { clock }: CircuitPorts): FailedCall => ({
  call,
  result: resultOf(answer),
  at: later(clock, 0),
});

/** Seconds until the next probe. An endpoint that rejects calls is probed often: it is tried for a short time only. */
const probeWait = (failures: number, answer: Answer, { settings: { circuit }, random }: CircuitPorts): number => {
  const probes = Math.max(1, failures - circuit.opensAfter + 1);
  const waits = isRejected(answer)
    ? { ...circuit, longestWait: circuit.patience, longestRetryAfter: circuit.patience }
    : circuit;
  return backoffSeconds(waits, { failures: probes, jitter: random() }, answer);
};

/**
 * The endpoint has not answered, or has rejected the call. After too many consecutive failures the circuit opens, and a probe is
 * due. After `rejectedFor` of rejections no probe is due any more: the subscriber must act. The next notification is a probe.
 */
const recordFailure = async (
  call: CallKind,
  subscription: Subscription,
  answer: Answer,
  ports: CircuitPorts,
): Promise<Subscription | undefined> => {
  const { circuit } = ports.settings;
  const failedCall = failedCallOf(call, answer, ports);
  const { at } = failedCall;
  const isRejection = isRejected(answer);
  let seen = {
    failures: subscription.failures + 1,
    failingSince: subscription.failingSince ?? at,
    ...(isRejection ? { rejectedSince: subscription.rejectedSince ?? at } : {}),
  };
  if (subscription.status === 'active') {
    // Calls of several missions fail at the same time: the storage counts them.
    const counted = await ports.endpointHealth.countFailure(subscription, failedCall, { isRejection });
    if (counted === undefined) return undefined;
    seen = counted;
    const { rejectedSince: _rejectedSince, ...rest } = subscription;
    if (seen.failures < circuit.opensAfter && (isRejection || (answer.retryAfter ?? 0) <= circuit.patience))
      return { ...rest, ...seen, failedCall };
  }
  const now = ports.clock.now();
  const rejectedSince =
    seen.rejectedSince === undefined ? undefined : new Date(begunAt(seen.rejectedSince, now)).toISOString();
  const isOver = rejectedSince !== undefined && now - Date.parse(rejectedSince) >= circuit.rejectedFor * 1000;
  // A handshake that fails makes an error at once (Backport IG, "REST-Hook"); the first of them are repeated soon.
  const retryAt = later(ports.clock, probeWait(seen.failures, answer, ports));
  const before = subscription.status === 'active' ? { ...subscription, failingSince: seen.failingSince } : subscription;
  const health = { ...seen, ...defined({ rejectedSince, dueAt: isOver ? undefined : retryAt }) };
  return saveHealth(before, { status: 'error', ...health, failedCall, retryAt }, ports);
};

/** The endpoint answers that it does not take such a call, or the hub may not call it. No probe changes that: the subscriber must. */
const recordFinal = (
  call: CallKind,
  subscription: Subscription,
  answer: Answer,
  ports: CircuitPorts,
): Promise<Subscription | undefined> =>
  saveHealth(subscription, { status: 'error', failures: 0, failedCall: failedCallOf(call, answer, ports) }, ports);

/** Records the answer to a handshake or heartbeat. `due`: when the heartbeat was due, milliseconds. */
const recordAnswer = (
  call: CallKind,
  subscription: Subscription,
  answer: Answer,
  ports: CircuitPorts,
  due?: number,
): Promise<Subscription | undefined> => {
  if (isDelivered(answer)) return recordSuccess(subscription, ports, due);
  return isFinal(answer)
    ? recordFinal(call, subscription, answer, ports)
    : recordFailure(call, subscription, answer, ports);
};

/** The answer to a call, and the subscription with the endpoint's health after it. */
export interface EndpointCall {
  readonly answer: Answer;
  readonly subscription: Subscription;
}

/** Calls the endpoint. The subscription is returned with how quick the endpoint is now, which is not saved yet. */
const post = async (subscription: Subscription, call: Call, ports: CircuitPorts): Promise<EndpointCall> => {
  const startedAt = ports.clock.now();
  const answer = await ports.channel.post(subscription, call);
  if (!isDelivered(answer)) return { answer, subscription };
  const { quickAnswersNeeded: _before, ...rest } = subscription;
  const quickAnswersNeeded = speedAfter(subscription, ports.clock.now() - startedAt);
  return { answer, subscription: { ...rest, ...defined({ quickAnswersNeeded }) } };
};

/** The endpoint has answered and no failure is counted: only a change of its speed is written. */
const recordSpeed = async (
  before: Subscription,
  after: Subscription,
  { endpointHealth }: CircuitPorts,
): Promise<Subscription> => {
  if (before.quickAnswersNeeded !== after.quickAnswersNeeded)
    await endpointHealth.saveSpeed(before, after.quickAnswersNeeded);
  return after;
};

type Letter = Omit<Call, 'seconds'>;

/** A final answer about the content of the notification counts as an answer. */
const recordCall = async (
  before: Subscription,
  { answer, subscription }: EndpointCall,
  ports: CircuitPorts,
): Promise<EndpointCall> => {
  const recorded = async (): Promise<Subscription | undefined> => {
    if (!isDelivered(answer) && (!isFinal(answer) || answer.failure !== undefined))
      return recordAnswer('notification', subscription, answer, ports);
    return before.failures === 0 ? recordSpeed(before, subscription, ports) : recordSuccess(subscription, ports);
  };
  return { answer, subscription: (await recorded()) ?? subscription };
};

/** Calls an endpoint whose circuit is closed and records whether it answers. */
export const callEndpoint = async (
  subscription: Subscription,
  letter: Letter,
  ports: CircuitPorts,
): Promise<EndpointCall> => {
  const called = await post(subscription, { ...letter, seconds: callSeconds(subscription) }, ports);
  return recordCall(subscription, called, ports);
};

/**
 * The same for a quick endpoint. `cut-off`: the hub did not wait for the answer. That is no failure of the endpoint, which may take
 * longer, but from now on it is slow.
 */
export const callQuickly = async (
  subscription: Subscription,
  letter: Letter,
  ports: CircuitPorts,
): Promise<EndpointCall | 'cut-off'> => {
  const seconds = Math.min(quickCallSeconds, callSeconds(subscription));
  const called = await post(subscription, { ...letter, seconds }, ports);
  if (called.answer.failure !== 'timeout' || seconds === callSeconds(subscription))
    return recordCall(subscription, called, ports);
  await ports.endpointHealth.saveSpeed(subscription, quickAnswersInARow);
  return 'cut-off';
};

/** The circuit is open, and nothing may be sent before `retryAt`, ISO 8601. */
export interface OpenCircuit {
  readonly open: true;
  readonly retryAt: string;
}

export type HandshakeResult = EndpointCall | OpenCircuit;

/** The circuit, if it is open and no probe is due. */
export const openCircuitOf = ({ status, retryAt }: Subscription, now: number): OpenCircuit | undefined =>
  status === 'error' && retryAt !== undefined && !isDue(retryAt, now) ? { open: true, retryAt } : undefined;

/**
 * Sends a handshake: a subscription is active once its endpoint has answered it with 2xx (Backport IG, "Handshake").
 * If the circuit is open, one caller at a time claims the probe, and none before its time.
 */
export const sendHandshake = async (subscription: Subscription, ports: CircuitPorts): Promise<HandshakeResult> => {
  const now = ports.clock.now();
  const open = openCircuitOf(subscription, now);
  if (open !== undefined) return open;
  const soon = { open: true, retryAt: new Date(now + probeTakenMilliseconds).toISOString() } as const;
  if (subscription.status === 'error' && subscription.retryAt !== undefined) {
    const until = new Date(now + probeMilliseconds).toISOString();
    if (!(await ports.endpointHealth.claimProbe(subscription, until))) return soon;
  }
  const call = {
    webhookId: `${subscription.id}.0`,
    body: ports.compose({ kind: 'handshake', subscription, newest: await ports.notifications.newest(subscription.id) }),
    seconds: callSeconds(subscription),
  };
  const { answer, subscription: called } = await post(subscription, call, ports);
  const handshaken = await recordAnswer('handshake', called, answer, ports);
  // Changed or ended meanwhile: the handshake was with an endpoint that must not be notified any more.
  return handshaken === undefined ? soon : { answer, subscription: handshaken };
};

const sendHeartbeat = async (subscription: Subscription, due: string, ports: CircuitPorts): Promise<void> => {
  const call = {
    webhookId: `${subscription.id}.heartbeat.${due}`,
    body: ports.compose({ kind: 'heartbeat', subscription, newest: await ports.notifications.newest(subscription.id) }),
    seconds: callSeconds(subscription),
  };
  const { answer, subscription: called } = await post(subscription, call, ports);
  await recordAnswer('heartbeat', called, answer, ports, Date.parse(due));
};

/**
 * A heartbeat is sent within this after it became due, milliseconds, or not at all: the sweeper sends the next job after 30 s. So the
 * jobs of a party without a free slot do not pile up.
 */
const heartbeatMilliseconds = 45_000;

/**
 * Runs a job that is about an endpoint, in a slot: a handshake until the subscription is active, then its heartbeats. Returns the
 * seconds after which the job needs another run: no slot was free.
 */
export const runEndpointJob = async (job: EndpointJob, ports: CircuitPorts): Promise<number | undefined> => {
  const subscription = await ports.subscriptions.read(job.subscription);
  if (subscription === undefined || subscription.status === 'off') return undefined;
  const now = ports.clock.now();
  const isPointless =
    subscription.status === 'active'
      ? job.kind !== 'heartbeat' ||
        subscription.heartbeat === undefined ||
        now - Date.parse(job.due) > heartbeatMilliseconds
      : openCircuitOf(subscription, now) !== undefined;
  if (isPointless) return undefined;
  const called = await inSlot(subscription, ports, async () => {
    if (subscription.status === 'active') await sendHeartbeat(subscription, job.due, ports);
    else await sendHandshake(subscription, ports);
  });
  return called === 'no-slot' ? slotWait(job.due, now, ports.random()) : undefined;
};
