import { setTimeout as wait } from 'node:timers/promises';
import type { AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import { type ChainFault, chainFaults, missionsNamed } from '../../core/audit/verify-chain.ts';
import type { LoggedDigests } from './logged-records.ts';
import { recordsOf } from './records.ts';
import { faultText } from './report.ts';

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

const check = async (
  log: AccessLog,
  chain: string,
  logged: LoggedDigests,
): Promise<{ readonly records: number; readonly faults: readonly ChainFault[] }> => {
  const records = await recordsOf(log, chain);
  const head = await log.head(chain);
  const faults = [...chainFaults(chain, records, head, logged.get(chain)), ...(await unlinked(log, chain, records))];
  return { records: records.length, faults };
};

/** Longer than a function takes between writing a record and confirming it. */
const settleMilliseconds = 2_000;

/** Checks the chains and prints their faults. Resolves to 1 if there is one. */
export const verifyChains = async (
  log: AccessLog,
  chains: readonly string[],
  logged: LoggedDigests,
): Promise<number> => {
  let records = 0;
  let faulty = 0;
  const doubtful: string[] = [];
  for (const chain of chains) {
    const checked = await check(log, chain, logged);
    records += checked.records;
    if (checked.faults.length > 0) doubtful.push(chain);
  }
  // A read may have been under way.
  if (doubtful.length > 0) await wait(settleMilliseconds);
  for (const chain of doubtful) {
    const { faults } = await check(log, chain, logged);
    if (faults.length === 0) continue;
    faulty += 1;
    console.error(`Chain ${chain}:`);
    for (const fault of faults) console.error(`  ${faultText(fault)}`);
  }
  const seen = `${records} records in ${chains.length} chains`;
  if (faulty > 0) console.error(`${seen}; ${faulty} of them are not as they were written.`);
  else console.log(`${seen}, all as they were written.${logged.size === 0 ? ' They were compared with no log.' : ''}`);
  return faulty > 0 ? 1 : 0;
};
