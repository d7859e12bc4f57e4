import { loadDirectory, saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { worklist } from '../../adapters/dynamodb/worklist.ts';
import type { DirectoryData, DirectoryParty } from '../../schemas/directory/directory.ts';
import { readDirectory } from '../../schemas/directory/read-directory.ts';
import type { Command } from '../cli/command.ts';
import { commandLine, exitCodeOf, whyOf } from '../cli/command-line.ts';
import { hubOptions, tableGiven, unreachable } from '../cli/hub-target.ts';
import { checkFile, printList } from '../cli/file-check.ts';
import { contents, differences, dropped, partyText, phoneList, stillAsked, warnings } from './report.ts';

/**
 * A directory file is checked and its contents are printed. With a table, the changes are printed and the file is loaded.
 * Organisations of the table that the file omits are dropped only with --drop, and never while they have open Tasks.
 */
const usage = `Usage: npm run hub -- directory <file> [--table <name of the DynamoDB table>] [--drop]
       npm run --silent hub -- directory --phones <where>   all phone numbers, to be printed and kept on paper
where: <file>, --table <name>, or --local [--data-dir <folder>] for the hub that runs on this machine (npm start)`;

const parse = (args: readonly string[]) =>
  commandLine({
    usage,
    options: { ...hubOptions, drop: { type: 'boolean', default: false }, phones: { type: 'boolean', default: false } },
    mostArguments: 1,
    args,
  });

type Cli = ReturnType<typeof parse>;

const printPhones = (directory: DirectoryData, from: string): number => {
  if (directory.parties.length === 0) {
    console.error(`The directory of ${from} is empty.`);
    return 1;
  }
  console.log(`Phone numbers in the directory of ${from}, ${new Date().toISOString().slice(0, 10)}\n`);
  for (const line of phoneList(directory)) console.log(line);
  return 0;
};

const printPhonesOfHub = async (cli: Cli): Promise<number> => {
  const name = tableGiven(cli);
  if (name === undefined) return 1;
  try {
    return printPhones(await loadDirectory(openTable(name)), name);
  } catch (error) {
    console.error(
      `${name} cannot be read (${whyOf(error)}). The file that was loaded last has the numbers too: --phones <file>`,
    );
    return 1;
  }
};

/** The parties that have open Tasks, each with its oldest one. */
const withOpenTasks = async (table: Table, parties: readonly DirectoryParty[]) => {
  const tasks = worklist(table);
  const asked = [];
  for (const party of parties) {
    const [oldest] = (await tasks.list(party.organisation, 'open', 1)).items;
    if (oldest !== undefined) asked.push({ party, task: oldest.task });
  }
  return asked;
};

const load = async (
  table: Table,
  directory: DirectoryData,
  { mayDrop }: { readonly mayDrop: boolean },
): Promise<number> => {
  const before = await loadDirectory(table);
  const changes = differences(before, directory);
  if (changes.length === 0) {
    console.log(`${table.name} has this directory already: nothing to do.`);
    return 0;
  }
  printList(console.log, `Compared with the directory in ${table.name}:`, changes);
  const lost = dropped(before, directory);
  const needed = await withOpenTasks(table, lost);
  if (needed.length > 0) {
    printList(
      console.error,
      'Nothing is loaded, with or without --drop. These organisations still have open Tasks; without them in the directory their name and phone would be missing when somebody must call them. Omit them when their Tasks are closed:',
      needed.map(stillAsked),
    );
    return 1;
  }
  if (lost.length > 0 && !mayDrop) {
    printList(
      console.error,
      'Nothing is loaded. The hub would refuse these organisations from now on; give --drop if that is intended:',
      lost.map(partyText),
    );
    return 1;
  }
  await saveDirectory(table, directory);
  console.log(`Loaded into ${table.name}. Running functions use it within a minute.`);
  return 0;
};

const directoryCommand = async (cli: Cli): Promise<number> => {
  const {
    values,
    positionals: [file],
    wrongUse,
  } = cli;
  const sources = [file !== undefined, values.table !== undefined, values.local].filter(Boolean).length;
  if (values.phones && sources !== 1) return wrongUse('--phones takes one source: a file, --table or --local.');
  if (values.local && !values.phones)
    return wrongUse('--local works with --phones only. To load a file, use --table <name>.');
  if (values.phones && file === undefined) return printPhonesOfHub(cli);
  if (file === undefined) return wrongUse('No file given.');
  const checked = await checkFile(file, readDirectory);
  if (checked === undefined) return 1;
  const { directory } = checked;
  if (values.phones) return printPhones(directory, file);
  printList(console.log, `${file} is valid:`, contents(directory));
  const doubts = warnings(directory);
  if (doubts.length > 0) printList(console.log, 'Warnings:', doubts);
  if (values.table === undefined) {
    console.log('To load it, use --table <name>.');
    return 0;
  }
  return load(openTable(values.table), directory, { mayDrop: values.drop });
};

/** Checks and loads a directory file, or prints the phone numbers of a directory. */
export const run: Command = (args) => {
  const cli = parse(args);
  return exitCodeOf(directoryCommand(cli), (why) => unreachable('The table', why, cli.values));
};
