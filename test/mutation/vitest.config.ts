import { defineConfig } from 'vitest/config';

/** The deterministic unit tests of mission and delivery: a random test may or may not detect a mutant. */
export default defineConfig({
  test: {
    include: ['test/unit/core/{mission,delivery}/*.test.ts'],
    exclude: [
      '**/*.property.test.ts',
      'test/unit/core/mission/sequences.test.ts',
      'test/unit/core/delivery/deliver-order.test.ts',
      'test/unit/core/delivery/retry-policy.test.ts',
    ],
    testTimeout: 10_000,
  },
});
