import { readFile } from 'node:fs/promises';
import { loadDirectory, saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { worklist } from '../../adapters/dynamodb/worklist.ts';
import { commandLine, endWith, whyOf } from '../cli/command-line.ts';
import { hubOptions, tableGiven } from '../cli/hub-target.ts';
import { readDirectory } from '../../schemas/directory/read-directory.ts';
import type { DirectoryData, DirectoryParty } from '../../schemas/directory/directory.ts';
import { contents, differences, dropped, partyInWords, phoneList, stillAsked, warnings } from './report.ts';

/**
 * `npm run directory -- --phones`, with a file, a table or the hub on this machine: whom people phone when the hub does not answer.
 *
 * `npm run directory -- <file> [--table <name>] [--drop]`: checks a directory file and says what it holds. If a table is
 * named, says what changes and loads it; organisations of the table that the file leaves out are dropped only with --drop,
 * and never while they have open Tasks.
 */
const usage = `Usage: npm run directory -- <file> [--table <name of the DynamoDB table>] [--drop]
       npm run --silent directory -- --phones <where>   everybody's phone number, to be printed and kept on paper
where: <file>, --table <name>, or --local [--data-dir <folder>] for the hub that runs on this machine (npm start)`;

const told = commandLine(
  usage,
  { ...hubOptions, drop: { type: 'boolean', default: false }, phones: { type: 'boolean', default: false } },
  1,
);

const { values, wrongUse } = told;
const [file] = told.words;

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

const list = (print: (line: string) => void, title: string, lines: readonly string[]): void => {
  print(title);
  for (const line of lines) print(`  ${line}`);
};

/** The parties that have open Tasks, each with the Task that has waited longest. */
const withOpenTasks = async (table: Table, parties: readonly DirectoryParty[]) => {
  const tasks = worklist(table);
  const asked = [];
  for (const party of parties) {
    const [oldest] = (await tasks.list(party.organisation, true, 1)).items;
    if (oldest !== undefined) asked.push({ party, task: oldest.task });
  }
  return asked;
};

const print = (directory: DirectoryData, from: string): number => {
  if (directory.parties.length === 0) {
    console.error(`There is nobody in the directory of ${from}.`);
    return 1;
  }
  console.log(`Phone numbers in the directory of ${from}, ${new Date().toISOString().slice(0, 10)}\n`);
  for (const line of phoneList(directory)) console.log(line);
  return 0;
};

/** The directory that a hub uses. */
const printFromHub = async (): Promise<number> => {
  const name = tableGiven(told);
  if (name === undefined) return 1;
  try {
    return print(await loadDirectory(openTable(name)), name);
  } catch (error) {
    console.error(
      `${name} cannot be read (${whyOf(error)}). The file that was loaded last has the numbers, too: --phones <file>`,
    );
    return 1;
  }
};

const main = async (): Promise<number> => {
  const places = [file !== undefined, values.table !== undefined, values.local].filter(Boolean).length;
  if (values.phones && places !== 1) return wrongUse('Say one place that has the phones: a file, --table or --local.');
  if (values.local && !values.phones) return wrongUse('--local is for --phones only: to load a file name a table.');
  if (values.phones && file === undefined) return printFromHub();
  if (file === undefined) return wrongUse('Say which file.');
  const reading = await readJson(file).then(readDirectory, (error: unknown) => ({
    faults: [whyOf(error)],
  }));
  if ('faults' in reading) {
    list(console.error, `${file} cannot be used:`, reading.faults);
    return 1;
  }
  const { directory } = reading;
  if (values.phones) return print(directory, file);
  list(console.log, `${file} is good:`, contents(directory));
  const doubts = warnings(directory);
  if (doubts.length > 0) list(console.log, 'Warnings:', doubts);
  if (values.table === undefined) {
    console.log('Name a table (--table) to load it.');
    return 0;
  }

  const table = openTable(values.table);
  const before = await loadDirectory(table);
  const changes = differences(before, directory);
  if (changes.length === 0) {
    console.log(`${table.name} has it already: nothing to do.`);
    return 0;
  }
  list(console.log, `Compared with the directory in ${table.name}:`, changes);
  const lost = dropped(before, directory);
  const needed = await withOpenTasks(table, lost);
  if (needed.length > 0) {
    list(
      console.error,
      'Nothing is loaded, with or without --drop. These still have open Tasks; without them in the directory their name and phone would be missing when somebody must call them. Leave them out when their Tasks are over:',
      needed.map(stillAsked),
    );
    return 1;
  }
  if (lost.length > 0 && !values.drop) {
    list(
      console.error,
      'Nothing is loaded. The hub would refuse these from now on; say --drop if that is meant:',
      lost.map(partyInWords),
    );
    return 1;
  }
  await saveDirectory(table, directory);
  console.log(`Loaded into ${table.name}. Running functions see it within a minute.`);
  return 0;
};

await endWith(main(), (why) => `The table cannot be used (${why}).`);
