import type { KeptFingerprints, RecordedEntry, Trace } from '../../core/audit/verify-mission.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import { keys, queryPages, scanAll, type Table } from './table.ts';
import { unpack } from '../packed.ts';

/** The missions as they are in the table, for their verification: nothing is folded or corrected. */

type Item = Record<string, unknown>;

/** Parts of the table that are scanned at the same time. */
const segments = 4;

const partition = keys.entry('', 0).pk;
const entryKey = 'ENTRY#';
const fingerprintKey = keys.fingerprint('', '').sk;

/** Items that name a mission and an entry of it, by their keys. */
const namedBy = (pk: string, sk: string): string => {
  if (sk.startsWith('NOTE#')) return 'a receipt';
  if (sk === 'PLACE') return 'the numbering of a subscription';
  if (sk.startsWith('TASK#')) return 'a Task of a worklist';
  if (sk === 'READINESS') return 'the readiness of a resource';
  if (sk.startsWith(fingerprintKey)) return 'a fingerprint';
  return pk.startsWith('MISSIONS#') ? 'a list of missions' : 'another item';
};

/** The mission that an item is about. */
const missionOf = ({ mission, pk, sk }: Item): string | undefined =>
  // The key of a place names its subscription before the mission.
  [
    mission,
    ...(sk === 'PLACE' ? String(pk).split('#').toReversed() : [...String(pk).split('#'), ...String(sk).split('#')]),
  ]
    .map(String)
    .find((one) => isMissionId(one) && (mission === undefined || one === mission));

const tracesIn = (item: Item): readonly (Trace & { readonly mission: string })[] => {
  const { pk, sk, entry, entries } = item;
  const mission = missionOf(item);
  if (mission === undefined) return [];
  const named = entries instanceof Set ? [...entries] : [entry];
  return named.flatMap((one) =>
    typeof one === 'number' ? [{ mission, entry: one, by: namedBy(String(pk), String(sk)) }] : [],
  );
};

/** Missions, each with the highest entry that something outside of its log names. */
export type NamedMissions = ReadonlyMap<string, Trace | undefined>;

const noteAll = (found: Map<string, Trace | undefined>, item: Item): void => {
  const pk = String(item['pk']);
  if (pk.startsWith(partition)) {
    const mission = pk.slice(partition.length);
    if (!found.has(mission)) found.set(mission, undefined);
  }
  for (const { mission, ...trace } of tracesIn(item))
    if (trace.entry > (found.get(mission)?.entry ?? 0)) found.set(mission, trace);
};

/** Reads the whole table once. */
export const namedMissions = async (table: Table): Promise<NamedMissions> => {
  const found = new Map<string, Trace | undefined>();
  await scanAll(
    table,
    segments,
    {
      ConsistentRead: true,
      FilterExpression: 'begins_with(pk, :partition) OR attribute_exists(#entry) OR attribute_exists(entries)',
      ProjectionExpression: 'pk, sk, mission, #entry, entries',
      ExpressionAttributeNames: { '#entry': 'entry' },
      ExpressionAttributeValues: { ':partition': partition },
    },
    (item) => noteAll(found, item),
  );
  return found;
};

/** Items of the partition of a mission whose sort keys begin so, in order and read consistently. */
const itemsOf = async function* (table: Table, mission: string, begins: string): AsyncGenerator<Item> {
  for await (const items of queryPages(table, {
    ConsistentRead: true,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :begins)',
    ExpressionAttributeValues: { ':pk': keys.entry(mission, 0).pk, ':begins': begins },
  }))
    yield* items;
};

/** Attributes of an entry's item that repeat a part of its content. */
const beside = ['event', 'sender', 'messageId', 'receivedAt', 'fold'] as const;

const contentOf = (packed: unknown): RecordedEntry['content'] => {
  try {
    const content: RecordedEntry['content'] = unpack(packed);
    return typeof content?.number === 'number' && content.fingerprints !== undefined ? content : undefined;
  } catch {
    return undefined;
  }
};

/** An item of a mission log, with nothing taken as true. */
const recordedEntry = (item: Item): RecordedEntry => ({
  mission: String(item['pk']).slice(partition.length),
  number: Number(String(item['sk']).slice(entryKey.length)),
  content: contentOf(item['packed']),
  digest: String(item['digest']),
  beside: Object.fromEntries(beside.map((attribute) => [attribute, item[attribute]])),
});

/** The entries of a mission, in order. */
export const recordedEntries = async function* (table: Table, mission: string): AsyncGenerator<RecordedEntry> {
  for await (const item of itemsOf(table, mission, entryKey)) yield recordedEntry(item);
};

/** The fingerprints that are kept beside a mission's log. */
export const keptFingerprints = async (table: Table, mission: string): Promise<KeptFingerprints> => {
  const kept = new Map<string, ReadonlySet<number>>();
  for await (const { sk, entries } of itemsOf(table, mission, fingerprintKey))
    if (entries instanceof Set) kept.set(String(sk).slice(fingerprintKey.length), entries);
  return kept;
};

/** What the items of a mission's own partition name, beside its log. */
export const tracesOf = async (table: Table, mission: string): Promise<readonly Trace[]> => {
  const found = new Map<string, Trace | undefined>();
  for (const begins of ['TASK#', 'READINESS', fingerprintKey])
    for await (const item of itemsOf(table, mission, begins)) noteAll(found, item);
  return [...found.values()].filter((trace) => trace !== undefined);
};
