import { expect, test } from 'vitest';
import { adviceOnSystem } from '../../../schemas/messages/system-names.ts';
import { systems } from '../../../schemas/names.ts';

test.each(['/', '///', '|1.0', '/|1.0', '#x', ' '])(
  'names the system that is meant by one with %j at the end',
  (end) => {
    expect(adviceOnSystem(`${systems.mission}${end}`)).toContain(systems.mission);
  },
);

test.each([
  ['slashes', `https://a.example${'/'.repeat(900_000)}x`],
  ['versions', `https://a.example${'|'.repeat(900_000)}\n`],
])('takes linear time for many %s', (_what, system) => {
  const start = performance.now();
  expect(adviceOnSystem(system)).toBeUndefined();
  // Quadratic time would be minutes.
  expect(performance.now() - start).toBeLessThan(2000);
});
