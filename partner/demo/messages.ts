import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Turns the second mission of `partner/examples/` into messages of the mission that is played now. */

const exampleMission = 'fe7579e8-7085-83ba-a17d-d157e91a27e4';
const moments = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/g;

const read = (name: string): string => readFileSync(new URL(`../examples/${name}.json`, import.meta.url), 'utf8');

/** The time of the mission report, the last message of the flight. All times are moved so that it is now. */
const exampleEnd = Date.parse('2026-02-14T16:20:00+01:00');

/**
 * An example as a new message: new ids, the id of the played mission, and times moved to today; what follows days later is said now. Task ids keep their numbers: the hub
 * numbers Tasks by the message that opens them, and the order is that of the examples.
 */
export const messageFrom = (example: string, endsAt: number, mission = exampleMission): string => {
  const original = read(example);
  const bundle: { id: string; entry: { resource: { id: string } }[] } = JSON.parse(original);
  const headerId = bundle.entry[0]?.resource.id ?? '';
  return original
    .replaceAll(bundle.id, randomUUID())
    .replaceAll(headerId, randomUUID())
    .replaceAll(moments, (moment) => new Date(Math.min(Date.parse(moment) - exampleEnd, 0) + endsAt).toISOString())
    .replaceAll(exampleMission, mission);
};
