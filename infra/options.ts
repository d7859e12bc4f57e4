import { type Access, accessOptions, readAccess } from './api/access.ts';
import { exportOptions, type ExportPlace, readExportPlace } from './storage/export-place.ts';
import { readRunbook } from './observability/on-call.ts';
import { readStage, stageNames, type StageSettings } from './stage.ts';
import { readGeneration } from './storage/table.ts';

/** The options `-c <option>=<value>` of a synthesis. */
interface Options {
  readonly stage: StageSettings;
  readonly runbook: string;
  readonly access: Access;
  readonly tableGeneration: number;
  readonly exportPlace: ExportPlace | undefined;
}

/** Kept in cdk.json, one for each stage. */
const tableOption = (stage: string): string => `table-${stage}`;

const known: readonly string[] = [
  'stage',
  'runbook',
  ...accessOptions,
  ...exportOptions,
  ...stageNames.map(tableOption),
];

/** Entries of CDK's own context without a colon; flags and lookups have a colon in their names. */
const ofCdk: readonly string[] = ['cli-telemetry', 'acknowledged-issue-numbers', 'cdk-migrate'];

/** Reads CDK's context. Throws a message for the operator if an option is wrong, unknown or missing: a typing error must not open a private hub to the internet. */
export const readOptions = (context: Readonly<Record<string, unknown>>): Options => {
  const unknown = Object.keys(context).filter(
    (name) => !known.includes(name) && !ofCdk.includes(name) && !name.includes(':'),
  );
  if (unknown.length > 0)
    throw new Error(
      `Unknown option ${unknown.join(', ')}. Use ${known.join(', ')}. The option was given by -c, or is in cdk.json, cdk.context.json or ~/.cdk.json.`,
    );
  const stage = readStage(context['stage']);
  return {
    stage,
    runbook: readRunbook(context['runbook']),
    access: readAccess(context, stage.usualAccess),
    tableGeneration: readGeneration(context[tableOption(stage.name)], tableOption(stage.name)),
    exportPlace: readExportPlace(context),
  };
};
