import { assert, asyncProperty } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined } from '../../schemas/defined.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { effort, replay } from '../support/effort.ts';
import { sequences } from './arbitraries.ts';
import { coverage, times, visits } from './compare.ts';
import { hubAndModel } from './hub-and-model.ts';

/**
 * Compares the hub with the model of its rules (mission-model.ts) over random sequences of messages, one after another and at
 * once: both accept or both refuse each message, and both missions are equal afterwards.
 *
 * `LUFTBRO_MODEL_RUNS=100000` tries more sequences. A failure prints fast-check's seed and path: with them as
 * `LUFTBRO_MODEL_SEED` and `LUFTBRO_MODEL_PATH` the same failing sequence, already shrunk, runs alone.
 */
const { modelRuns: runs } = effort;
const { modelSeed: seed, modelPath: path } = replay;

describe('hub and model of the mission rules', () => {
  test(
    'accept and refuse the same messages in any order and at once, and reach no forbidden state',
    async () => {
      const started = Date.now();
      await assert(
        asyncProperty(sequences, async ({ turns, opening }) => {
          const { open, run, audit } = hubAndModel(opening);
          await open();
          for (const [index, turn] of turns.entries()) await run(turn, index);
          await run({ turn: 'sweep', after: 60 }, turns.length);
          await audit();
        }),
        { numRuns: runs, seed, ...defined({ path }), endOnFailure: path !== undefined },
      );
      const lost = visits('race', 'lost');
      process.stdout.write(
        `${runs} sequences of the model, LUFTBRO_MODEL_SEED=${seed}, ${Math.round((Date.now() - started) / 1000)} s; messages in races: ${lost + visits('race', 'undecided')}, of which refused only because of the race: ${lost}\n${coverage()}\n`,
      );
      if (path !== undefined || runs < 1_000) return;
      const enough = runs / 50;
      const some = runs / 1_000;
      expect(lost, 'messages refused because of a race').toBeGreaterThan(enough);
      for (const { event, legalIn } of catalogue) {
        expect(times(event, 'accepted'), `how often ${event} is accepted`).toBeGreaterThan(enough);
        expect(times(event, 'refused'), `how often ${event} is refused`).toBeGreaterThan(enough);
        for (const status of legalIn) {
          expect(visits(event, 'accepted', status), `how often ${event} is accepted when ${status}`).toBeGreaterThan(
            some,
          );
        }
      }
    },
    60_000 + runs * 50,
  );
});
