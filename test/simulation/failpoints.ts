import type { SeededRandom } from '../support/random.ts';

/** The faults that a run injects, and how often each occurred. */

/** In the order in which they are printed. */
export const failpointNames = [
  'processes crashed at a port call',
  'processes stopped by their time limit',
  'processes paused for minutes',
  'calls without effect or response',
  'calls with an effect but no response',
  'calls with an effect after their timeout',
  'calls repeated by the client library',
  'slow calls',
  'calls during an outage',
  'table outages',
  'queue outages',
  'messages sent twice by their sender',
  'answers to senders lost',
  'delivery jobs handed out twice',
  'delivery jobs delayed',
  'delivery jobs reordered',
  'delivery jobs lost by the queue',
  'notifications taken, answer lost',
  'notifications to endpoints that are down',
  'notifications rejected for now',
  'notifications rejected for good',
  'notifications taken, answered too late',
  'processes with a wrong clock',
  'processes with a clock an hour ahead',
  'subscriptions ended during traffic',
  'subscriptions changed during traffic',
  'dead letters redriven',
] as const;
export type Failpoint = (typeof failpointNames)[number];
export type FailpointCounts = Record<Failpoint, number>;

export const zeroCounts = (): FailpointCounts => {
  const counts: Partial<FailpointCounts> = {};
  for (const name of failpointNames) counts[name] = 0;
  const isComplete = (one: Partial<FailpointCounts>): one is FailpointCounts =>
    failpointNames.every((name) => one[name] !== undefined);
  if (!isComplete(counts)) throw new Error('a failpoint is not counted');
  return counts;
};

/** Milliseconds since the epoch. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** How often each failpoint fires. Probabilities are per call unless another unit is named. */
export interface FailpointSettings {
  readonly crash: number;
  readonly noResponse: number;
  readonly repeat: number;
  readonly slow: number;
  /** Per fan-out that outlasts its invocation. */
  readonly pause: number;
  readonly lostAnswer: number;
  readonly queueFault: number;
  /** Milliseconds by which a clock may be wrong, either way. */
  readonly skew: number;
  /** Per delivery and sweep: its clock is an hour ahead. It is put right before the next one. */
  readonly ahead: number;
  readonly tableDown: readonly Period[];
  readonly queueDown: readonly Period[];
}

export const noFailpoints: FailpointSettings = {
  crash: 0,
  noResponse: 0,
  repeat: 0,
  slow: 0,
  pause: 0,
  lostAnswer: 0,
  queueFault: 0,
  skew: 0,
  ahead: 0,
  tableDown: [],
  queueDown: [],
};

const minute = 60_000;

/** One outage in three lasts half an hour, the others seconds. */
const outage = (random: SeededRandom, start: number, length: number, long: number): readonly Period[] => {
  if (!random.chance(long * 3)) return [];
  const lasts = random.chance(1 / 3) ? 30 * minute : random.between(3_000, 90_000);
  const from = start + random.below(length);
  return [{ from, to: from + lasts }];
};

/** Settings for a run whose traffic begins at `start` and lasts `length` milliseconds. */
export const chooseFailpoints = (random: SeededRandom, start: number, length: number): FailpointSettings => ({
  crash: random.pick([0, 0.004, 0.01, 0.02, 0.04]),
  noResponse: random.pick([0, 0.004, 0.01, 0.03]),
  repeat: random.pick([0, 0.01, 0.03]),
  slow: random.pick([0, 0.01, 0.05, 0.15]),
  pause: random.pick([0, 0.3, 0.8]),
  lostAnswer: random.pick([0, 0.05, 0.2]),
  queueFault: random.pick([0, 0.02, 0.1]),
  skew: random.pick([0, 1_000, 5_000]),
  ahead: random.pick([0, 0, 0.01, 0.05]),
  tableDown: outage(random, start, length, 0.1),
  queueDown: outage(random, start, length, 0.1),
});

export const isDown = (periods: readonly Period[], time: number): boolean =>
  periods.some(({ from, to }) => time >= from && time < to);
