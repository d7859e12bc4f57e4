import { defineConfig } from 'vitest/config';

/** The unit tests of the mission that decide the same way every time: what chance finds proves nothing about a mutant. */
export default defineConfig({
  test: {
    include: ['test/unit/mission/*.test.ts'],
    exclude: [
      'test/unit/mission/sequences.test.ts',
      'test/unit/mission/fan-out.test.ts',
      'test/unit/mission/deliver.test.ts',
    ],
    testTimeout: 10_000,
  },
});
