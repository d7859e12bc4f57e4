import { describe, expect, test } from 'vitest';
import { recordAccess } from '../../core/audit/record.ts';
import type { Access, AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import { uuidOf } from '../../schemas/identifiers.ts';

let count = 0;

/** A new mission id. */
export const freshMission = (): string => {
  count += 1;
  return uuidOf('access', String(Date.now()), String(count));
};

/** A read of one mission by its requester, with changes. */
export const accessTo = (mission: string, change: Partial<Access> = {}): Access => ({
  at: '2026-02-01T11:00:00.000Z',
  organisation: '999999999',
  role: 'local-amk',
  client: 'a-client',
  reading: 'mission',
  outcome: 'shown',
  missions: [{ mission, exercise: false, relation: ['requester'], parts: ['1'] }],
  request: 'a-request',
  ...change,
});

export const recordOf = (record: AccessRecord | undefined): AccessRecord => {
  if (record === undefined) throw new Error('nothing was recorded');
  return record;
};

/** Declares the tests that every access log must pass. */
export const accessLogContract = (name: string, open: () => AccessLog): void => {
  describe(`${name} keeps the contract of the access log`, () => {
    test('has no records in a chain without writes', async () => {
      const mission = freshMission();
      const log = open();
      expect([await log.last(mission), await log.head(mission)]).toEqual([undefined, undefined]);
      expect([await log.range(mission, 1, 10), await log.chainsNaming(mission)]).toEqual([[], []]);
    });

    test('reads records in order as they were written, and stores the newest as head', async () => {
      const mission = freshMission();
      const log = open();
      const written: AccessRecord[] = [];
      for (let index = 0; index < 12; index += 1)
        written.push(recordOf(await recordAccess(log, accessTo(mission, { request: `request-${index}` }))));
      expect(written.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(await log.range(mission, 1, 100)).toEqual(written);
      expect(await log.range(mission, 9, 3)).toEqual(written.slice(8, 11));
      expect(await log.last(mission)).toEqual(written[11]);
      expect(await log.head(mission)).toEqual({ number: 12, digest: written[11]?.digest });
    });

    test('appends one record to a number, and accepts the same record again', async () => {
      const mission = freshMission();
      const log = open();
      const record = recordOf(await recordAccess(log, accessTo(mission)));
      expect(await log.append(record)).toBe('appended');
      expect(await log.append({ ...record, digest: 'another' })).toBe('taken');
      expect(await log.range(mission, 1, 10)).toEqual([record]);
    });

    test('records each of several concurrent reads of one mission under its own number', async () => {
      const mission = freshMission();
      const log = open();
      const readers = Array.from({ length: 12 }, (_, index) => `reader-${index}`);
      const records = await Promise.all(
        readers.map((request) => recordAccess(log, accessTo(mission, { request })).then(recordOf)),
      );
      expect(records.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(
        readers.map((_, index) => index + 1),
      );
      const kept = await log.range(mission, 1, 100);
      expect(kept.map(({ access }) => access.request).toSorted()).toEqual(readers.toSorted());
      expect(kept.slice(1).map(({ previous }) => previous)).toEqual(kept.slice(0, -1).map(({ digest }) => digest));
      expect((await log.head(mission))?.number).toBe(readers.length);
    });

    test('records a list once, and finds it by each mission that it shows', async () => {
      const [one, other] = [freshMission(), freshMission()];
      const log = open();
      const list = accessTo(one, {
        reading: 'worklist',
        client: `client-of-${one}`,
        missions: [one, other].map((mission) => ({ mission, exercise: false, relation: [], parts: [] })),
      });
      const first = recordOf(await recordAccess(log, list));
      const second = recordOf(await recordAccess(log, list));
      expect([first.number, second.number, second.chain]).toEqual([1, 2, first.chain]);
      expect(first.chain).toMatch(/^2026-02-01\.999999999\.[0-9a-f]{12}$/);
      for (const mission of [one, other]) expect(await log.chainsNaming(mission)).toEqual([first.chain]);
    });
  });
};
