import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { afterRunning } from '../../../local/aws/running-time.ts';
import { eventually } from '../../support/partners.ts';

const standStill = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

test('afterRunning does not count time in which the machine was suspended', async () => {
  let isOver = false;
  afterRunning(500, () => {
    isOver = true;
  });
  standStill(1_000);
  await turn();
  await turn();
  expect(isOver).toBe(false);
  await eventually('it is over', () => isOver);
});

test('afterRunning does not call back after it was cancelled', async () => {
  let isOver = false;
  const inTime = afterRunning(150, () => {
    isOver = true;
  });
  await turn();
  inTime();
  await delay(400);
  expect(isOver).toBe(false);
});
