import { describe, expect, test } from 'vitest';
import { recordAccess } from '../../../../core/audit/record.ts';
import { chainFaults, missionsNamed } from '../../../../core/audit/verify-chain.ts';
import type { AccessHead, AccessLog, AccessRecord } from '../../../../core/audit/access-log.ts';
import { accessLogContract, accessTo, freshMission, recordOf } from '../../../contract/access-log.ts';
import { memoryAccessLog } from '../../../memory/access-log.ts';

const shared = memoryAccessLog();
accessLogContract('The memory', () => shared);

const mission = freshMission();

const headOf = (records: readonly AccessRecord[]): AccessHead | undefined => records.at(-1);

/** A chain of the given number of records. */
const chainOf = async (length: number, log: AccessLog = memoryAccessLog()): Promise<readonly AccessRecord[]> => {
  for (let index = 0; index < length; index += 1)
    await recordAccess(log, accessTo(mission, { request: `request-${index + 1}` }));
  return log.range(mission, 1, length);
};

/** The records after one change, sealed again from there on: a forgery by an attacker that knows the seal. */
const resealed = async (records: readonly AccessRecord[], from: number): Promise<readonly AccessRecord[]> => {
  const log = memoryAccessLog();
  for (const { number, access } of records)
    await recordAccess(log, number === from ? { ...access, organisation: '111111111' } : access);
  return log.range(mission, 1, records.length);
};

const without = (records: readonly AccessRecord[], ...numbers: readonly number[]): readonly AccessRecord[] =>
  records.filter(({ number }) => !numbers.includes(number));

const changed = (records: readonly AccessRecord[], number: number, change: (record: AccessRecord) => AccessRecord) =>
  records.map((record) => (record.number === number ? change(record) : record));

describe('access chain', () => {
  test('has no fault if it is complete or empty', async () => {
    const records = await chainOf(5);
    expect(chainFaults(mission, records, headOf(records))).toEqual([]);
    expect(chainFaults(mission, [], undefined)).toEqual([]);
  });

  test.each([
    ['at', '2020-01-01T00:00:00.000Z'],
    ['organisation', '111111111'],
    ['supplier', '222222222'],
    ['role', 'hospital'],
    ['client', 'another-client'],
    ['reading', 'task'],
    ['outcome', 'refused'],
    ['missions', []],
    ['request', 'another'],
  ])('reports a change of %s', async (member, value) => {
    const records = changed(await chainOf(4), 2, (record) => ({
      ...record,
      access: { ...record.access, [member]: value },
    }));
    expect(chainFaults(mission, records, headOf(records))).toEqual([{ kind: 'changed', number: 2 }]);
  });

  test('reports a record that was changed and sealed again, also the newest', async () => {
    const records = await chainOf(4);
    const forged = await resealed(records, 2);
    const middle = changed(records, 2, (record) => forged[1] ?? record);
    expect(chainFaults(mission, middle, headOf(middle))).toEqual([{ kind: 'replaced', number: 2 }]);
    const newest = changed(records, 4, () => recordOf(forged.at(-1)));
    expect(chainFaults(mission, newest, headOf(records))).toEqual([
      { kind: 'replaced', number: 3 },
      { kind: 'replaced', number: 4 },
    ]);
  });

  test('reports removed records: the first, one in between, several, the newest, all', async () => {
    const records = await chainOf(5);
    const faults = (...numbers: readonly number[]) =>
      chainFaults(mission, without(records, ...numbers), headOf(records));
    expect(faults(1)).toEqual([{ kind: 'removed', from: 1, to: 1 }]);
    expect(faults(3)).toEqual([{ kind: 'removed', from: 3, to: 3 }]);
    expect(faults(2, 3)).toEqual([{ kind: 'removed', from: 2, to: 3 }]);
    expect(faults(4, 5)).toEqual([{ kind: 'removed', from: 4, to: 5 }]);
    expect(faults(1, 2, 3, 4, 5)).toEqual([{ kind: 'removed', from: 1, to: 5 }]);
  });

  test('reports two swapped records', async () => {
    const records = await chainOf(4);
    const [first, second, third, fourth] = records.map((record) => record);
    if (first === undefined || second === undefined || third === undefined || fourth === undefined)
      throw new Error('there are four');
    const swapped = [first, { ...third, number: 2 }, { ...second, number: 3 }, fourth];
    expect(chainFaults(mission, swapped, headOf(records))).toContainEqual({ kind: 'changed', number: 2 });
    expect(chainFaults(mission, swapped, headOf(records))).toContainEqual({ kind: 'changed', number: 3 });
  });

  test('reports records of another chain, and unconfirmed records', async () => {
    const records = await chainOf(3);
    expect(chainFaults(freshMission(), records, headOf(records)).map(({ kind }) => kind)).toEqual([
      'changed',
      'changed',
      'changed',
    ]);
    expect(chainFaults(mission, records, records[0])).toEqual([{ kind: 'unconfirmed', from: 2, to: 3 }]);
    expect(chainFaults(mission, records, undefined)).toEqual([{ kind: 'unconfirmed', from: 1, to: 3 }]);
  });
});

