import { defineConfig } from 'vitest/config';

/** For a test that hangs: more than a slow machine needs that also pauses for a minute. */
const limits = { testTimeout: 300_000, hookTimeout: 300_000 };
/** Synthesises the stack before the layer, if its sources have changed. */
const globalSetup = ['test/setup/assembly.ts'];

const effort = process.env['LUFTBRO_EFFORT'] ?? 'fast';
const [isFast, isLong] = [effort === 'fast', effort === 'long'];

/** The tests in layers: `npm test` runs `unit` and `simulation`, `npm run test:all` runs all of them (docs/developing.md, "Test layers"). */
export default defineConfig({
  test: {
    maxWorkers: 2,
    // CI reads the counts from the runner's own report.
    reporters:
      process.env['CI'] === undefined ? ['default'] : ['default', ['json', { outputFile: 'test-report.json' }]],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/robustness/check/*.test.ts'],
          // A unit test takes milliseconds, a property test seconds: more hangs. `test:all` shares the processors with other layers.
          testTimeout: isFast ? 20_000 : 60_000,
          isolate: false,
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/{model,simulation}/**/*.test.ts'],
          // One test plays all runs or seeds of `LUFTBRO_EFFORT`.
          testTimeout: isFast ? 60_000 : isLong ? 7_200_000 : 900_000,
          isolate: false,
        },
      },
      { test: { name: 'infra', include: ['test/infra/**/*.test.ts'], ...limits, isolate: false } },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,fuzz}/**/*.test.ts'],
          ...limits,
          globalSetup,
        },
      },
      { test: { name: 'e2e', include: ['test/{e2e,robustness}/*.test.ts'], ...limits, globalSetup } },
    ],
  },
});
