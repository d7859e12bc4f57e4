import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The examples, turned into messages of the mission that is being played now. */

const exampleMission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';
const exampleStart = Date.parse('2026-01-08T08:30:00+01:00');
const moments = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/g;

const read = (name: string): string => readFileSync(new URL(`../examples/${name}.json`, import.meta.url), 'utf8');

export interface Play {
  readonly mission?: string;
  /** Replaces the Task that the example answers, as the hub numbered it. */
  readonly task?: string;
  /** The example's Task number that is replaced, if it names several. */
  readonly exampleTask?: number;
  /** Further changes to the text, for what the examples do not show. */
  readonly change?: (text: string) => string;
}

/** An example as a new message: new ids, the mission's own names, and its times moved to today. */
export const messageFrom = (
  example: string,
  startedAt: number,
  { mission, task, exampleTask, change }: Play,
): string => {
  const original = read(example);
  const bundle: { id: string; entry: { resource: { id: string } }[] } = JSON.parse(original);
  const headerId = bundle.entry[0]?.resource.id ?? '';
  const shift = startedAt - exampleStart;
  const exampleTasks =
    exampleTask === undefined ? new RegExp(`${exampleMission}\\.\\d+`, 'g') : `${exampleMission}.${exampleTask}`;
  const text = original
    .replaceAll(bundle.id, randomUUID())
    .replaceAll(headerId, randomUUID())
    .replaceAll(moments, (moment) => new Date(Date.parse(moment) + shift).toISOString())
    .replaceAll(exampleTasks, task ?? exampleMission)
    .replaceAll(exampleMission, mission ?? exampleMission);
  return change === undefined ? text : change(text);
};
