import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadDirectory, saveDirectory } from '../adapters/dynamodb/directory-store.ts';
import { openTable, type Table } from '../adapters/dynamodb/table.ts';
import { worklist } from '../adapters/dynamodb/worklist.ts';
import { type DirectoryParty, readDirectory } from '../schemas/directory.ts';
import { contents, differences, dropped, partyInWords, stillAsked, warnings } from './report.ts';

/**
 * `npm run directory -- <file> [--table <name>] [--drop]`: checks a directory file and says what it holds. If a table is
 * named, says what changes and loads it; organisations of the table that the file leaves out are dropped only with --drop,
 * and never while they have open Tasks.
 */

const { values, positionals } = parseArgs({
  options: { table: { type: 'string' }, drop: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [file] = positionals;

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

const main = async (): Promise<number> => {
  if (file === undefined) {
    console.error('Usage: npm run directory -- <file> [--table <name of the DynamoDB table>] [--drop]');
    return 2;
  }
  const reading = await readJson(file).then(readDirectory, (error: unknown) => ({
    faults: [error instanceof Error ? error.message : String(error)],
  }));
  if ('faults' in reading) {
    list(console.error, `${file} cannot be used:`, reading.faults);
    return 1;
  }
  const { directory } = reading;
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

process.exitCode = await main();
