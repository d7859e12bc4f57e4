import { describe, expect, test } from 'vitest';
import { effortIn } from '../../support/effort.ts';

describe('the effort of random tests', () => {
  test('is fast without a level, and skips the exhaustive search, the fuzz run and the robustness run', () => {
    expect(effortIn({})).toEqual({
      modelRuns: 300,
      simulationSeeds: 40,
      fuzzInputs: 0,
      exhaustive: false,
      robustnessSeconds: 0,
    });
  });

  test('takes one number of a level from the environment', () => {
    const all = effortIn({ LUFTBRO_EFFORT: 'all' });
    expect(effortIn({ LUFTBRO_EFFORT: 'all', LUFTBRO_SIMULATION_SEEDS: '7' })).toEqual({ ...all, simulationSeeds: 7 });
  });

  test.each([{ LUFTBRO_EFFORT: 'most' }, { LUFTBRO_MODEL_RUNS: '' }, { LUFTBRO_FUZZ_INPUTS: '1e3' }])(
    'refuses %o',
    (environment) => {
      expect(() => effortIn(environment)).toThrow(/must be/);
    },
  );
});
