import { nightOf } from '../nights.ts';
import type { Reconciled } from './findings.ts';
import type { ReconcilePorts } from './logged.ts';
import { type Incomplete, reconcile } from './reconcile.ts';

/** When the last complete run of the auditor began. */
export interface ReconcileState {
  /** ISO 8601; `undefined` if there was none. */
  read(): Promise<string | undefined>;
  write(begunAt: string): Promise<void>;
}

export interface NightlyReconcilePorts {
  readonly reconcileState: ReconcileState;
  /** Reads the directory, so it is called only when a run begins. */
  readonly reconcilePorts: () => Promise<ReconcilePorts>;
  now(): number;
}

/** What was under way in one run is compared in the next one too. */
const overlapMilliseconds = 2 * 3_600_000;
/** How far the first run looks back. */
const firstMilliseconds = 48 * 3_600_000;
/** A run with less time leaves the work to the next one, a quarter of an hour later. */
const leastMilliseconds = 5 * 60_000;

const earlier = (time: number, milliseconds: number): string => new Date(time - milliseconds).toISOString();

/**
 * Compares what was accepted since the last run, once a night. `undefined`: not due, or too little time is left. A run that does not
 * complete is repeated. Throws `Unavailable`.
 */
export const reconcileNightly = async (
  ports: NightlyReconcilePorts,
  timeLeft: () => number,
): Promise<(Reconciled & Partial<Incomplete>) | undefined> => {
  const { reconcileState } = ports;
  const last = await reconcileState.read();
  const begun = ports.now();
  if (last !== undefined && nightOf(begun) <= nightOf(Date.parse(last))) return undefined;
  if (timeLeft() < leastMilliseconds) return undefined;
  const since = last === undefined ? earlier(begun, firstMilliseconds) : earlier(Date.parse(last), overlapMilliseconds);
  const result = await reconcile(await ports.reconcilePorts(), { since, timeLeft });
  if (result.notCompared === undefined) await reconcileState.write(new Date(begun).toISOString());
  return result;
};
