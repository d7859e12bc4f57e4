import { beforeAll, describe, expect, test } from 'vitest';
import {
  type DeliveryJob,
  type DeliveryQueue,
  type Lane,
  type NotificationJob,
  quickCallsPerParty,
} from '../../core/delivery/delivery-queue.ts';

/** A delivery queue, with the calls of its consumer. */
export interface QueuePorts {
  readonly queue: DeliveryQueue;
  /** A visible job, hidden from other consumers from then on. */
  readonly receive: () => Promise<
    { readonly job: DeliveryJob; readonly receives: number; readonly receipt: string } | undefined
  >;
  readonly remove: (receipt: string) => Promise<void>;
  /** Hides a received job for this many seconds from now. */
  readonly hide: (receipt: string, seconds: number) => Promise<void>;
  /** Lets time pass. */
  readonly pass: (seconds: number) => Promise<void>;
}

/** Declares the tests that every delivery queue must pass. Each leaves the queue empty. */
export const queueContract = (name: string, makePorts: (lane: Lane) => Promise<QueuePorts>): void => {
  describe.each(['quick', 'slow'] as const)(`${name} keeps the contract of the %s lane`, (lane) => {
    const run = Date.now().toString(36);
    let count = 0;
    let ports: QueuePorts;
    beforeAll(async () => {
      ports = await makePorts(lane);
    });

    const subscription = (): string => {
      count += 1;
      return `queue-${run}-${count}`;
    };
    const jobOf = (id: string, number: number, more: Partial<NotificationJob> = {}): NotificationJob => ({
      kind: 'notification',
      subscription: id,
      organisation: '983971636',
      number,
      mission: 'a',
      entry: number,
      sources: [1],
      ...more,
    });
    const receives = async () => {
      const received = await ports.receive();
      if (received === undefined) throw new Error('nothing is in the queue');
      return received;
    };
    /** Receives a job that is hidden for this many seconds: not before, and from some queues up to a second later. */
    const comesBack = async (seconds: number) => {
      await ports.pass(seconds + 0.2);
      for (let tries = 0; tries < 100; tries += 1) {
        const received = await ports.receive();
        if (received !== undefined) return received;
        await ports.pass(0.3);
      }
      return await receives();
    };
    /** Receives and removes every job, one after another. */
    const drained = async (): Promise<readonly DeliveryJob[]> => {
      const jobs: DeliveryJob[] = [];
      for (let received = await ports.receive(); received !== undefined; received = await ports.receive()) {
        jobs.push(received.job);
        await ports.remove(received.receipt);
      }
      return jobs;
    };

    test('returns a job as it was sent, until it is removed', async () => {
      const one = jobOf(subscription(), 2, { previous: 1, redrivenAt: '2026-02-01T11:00:00.000Z' });
      await ports.queue.send([one]);
      const { job: got, receives: times, receipt } = await receives();
      expect(got).toEqual(one);
      expect(times).toBe(1);
      expect(await ports.receive()).toBeUndefined();
      await ports.remove(receipt);
      expect(await drained()).toEqual([]);
    });

    test('returns a job that is sent twice within minutes once, also if it was removed in between', async () => {
      const one = jobOf(subscription(), 1);
      await ports.queue.send([one, one]);
      await ports.queue.send([one]);
      expect(await drained()).toEqual([one]);
      await ports.queue.send([one]);
      expect(await drained()).toEqual([]);
    });

    test('returns a redriven notification as another job', async () => {
      const id = subscription();
      const again = jobOf(id, 1, { redrivenAt: '2026-02-01T11:00:00.000Z' });
      const later = jobOf(id, 1, { redrivenAt: '2026-02-01T11:00:01.000Z' });
      await ports.queue.send([jobOf(id, 1)]);
      await ports.queue.send([again, again, later]);
      expect(await drained()).toEqual([jobOf(id, 1), again, later]);
    });

    test('returns one job per kind and due time of a handshake or heartbeat', async () => {
      const id = subscription();
      const first: DeliveryJob = { kind: 'handshake', subscription: id, due: '2026-02-01T11:00:00.000Z' };
      const second: DeliveryJob = { kind: 'handshake', subscription: id, due: '2026-02-01T11:01:00.000Z' };
      const beat: DeliveryJob = { kind: 'heartbeat', subscription: id, due: '2026-02-01T11:00:00.000Z' };
      await ports.queue.send([first, second, first, beat]);
      expect(await drained()).toEqual([first, second, beat]);
    });

    test('returns jobs of one mission and subscription in order, none while another is being worked', async () => {
      const id = subscription();
      await ports.queue.send([jobOf(id, 1), jobOf(id, 2)]);
      const first = await receives();
      expect(first.job).toEqual(jobOf(id, 1));
      expect(await ports.receive()).toBeUndefined();
      await ports.hide(first.receipt, 600);
      expect(await ports.receive()).toBeUndefined();
      await ports.hide(first.receipt, 1);
      const again = await comesBack(1);
      expect(again.job).toEqual(jobOf(id, 1));
      expect(again.receives).toBe(2);
      await ports.remove(again.receipt);
      expect(await drained()).toEqual([jobOf(id, 2)]);
    });

    test('returns jobs of other parties, and heartbeats, at once', async () => {
      const [id, other] = [subscription(), subscription()];
      const heartbeat: DeliveryJob = { kind: 'heartbeat', subscription: id, due: '2026-02-01T11:00:00.000Z' };
      const ofOther = jobOf(other, 1, { organisation: '974589095' });
      await ports.queue.send([jobOf(id, 1), jobOf(id, 2)]);
      const received = await receives();
      await ports.queue.send([ofOther, heartbeat]);
      const free = await drained();
      expect(free).toHaveLength(2);
      expect(free).toEqual(expect.arrayContaining([ofOther, heartbeat]));
      await ports.remove(received.receipt);
      expect(await drained()).toEqual([jobOf(id, 2)]);
    });

    test('returns as many jobs of one party at once as its lane allows', async () => {
      const id = subscription();
      const missions = Array.from({ length: 40 }, (_, index) => jobOf(id, 1 + index, { mission: `m${index}` }));
      await ports.queue.send(missions);
      const receipts: string[] = [];
      for (let received = await ports.receive(); received !== undefined; received = await ports.receive())
        receipts.push(received.receipt);
      const most = lane === 'quick' ? quickCallsPerParty : missions.length;
      expect(receipts.length).toBeLessThanOrEqual(most);
      expect(receipts.length).toBeGreaterThan(most / 2);
      for (const receipt of receipts) await ports.remove(receipt);
      expect(await drained()).toHaveLength(missions.length - receipts.length);
    });

    test('sends more jobs than one batch takes', async () => {
      const id = subscription();
      const many = Array.from({ length: 23 }, (_, index) => jobOf(id, index + 1));
      await ports.queue.send(many);
      expect(await drained()).toEqual(many);
    });
  });
};
