import { defined } from '../../schemas/defined.ts';
import { nightOf } from './nights.ts';
import { anchorFile, type AnchorPorts, type AnchorState, type ChainEnd, type DatedEnd } from './anchors.ts';
import { continued, firstPlaces, isAtEnd, keepAfterMilliseconds, type Place, readSegments } from './table-pass.ts';

const day = 24 * 3_600_000;

/** A pass takes chains that changed a day before the pass before it too: clocks may be wrong, and writers may be paused. */
const overlapMilliseconds = day;

/** Lines of one file. Bounds the memory of a run: a file has some 10 MB, and a page of the table adds at most 10 000 lines. */
const mostLines = 50_000;

/** A run keeps this much of its time to write its last file. */
const reserveMilliseconds = 30_000;

/** No run is longer: if it has not ended by then, it was interrupted. */
const leaseMilliseconds = 14 * 60_000;

/** Whether a pass begins now: none was completed yet, or the newest one began in an earlier night. */
const isDue = ({ completed }: AnchorState, now: number): boolean =>
  completed === undefined || nightOf(now) > nightOf(Date.parse(completed));

export interface WrittenAnchor {
  readonly anchor: number;
  readonly digest: string;
  /** Chains that it names. */
  readonly chains: number;
  /** Whether it is the last one of its pass. */
  readonly complete: boolean;
}

/** `busy`: another run works. */
export type AnchorOutcome = 'complete' | 'continues' | 'not due' | 'busy';

interface RunOptions {
  /** Milliseconds that are left of the run. */
  readonly timeLeft: () => number;
  /** Called with each anchor that was added. */
  readonly written: (anchor: WrittenAnchor) => void;
  /** Begins a pass also if none is due. */
  readonly isAsked?: boolean;
}

/** The newest record of each chain. */
const newestOf = (ends: readonly DatedEnd[]): readonly DatedEnd[] => {
  const newest = new Map<string, DatedEnd>();
  for (const end of ends) {
    const name = `${end.log} ${end.chain}`;
    if (end.number > (newest.get(name)?.number ?? 0)) newest.set(name, end);
  }
  return [...newest.values()];
};

/** Reads segments from their places, until there are enough lines for a file, a minute has passed, or the time is over. */
const readOn = async (
  ports: AnchorPorts,
  open: NonNullable<AnchorState['open']>,
  timeLeft: () => number,
): Promise<{ readonly ends: readonly ChainEnd[]; readonly places: readonly Place[] }> => {
  const found: DatedEnd[] = [];
  const keepAt = ports.now() + keepAfterMilliseconds;
  const places = await readSegments(
    ports.wholeTable,
    open.places,
    {
      // A record without a time is taken: leaving its time away must not keep it from being anchored.
      take: ({ ends }) => {
        for (const end of ends) if (end.at === undefined || end.at >= open.since) found.push(end);
      },
      mayContinue: () => found.length < mostLines && ports.now() < keepAt && timeLeft() > reserveMilliseconds,
    },
    ports,
  );
  const ends = newestOf(found).map(({ log, chain, number, digest }): ChainEnd => ({ log, chain, number, digest }));
  return { ends, places };
};

const begun = (ports: AnchorPorts, state: AnchorState): NonNullable<AnchorState['open']> => ({
  from: new Date(ports.now()).toISOString(),
  since: state.completed === undefined ? '' : new Date(Date.parse(state.completed) - overlapMilliseconds).toISOString(),
  places: firstPlaces(ports.wholeTable),
});

/**
 * Anchors the chains that changed since the pass before, and continues where an earlier run stopped. A file is stored before
 * the state names it, so a run that is interrupted in between leaves two files with the same number; both say what is true.
 * Throws `Unavailable`: the next run continues.
 */
export const anchorChains = async (
  ports: AnchorPorts,
  { timeLeft, written, isAsked = false }: RunOptions,
): Promise<AnchorOutcome> => {
  const before = await ports.anchorStates.read();
  let state: AnchorState = before ?? { leasedUntil: 0 };
  if (state.leasedUntil > ports.now()) return 'busy';
  if (state.open === undefined && !isAsked && !isDue(state, ports.now())) return 'not due';

  let stored = before;
  const save = async (change: Partial<AnchorState>): Promise<boolean> => {
    const after = { ...state, leasedUntil: ports.now() + leaseMilliseconds, ...change };
    const isMine = await ports.anchorStates.replace(stored, after);
    if (isMine) stored = state = after;
    return isMine;
  };
  const open = continued(state.open, ports.wholeTable, ports.now()) ?? begun(ports, state);
  if (!(await save({ open }))) return 'busy';

  let pass = open;
  while (timeLeft() > reserveMilliseconds) {
    const { ends, places } = await readOn(ports, pass, timeLeft);
    const complete = isAtEnd(places);
    const next = { open: complete ? undefined : { ...pass, places } };
    if (ends.length === 0 && !complete) {
      if (!(await save(next))) return 'busy';
    } else {
      const anchor = (state.newest?.anchor ?? 0) + 1;
      const { file, digest } = anchorFile(
        {
          anchor,
          previous: state.newest?.digest ?? '',
          hub: ports.hub,
          at: new Date(ports.now()).toISOString(),
          pass: { from: pass.from, since: pass.since, complete },
          ...defined({ restored: state.restored }),
        },
        ends,
      );
      await ports.anchors.add(file);
      const newest = { anchor, digest };
      if (!(await save({ ...next, newest, ...(complete ? { completed: pass.from, leasedUntil: 0 } : {}) })))
        return 'busy';
      written({ ...newest, chains: ends.length, complete });
    }
    if (complete) return 'complete';
    pass = { ...pass, places };
  }
  await save({ leasedUntil: 0 });
  return 'continues';
};
