import { setTimeout as wait } from 'node:timers/promises';
import type { AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import type { AnchorSet } from '../../core/audit/anchor-set.ts';
import { type Compared, compareWithEvidence, type EvidenceFault } from '../../core/audit/evidence.ts';
import { type ChainFault, chainFaults, missionsNamed } from '../../core/audit/verify-chain.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { isCovered, type LoggedReads } from './logged-reads.ts';
import { recordsOf } from './records.ts';
import { faultText } from './report.ts';

/** What is kept of the log of reads outside of the table. */
export interface ReadsEvidence {
  readonly logged: LoggedReads;
  readonly anchored: AnchorSet;
}

interface Checked extends Compared {
  readonly chain: string;
  readonly records: number;
  readonly all: readonly (ChainFault | EvidenceFault)[];
}

/** Missions that a chain names but whose own chain does not refer to it. */
const unlinked = async (
  log: AccessLog,
  chain: string,
  records: readonly AccessRecord[],
): Promise<readonly ChainFault[]> => {
  const faults: ChainFault[] = [];
  for (const [mission, number] of missionsNamed(chain, records))
    if (!(await log.chainsNaming(mission)).includes(chain)) faults.push({ kind: 'unlinked', number, mission });
  return faults;
};

const check = async (log: AccessLog, chain: string, { logged, anchored }: ReadsEvidence): Promise<Checked> => {
  const records = await recordsOf(log, chain);
  const head = await log.head(chain);
  const accesses = new Map(records.map(({ number, access }) => [number, access]));
  const compared = compareWithEvidence(
    records.map(({ number, digest, access: { at } }) => ({ number, digest, at })),
    {
      logged: {
        statements: logged.statements.get(chain) ?? [],
        covers: ({ number }) => {
          const access = accesses.get(number);
          return access !== undefined && isCovered(logged, access);
        },
      },
      anchored: { statements: anchored.of('reads', chain), completeUntil: anchored.completeUntil },
      restores: anchored.restores,
    },
  );
  const own = [...chainFaults(chain, records, head), ...(await unlinked(log, chain, records))];
  return { ...compared, chain, records: records.length, all: [...own, ...compared.faults] };
};

/** Longer than a function takes between writing a record and confirming it. */
const settleMilliseconds = 2_000;

const chainsAtOnce = 16;
const progressMilliseconds = 5_000;

/** Prints how far a long run is, every five seconds on stderr. */
const progressOf = (chains: number) => {
  let done = 0;
  let printed = performance.now();
  return (): void => {
    done += 1;
    if (performance.now() - printed < progressMilliseconds) return;
    printed = performance.now();
    console.error(`${done} of ${chains} chains of reads verified`);
  };
};

export interface VerifiedReads {
  readonly chains: number;
  readonly records: number;
  readonly withLog: number;
  readonly withAnchors: number;
  readonly lost: number;
  readonly faulty: number;
}

/** Checks chains of the log of reads, and prints their faults on stderr. */
export const verifyReads = async (
  log: AccessLog,
  chains: readonly string[],
  evidence: ReadsEvidence,
): Promise<VerifiedReads> => {
  const progress = progressOf(chains.length);
  const sum = { records: 0, withLog: 0, withAnchors: 0, lost: 0 };
  const doubtful: string[] = [];
  const count = ({ chain, records, withLog, withAnchors, lost, all }: Checked): void => {
    sum.records += records;
    sum.withLog += withLog;
    sum.withAnchors += withAnchors;
    sum.lost += lost;
    if (all.length > 0) doubtful.push(chain);
  };
  await inBatches(chains, chainsAtOnce, async (chain) => {
    count(await check(log, chain, evidence));
    progress();
  });
  // A read may have been under way.
  if (doubtful.length > 0) await wait(settleMilliseconds);
  let faulty = 0;
  for (const chain of doubtful.toSorted()) {
    const { all } = await check(log, chain, evidence);
    if (all.length === 0) continue;
    faulty += 1;
    console.error(`Chain ${chain}:`);
    for (const fault of all) console.error(`  ${faultText(fault)}`);
  }
  return { chains: chains.length, ...sum, faulty };
};
