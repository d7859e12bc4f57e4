import { defineConfig } from 'vitest/config';

/** For a test that hangs: more than a slow machine needs that also pauses for a minute. */
const limits = { testTimeout: 300_000, hookTimeout: 300_000 };
/** Synthesises the stack before the layer, if its sources have changed. */
const globalSetup = ['test/setup/assembly.ts'];

/** The tests in layers: `npm test` runs `unit`, `npm run test:all` runs all of them (docs/developing.md, "Test layers"). */
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
          include: ['test/{unit,model,simulation}/**/*.test.ts'],
          // The searches of `LUFTBRO_EFFORT` all and long take minutes; a test of the fast layer that takes seconds hangs.
          testTimeout: (process.env['LUFTBRO_EFFORT'] ?? 'fast') === 'fast' ? 20_000 : 3_600_000,
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
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...limits, globalSetup } },
    ],
  },
});
