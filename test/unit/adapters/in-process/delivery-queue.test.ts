import { describe, expect, test } from 'vitest';
import { deliveryQueue } from '../../../../adapters/in-process/delivery-queue.ts';
import type { NotificationJob } from '../../../../core/delivery/delivery-queue.ts';
import { queueContract } from '../../../contract/delivery-queue.ts';
import { manualClock } from '../../../memory/clock.ts';

queueContract('The queue of one process', async (lane) => {
  const clock = manualClock();
  const queue = deliveryQueue(clock, lane, 600);
  return {
    queue,
    receive: async () => {
      const received = queue.receive();
      return received === undefined ? undefined : { ...received, receipt: String(received.receipt) };
    },
    remove: async (receipt) => queue.remove(Number(receipt)),
    hide: async (receipt, seconds) => queue.hide(Number(receipt), seconds),
    pass: async (seconds) => clock.advance(seconds * 1000),
  };
});

const jobOf = (number: number, mission = 'a'): NotificationJob => ({
  kind: 'notification',
  subscription: 's',
  organisation: '983971636',
  number,
  mission,
  entry: number,
  sources: [],
});

describe('The queue of one process', () => {
  test('hands out a job again whose worker gave no result, and ignores that worker afterwards', async () => {
    const clock = manualClock();
    const queue = deliveryQueue(clock, 'slow', 60);
    await queue.send([jobOf(1), jobOf(2)]);
    const lost = queue.receive();
    clock.advance(59_999);
    expect(queue.receive()).toBeUndefined();
    clock.advance(1);
    const again = queue.receive();
    expect(again).toMatchObject({ job: jobOf(1), receives: 2 });
    queue.remove(lost?.receipt ?? 0);
    queue.hide(lost?.receipt ?? 0, 0);
    expect([queue.receive(), queue.size()]).toEqual([undefined, 2]);
    queue.remove(again?.receipt ?? 0);
    expect(queue.receive()).toMatchObject({ job: jobOf(2), receives: 1 });
  });

  test('says when the next hidden job is ready, and calls back when one is', async () => {
    const clock = manualClock();
    let calls = 0;
    const queue = deliveryQueue(clock, 'slow', 60, () => {
      calls += 1;
    });
    await queue.send([jobOf(1), jobOf(2), jobOf(3, 'b')]);
    expect([calls, queue.nextReadyAt()]).toEqual([2, undefined]);
    const received = queue.receive();
    queue.hide(received?.receipt ?? 0, 5);
    expect(queue.nextReadyAt()).toBe(clock.now() + 5_000);
  });

  test('accepts a job of the same name again after five minutes', async () => {
    const clock = manualClock();
    const queue = deliveryQueue(clock, 'slow', 60);
    await queue.send([jobOf(1)]);
    queue.remove(queue.receive()?.receipt ?? 0);
    clock.advance(299_999);
    await queue.send([jobOf(1)]);
    expect(queue.size()).toBe(0);
    clock.advance(1);
    await queue.send([jobOf(1)]);
    expect(queue.size()).toBe(1);
  });
});
