import { digestOf, isMissionId, parseAddress } from '../../schemas/identifiers.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { Unavailable } from '../mission/errors.ts';
import { type Access, type AccessLog, type AccessRecord, readings } from './access-log.ts';
import { recordAfter } from './chain.ts';

/** The mission of an id: a mission number, or an address in a mission. */
export const missionNamed = (id: string): string | undefined => (isMissionId(id) ? id : parseAddress(id)?.mission);

/** A reader of lists has one chain for each day: one record names all missions of a list. */
const chainOfReader = ({ at, organisation, client, supplier = '' }: Access): string =>
  `${at.slice(0, 10)}.${organisation}.${digestOf(JSON.stringify([client, supplier])).slice(0, 12)}`;

/** The chain that a record belongs to. A refused read goes to the reader's own chain, so that it cannot block others. */
const chainOf = (access: Access): string => {
  const [mission] = access.missions;
  const isOwn = access.outcome === 'shown' && readings[access.reading] === 'one-mission' && mission !== undefined;
  return isOwn ? mission.mission : chainOfReader(access);
};

/** Each try that fails leaves one record more in the chain, so this many can read the same mission at the same moment. */
const mostTries = 40;

/** Links that are written at the same time. */
const linksAtOnce = 20;

const linkAll = async (log: AccessLog, missions: readonly string[], chain: string): Promise<void> => {
  await inBatches(missions, linksAtOnce, (mission) => log.link(mission, chain));
};

/**
 * Writes the record of a read. The caller may answer when this returns, and must not answer if it throws.
 * Writes nothing for an answer that shows no mission. A record in a reader's chain is written after every mission
 * that it names is linked to that chain. Throws `Unavailable` if other reads take the next number 40 times.
 */
export const recordAccess = async (log: AccessLog, access: Access): Promise<AccessRecord | undefined> => {
  if (access.missions.length === 0) return undefined;
  const chain = chainOf(access);
  const named = [...new Set(access.missions.map(({ mission }) => mission))].filter((mission) => mission !== chain);
  const linked = new Set<string>();
  for (let tries = 0; tries < mostTries; tries += 1) {
    const last = await log.last(chain);
    // The missions of the record before were linked before it was written.
    for (const { mission } of last?.access.missions ?? []) linked.add(mission);
    const unlinked = named.filter((mission) => !linked.has(mission));
    await linkAll(log, unlinked, chain);
    for (const mission of unlinked) linked.add(mission);
    const record = recordAfter(last, chain, access);
    if ((await log.append(record)) === 'appended') return record;
  }
  throw new Unavailable('too many reads of the same mission at the same time');
};
