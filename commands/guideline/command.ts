import { loadGuidelines, saveGuideline } from '../../adapters/dynamodb/guideline-store.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { firstGuidelines, type Guideline, guidelineInForce, readGuideline } from '../../schemas/guideline.ts';
import type { Command } from '../cli/command.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import { checkFile, printList } from '../cli/file-check.ts';
import { unreachable } from '../cli/hub-target.ts';
import { differences } from './differences.ts';

const usage = `Usage: npm run hub -- guideline <file> [--table <name of the DynamoDB table>]
A version of the guideline is checked and its changes are printed. With a table, it is loaded.`;

const parse = (args: readonly string[]) =>
  commandLine({ usage, options: { table: { type: 'string' } }, mostArguments: 1, args });

const whenInForce = ({ version, validFrom }: Guideline, current: Guideline, now: string): string => {
  if (timeOf(validFrom) > timeOf(now)) return `Missions requested from ${validFrom} on fall under ${version}.`;
  if (timeOf(validFrom) < timeOf(current.validFrom))
    return `${version} is older than ${current.version}, which stays in force: no new mission falls under ${version}.`;
  return `${validFrom} has passed: new missions fall under ${version} as soon as it is loaded. Missions that are open keep the version they were requested under.`;
};

const guidelineCommand = async ({
  values,
  positionals: [file],
  wrongUse,
}: ReturnType<typeof parse>): Promise<number> => {
  if (file === undefined) return wrongUse('No file given.');
  const checked = await checkFile(file, readGuideline);
  if (checked === undefined) return 1;
  const { guideline } = checked;
  const table = values.table === undefined ? undefined : openTable(values.table);
  const now = new Date().toISOString();
  const current = guidelineInForce(table === undefined ? firstGuidelines : await loadGuidelines(table), now);
  const changes = differences(current, guideline);
  printList(
    console.log,
    `${file} is valid: version ${guideline.version}. Compared with ${current.version}, which is in force:`,
    changes.length === 0 ? ['no differences'] : changes,
  );
  if (table === undefined) {
    console.log('To load it, use --table <name>.');
    return 0;
  }
  switch (await saveGuideline(table, guideline)) {
    case 'loaded':
      console.log(whenInForce(guideline, current, now));
      console.log(`Loaded into ${table.name}. Running functions use it within a minute.`);
      return 0;
    case 'known':
      console.log(`${table.name} has this version already: nothing to do.`);
      return 0;
    case 'known-with-other-content':
      console.error(
        `${table.name} has other content under version ${guideline.version}. Missions refer to it, so it never changes: give the new content a new version.`,
      );
      return 1;
  }
};

/** Checks a version of the guideline, prints what it changes, and loads it if a table is named. */
export const run: Command = (args) =>
  exitCodeOf(guidelineCommand(parse(args)), (why) => unreachable('The table', why, { local: false }));
