import type { AccessLog, AccessRecord } from '../../core/audit/access-log.ts';

const recordsPerQuery = 500;

/** All records of a chain, in order. */
export const recordsOf = async (log: AccessLog, chain: string): Promise<readonly AccessRecord[]> => {
  const found: AccessRecord[] = [];
  for (;;) {
    const more = await log.range(chain, (found.at(-1)?.number ?? 0) + 1, recordsPerQuery);
    found.push(...more);
    if (more.length < recordsPerQuery) return found;
  }
};

/** The chains that hold reads of a mission: its own, and those of readers that name it. */
export const chainsOf = async (log: AccessLog, mission: string): Promise<readonly string[]> => [
  mission,
  ...(await log.chainsNaming(mission)),
];
