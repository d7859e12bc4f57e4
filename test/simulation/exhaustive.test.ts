import { expect, test } from 'vitest';
import { effort } from '../support/effort.ts';
import { explore } from './exhaustive.ts';

test.skipIf(!effort.exhaustive)(
  'In every order of the calls of two messages and a sweeper, with a death at every point, everybody is told once, in order, without a gap',
  async () => {
    const { states, paths, ends, isComplete, broken } = await explore({
      deaths: 1,
      wide: false,
      mostStates: 1_000_000,
    });
    process.stdout.write(`${states} states, ${paths} paths, ${ends} ends of two messages, a sweeper and a death\n`);
    expect(broken).toEqual([]);
    expect(isComplete).toBe(true);
    // Fewer would mean that the processes do not meet.
    expect(states).toBeGreaterThan(10_000);
    expect(ends).toBeGreaterThan(10);
  },
);
