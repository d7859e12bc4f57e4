import { defineConfig } from 'vitest/config';

/** The unit tests of the mission that decide the same way every time: what chance finds proves nothing about a mutant. */
export default defineConfig({
  test: {
    include: ['test/unit/core/{mission,delivery}/*.test.ts'],
    exclude: [
      'test/unit/core/mission/sequences.test.ts',
      'test/unit/core/delivery/fan-out.test.ts',
      'test/unit/core/delivery/deliver.test.ts',
    ],
    testTimeout: 10_000,
  },
});
