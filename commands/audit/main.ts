import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { accessChains, accessLog } from '../../adapters/dynamodb/access-log.ts';
import { directoryOf, loadDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { commandLine, endWith } from '../cli/command-line.ts';
import { hubOptions, tableGiven } from '../cli/hub-target.ts';
import { placesIn } from '../../local/data-folder.ts';
import { type ChainFault, chainFaults, missionsNamed } from '../../core/audit/verify-chain.ts';
import type { AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import { auditEvent } from '../../core/fhir/audit-event.ts';
import { searchset } from '../../core/fhir/searchset.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import { faultWords, loggedRecord } from './report.ts';

/** `npm run audit -- verify | export`: whether the log of reads is whole, and who read what of one mission. */
const usage = `Usage: npm run audit -- <command> [--mission <id>] <where>
  verify                    goes through every chain of the log of reads, or those that name one mission, and says what was
                            changed, removed, moved or added; 0 if nothing was
  export --mission <id>     every read of a mission as a FHIR Bundle of AuditEvents, by time
where:  --local [--data-dir <folder>]   the hub that runs on this machine (npm start)
        --table <name>                  a deployed hub: TableName of the stack's outputs
--log <file>                with verify: the functions' log (JSON lines), which tells of each record too; with --local it is
                            found by itself`;

const told = commandLine(
  usage,
  { ...hubOptions, mission: { type: 'string' }, log: { type: 'string', multiple: true } },
  1,
);

const { values, wrongUse } = told;
const command = told.command(['verify', 'export']);

type Logged = ReadonlyMap<string, ReadonlyMap<number, string>>;

/** What the functions logged of the records they wrote. */
const readLogged = async (files: readonly string[]): Promise<Logged> => {
  const chains = new Map<string, Map<number, string>>();
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      const record = loggedRecord(line);
      if (record === undefined) continue;
      const chain = chains.get(record.chain) ?? new Map<number, string>();
      chain.set(record.number, record.digest);
      chains.set(record.chain, chain);
    }
  }
  return chains;
};

const recordsAtOnce = 500;

const recordsOf = async (log: AccessLog, chain: string): Promise<readonly AccessRecord[]> => {
  const found: AccessRecord[] = [];
  for (;;) {
    const more = await log.range(chain, (found.at(-1)?.number ?? 0) + 1, recordsAtOnce);
    found.push(...more);
    if (more.length < recordsAtOnce) return found;
  }
};

/** Missions of a chain that do not lead to it. */
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
  logged: Logged,
): Promise<{ readonly records: number; readonly faults: readonly ChainFault[] }> => {
  const records = await recordsOf(log, chain);
  const head = await log.head(chain);
  const faults = [...chainFaults(chain, records, head, logged.get(chain)), ...(await unlinked(log, chain, records))];
  return { records: records.length, faults };
};

/** Longer than a function takes between a record and the note of it. */
const settleMilliseconds = 2_000;

const verify = async (log: AccessLog, chains: readonly string[], logged: Logged): Promise<number> => {
  let records = 0;
  let faulty = 0;
  const doubtful: string[] = [];
  for (const chain of chains) {
    const checked = await check(log, chain, logged);
    records += checked.records;
    if (checked.faults.length > 0) doubtful.push(chain);
  }
  // Somebody may have been reading just then.
  if (doubtful.length > 0) await wait(settleMilliseconds);
  for (const chain of doubtful) {
    const { faults } = await check(log, chain, logged);
    if (faults.length === 0) continue;
    faulty += 1;
    console.error(`Chain ${chain}:`);
    for (const fault of faults) console.error(`  ${faultWords(fault)}`);
  }
  const seen = `${records} records in ${chains.length} chains`;
  if (faulty > 0) console.error(`${seen}; ${faulty} of them are not as they were written.`);
  else console.log(`${seen}, all as they were written.${logged.size === 0 ? ' No log was held against them.' : ''}`);
  return faulty > 0 ? 1 : 0;
};

const chainsOf = async (log: AccessLog, mission: string): Promise<readonly string[]> => [
  mission,
  ...(await log.chainsNaming(mission)),
];

const exportMission = async (table: Table, log: AccessLog, mission: string): Promise<number> => {
  const view = { base: process.env['Url'] ?? '', directory: directoryOf(await loadDirectory(table)) };
  const events = [];
  for (const chain of await chainsOf(log, mission))
    for (const record of await recordsOf(log, chain))
      for (const shown of record.access.missions)
        if (shown.mission === mission) events.push(auditEvent(record, shown, view));
  const listed = events
    .toSorted((one, other) => one.recorded.localeCompare(other.recorded))
    .map((resource) => ({ resource, path: `AuditEvent/${resource.id ?? ''}` }));
  const self = `AuditEvent?entity=ServiceRequest/${mission}`;
  console.log(JSON.stringify(searchset(self, undefined, listed, view, listed.length), undefined, 2));
  return 0;
};

const logFiles = (): readonly string[] => {
  const { log: own } = placesIn(values['data-dir']);
  return values.log ?? (values.local && existsSync(own) ? [own] : []);
};

const main = async (): Promise<number> => {
  const { mission } = values;
  if (mission !== undefined && !isMissionId(mission)) return wrongUse(`${mission} is not the id of a mission.`);
  if (command === 'export' && mission === undefined) return wrongUse('Say which mission: --mission <id>.');
  const tableName = tableGiven(told);
  if (tableName === undefined) return 1;
  const table = openTable(tableName);
  const log = accessLog(table);
  if (command === 'export' && mission !== undefined) return exportMission(table, log, mission);
  const logged = await readLogged(logFiles());
  const chains =
    mission === undefined
      ? [...new Set([...(await accessChains(table)), ...logged.keys()])].sort()
      : await chainsOf(log, mission);
  return verify(log, chains, logged);
};

await endWith(
  main(),
  (why) => `The hub's table cannot be used (${why}).${values.local ? ' Is the hub running (npm start)?' : ''}`,
);
