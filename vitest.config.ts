import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // For what hangs: no test is to fail because a machine is slow, or stands still for a minute.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // CI reads the counts from the runner's own report.
    reporters:
      process.env['CI'] === undefined ? ['default'] : ['default', ['json', { outputFile: 'test-report.json' }]],
  },
});
