import { existsSync } from 'node:fs';
import { accessLog } from '../../adapters/dynamodb/access-log.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { placesIn } from '../../local/data-folder.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import type { Command } from '../cli/command.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import { hubOptions, tableGiven, unreachable } from '../cli/hub-target.ts';
import { anchorNow } from './anchor.ts';
import { exportMission } from './export-mission.ts';
import { UnreadableEvidence } from './unreadable-evidence.ts';
import { verify } from './verification.ts';

const usage = `Usage: npm run hub -- audit <action> [--mission <id>] <where>
  verify                    checks every chain of the log of reads and every mission's log, or those of one mission, and lists
                            what was changed, removed, moved or added, and what does not follow from the messages; exit code 0
                            if there is nothing
    --log <path>            the functions' log (JSON lines, .gz too), a file or a folder; more than one may be given
    --since <time>          the log is complete from then on, and until --until <time>; without them it is taken as complete
    --until <time>          from its first to its last line
    --anchors <place>       the anchors: a folder, a file, or s3://<AnchorBucket of the stack's outputs>; more than one may be given
    --restored <time>       confirms a restore that people know of
  anchor                    anchors the newest record of every chain now; with --table also --bucket <AnchorBucket>
  export --mission <id>     every read of a mission as a FHIR Bundle of AuditEvents, by time
where:  --local [--data-dir <folder>]   the hub that runs on this machine (npm start); its log and its anchors are found
        --table <name>                  a deployed hub: TableName of the stack's outputs`;

const parse = (args: readonly string[]) =>
  commandLine({
    usage,
    options: {
      ...hubOptions,
      mission: { type: 'string' },
      log: { type: 'string', multiple: true },
      since: { type: 'string' },
      until: { type: 'string' },
      anchors: { type: 'string', multiple: true },
      restored: { type: 'string', multiple: true },
      bucket: { type: 'string' },
    },
    mostArguments: 1,
    args,
  });

type Cli = ReturnType<typeof parse>;

/** A time of an option in the form of the hub's own times. */
const timeGiven = ({ wrongUse }: Cli, option: string, text: string): string => {
  const time = Date.parse(text);
  return Number.isNaN(time)
    ? wrongUse(`--${option} takes a time such as 2026-12-01T01:00:00Z, not "${text}".`)
    : new Date(time).toISOString();
};

const optionalTime = (cli: Cli, option: 'since' | 'until'): string | undefined => {
  const text = cli.values[option];
  return text === undefined ? undefined : timeGiven(cli, option, text);
};

/** Paths that exist; a path that was given and does not exist is a wrong use. */
const existing = (
  { wrongUse }: Cli,
  option: string,
  given: readonly string[] | undefined,
): readonly string[] | undefined => {
  const gone = given?.find((path) => !path.startsWith('s3://') && !existsSync(path));
  return gone === undefined ? given : wrongUse(`--${option}: ${gone} does not exist.`);
};

/** Which options an action takes besides those that all take. */
const ofActions = {
  verify: ['mission', 'log', 'since', 'until', 'anchors', 'restored'],
  anchor: ['bucket'],
  export: ['mission'],
} as const;

const audit = async (cli: Cli): Promise<number> => {
  const { values, wrongUse } = cli;
  const action = cli.action(['verify', 'anchor', 'export']);
  const taken: readonly string[] = ofActions[action];
  const foreign = [...new Set(Object.values(ofActions).flat())].find(
    (option) => values[option] !== undefined && !taken.includes(option),
  );
  if (foreign !== undefined) return wrongUse(`${action} takes no --${foreign}.`);
  const { mission, local } = values;
  if (mission !== undefined && !isMissionId(mission)) return wrongUse(`"${mission}" is not the id of a mission.`);
  if (action === 'export' && mission === undefined) return wrongUse('No mission given. Use --mission <id>.');
  if (action === 'anchor' && !local && values.bucket === undefined)
    return wrongUse('No bucket given. Use --bucket <AnchorBucket of the outputs of the stack>.');
  const logs = existing(cli, 'log', values.log);
  const anchors = existing(cli, 'anchors', values.anchors);
  const span = { since: optionalTime(cli, 'since'), until: optionalTime(cli, 'until') };
  if (span.since !== undefined && span.until !== undefined && span.since >= span.until)
    return wrongUse('--since must be before --until.');
  const restored = (values.restored ?? []).map((time) => timeGiven(cli, 'restored', time));

  const tableName = tableGiven(cli);
  if (tableName === undefined) return 1;
  const own = placesIn(values['data-dir']);
  const found = (path: string): readonly string[] => (local && existsSync(path) ? [path] : []);
  if ((span.since ?? span.until) !== undefined && (logs ?? found(own.log)).length === 0)
    return wrongUse('--since and --until are times of a log. Give it by --log.');
  const table = openTable(tableName);
  switch (action) {
    case 'export':
      return exportMission(table, accessLog(table), mission ?? '');
    case 'anchor':
      return anchorNow(table, values.bucket ?? process.env['AnchorBucket'] ?? '');
    case 'verify':
      return verify(table, {
        mission,
        logs: logs ?? found(own.log),
        span,
        anchors: anchors ?? found(own.anchors),
        restored,
      });
  }
};

/** Verifies the log of reads, anchors it, or exports who read what of one mission. */
export const run: Command = (args) => {
  const cli = parse(args);
  return exitCodeOf(audit(cli), (why, error) =>
    error instanceof UnreadableEvidence ? why : unreachable("The hub's table", why, cli.values),
  );
};
