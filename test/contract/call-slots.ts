import { describe, expect, test } from 'vitest';
import { slotMilliseconds, slotsPerEndpoint, slotsPerParty } from '../../core/delivery/call-slots.ts';
import { type Contract, at } from './scenario.ts';

/** Seconds. */
const lease = slotMilliseconds / 1000;

export const callSlotsContract = ({ ports, fresh }: Contract): void => {
  describe('CallSlots', () => {
    const take = (organisation: string, id: string, second = 0) =>
      ports().slots.take({ id, organisation, holder: fresh() }, at(second), at(second + lease));
    const taken = async (organisation: string, ids: readonly string[], second = 0) =>
      (await Promise.all(ids.map((id) => take(organisation, id, second)))).filter((slot) => slot !== undefined);
    const many = (id: string) => Array.from({ length: slotsPerParty + 2 }, () => id);

    test('bounds the calls to one endpoint, also if all are taken at the same time', async () => {
      const [organisation, id] = [fresh(), fresh()];
      expect(await taken(organisation, many(id))).toHaveLength(slotsPerEndpoint);
      expect(await take(organisation, id)).toBeUndefined();
    });

    test('bounds the calls to all endpoints of a party, and leaves other parties alone', async () => {
      const [organisation, other] = [fresh(), fresh()];
      const ids = Array.from({ length: slotsPerParty + 2 }, fresh);
      expect(await taken(organisation, ids)).toHaveLength(slotsPerParty);
      expect(await take(organisation, fresh())).toBeUndefined();
      expect(await take(other, ids[0] ?? '')).toBeDefined();
    });

    test('gives a caller whose call is repeated the same slot', async () => {
      const owner = { id: fresh(), organisation: fresh(), holder: fresh() };
      const again = async () => ports().slots.take(owner, at(0), at(lease));
      const slot = await again();
      expect(slot).toBeDefined();
      expect(await again()).toEqual(slot);
      expect(await taken(owner.organisation, many(owner.id))).toHaveLength(slotsPerEndpoint - 1);
    });

    test('gives a slot that was freed to the next caller', async () => {
      const [organisation, id] = [fresh(), fresh()];
      const [slot] = await taken(organisation, many(id));
      if (slot === undefined) throw new Error('no slot');
      await ports().slots.free(slot);
      expect(await take(organisation, id, 1)).toBeDefined();
      expect(await take(organisation, id, 1)).toBeUndefined();
    });

    test('gives the slot of a caller that has died to another one after its time, not before', async () => {
      const [organisation, id] = [fresh(), fresh()];
      const [late] = await taken(organisation, many(id));
      expect(await take(organisation, id, lease - 1)).toBeUndefined();
      const next = await taken(organisation, many(id), lease + 1);
      expect(next).toHaveLength(slotsPerEndpoint);
      // The first caller was only slow: it frees nothing of the others.
      if (late !== undefined) await ports().slots.free(late);
      expect(await take(organisation, id, lease + 2)).toBeUndefined();
    });

    test('keeps the slot of a caller whose clock is a little ahead', async () => {
      const [organisation, id] = [fresh(), fresh()];
      expect(await taken(organisation, many(id), 1)).toHaveLength(slotsPerEndpoint);
      expect(await take(organisation, id)).toBeUndefined();
    });

    test('takes a slot of a caller whose clock was ahead as ended', async () => {
      const [organisation, id] = [fresh(), fresh()];
      expect(await taken(organisation, many(id), 3_600)).toHaveLength(slotsPerEndpoint);
      expect(await take(organisation, id)).toBeDefined();
    });
  });
};