describe('recordAccess', () => {
  test('writes no record for a read that shows no mission', async () => {
    expect(await recordAccess(memoryAccessLog(), accessTo(mission, { missions: [] }))).toBeUndefined();
  });

  test('writes a refused read to the chain of the reader, so that it does not block permitted readers', async () => {
    const log = memoryAccessLog();
    const { chain } = recordOf(await recordAccess(log, accessTo(mission, { outcome: 'refused' })));
    expect(chain).not.toBe(mission);
    expect(await log.chainsNaming(mission)).toEqual([chain]);
    expect([...missionsNamed(chain, await log.range(chain, 1, 10))]).toEqual([[mission, 1]]);
  });

  test('links a mission when it enters a list, and not each time', async () => {
    const log = memoryAccessLog();
    const links: string[] = [];
    const counting: AccessLog = {
      ...log,
      link: async (named, chain) => {
        links.push(named);
        await log.link(named, chain);
      },
    };
    const [one, other] = [freshMission(), freshMission()];
    const list = (...missions: readonly string[]) =>
      recordAccess(
        counting,
        accessTo(one, {
          reading: 'worklist',
          missions: missions.map((named) => ({ mission: named, exercise: false, relation: [], parts: [] })),
        }),
      );
    await list(one);
    await list(one);
    await list(one, other);
    await list(one, other);
    expect(links).toEqual([one, other]);
  });

  test('fails if the record cannot be written or other reads always take the number', async () => {
    const away: AccessLog = { ...memoryAccessLog(), append: () => Promise.reject(new Error('away')) };
    await expect(recordAccess(away, accessTo(mission))).rejects.toThrow('away');
    const busy: AccessLog = { ...memoryAccessLog(), append: async () => 'taken' };
    await expect(recordAccess(busy, accessTo(mission))).rejects.toMatchObject({ name: 'Unavailable' });
  });

  test('repairs the head that an interrupted read did not note', async () => {
    const log = memoryAccessLog();
    const heads = new Map<string, AccessHead>();
    let dies = true;
    const mortal: AccessLog = {
      ...log,
      append: async (record) => {
        const done = await log.append(record);
        if (dies) throw new Error('cut off');
        heads.set(record.chain, record);
        return done;
      },
      head: async (chain) => heads.get(chain),
    };
    await expect(recordAccess(mortal, accessTo(mission))).rejects.toThrow('cut off');
    const faults = async () => chainFaults(mission, await mortal.range(mission, 1, 9), await mortal.head(mission));
    expect(await faults()).toEqual([{ kind: 'unconfirmed', from: 1, to: 1 }]);
    dies = false;
    await recordAccess(mortal, accessTo(mission));
    expect(await faults()).toEqual([]);
  });
});
