import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { saveDirectory } from '../adapters/dynamodb/directory-store.ts';
import { openTable } from '../adapters/dynamodb/table.ts';
import { readDirectory } from '../schemas/directory.ts';

/** `npm run directory -- <file> [--table <name>]`: checks a directory file, and loads it into the hub's table if one is named. */

const { values, positionals } = parseArgs({ options: { table: { type: 'string' } }, allowPositionals: true });
const [file] = positionals;

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

const main = async (): Promise<number> => {
  if (file === undefined) {
    console.error('Usage: npm run directory -- <file> [--table <name of the DynamoDB table>]');
    return 2;
  }
  const reading = await readJson(file).then(readDirectory, (error: unknown) => ({
    faults: [error instanceof Error ? error.message : String(error)],
  }));
  if ('faults' in reading) {
    console.error(`${file} cannot be used:`);
    for (const fault of reading.faults) console.error(`  ${fault}`);
    return 1;
  }
  const count = `${reading.parties.length} parties`;
  if (values.table === undefined) {
    console.log(`${file} is good: ${count}. Name a table (--table) to load it.`);
    return 0;
  }
  await saveDirectory(openTable(values.table), reading.parties);
  console.log(`${count} loaded into ${values.table}. Running functions see them within a minute.`);
  return 0;
};

process.exitCode = await main();
