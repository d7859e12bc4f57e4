import type { Dice } from './dice.ts';

/** What goes wrong in one run, and how often something of each kind did. */

/** Kinds of faults, in the order in which they are printed. */
export const faultKinds = [
  'processes that died at a port call',
  'processes stopped by their time limit',
  'processes frozen for minutes',
  'calls without answer or effect',
  'calls with their effect but no answer',
  'calls whose effect came after the caller had given up',
  'calls repeated by the client library',
  'slow calls',
  'calls during an outage',
  'table outages',
  'queue outages',
  'messages sent twice by their sender',
  'answers to senders lost',
  'orders handed out twice',
  'orders delayed',
  'orders reordered',
  'orders lost by the queue',
  'notifications received whose answer was lost',
  'notifications to endpoints that are down',
  'notifications refused for now',
  'notifications refused for good',
  'notifications answered too late',
  'clocks that are wrong',
  'subscriptions ended in the middle',
  'subscriptions changed in the middle',
  'dead letters tried again',
] as const;
export type FaultKind = (typeof faultKinds)[number];
export type Tally = Record<FaultKind, number>;

export const noFaults = (): Tally => {
  const tally: Partial<Tally> = {};
  for (const kind of faultKinds) tally[kind] = 0;
  const isWhole = (one: Partial<Tally>): one is Tally => faultKinds.every((kind) => one[kind] !== undefined);
  if (!isWhole(tally)) throw new Error('a kind of fault is not counted');
  return tally;
};

/** From and to, milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How bad it is. Probabilities are per call. */
export interface Weather {
  readonly death: number;
  readonly noAnswer: number;
  readonly repeat: number;
  readonly slow: number;
  /** Of fan-outs that outlast their invocation. */
  readonly freeze: number;
  readonly lostAnswer: number;
  readonly queueTrouble: number;
  /** Milliseconds a clock may be off, either way. */
  readonly skew: number;
  readonly tableDown: readonly Span[];
  readonly queueDown: readonly Span[];
}

export const fairWeather: Weather = {
  death: 0,
  noAnswer: 0,
  repeat: 0,
  slow: 0,
  freeze: 0,
  lostAnswer: 0,
  queueTrouble: 0,
  skew: 0,
  tableDown: [],
  queueDown: [],
};

const minute = 60_000;

/** Half an hour now and then, seconds more often. */
const outage = (dice: Dice, start: number, length: number, long: number): readonly Span[] => {
  if (!dice.chance(long * 3)) return [];
  const lasts = dice.chance(1 / 3) ? 30 * minute : dice.between(3_000, 90_000);
  const from = start + dice.below(length);
  return [{ from, to: from + lasts }];
};

/** The weather of a run whose story begins at `start` and lasts `length` milliseconds. */
export const weatherOf = (dice: Dice, start: number, length: number): Weather => ({
  death: dice.pick([0, 0.004, 0.01, 0.02, 0.04]),
  noAnswer: dice.pick([0, 0.004, 0.01, 0.03]),
  repeat: dice.pick([0, 0.01, 0.03]),
  slow: dice.pick([0, 0.01, 0.05, 0.15]),
  freeze: dice.pick([0, 0.3, 0.8]),
  lostAnswer: dice.pick([0, 0.05, 0.2]),
  queueTrouble: dice.pick([0, 0.02, 0.1]),
  skew: dice.pick([0, 1_000, 5_000]),
  tableDown: outage(dice, start, length, 0.1),
  queueDown: outage(dice, start, length, 0.1),
});

export const isDown = (spans: readonly Span[], time: number): boolean =>
  spans.some(({ from, to }) => time >= from && time < to);
