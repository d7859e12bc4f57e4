import type { Answer, Channel } from '../../core/delivery/channel.ts';
import type { Lane } from '../../core/delivery/delivery-queue.ts';
import type { Process, RunContext } from './process.ts';
import type { SeededRandom } from '../support/random.ts';

/**
 * How an endpoint behaves for some time. `unstable`: several calls at once, mostly errors, whose answers cross.
 * `answers-late`: it takes each notification, and the answer comes after the hub's timeout.
 */
export type EndpointMode = 'healthy' | 'slow' | 'flapping' | 'unstable' | 'down' | 'rejecting' | 'answers-late';

/** A notification that reached an endpoint, as the endpoint knows it. The hub may not have its answer. */
export interface Arrival {
  readonly at: number;
  readonly subscription: string;
  readonly endpoint: string;
  readonly webhookId: string;
  readonly body: string;
  /** It answered 2xx, whether or not the answer reached the hub. */
  readonly taken: boolean;
}

/** A call that the hub began, whatever its result. */
export interface EndpointCall {
  readonly at: number;
  readonly process: string;
  readonly subscription: string;
  readonly endpoint: string;
  readonly webhookId: string;
  readonly mode: EndpointMode;
  readonly organisation: string;
  readonly lane: Lane;
  /** When the delivery began. */
  readonly begunAt: number;
  /** When the hub had its answer; absent: the caller has crashed. */
  endedAt?: number;
}

interface Reaction {
  readonly arrives: boolean;
  readonly status: number | undefined;
  /** Milliseconds until the hub has the answer. */
  readonly takes: number;
  readonly answer: Answer;
}

/** The hub's timeout of a call to an endpoint, milliseconds. */
const callTimeout = 10_000;

const reactionIn = (mode: EndpointMode, random: SeededRandom): Reaction => {
  const timeout: Answer = { failure: 'timeout' };
  const answers = (status: number, retryAfter?: number): Reaction => ({
    arrives: true,
    status,
    takes: random.between(5, 400),
    answer: retryAfter === undefined ? { status } : { status, retryAfter },
  });
  switch (mode) {
    case 'healthy':
      return answers(random.pick([200, 200, 202, 204]));
    case 'slow': {
      const takes = random.between(2_000, 14_000);
      return takes < callTimeout
        ? { ...answers(200), takes }
        : { arrives: true, status: 200, takes: callTimeout, answer: timeout };
    }
    case 'flapping':
      return random.pick([
        answers(200),
        answers(200),
        answers(500),
        answers(503, random.between(1, 60)),
        answers(429, random.between(1, 20)),
        { arrives: false, status: undefined, takes: callTimeout, answer: timeout },
        { arrives: true, status: 200, takes: 300, answer: { failure: 'connection' } },
      ]);
    case 'unstable': {
      const status = random.pick([500, 500, 500, 502, 200]);
      return { arrives: true, status, takes: random.between(100, 8_000), answer: { status } };
    }
    case 'down':
      return {
        arrives: false,
        status: undefined,
        ...random.pick([
          { takes: 30, answer: { failure: 'connection' as const } },
          { takes: 40, answer: { failure: 'name' as const } },
          { takes: callTimeout, answer: timeout },
        ]),
      };
    case 'rejecting':
      return answers(random.pick([410, 404, 401]));
    case 'answers-late':
      return { arrives: true, status: 200, takes: callTimeout, answer: timeout };
  }
};

/** The hub waits no longer than `limit`, milliseconds. */
const within = (limit: number, reaction: Reaction): Reaction =>
  reaction.takes < limit ? reaction : { ...reaction, takes: limit, answer: { failure: 'timeout' } };

/** All endpoints: how each behaves, and what reached it. */
export interface Endpoints {
  /** From now on. */
  readonly setMode: (url: string, mode: EndpointMode) => void;
  readonly arrivals: readonly Arrival[];
  readonly calls: readonly EndpointCall[];
  /** For a delivery that begins now. */
  readonly channelOf: (process: Process, lane: Lane) => Channel;
  /** URLs of those that were not always healthy. */
  readonly troubled: ReadonlySet<string>;
}

export const simulatedEndpoints = ({ scheduler, count, trace }: RunContext, random: SeededRandom): Endpoints => {
  const modes = new Map<string, EndpointMode>();
  const arrivals: Arrival[] = [];
  const calls: EndpointCall[] = [];
  const troubled = new Set<string>();
  return {
    arrivals,
    troubled,
    calls,
    setMode: (url, mode) => {
      modes.set(url, mode);
      if (mode !== 'healthy') troubled.add(url);
    },
    channelOf: (process, lane) => {
      const begunAt = scheduler.now();
      return {
        post: (subscription, { webhookId, body, seconds }) =>
          new Promise((resolve) => {
            if (!process.isAlive() || process.maybeCrash()) return;
            const { id, endpoint, organisation } = subscription;
            const mode = modes.get(endpoint) ?? 'healthy';
            const { arrives, status, takes, answer } = within(seconds * 1000, reactionIn(mode, random));
            const taken = arrives && status !== undefined && status >= 200 && status < 300;
            const call: EndpointCall = {
              at: scheduler.now(),
              process: process.name,
              subscription: id,
              endpoint,
              webhookId,
              mode,
              organisation,
              lane,
              begunAt,
            };
            calls.push(call);
            if (!arrives) count('notifications to endpoints that are down');
            else if (taken && answer.status === undefined)
              count(
                answer.failure === 'timeout'
                  ? 'notifications taken, answered too late'
                  : 'notifications taken, answer lost',
              );
            else if (!taken)
              count(mode === 'rejecting' ? 'notifications rejected for good' : 'notifications rejected for now');
            if (arrives) {
              scheduler.after(random.between(1, 50), () => {
                trace(() => `${webhookId} reaches ${endpoint}${taken ? '' : `, which answers ${status}`}`);
                arrivals.push({ at: scheduler.now(), subscription: id, endpoint, webhookId, body, taken });
              });
            }
            process.after(50 + takes, () => {
              call.endedAt = scheduler.now();
              if (!process.maybeCrash()) resolve(answer);
            });
          }),
      };
    },
  };
};
