import { fileURLToPath } from 'node:url';
import { ownDataDir } from '../../local/data-folder.ts';
import type { Command } from '../cli/command.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import { deployedTable, hubOptions } from '../cli/hub-target.ts';
import { BadBackup } from './bad-backup.ts';
import { closeHub, openHub } from './closure.ts';
import { exportTable } from './export.ts';
import { refuseInGit } from './folder.ts';
import { deployedPlace, localPlace, type Place } from './place.ts';
import { restoreTable } from './restore.ts';
import { verifyBackup } from './verify.ts';

/** The hub's table as files, files as a hub's table, and closing the hub meanwhile. */
const usage = `Usage: npm run hub -- backup <action> <where>
  export <folder>    writes the whole table into a new folder outside git. If the table is written to meanwhile, nothing is kept
                     and the output says how to stop that
  verify <folder>    checks that a backup is complete and unchanged, and lists its contents
  restore <folder>   writes a backup into an empty table; the hub stays closed until it is opened. If interrupted, run it again
    --exact          nothing was accepted or delivered after the backup was made: event numbers continue without a gap
  close              the hub accepts and delivers nothing from now on; senders are asked to keep their messages
    --elsewhere <url>  and where the hub is that accepts them: its base URL
  open               ends that
    --anyway         also if another hub was named
where:  --local [--data-dir <folder>]         the hub on this machine, running or not (npm start)
        --table <name>                        a deployed hub: TableName of the stack's outputs
An export that AWS made (export-table-to-point-in-time, DYNAMODB_JSON) is verified and restored in the same way.
A backup holds patients' data and secrets: its files are readable by their owner only. Keep it like the table.`;

const parse = (args: readonly string[]) =>
  commandLine({
    usage,
    options: {
      ...hubOptions,
      exact: { type: 'boolean', default: false },
      elsewhere: { type: 'string' },
      anyway: { type: 'boolean', default: false },
    },
    mostArguments: 2,
    args,
  });

type Cli = ReturnType<typeof parse>;

const assembly = fileURLToPath(new URL('../../cdk.out', import.meta.url));

/** Runs the work on the table that the options name, and closes the table. */
const onTable = async (
  cli: Cli,
  work: (place: Place) => Promise<number>,
  { mayCreate }: { readonly mayCreate: boolean } = { mayCreate: false },
): Promise<number> => {
  const tableName = deployedTable(cli);
  const dataDir = cli.values['data-dir'];
  if (tableName === undefined && mayCreate) await refuseInGit(dataDir);
  const place = tableName === undefined ? await localPlace(dataDir, assembly, { mayCreate }) : deployedPlace(tableName);
  if (place === undefined) return 1;
  try {
    return await work(place);
  } finally {
    await place.close();
  }
};

/** The options that name the same hub, for the commands that the operator runs next. */
const targetOptions = ({ local, 'data-dir': dataDir }: Cli['values'], { tableName }: Place): string => {
  if (!local) return `--table ${tableName}`;
  return dataDir === ownDataDir ? '--local' : `--local --data-dir ${dataDir}`;
};

const backup = async (cli: Cli): Promise<number> => {
  const { values, wrongUse } = cli;
  const { exact, local, elsewhere, anyway } = values;
  const action = cli.action(['export', 'verify', 'restore', 'close', 'open']);
  if (elsewhere !== undefined && !URL.canParse(elsewhere))
    return wrongUse(`"${elsewhere}" is not a URL. Give the base URL of the other hub, which ends in /fhir.`);
  const [, given] = cli.positionals;
  if (given !== undefined && (action === 'close' || action === 'open')) return wrongUse(`${action} takes no folder.`);
  const folder = (): string => given ?? wrongUse(`No folder given. Use ${action} <folder>.`);
  switch (action) {
    case 'export': {
      const into = folder();
      return onTable(cli, (place) => exportTable(place, into));
    }
    case 'verify':
      return verifyBackup(folder());
    case 'restore': {
      const from = folder();
      return onTable(
        cli,
        (place) => restoreTable(place, from, { exact, isLocal: local, target: targetOptions(values, place) }),
        { mayCreate: true },
      );
    }
    case 'close':
      return onTable(cli, ({ table }) => closeHub(table, elsewhere));
    case 'open':
      return onTable(cli, ({ table }) => openHub(table, { anyway }));
  }
};

/** Exports, verifies or restores the hub's table; closes or opens the hub. */
export const run: Command = (args) =>
  exitCodeOf(backup(parse(args)), (why, error) =>
    error instanceof BadBackup ? why : `The hub's table cannot be reached (${why}).`,
  );
