import type { AccessHead, AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import { immutableCopy } from './immutable-copy.ts';

/** The access log in memory. */
export const memoryAccessLog = (): AccessLog => {
  const chains = new Map<string, AccessRecord[]>();
  const links = new Map<string, Set<string>>();
  const headOf = (record: AccessRecord | undefined): AccessHead | undefined =>
    record === undefined ? undefined : { number: record.number, digest: record.digest };
  return {
    last: async (chain) => chains.get(chain)?.at(-1),
    append: async (record) => {
      const chain = chains.get(record.chain) ?? [];
      const taken = chain[record.number - 1];
      if (taken !== undefined) return taken.digest === record.digest ? 'appended' : 'taken';
      chain.push(immutableCopy(record));
      chains.set(record.chain, chain);
      return 'appended';
    },
    range: async (chain, from, limit) => (chains.get(chain) ?? []).slice(from - 1, from - 1 + limit),
    head: async (chain) => headOf(chains.get(chain)?.at(-1)),
    link: async (mission, chain) => {
      links.set(mission, (links.get(mission) ?? new Set()).add(chain));
    },
    chainsNaming: async (mission) => [...(links.get(mission) ?? [])].sort(),
  };
};
