import { chooseFailpoints, type FailpointSettings, noFailpoints } from './failpoints.ts';
import type { SeededRandom } from '../support/random.ts';

/** The settings of one run, all chosen by its seed. */
export interface Scenario {
  /** The source of every later choice in the run. */
  readonly random: SeededRandom;
  /** Milliseconds since the epoch. */
  readonly start: number;
  /** How long parties send messages, milliseconds. */
  readonly length: number;
  readonly failpoints: FailpointSettings;
  /** The probability that an endpoint has periods of trouble. */
  readonly endpointTrouble: number;
  /** No fault is injected; only endpoints have trouble. So times can be judged exactly. */
  readonly isCalm: boolean;
  /** So many missions are opened at the same time, while some endpoints are slow. */
  readonly crowd: number;
  readonly crowdAt: number;
  /** When all failpoints are switched off, milliseconds since the epoch. */
  readonly faultsEnd: number;
}

const start = Date.parse('2026-02-01T11:00:00.000Z');
export const minute = 60_000;

const lastOutage = ({ tableDown, queueDown }: FailpointSettings): number =>
  [...tableDown, ...queueDown].reduce((last, { to }) => Math.max(last, to), 0);

export const scenarioOf = (random: SeededRandom): Scenario => {
  const own = random.fork();
  const length = random.between(2 * minute, 10 * minute);
  const chosen = chooseFailpoints(random.fork(), start, length);
  const faultsEnd = Math.max(start + length, lastOutage(chosen)) + random.between(0, 2 * minute);
  const endpointTrouble = random.pick([0, 0.2, 0.5]);
  const isCalm = random.chance(0.15);
  const crowd = random.chance(isCalm ? 0.6 : 0.1) ? random.between(10, 40) : 0;
  const failpoints = isCalm ? { ...noFailpoints } : chosen;
  return {
    random: own,
    start,
    length,
    failpoints,
    endpointTrouble: isCalm ? 0.5 : endpointTrouble,
    faultsEnd,
    isCalm,
    crowd,
    crowdAt: start + own.below(length / 2),
  };
};
