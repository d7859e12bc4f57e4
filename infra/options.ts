import { type Entrance, entranceOptions, readEntrance } from './api/access.ts';
import { exportOptions, type ExportPlace, readExportPlace } from './storage/exports.ts';
import { readRunbook } from './observability/on-call.ts';
import { readStage, stageNames, type StageSettings } from './stage.ts';
import { readGeneration } from './storage/table.ts';

/** What is chosen by `-c <option>=<value>` when the stack is synthesised. */
interface Options {
  readonly stage: StageSettings;
  readonly runbook: string;
  readonly entrance: Entrance;
  readonly tableGeneration: number;
  readonly exportPlace: ExportPlace | undefined;
}

/** It is remembered in cdk.json, for each stage by itself. */
const tableOption = (stage: string): string => `table-${stage}`;

const ours: readonly string[] = [
  'stage',
  'runbook',
  ...entranceOptions,
  ...exportOptions,
  ...stageNames.map(tableOption),
];

/** CDK's own context: flags and what it has looked up have a colon in their names, and these have none. */
const ofCdk: readonly string[] = ['cli-telemetry', 'acknowledged-issue-numbers', 'cdk-migrate'];

/** From CDK's context. Throws, for the person who deploys, if an option is wrong, unknown or missing: a slip must not open a hub. */
export const readOptions = (context: Readonly<Record<string, unknown>>): Options => {
  const unknown = Object.keys(context).filter(
    (name) => !ours.includes(name) && !ofCdk.includes(name) && !name.includes(':'),
  );
  if (unknown.length > 0)
    throw new Error(
      `There is no option ${unknown.join(', ')}. There are ${ours.join(', ')}. It was given by -c, or stands in cdk.json, cdk.context.json or ~/.cdk.json.`,
    );
  const stage = readStage(context['stage']);
  return {
    stage,
    runbook: readRunbook(context['runbook']),
    entrance: readEntrance(context, stage.usualEntrance),
    tableGeneration: readGeneration(context[tableOption(stage.name)], tableOption(stage.name)),
    exportPlace: readExportPlace(context),
  };
};
