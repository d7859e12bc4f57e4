import type { AnchorFile, AnchorPorts, AnchorState, ChainedLog, DatedEnd } from '../../core/audit/anchors.ts';

/** A record of a chain as a pass over the table sees it. */
export const endAt = (
  log: ChainedLog,
  chain: string,
  number: number,
  at: string | undefined,
  digest = `${chain} ${number}`,
): DatedEnd => ({ log, chain, number, digest, at });

interface MemoryAnchors extends AnchorPorts {
  /** The files that were added, in order. */
  readonly files: AnchorFile[];
  readonly state: () => AnchorState | undefined;
}

interface Settings {
  readonly now: () => number;
  readonly wait?: (milliseconds: number) => Promise<void>;
  /** The pages of each segment; read when they are asked for. */
  readonly pages: () => readonly (readonly (readonly DatedEnd[])[])[];
}

/** What a pass needs, in memory. Each page costs 100 read units. */
export const memoryAnchors = ({ now, pages, wait = async () => {} }: Settings): MemoryAnchors => {
  const files: AnchorFile[] = [];
  let state: string | undefined;
  return {
    now,
    wait,
    hub: 'a-table',
    files,
    state: () => (state === undefined ? undefined : JSON.parse(state)),
    anchors: {
      add: async (file) => {
        files.push(file);
      },
    },
    wholeTable: {
      segments: pages().length,
      page: async (segment, from) => {
        const at = Number(from);
        const all = pages()[segment] ?? [];
        return { ends: all[at] ?? [], next: at + 1 < all.length ? String(at + 1) : 'end', units: 100 };
      },
    },
    anchorStates: {
      read: async () => (state === undefined ? undefined : JSON.parse(state)),
      replace: async (before, after) => {
        if (state !== (before === undefined ? undefined : JSON.stringify(before))) return false;
        state = JSON.stringify(after);
        return true;
      },
    },
  };
};
