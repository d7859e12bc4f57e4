import type { Answer, Channel } from '../../core/delivery/delivery-queue.ts';
import type { Dice } from './dice.ts';
import type { Process, Surroundings } from './process.ts';

/** How an endpoint behaves for a while. */
export type Mood = 'well' | 'slow' | 'flapping' | 'stumbling' | 'down' | 'refusing' | 'deaf';

/** What came to an endpoint: the endpoint's own truth, whatever the hub has heard of it. */
export interface Arrival {
  readonly at: number;
  readonly subscription: string;
  readonly endpoint: string;
  readonly webhookId: string;
  readonly body: string;
  /** It answered 2xx, whether or not the answer reached the hub. */
  readonly taken: boolean;
}

/** A call the hub began, whether or not it came to anything. */
export interface Called {
  readonly at: number;
  readonly process: string;
  readonly subscription: string;
  readonly endpoint: string;
  readonly webhookId: string;
  readonly mood: Mood;
}

interface Behaviour {
  readonly arrives: boolean;
  readonly status: number | undefined;
  /** Milliseconds until the hub has its answer. */
  readonly takes: number;
  readonly answer: Answer;
}

/** A channel gives up after this, milliseconds. */
const longestWait = 10_000;

const behaviour = (mood: Mood, dice: Dice): Behaviour => {
  const timeout: Answer = { failure: 'timeout' };
  const says = (status: number, retryAfter?: number): Behaviour => ({
    arrives: true,
    status,
    takes: dice.between(5, 400),
    answer: retryAfter === undefined ? { status } : { status, retryAfter },
  });
  switch (mood) {
    case 'well':
      return says(dice.pick([200, 200, 202, 204]));
    case 'slow': {
      const takes = dice.between(2_000, 14_000);
      return takes < longestWait
        ? { ...says(200), takes }
        : { arrives: true, status: 200, takes: longestWait, answer: timeout };
    }
    case 'flapping':
      return dice.pick([
        says(200),
        says(200),
        says(500),
        says(503, dice.between(1, 60)),
        says(429, dice.between(1, 20)),
        { arrives: false, status: undefined, takes: longestWait, answer: timeout },
        { arrives: true, status: 200, takes: 300, answer: { failure: 'connection' } },
      ]);
    case 'stumbling': {
      // Several missions call at once; most of the answers are errors, and they cross.
      const status = dice.pick([500, 500, 500, 502, 200]);
      return { arrives: true, status, takes: dice.between(100, 8_000), answer: { status } };
    }
    case 'down':
      return {
        arrives: false,
        status: undefined,
        ...dice.pick([
          { takes: 30, answer: { failure: 'connection' as const } },
          { takes: 40, answer: { failure: 'name' as const } },
          { takes: longestWait, answer: timeout },
        ]),
      };
    case 'refusing':
      return says(dice.pick([410, 404, 401]));
    case 'deaf':
      return { arrives: true, status: 200, takes: longestWait, answer: timeout };
  }
};

/** The outside world of endpoints: how each behaves, and what came to it. */
export interface Endpoints {
  /** `url` behaves so from now on. */
  readonly behave: (url: string, mood: Mood) => void;
  readonly arrivals: readonly Arrival[];
  readonly calls: readonly Called[];
  readonly channelOf: (process: Process) => Channel;
}

export const endpointsIn = ({ scheduler, count, trace }: Surroundings, dice: Dice): Endpoints => {
  const moods = new Map<string, Mood>();
  const arrivals: Arrival[] = [];
  const calls: Called[] = [];
  return {
    arrivals,
    calls,
    behave: (url, mood) => {
      moods.set(url, mood);
    },
    channelOf: (process) => ({
      post: (subscription, webhookId, body) =>
        new Promise((resolve) => {
          if (!process.isAlive() || process.mayDie()) return;
          const { id, endpoint } = subscription;
          const mood = moods.get(endpoint) ?? 'well';
          const { arrives, status, takes, answer } = behaviour(mood, dice);
          const taken = arrives && status !== undefined && status >= 200 && status < 300;
          calls.push({ at: scheduler.now(), process: process.name, subscription: id, endpoint, webhookId, mood });
          if (!arrives) count('notifications to endpoints that are down');
          else if (taken && answer.status === undefined)
            count(
              takes >= longestWait ? 'notifications answered too late' : 'notifications received whose answer was lost',
            );
          else if (!taken)
            count(mood === 'refusing' ? 'notifications refused for good' : 'notifications refused for now');
          if (arrives) {
            scheduler.after(dice.between(1, 50), () => {
              trace(() => `${webhookId} comes to ${endpoint}${taken ? '' : `, which answers ${status}`}`);
              arrivals.push({ at: scheduler.now(), subscription: id, endpoint, webhookId, body, taken });
            });
          }
          process.after(50 + takes, () => {
            if (!process.mayDie()) resolve(answer);
          });
        }),
    }),
  };
};
