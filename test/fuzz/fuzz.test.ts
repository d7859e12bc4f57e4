import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { effort } from '../support/effort.ts';
import { fuzz, type Target } from './run.ts';

/** A part of the fuzz run that is short enough for every day: the same inputs each time, and others each time. */

const seeds = [20_260, randomInt(2 ** 31 - 1)];
/** Out of 3 620 inputs: the nearer to the network, the slower. */
const shares: Readonly<Record<Target, number>> = { parser: 2_500, door: 700, tokens: 300, http: 120 };
const inputsOf = (target: Target): number => Math.round((effort.fuzzInputs / seeds.length) * (shares[target] / 3_620));

describe.skipIf(effort.fuzzInputs === 0)(`Whatever is sent (seeds ${seeds.join(' and ')})`, () => {
  const cases: readonly (readonly [target: Target, what: string])[] = [
    ['parser', 'what is no message is refused, and what is one is kept as it was sent'],
    ['door', 'no function fails, repeats what was sent, or keeps anything of what it refuses'],
    ['tokens', 'whoever has no good token and proof is refused, and never because the hub fails'],
    ['http', 'a whole hub answers everybody'],
  ];
  test.each(cases)('%s: %s', { timeout: 900_000 }, async (target) => {
    const inputs = inputsOf(target);
    const tried = await fuzz({ target, inputs, seeds });
    expect(tried.failure).toBeUndefined();
    expect(tried.inputs).toBe(inputs * seeds.length);
    // Both must come up, or there is nothing in it.
    expect(tried.accepted).toBeGreaterThan(0);
    expect(tried.accepted).toBeLessThan(tried.inputs);
  });
});
