import { digestOf, isMissionId, parseAddress } from '../../schemas/identifiers.ts';
import { Unavailable } from '../mission/errors.ts';
import type { Access, AccessLog, AccessRecord, Reading } from './access-log.ts';
import { sealOf } from './chain.ts';

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
