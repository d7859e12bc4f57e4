import { expect, test } from 'vitest';
import { effort } from '../support/effort.ts';
import { explore } from './exhaustive.ts';
import { messagesOfOneMission } from './exhaustive-messages.ts';
import { entriesOfTwoMissions } from './exhaustive-numbering.ts';

test.skipIf(!effort.exhaustive)(
  'notifies every subscription once, in order and without a gap, in every order of calls and with a crash at every point',
  { timeout: 600_000 },
  async () => {
    const { states, paths, ends, isComplete, broken } = await explore(messagesOfOneMission, {
      crashes: 1,
      wide: false,
      maxStates: 1_000_000,
    });
    process.stdout.write(`${states} states, ${paths} paths, ${ends} ends of two messages, a sweeper and a crash\n`);
    expect(broken).toEqual([]);
    expect(isComplete).toBe(true);
    // Fewer states mean that the processes do not run at the same time.
    expect(states).toBeGreaterThan(10_000);
    expect(ends).toBeGreaterThan(10);
  },
);

test.skipIf(!effort.exhaustive)(
  'numbers the entries of two missions once, in order and without a gap, in every order of calls and with a crash at every point',
  { timeout: 600_000 },
  async () => {
    const { states, paths, ends, isComplete, broken } = await explore(entriesOfTwoMissions, {
      crashes: 1,
      wide: false,
      maxStates: 1_000_000,
    });
    process.stdout.write(
      `${states} states, ${paths} paths, ${ends} ends of three entries of two missions and a crash\n`,
    );
    expect(broken).toEqual([]);
    expect(isComplete).toBe(true);
    expect(states).toBeGreaterThan(10_000);
    expect(ends).toBeGreaterThan(10);
  },
);
