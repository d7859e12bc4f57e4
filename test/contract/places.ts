import { describe, expect, test } from 'vitest';
import type { Contract } from './scenario.ts';

export const placesContract = ({ ports, fresh }: Contract): void => {
  describe('Places', () => {
    const none = { entry: 0, number: 0 };
    const claim = { entry: 2, from: 7 };
    const placeOf = () => ({ subscription: fresh(), mission: fresh() });

    test('begins without a number, keeps a claim, and has the number when the claim is settled', async () => {
      const of = placeOf();
      const { places } = ports();
      expect(await places.read(of)).toEqual(none);
      expect(await places.claim(of, none, claim)).toBe(true);
      expect(await places.read(of)).toEqual({ ...none, claim });
      await places.settle(of, claim, 8);
      expect(await places.read(of)).toEqual({ entry: 2, number: 8 });
      expect(await places.claim(of, { entry: 2, number: 8 }, { entry: 3, from: 9 })).toBe(true);
      expect(await places.read(of)).toEqual({ entry: 2, number: 8, claim: { entry: 3, from: 9 } });
      expect(await places.read(placeOf())).toEqual(none);
    });

    test('sets a claim only if the place is as it was seen', async () => {
      const of = placeOf();
      const { places } = ports();
      const claimed = { ...none, claim };
      expect(await places.claim(of, { entry: 1, number: 1 }, claim)).toBe(false);
      expect(await places.claim(of, claimed, claim)).toBe(false);
      expect(await places.claim(of, none, claim)).toBe(true);
      expect(await places.claim(of, none, { entry: 2, from: 9 })).toBe(false);
      expect(await places.claim(of, { ...none, claim: { entry: 2, from: 6 } }, { entry: 2, from: 9 })).toBe(false);
      expect(await places.claim(of, { ...none, claim: { entry: 1, from: 7 } }, { entry: 2, from: 9 })).toBe(false);
      expect(await places.claim(of, claimed, { entry: 2, from: 9 })).toBe(true);
      expect(await places.read(of)).toEqual({ ...none, claim: { entry: 2, from: 9 } });
      await places.settle(of, { entry: 2, from: 9 }, 10);
      expect(await places.claim(of, none, { entry: 3, from: 9 })).toBe(false);
      expect(await places.claim(of, { entry: 1, number: 4 }, { entry: 3, from: 9 })).toBe(false);
    });

    test('settles only the stored claim', async () => {
      const of = placeOf();
      const { places } = ports();
      await places.settle(of, claim, 8);
      expect(await places.read(of)).toEqual(none);
      await places.claim(of, none, claim);
      for (const other of [
        { entry: 2, from: 6 },
        { entry: 1, from: 7 },
      ])
        await places.settle(of, other, 9);
      expect(await places.read(of)).toEqual({ ...none, claim });
      await places.settle(of, claim, 8);
      await places.settle(of, claim, 9);
      expect(await places.read(of)).toEqual({ entry: 2, number: 8 });
    });

    test('gives a claim to one of several callers', async () => {
      const of = placeOf();
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, index) => ports().places.claim(of, none, { entry: 1, from: index })),
      );
      expect(claims.filter((isSet) => isSet)).toHaveLength(1);
      expect((await ports().places.read(of)).claim?.from).toBe(claims.indexOf(true));
    });
  });
};
