import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadDirectory, saveDirectory } from '../adapters/dynamodb/directory-store.ts';
import { openTable } from '../adapters/dynamodb/table.ts';
import { readDirectory } from '../schemas/directory.ts';
import { contents, differences, dropped, warnings } from './report.ts';

/**
 * `npm run directory -- <file> [--table <name>] [--drop]`: checks a directory file and says what it holds. If a table is
 * named, says what changes and loads it; organisations of the table that the file leaves out are dropped only with --drop.
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
  if (lost.length > 0 && !values.drop) {
    list(
      console.error,
      'Nothing is loaded. The hub would refuse these from now on; say --drop if that is meant:',
      lost.map(({ organisation, role, name }) => `${organisation}, ${role}, ${name}`),
    );
    return 1;
  }
  await saveDirectory(table, directory);
  console.log(`Loaded into ${table.name}. Running functions see it within a minute.`);
  return 0;
};

process.exitCode = await main();
