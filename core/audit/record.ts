import { digestOf, parseAddress, isMissionId } from '../../schemas/identifiers.ts';
import { canonicalText } from '../../schemas/json/json.ts';
import { type Access, type AccessHead, type AccessLog, type AccessRecord, type Reading, Unavailable } from '../mission/mission-log.ts';

/** Reads are logged: a read of missions is answered when its record is written. */

/** Readings that name one mission. What was shown by them stands in that mission's own chain. */
const ofOneMission: readonly Reading[] = [
  'mission',
  'story',
  'chapter',
  'task',
  'tasks',
  'message',
  'part',
  'receipts',
  'accesses',
];

/** Who reads lists has a chain of its own for each day: one record names all missions of a list. */
const chainOfReader = ({ at, organisation, client, supplier = '' }: Access): string =>
  `${at.slice(0, 10)}.${organisation}.${digestOf(JSON.stringify([client, supplier])).slice(0, 12)}`;

/** The chain that a record belongs to. Who is refused writes in its own chain and so cannot hold up others. */
const chainOf = (access: Access): string => {
  const [only] = access.missions;
  const isOwn = access.outcome === 'shown' && ofOneMission.includes(access.reading) && only !== undefined;
  return isOwn ? only.mission : chainOfReader(access);
};

/** Digest of a record: of its place, of its content, and of the digest before it. */
const sealOf = ({ chain, number, previous, access }: Omit<AccessRecord, 'digest'>): string =>
  digestOf(canonicalText({ chain, number, previous, access }));

const after = (last: AccessRecord | undefined, chain: string, access: Access): AccessRecord => {
  const record = { chain, number: (last?.number ?? 0) + 1, previous: last?.digest ?? '', access };
  return { ...record, digest: sealOf(record) };
};

/** Each try ends with one record more in the chain, so as many as this may read the same mission at the same moment. */
const mostTries = 40;

/** Links that are written at the same time. */
const linksAtOnce = 20;

const linkAll = async (log: AccessLog, missions: readonly string[], chain: string): Promise<void> => {
  for (let from = 0; from < missions.length; from += linksAtOnce)
    await Promise.all(missions.slice(from, from + linksAtOnce).map((mission) => log.link(mission, chain)));
};

/**
 * Writes the record of a read: the answer may be given when this returns, and not if it throws. Nothing is written of an
 * answer that shows no mission. A record in a reader's chain is written after each mission that it names leads to that chain.
 */
export const recordAccess = async (log: AccessLog, access: Access): Promise<AccessRecord | undefined> => {
  if (access.missions.length === 0) return undefined;
  const chain = chainOf(access);
  const named = [...new Set(access.missions.map(({ mission }) => mission))].filter((mission) => mission !== chain);
  const linked = new Set<string>();
  for (let tries = 0; tries < mostTries; tries += 1) {
    const last = await log.last(chain);
    // What the record before names was linked before it was written.
    for (const { mission } of last?.access.missions ?? []) linked.add(mission);
    const open = named.filter((mission) => !linked.has(mission));
    await linkAll(log, open, chain);
    for (const mission of open) linked.add(mission);
    const record = after(last, chain, access);
    if ((await log.append(record)) === 'appended') return record;
  }
  throw new Unavailable('others read the same all the time');
};

/** The mission that an id names: its own number, or an address in it. */
export const missionNamed = (id: string): string | undefined => (isMissionId(id) ? id : parseAddress(id)?.mission);

/** What is wrong with a chain. */
export type ChainFault =
  /** Records that must have been there are not. */
  | { readonly kind: 'removed'; readonly from: number; readonly to: number }
  /** What stands there is not what was written there. */
  | { readonly kind: 'changed'; readonly number: number }
  /** The one after it was written after another record than the one that stands there now. */
  | { readonly kind: 'replaced'; readonly number: number }
  /** Records that nothing confirms: added by hand, or cut off while they were written. */
  | { readonly kind: 'unconfirmed'; readonly from: number; readonly to: number }
  /** The mission does not lead to a chain that names it. */
  | { readonly kind: 'unlinked'; readonly number: number; readonly mission: string }
  /** The functions' log tells of another record, or of one that is not there. */
  | { readonly kind: 'unlike-log'; readonly number: number };

/** Numbers and digests of a chain's records as they were logged outside of the table when they were written. */
export type LoggedRecords = ReadonlyMap<number, string>;

const isAsWritten = (record: AccessRecord, chain: string): boolean =>
  record.chain === chain && sealOf(record) === record.digest && (record.number > 1 || record.previous === '');

/** What is wrong between a record and the one before it. */
const faultBetween = (before: AccessRecord | undefined, { number, previous }: AccessRecord): ChainFault | undefined => {
  const expected = (before?.number ?? 0) + 1;
  if (number > expected) return { kind: 'removed', from: expected, to: number - 1 };
  return before === undefined || previous === before.digest ? undefined : { kind: 'replaced', number: before.number };
};

/** What is wrong between the records and what was noted of the newest one. `head`: as it was read after them. */
const faultAtHead = (records: readonly AccessRecord[], head: AccessHead | undefined): ChainFault | undefined => {
  const newest = records.at(-1)?.number ?? 0;
  const noted = head?.number ?? 0;
  if (noted > newest) return { kind: 'removed', from: newest + 1, to: noted };
  if (noted < newest) return { kind: 'unconfirmed', from: noted + 1, to: newest };
  return head === undefined || records.at(-1)?.digest === head.digest ? undefined : { kind: 'replaced', number: noted };
};

/** Everything that is wrong with a chain, given all of its records in order and what was noted of the newest one. */
export const chainFaults = (
  chain: string,
  records: readonly AccessRecord[],
  head: AccessHead | undefined,
  logged: LoggedRecords = new Map(),
): readonly ChainFault[] => {
  const digests = new Map(records.map(({ number, digest }) => [number, digest]));
  const found = records.flatMap((record, index): readonly (ChainFault | undefined)[] => [
    faultBetween(records[index - 1], record),
    isAsWritten(record, chain) ? undefined : { kind: 'changed', number: record.number },
  ]);
  const unlike = [...logged].flatMap(([number, digest]): readonly ChainFault[] =>
    digests.get(number) === digest ? [] : [{ kind: 'unlike-log', number }],
  );
  return [...found, faultAtHead(records, head), ...unlike].filter((fault) => fault !== undefined);
};

/** Missions that a chain names, each with the number of the first record that does. */
export const missionsNamed = (chain: string, records: readonly AccessRecord[]): ReadonlyMap<string, number> => {
  const first = new Map<string, number>();
  for (const { number, access } of records)
    for (const { mission } of access.missions) if (mission !== chain && !first.has(mission)) first.set(mission, number);
  return first;
};
