import { describe, expect, test } from 'vitest';
import { type Contract } from './scenario.ts';

export const returnedValuesContract = ({ ports, fresh, missionWithUpdates, store, subscribe }: Contract): void => {
  describe('Every port', () => {
    test('returns values whose change does not change the storage', async () => {
      const { mission, entries } = missionWithUpdates();
      await store(entries);
      const subscription = await subscribe(fresh());
      const before = structuredClone(await ports().missions.last(mission));
      const read = await ports().missions.last(mission);
      const head = await ports().subscriptions.read(subscription.id);
      // Either it is a copy, or it cannot be changed.
      for (const spoil of [
        () => Object.assign(read ?? {}, { number: 99 }),
        () => Object.assign(read?.state ?? {}, { version: 99 }),
        () => Object.assign(read?.state.tasks[0] ?? {}, { status: 'completed' }),
        () => Object.assign(head ?? {}, { status: 'off' }),
        () => Object.assign(head?.headers ?? [], { 0: 'other' }),
      ])
        try {
          spoil();
        } catch {
          continue;
        }
      expect(await ports().missions.last(mission)).toEqual(before);
      expect(await ports().subscriptions.read(subscription.id)).toEqual(subscription);
    });
  });
};
