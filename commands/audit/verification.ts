import { accessChains, accessLog } from '../../adapters/dynamodb/access-log.ts';
import { anchorStates } from '../../adapters/dynamodb/nightly-state.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { type AnchorSet, anchorSet } from '../../core/audit/anchor-set.ts';
import { type GivenAnchors, readAnchors } from './anchors-given.ts';
import { type GivenSpan, type LoggedReads, readLogged } from './logged-reads.ts';
import { chainsOf } from './records.ts';
import { anchorFaultText } from './report.ts';
import { type VerifiedReads, verifyReads } from './verify.ts';
import { type VerifiedMissions, verifyMissions } from './verify-missions.ts';

/** What a verification compares the table with. */
export interface Given {
  /** The only mission whose chains are verified. */
  readonly mission: string | undefined;
  /** Files and folders of the functions' log. */
  readonly logs: readonly string[];
  readonly span: GivenSpan;
  /** Folders, files or `s3://…` of anchors. */
  readonly anchors: readonly string[];
  /** Times of restores that people know of. */
  readonly restored: readonly string[];
}

const list = (title: string, lines: readonly string[]): void => {
  if (lines.length === 0) return;
  console.error(`${title}:`);
  for (const line of lines) console.error(`  ${line}`);
};

/** The chains to verify. A log or anchors of which the table has no chain at all are one finding, not one for each chain. */
const chainsToVerify = async (
  table: Table,
  logged: LoggedReads,
  anchored: AnchorSet,
): Promise<{ readonly chains: readonly string[]; readonly foreign: readonly string[] }> => {
  const stored = await accessChains(table);
  const inTable = new Set(stored);
  const known = (named: readonly string[]): boolean => named.length === 0 || named.some((chain) => inTable.has(chain));
  const [byLog, byAnchors] = [[...logged.statements.keys()], anchored.chains('reads')];
  const [logIsKnown, anchorsAreKnown] = [known(byLog), known(byAnchors)];
  return {
    chains: [...new Set([...stored, ...(logIsKnown ? byLog : []), ...(anchorsAreKnown ? byAnchors : [])])].sort(),
    foreign: [
      ...(logIsKnown
        ? []
        : [
            `none of the ${byLog.length} chains in the log is in ${table.name}: the log is of another hub, or all of them were removed`,
          ]),
      ...(anchorsAreKnown
        ? []
        : [
            `none of the ${byAnchors.length} chains in the anchors is in ${table.name}: the anchors are of another hub, or all of them were removed`,
          ]),
    ],
  };
};

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`;

const logLine = ({ lines, files, spans, unreadable }: LoggedReads, { records, withLog }: VerifiedReads): string => {
  if (files === 0) return 'They were compared with no log: give it by --log.';
  const bounds = spans.flatMap(({ from, to }) => [from, to]).sort();
  const span = bounds.length === 0 ? 'no time' : `${bounds[0]} to ${bounds.at(-1)}, ${count(spans.length, 'span')}`;
  const cut = unreadable === 0 ? '' : ` ${count(unreadable, 'line')} of it cannot be read.`;
  return `The log: ${count(lines, 'line')} in ${count(files, 'file')}, covers ${span}; compared with ${withLog} of ${records} records.${cut}`;
};

const anchorLine = ({ anchors }: GivenAnchors, { records, withAnchors }: VerifiedReads): string => {
  const [oldest, newest] = [anchors[0], anchors.at(-1)];
  if (oldest === undefined || newest === undefined)
    return 'They were compared with no anchors: give them by --anchors.';
  const newer = records - withAnchors;
  return `Anchors: ${anchors.length}, of ${oldest.at} to ${newest.at}; they cover ${withAnchors} of ${records} records, ${newer} ${newer === 1 ? 'is' : 'are'} newer.`;
};

const missionLine = ({ missions, entries, withAnchors, faulty }: VerifiedMissions): string => {
  const seen = `${entries} ${entries === 1 ? 'entry' : 'entries'} of ${count(missions, 'mission')} and resources`;
  return faulty === 0
    ? `${seen}, all as they were written; anchors cover ${withAnchors}.`
    : `${seen}; ${count(faulty, 'log')} ${faulty === 1 ? 'is' : 'are'} not as written.`;
};

/** Verifies the logs in the table and prints the findings. Resolves to 1 if there is one. */
export const verify = async (table: Table, given: Given): Promise<number> => {
  const log = accessLog(table);
  // First, so that each anchor that it names is there.
  const state = given.anchors.length === 0 ? undefined : await anchorStates(table).read();
  const found = await readAnchors(given.anchors, table);
  const anchored = anchorSet(found.anchors, state, given.restored);
  const logged = await readLogged(given.logs, given.span);
  const { chains, foreign } =
    given.mission === undefined
      ? await chainsToVerify(table, logged, anchored)
      : { chains: await chainsOf(log, given.mission), foreign: [] };
  const reads = await verifyReads(log, chains, { logged, anchored });

  const missions = await verifyMissions(table, given.mission, anchored);

  const ofAnchors = [
    ...found.unreadable.map((file) => `${file} is not as it was written: cut, changed, or renamed`),
    // Single files say nothing of the others.
    ...anchored.faults.filter(({ kind }) => found.isWhole || kind === 'restore-unconfirmed').map(anchorFaultText),
  ];
  list('Anchors', ofAnchors);
  list('Evidence', [
    ...foreign,
    ...(missions.foreign === 0
      ? []
      : [
          `none of the ${missions.foreign} missions in the anchors is in ${table.name}: the anchors are of another hub, or all of them were removed`,
        ]),
  ]);
  for (const { at, asOf } of anchored.restores)
    if (given.restored.includes(at))
      console.log(
        `Restored on ${at} to the state of ${asOf}: ${count(reads.lost, 'record')} and ${missions.lost === 1 ? 'one entry' : `${missions.lost} entries`} written in between are lost.`,
      );
  const seen = `${count(reads.records, 'record')} in ${count(reads.chains, 'chain')}`;
  const ofMissions = missions.faulty + missions.foreign;
  const findings = reads.faulty + ofMissions + ofAnchors.length + foreign.length;
  const print = findings > 0 ? console.error : console.log;
  if (findings === 0 || findings === ofMissions) print(`${seen}, all as they were written.`);
  else if (reads.faulty === 0) print(`${seen}, all as they were written, but the evidence is not whole.`);
  else print(`${seen}; ${count(reads.faulty, 'chain')} of them ${reads.faulty === 1 ? 'is' : 'are'} not as written.`);
  print(logLine(logged, reads));
  print(anchorLine(found, reads));
  print(missionLine(missions));
  return findings > 0 ? 1 : 0;
};
