import { expect, test } from 'vitest';
import { callSeconds } from '../../../../core/delivery/channel.ts';
import { defined } from '../../../../schemas/defined.ts';

test.each([
  [undefined, 10],
  [1, 1],
  [9, 9],
  [10, 10],
  [11, 10],
  [3_600, 10],
  [2_147_483_647, 10],
])('an endpoint whose subscriber asks for %s seconds has %i', (timeout, seconds) => {
  expect(callSeconds(defined({ timeout }))).toBe(seconds);
});
