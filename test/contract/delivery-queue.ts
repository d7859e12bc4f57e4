import { beforeAll, describe, expect, test } from 'vitest';
import type { DeliveryJob, DeliveryQueue, NotificationJob } from '../../core/delivery/delivery-queue.ts';

/** A delivery queue, and what takes orders out of it. */
export interface QueuePorts {
  readonly queue: DeliveryQueue;
  /** An order that is in nobody's hands, hidden from others from then on. */
  readonly receive: () => Promise<
    { readonly order: DeliveryJob; readonly receives: number; readonly receipt: string } | undefined
  >;
  readonly remove: (receipt: string) => Promise<void>;
  /** Hides an order that is in somebody's hands for so many seconds from now. */
  readonly hide: (receipt: string, seconds: number) => Promise<void>;
  /** Lets time pass. */
  readonly pass: (seconds: number) => Promise<void>;
}

/** Declares the tests that every delivery queue must pass. Each leaves the queue empty. */
export const queueContract = (name: string, makePorts: () => Promise<QueuePorts>): void => {
  describe(`${name} keeps the delivery queue's promises`, () => {
    const run = Date.now().toString(36);
    let count = 0;
    let ports: QueuePorts;
    beforeAll(async () => {
      ports = await makePorts();
    });

    const subscription = (): string => {
      count += 1;
      return `queue-${run}-${count}`;
    };
    const order = (id: string, number: number, more: Partial<NotificationJob> = {}): NotificationJob => ({
      kind: 'notification',
      subscription: id,
      number,
      mission: 'a',
      entry: number,
      request: 1,
      ...more,
    });
    const receives = async () => {
      const received = await ports.receive();
      if (received === undefined) throw new Error('nothing is in the queue');
      return received;
    };
    /** What is hidden for so many seconds: not before, and at some queues up to a second later. */
    const comesBack = async (seconds: number) => {
      await ports.pass(seconds + 0.2);
      for (let tries = 0; tries < 100; tries += 1) {
        const received = await ports.receive();
        if (received !== undefined) return received;
        await ports.pass(0.3);
      }
      return await receives();
    };
    /** Takes everything out, one after another. */
    const drained = async (): Promise<readonly DeliveryJob[]> => {
      const orders: DeliveryJob[] = [];
      for (let received = await ports.receive(); received !== undefined; received = await ports.receive()) {
        orders.push(received.order);
        await ports.remove(received.receipt);
      }
      return orders;
    };

    test('An order comes out as it went in, until it is removed', async () => {
      const one = order(subscription(), 2, { previous: 1, redrivenAt: '2026-02-01T11:00:00.000Z' });
      await ports.queue.send([one]);
      const { order: got, receives: times, receipt } = await receives();
      expect(got).toEqual(one);
      expect(times).toBe(1);
      expect(await ports.receive()).toBeUndefined();
      await ports.remove(receipt);
      expect(await drained()).toEqual([]);
    });

    test('An order that is sent twice within minutes comes out once, also when it was removed in between', async () => {
      const one = order(subscription(), 1);
      await ports.queue.send([one, one]);
      await ports.queue.send([one]);
      expect(await drained()).toEqual([one]);
      await ports.queue.send([one]);
      expect(await drained()).toEqual([]);
    });

    test('What is tried anew after the hub gave up is another order', async () => {
      const id = subscription();
      const again = order(id, 1, { redrivenAt: '2026-02-01T11:00:00.000Z' });
      const later = order(id, 1, { redrivenAt: '2026-02-01T11:00:01.000Z' });
      await ports.queue.send([order(id, 1)]);
      await ports.queue.send([again, again, later]);
      expect(await drained()).toEqual([order(id, 1), again, later]);
    });

    test('One occasion of a contact is ordered once, another occasion and another kind by themselves', async () => {
      const id = subscription();
      const first: DeliveryJob = { kind: 'handshake', subscription: id, due: '2026-02-01T11:00:00.000Z' };
      const second: DeliveryJob = { kind: 'handshake', subscription: id, due: '2026-02-01T11:01:00.000Z' };
      const beat: DeliveryJob = { kind: 'heartbeat', subscription: id, due: '2026-02-01T11:00:00.000Z' };
      await ports.queue.send([first, second, first, beat]);
      expect(await drained()).toEqual([first, second, beat]);
    });

    test('Orders of one mission for one subscription come out in order, none while another is in hand', async () => {
      const id = subscription();
      await ports.queue.send([order(id, 1), order(id, 2)]);
      const first = await receives();
      expect(first.order).toEqual(order(id, 1));
      expect(await ports.receive()).toBeUndefined();
      await ports.hide(first.receipt, 600);
      expect(await ports.receive()).toBeUndefined();
      await ports.hide(first.receipt, 1);
      const again = await comesBack(1);
      expect(again.order).toEqual(order(id, 1));
      expect(again.receives).toBe(2);
      await ports.remove(again.receipt);
      expect(await drained()).toEqual([order(id, 2)]);
    });

    test('Another mission, another subscription and a contact do not wait for it', async () => {
      const [id, other] = [subscription(), subscription()];
      const contact: DeliveryJob = { kind: 'heartbeat', subscription: id, due: '2026-02-01T11:00:00.000Z' };
      await ports.queue.send([order(id, 1), order(id, 2)]);
      const held = await receives();
      await ports.queue.send([order(id, 3, { mission: 'b' }), order(other, 1), contact]);
      const free = await drained();
      expect(free).toHaveLength(3);
      expect(free).toEqual(expect.arrayContaining([order(id, 3, { mission: 'b' }), order(other, 1), contact]));
      await ports.remove(held.receipt);
      expect(await drained()).toEqual([order(id, 2)]);
    });

    test('More orders than a batch takes are all sent', async () => {
      const id = subscription();
      const many = Array.from({ length: 23 }, (_, index) => order(id, index + 1));
      await ports.queue.send(many);
      expect(await drained()).toEqual(many);
    });
  });
};
