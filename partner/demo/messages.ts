import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The second mission of `partner/examples/`, turned into messages of the mission that is being played now. */
const exampleMission = 'fe7579e8-7085-83ba-a17d-d157e91a27e4';
const moments = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/g;

const read = (name: string): string => readFileSync(new URL(`../examples/${name}.json`, import.meta.url), 'utf8');

/** The mission report, the last message of the flight: the three hours before it are told as if they ended now. */
const exampleEnd = Date.parse('2026-02-14T16:20:00+01:00');

/**
 * An example as a new message: new ids, the mission's own number, and its times moved to today. Its Tasks keep their
 * numbers: the hub numbers them by the message that opens them, and the order is that of the examples.
 */
export const messageFrom = (example: string, endsAt: number, mission = exampleMission): string => {
  const original = read(example);
  const bundle: { id: string; entry: { resource: { id: string } }[] } = JSON.parse(original);
  const headerId = bundle.entry[0]?.resource.id ?? '';
  return original
    .replaceAll(bundle.id, randomUUID())
    .replaceAll(headerId, randomUUID())
    .replaceAll(moments, (moment) => new Date(Date.parse(moment) + endsAt - exampleEnd).toISOString())
    .replaceAll(exampleMission, mission);
};
