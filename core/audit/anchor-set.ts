import type { Anchor, AnchorState, ChainedLog, RestoreNote } from './anchors.ts';
import type { Statement } from './evidence.ts';

/** A set of anchors: whether it is whole, and what it says of each chain. */

export type AnchorSetFault =
  /** The anchor names one before it that is not in the set. */
  | { readonly kind: 'predecessor-missing'; readonly anchor: number; readonly at: string }
  /** The table names this anchor as its newest, and it is not in the set. */
  | { readonly kind: 'newest-missing'; readonly anchor: number }
  /** The hub says that it was restored, and nobody has confirmed it. */
  | { readonly kind: 'restore-unconfirmed'; readonly restore: RestoreNote };

export interface AnchorSet {
  readonly faults: readonly AnchorSetFault[];
  readonly restores: readonly RestoreNote[];
  /** Every record with an earlier time is anchored; ISO 8601, empty without a complete pass. */
  readonly completeUntil: string;
  readonly chains: (log: ChainedLog) => readonly string[];
  readonly of: (log: ChainedLog, chain: string) => readonly Statement[];
}

/** A request ends in less; a record with an earlier time was stored when the pass began. */
const stragglerMilliseconds = 15 * 60_000;

const earlier = (time: string, milliseconds: number): string => new Date(Date.parse(time) - milliseconds).toISOString();

/** Faults of the sequence: each anchor but the first one needs the one that it names, unless the hub was restored elsewhere. */
const sequenceFaults = (anchors: readonly Anchor[], state: AnchorState | undefined): readonly AnchorSetFault[] => {
  const digests = new Set(anchors.map(({ digest }) => digest));
  const open = anchors.filter(({ previous }) => previous !== '' && !digests.has(previous));
  const faults = open.map(({ anchor, at }): AnchorSetFault => ({ kind: 'predecessor-missing', anchor, at }));
  const newest = state?.newest;
  if (newest !== undefined && !digests.has(newest.digest))
    faults.push({ kind: 'newest-missing', anchor: newest.anchor });
  return faults;
};

/**
 * Reads a set of anchors. `state`: what the table says of them, which is not trusted. `confirmed`: times of restores that people
 * know of. Nothing of an anchor is trusted but that it was written at its time.
 */
export const anchorSet = (
  anchors: readonly Anchor[],
  state: AnchorState | undefined,
  confirmed: readonly string[],
): AnchorSet => {
  const statements: Record<ChainedLog, Map<string, Statement[]>> = { reads: new Map(), missions: new Map() };
  for (const { ends, at } of anchors)
    for (const { log, chain, number, digest } of ends) {
      const known = statements[log].get(chain);
      if (known === undefined) statements[log].set(chain, [{ number, digest, at }]);
      else known.push({ number, digest, at });
    }
  const notes = [...anchors.map(({ restored }) => restored), state?.restored].filter((note) => note !== undefined);
  const restores = [...new Map(notes.map((note) => [`${note.at} ${note.asOf}`, note])).values()];
  const passes = anchors.filter(({ pass }) => pass.complete).map(({ pass }) => pass.from);
  const newestPass = passes.reduce((newest, from) => (from > newest ? from : newest), '');
  return {
    faults: [
      ...(anchors.length === 0 ? [] : sequenceFaults(anchors, state)),
      ...restores
        .filter(({ at }) => !confirmed.includes(at))
        .map((restore): AnchorSetFault => ({ kind: 'restore-unconfirmed', restore })),
    ],
    restores,
    completeUntil: newestPass === '' ? '' : earlier(newestPass, stragglerMilliseconds),
    chains: (log) => [...statements[log].keys()],
    of: (log, chain) => statements[log].get(chain) ?? [],
  };
};
