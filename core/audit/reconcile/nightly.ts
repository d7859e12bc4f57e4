import { nightOf } from '../nights.ts';
import {
  continued,
  firstPlaces,
  isAtEnd,
  keepAfterMilliseconds,
  type KeptState,
  type PassPorts,
  type Place,
  readSegments,
  type TablePage,
  type TablePages,
} from '../table-pass.ts';
import type { Reconciled } from './findings.ts';
import type { ReconcilePorts, StoredSubscription } from './logged.ts';
import { type Incomplete, reconcile } from './reconcile.ts';

/**
 * The auditor at night. A pass over the table finds the missions of the night and all subscriptions; then the missions are compared.
 * Both take as many runs as they need: what was found is stored in parts, and each part is compared by itself.
 */

/** Ids. A mission whose items are on several pages is on each of them. */
export interface Surveyed {
  readonly missions: readonly string[];
  readonly subscriptions: readonly string[];
}

/** What the auditor keeps between two runs. Times are ISO 8601. */
export interface ReconcileState {
  /** When the newest pass that was completed began. */
  readonly completed?: string | undefined;
  /** The pass that is not complete. */
  readonly open?:
    | {
        readonly from: string;
        readonly since: string;
        readonly places: readonly Place[];
        /** Parts that are stored, and how many of them are compared. */
        readonly parts: number;
        readonly compared: number;
      }
    | undefined;
}

type Pass = NonNullable<ReconcileState['open']>;

export interface NightlyReconcilePorts extends PassPorts {
  readonly reconcileState: KeptState<ReconcileState>;
  /** Missions with an entry since then, and subscriptions, of the whole table. */
  readonly survey: (since: string) => TablePages<TablePage & Surveyed>;
  /** What a pass has found so far, in parts from 0. */
  readonly parts: {
    write(part: number, found: Surveyed): Promise<void>;
    read(part: number): Promise<Surveyed>;
  };
  readonly subscriptionsOf: (ids: readonly string[]) => Promise<readonly StoredSubscription[]>;
  /** Reads the directory, so it is called only when missions are compared. */
  readonly reconcilePorts: () => Promise<ReconcilePorts>;
}

/** What was under way in one pass is compared in the next one too. */
const overlapMilliseconds = 2 * 3_600_000;
/** How far the first pass looks back. */
const firstMilliseconds = 48 * 3_600_000;
/** A run with less time leaves the comparison to the next one, a quarter of an hour later. */
const leastMilliseconds = 5 * 60_000;
/** A run keeps this much of its time to store what it has found. */
const reserveMilliseconds = 30_000;
/** Missions of one part: as many as one run can compare, and as many ids as an item of the table can have. */
const mostInPart = 5_000;

const earlier = (time: number, milliseconds: number): string => new Date(time - milliseconds).toISOString();

const begun = (ports: NightlyReconcilePorts, completed: string | undefined): Pass => {
  const now = ports.now();
  const since =
    completed === undefined ? earlier(now, firstMilliseconds) : earlier(Date.parse(completed), overlapMilliseconds);
  const from = new Date(now).toISOString();
  return { from, since, places: firstPlaces(ports.survey(since)), parts: 0, compared: 0 };
};

/** Reads on, and returns what the pages have, and where the segments are. */
const surveyOn = async (
  ports: NightlyReconcilePorts,
  { since, places }: Pass,
  timeLeft: () => number,
): Promise<{ readonly found: Surveyed; readonly places: readonly Place[] }> => {
  const missions = new Set<string>();
  const subscriptions = new Set<string>();
  const keepAt = ports.now() + keepAfterMilliseconds;
  const reached = await readSegments(
    ports.survey(since),
    places,
    {
      take: (page) => {
        for (const mission of page.missions) missions.add(mission);
        for (const subscription of page.subscriptions) subscriptions.add(subscription);
      },
      mayContinue: () => missions.size < mostInPart && ports.now() < keepAt && timeLeft() > reserveMilliseconds,
    },
    ports,
  );
  return { found: { missions: [...missions], subscriptions: [...subscriptions] }, places: reached };
};

/** Called with the result of each comparison. `more`: others follow, in this run or a later one. */
export type ReportComparison = (result: Reconciled & Partial<Incomplete>, more: boolean) => void;

/**
 * Compares what was accepted since the last pass, once a night, and continues where an earlier run stopped. Ends before its time
 * is over. Throws `Unavailable`: the next run continues.
 */
export const reconcileNightly = async (
  ports: NightlyReconcilePorts,
  timeLeft: () => number,
  report: ReportComparison,
): Promise<void> => {
  const { reconcileState } = ports;
  let stored = await reconcileState.read();
  const { completed, open } = stored ?? {};
  const now = ports.now();
  if (open === undefined && completed !== undefined && nightOf(now) <= nightOf(Date.parse(completed))) return;
  const save = async (state: ReconcileState): Promise<boolean> => {
    const isMine = await reconcileState.replace(stored, state);
    if (isMine) stored = state;
    return isMine;
  };

  let pass = continued(open, ports.survey(open?.since ?? ''), now) ?? begun(ports, completed);
  while (!isAtEnd(pass.places)) {
    if (timeLeft() < 2 * reserveMilliseconds) return;
    const { found, places } = await surveyOn(ports, pass, timeLeft);
    // Stored before the state counts it: a run that is interrupted in between writes it again.
    await ports.parts.write(pass.parts, found);
    pass = { ...pass, places, parts: pass.parts + 1 };
    if (!(await save({ completed, open: pass }))) return;
  }

  if (timeLeft() < leastMilliseconds) return;
  const parts: Surveyed[] = [];
  for (let part = 0; part < pass.parts; part += 1) parts.push(await ports.parts.read(part));
  const partOf = new Map(parts.flatMap(({ missions }, part) => missions.map((mission) => [mission, part] as const)));
  const subscriptions = await ports.subscriptionsOf([...new Set(parts.flatMap((part) => part.subscriptions))]);
  const reconcilePorts = await ports.reconcilePorts();
  while (pass.compared < pass.parts) {
    if (timeLeft() < leastMilliseconds) return;
    const { compared } = pass;
    const isLast = compared === pass.parts - 1;
    // Receipts of missions that no part has are of missions without an entry in this time: the last part takes them.
    const isWanted = (mission: string): boolean => (partOf.get(mission) ?? pass.parts - 1) === compared;
    const missions = [...new Set(parts[compared]?.missions)].filter(isWanted);
    const result = await reconcile(
      { ...reconcilePorts, survey: async () => ({ missions, subscriptions }) },
      { since: pass.since, isWanted, timeLeft },
    );
    report(result, !isLast || result.notCompared !== undefined);
    if (result.notCompared !== undefined) return;
    pass = { ...pass, compared: compared + 1 };
    if (!(await save(isLast ? { completed: pass.from } : { completed, open: pass }))) return;
  }
};
