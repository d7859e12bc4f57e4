import { readFile } from 'node:fs/promises';
import { loadGuidelines, saveGuideline } from '../../adapters/dynamodb/guideline-store.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { commandLine, endWith, whyOf } from '../cli/command-line.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { firstGuidelines, type Guideline, guidelineInForce, readGuideline } from '../../schemas/guideline.ts';
import { differences } from './differences.ts';

/** `npm run guideline -- <file> [--table <name>]`: checks a version, says what it changes, and loads it if a table is named. */

const {
  values,
  words: [file],
  wrongUse,
} = commandLine(
  'Usage: npm run guideline -- <file> [--table <name of the DynamoDB table>]',
  { table: { type: 'string' } },
  1,
);

const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

const whenInForce = ({ version, validFrom }: Guideline, current: Guideline, now: string): string => {
  if (timeOf(validFrom) > timeOf(now)) return `Missions requested from ${validFrom} on fall under ${version}.`;
  if (timeOf(validFrom) < timeOf(current.validFrom))
    return `${version} is older than ${current.version}, which stays in force: no new mission falls under ${version}.`;
  return `${validFrom} has passed: new missions fall under ${version} as soon as it is loaded. Missions that are open keep the version they were requested under.`;
};

const main = async (): Promise<number> => {
  if (file === undefined) return wrongUse('Say which file.');
  const reading = await readJson(file).then(readGuideline, (error: unknown) => ({
    faults: [whyOf(error)],
  }));
  if ('faults' in reading) {
    console.error(`${file} cannot be used:`);
    for (const fault of reading.faults) console.error(`  ${fault}`);
    return 1;
  }
  const { guideline } = reading;
  const table = values.table === undefined ? undefined : openTable(values.table);
  const now = new Date().toISOString();
  const current = guidelineInForce(table === undefined ? firstGuidelines : await loadGuidelines(table), now);
  const changes = differences(current, guideline);
  console.log(`${file} is good: version ${guideline.version}. Compared with ${current.version}, which is in force:`);
  for (const change of changes.length === 0 ? ['nothing else'] : changes) console.log(`  ${change}`);
  if (table === undefined) {
    console.log('Name a table (--table) to load it.');
    return 0;
  }
  switch (await saveGuideline(table, guideline)) {
    case 'loaded':
      console.log(whenInForce(guideline, current, now));
      console.log(`Loaded into ${table.name}. Running functions see it within a minute.`);
      return 0;
    case 'known':
      console.log(`${table.name} has it already: nothing to do.`);
      return 0;
    case 'known-with-other-content':
      console.error(
        `${table.name} has another content under version ${guideline.version}. Missions refer to it, so it never changes: give the new content a new version.`,
      );
      return 1;
  }
};

await endWith(main(), (why) => `The table cannot be used (${why}).`);
