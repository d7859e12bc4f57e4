import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { effort } from '../support/effort.ts';
import { fuzz, type Target } from './run.ts';

/** A short fuzz run, once with a fixed seed and once with a new one. */

const seeds = [20_260, randomInt(2 ** 31 - 1)];
/** Out of 3 620 inputs: the nearer to the network, the slower. */
const shares: Readonly<Record<Target, number>> = { parser: 2_500, handlers: 700, authorizer: 300, hub: 120 };
const inputsOf = (target: Target): number => Math.round((effort.fuzzInputs / seeds.length) * (shares[target] / 3_620));

describe.skipIf(effort.fuzzInputs === 0)(`fuzzed input (seeds ${seeds.join(' and ')})`, () => {
  const cases: readonly (readonly [target: Target, what: string])[] = [
    ['parser', 'refuses what is not a message and keeps a message as it was sent'],
    ['handlers', 'never fail, repeat input, or store what they refuse'],
    ['authorizer', 'refuses a bad token or proof without a failure of the hub'],
    ['hub', 'answers every request'],
  ];
  test.each(cases)('%s: %s', { timeout: 900_000 }, async (target) => {
    const inputs = inputsOf(target);
    const tried = await fuzz({ target, inputs, seeds });
    expect(tried.failure).toBeUndefined();
    expect(tried.inputs).toBe(inputs * seeds.length);
    // Inputs of both outcomes must occur, or the run proves nothing.
    expect(tried.accepted).toBeGreaterThan(0);
    expect(tried.accepted).toBeLessThan(tried.inputs);
  });
});
