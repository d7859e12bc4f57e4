import { defineConfig } from 'vitest/config';

/** Each file deploys a hub of its own, under the same names: so one after another. */
export default defineConfig({
  test: {
    include: ['test/e2e/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
