import { existsSync } from 'node:fs';
import { accessChains, accessLog } from '../../adapters/dynamodb/access-log.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { placesIn } from '../../local/data-folder.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import type { Command } from '../cli/command.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import { hubOptions, tableGiven, unreachable } from '../cli/hub-target.ts';
import { exportMission } from './export-mission.ts';
import { readLogged } from './logged-records.ts';
import { chainsOf } from './records.ts';
import { verifyChains } from './verify.ts';

const usage = `Usage: npm run hub -- audit <action> [--mission <id>] <where>
  verify                    checks every chain of the log of reads, or those that name one mission, and lists records that were
                            changed, removed, moved or added; exit code 0 if there are none
  export --mission <id>     every read of a mission as a FHIR Bundle of AuditEvents, by time
where:  --local [--data-dir <folder>]   the hub that runs on this machine (npm start)
        --table <name>                  a deployed hub: TableName of the stack's outputs
--log <file>                with verify: the functions' log (JSON lines), which has a line for each record too; with --local
                            it is found without the option`;

const parse = (args: readonly string[]) =>
  commandLine({
    usage,
    options: { ...hubOptions, mission: { type: 'string' }, log: { type: 'string', multiple: true } },
    mostArguments: 1,
    args,
  });

const audit = async (cli: ReturnType<typeof parse>): Promise<number> => {
  const { values, wrongUse } = cli;
  const action = cli.action(['verify', 'export']);
  const { mission } = values;
  if (mission !== undefined && !isMissionId(mission)) return wrongUse(`"${mission}" is not the id of a mission.`);
  if (action === 'export' && mission === undefined) return wrongUse('No mission given. Use --mission <id>.');
  const tableName = tableGiven(cli);
  if (tableName === undefined) return 1;
  const table = openTable(tableName);
  const log = accessLog(table);
  if (action === 'export' && mission !== undefined) return exportMission(table, log, mission);
  const { log: ownLog } = placesIn(values['data-dir']);
  const logged = await readLogged(values.log ?? (values.local && existsSync(ownLog) ? [ownLog] : []));
  const chains =
    mission === undefined
      ? [...new Set([...(await accessChains(table)), ...logged.keys()])].sort()
      : await chainsOf(log, mission);
  return verifyChains(log, chains, logged);
};

/** Verifies the log of reads, or exports who read what of one mission. */
export const run: Command = (args) => {
  const cli = parse(args);
  return exitCodeOf(audit(cli), (why) => unreachable("The hub's table", why, cli.values));
};
