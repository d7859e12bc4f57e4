import { assert, asyncProperty, integer } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { deliverQuickly } from '../../../../core/delivery/quick-lane.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { sweep } from '../../../../core/delivery/sweep.ts';
import { becomes, deadNumbers } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { type MemoryHub } from '../../../memory/hub.ts';
import { directory, missionRequest, missionUpdate, sentBy } from '../../../support/messages.ts';
import {
  amk,
  la,
  mission,
  portsOf,
  hubWithPending,
  due,
  jobOf,
  statuses,
  rejected,
  secondsOf,
  final,
  transient,
  nameOf,
} from './deliver-scenario.ts';

describe('deliver: a notification', () => {
  test('records an answer of 2xx as delivered, after which nothing is due', async () => {
    for (const status of [200, 201, 202, 204, 299]) {
      const hub = await hubWithPending(1);
      hub.channel.answer(() => ({ status }));
      expect(await deliver(jobOf(hub, 1), portsOf(hub))).toEqual({ outcome: 'complete' });
      expect(await hub.notifications.read('la', 1)).toMatchObject({
        status: 'delivered',
        attempts: 1,
        lastAnswer: `HTTP ${status}`,
        lastAttemptAt: hub.clock.iso(),
        completedAt: hub.clock.iso(),
      });
      hub.clock.advance(86_400_000);
      expect(await due(hub)).toEqual([]);
      expect(await deadNumbers(hub.deadLetters)).toEqual([]);
    }
  });

  test('composes a notification of the entry, the mission as of the entry, and the role of the subscriber', async () => {
    const hub = await hubWithPending(3);
    for (const number of [1, 2, 3]) await deliver(jobOf(hub, number), portsOf(hub));
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toEqual(
      [
        { number: 1, entry: 1, sources: [1] },
        { number: 2, entry: 2, sources: [1, 2] },
        { number: 3, entry: 3, sources: [1, 2] },
      ].map((event) => ({ kind: 'event-notification', status: 'active', role: 'amk-la', events: [event] })),
    );
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2', 'la.3']);
  });

  test('treats a subscriber that has left the directory as an observer', async () => {
    const hub = await hubWithPending(1);
    await deliver(jobOf(hub, 1), { ...portsOf(hub), directory: { ...directory, partyOf: () => undefined } });
    expect(hub.channel.posts[0]?.body).toContain('"role":"observer"');
  });

  test('sends a completed notification no second time', async () => {
    const hub = await hubWithPending(2);
    hub.channel.answer(({ webhookId }) => ({ status: webhookId === 'la.1' ? 200 : 422 }));
    const jobs = [jobOf(hub, 1), jobOf(hub, 2)];
    for (const job of [...jobs, ...jobs, ...jobs])
      expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2']);
    expect(await statuses(hub)).toEqual(['delivered', 'failed']);
    expect(await deadNumbers(hub.deadLetters)).toHaveLength(1);
  });

  test('completes a job without a notification or subscription and calls no endpoint', async () => {
    const hub = await hubWithPending(1);
    for (const job of [
      { ...jobOf(hub, 1), number: 99 },
      { ...jobOf(hub, 1), subscription: 'nobody' },
    ])
      expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.posts).toEqual([]);
  });

  test('throws if the entry is not in the mission log, and records nothing', async () => {
    const hub = await hubWithPending(1);
    await expect(deliver({ ...jobOf(hub, 1), entry: 9 }, portsOf(hub))).rejects.toThrow('is not in the mission log');
    expect(await statuses(hub)).toEqual(['pending']);
    expect(hub.channel.posts).toEqual([]);
  });

  test('sends a notification again under the same webhook-id after a crash between answer and record', async () => {
    const hub = await hubWithPending(1);
    const job = jobOf(hub, 1);
    const forgetful = {
      ...portsOf(hub),
      notifications: { ...hub.notifications, record: () => Promise.reject(new Error('no answer')) },
    };
    await expect(deliver(job, forgetful)).rejects.toThrow('no answer');
    expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.1', 'la.1']);
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('records pending notifications of a subscription that is off as failed', async () => {
    const hub = await hubWithPending(2);
    await becomes(hub, 'la', 'off');
    for (const number of [1, 2])
      expect(await deliver(jobOf(hub, number), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.posts).toEqual([]);
    expect(await statuses(hub)).toEqual(['failed', 'failed']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1, 2]);
  });
});

describe('deliver: an endpoint that fails', () => {
  test.each(final.map((answer) => [nameOf(answer), answer] as const))(
    'gives up at once after a final answer and keeps a dead letter: %s',
    async (words, answer) => {
      const hub = await hubWithPending(1);
      const job = jobOf(hub, 1);
      hub.channel.answer(() => answer);
      expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
      expect(await hub.notifications.read('la', 1)).toMatchObject({
        status: 'failed',
        attempts: 1,
        lastAnswer: words,
        completedAt: hub.clock.iso(),
      });
      expect(await deadNumbers(hub.deadLetters)).toEqual([1]);
      expect(hub.channel.posts).toHaveLength(1);
      hub.clock.advance(86_400_000);
      // The notification has failed. Only the fan-out of the alert is pending.
      expect(await hub.missions.entry(mission, 2)).toMatchObject({ event: 'delivery-failed', fanOutPending: true });
      expect(await due(hub)).toEqual([{ kind: 'fan-out', mission, entry: 2 }]);
    },
  );

  test.each([...transient, ...rejected].map((answer) => [nameOf(answer), answer] as const))(
    'retries after a transient failure or a rejection, and lets the sweeper retry if the queue loses the job: %s',
    async (words, answer) => {
      const hub = await hubWithPending(1);
      hub.channel.answer(() => answer);
      const seconds = secondsOf(await deliver(jobOf(hub, 1), portsOf(hub)));
      expect(seconds).toBe(1);
      expect(await hub.notifications.read('la', 1)).toMatchObject({
        status: 'pending',
        attempts: 1,
        lastAnswer: words,
      });
      expect(await deadNumbers(hub.deadLetters)).toEqual([]);
      hub.clock.advance(seconds * 1000);
      const deliveries = async () => (await due(hub)).filter(({ kind }) => kind === 'delivery');
      expect(await deliveries()).toEqual([]);
      hub.clock.advance(60_000);
      expect(await deliveries()).toEqual([{ kind: 'delivery', subscription: 'la', number: 1 }]);
    },
  );

  test('treats an unknown status as not delivered', async () => {
    for (const status of [0, 100, 103, 199, 600]) {
      const hub = await hubWithPending(1);
      hub.channel.answer(() => ({ status }));
      secondsOf(await deliver(jobOf(hub, 1), portsOf(hub)));
      expect(await statuses(hub)).toEqual(['pending']);
    }
  });

  test('lets a failing endpoint affect no other mission or subscriber', async () => {
    const hub = await hubWithPending(1);
    await hub.subscriptions.create(sampleSubscription('other', la.organisation), hub.clock.iso());
    hub.channel.answer(({ subscription }) => ({ status: subscription.id === 'la' ? 500 : 200 }));
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    const jobs = hub.lanes.quick.waiting().filter(({ subscription }) => subscription === 'other');
    for (const job of jobs) expect(await deliver(job, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['other.1']);
  });
});

describe('deliver: order within a mission', () => {
  test('delivers the previous notification first, also if the queue lost its job', async () => {
    const hub = await hubWithPending(2);
    expect(await deliver(jobOf(hub, 2), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2']);
    expect(await statuses(hub)).toEqual(['delivered', 'delivered']);
  });

  test('delivers all notifications in order, however many jobs the queue lost', async () => {
    const hub = await hubWithPending(12);
    const last = jobOf(hub, 12);
    hub.lanes.quick.lose(() => true);
    expect(await deliver(last, portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(hub.channel.ids()).toEqual(Array.from({ length: 12 }, (_, index) => `la.${index + 1}`));
    expect(await statuses(hub)).toEqual(Array.from({ length: 12 }, () => 'delivered'));
  });

  test('composes each lost notification with the mission as of its entry', async () => {
    const hub = await hubWithPending(4);
    await deliver(jobOf(hub, 4), portsOf(hub));
    expect(hub.channel.posts.map(({ body }): unknown => JSON.parse(body))).toMatchObject(
      [[1], [1, 2], [1, 2], [1, 4]].map((sources, index) => ({
        events: [{ number: index + 1, entry: index + 1, sources }],
      })),
    );
  });

  test('sends a completed previous notification no second time', async () => {
    const hub = await hubWithPending(3);
    await deliver(jobOf(hub, 1), portsOf(hub));
    await deliver(jobOf(hub, 3), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2', 'la.3']);
  });

  test('makes no attempt while the previous notification waits for its retry', async () => {
    const hub = await hubWithPending(3);
    hub.channel.answer(({ webhookId }) => (webhookId === 'la.1' ? { status: 503, retryAfter: 9 } : { status: 200 }));
    expect(await deliver(jobOf(hub, 3), portsOf(hub))).toEqual({ outcome: 'retry', seconds: 9 });
    expect(hub.channel.ids()).toEqual(['la.1']);
    expect((await hub.notifications.range('la', 1, 3)).map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(jobOf(hub, 3), portsOf(hub));
    expect(hub.channel.ids()).toEqual(['la.1', 'la.1', 'la.2', 'la.3']);
  });

  test('delivers a notification although the previous one was given up', async () => {
    const hub = await hubWithPending(3);
    hub.channel.answer(({ webhookId }) => ({ status: webhookId === 'la.2' ? 400 : 200 }));
    expect(await deliver(jobOf(hub, 3), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['delivered', 'failed', 'delivered']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([2]);
  });

  test('delivers notifications of one mission although another mission has pending ones', async () => {
    const hub = await hubWithPending(1);
    const other = missionRequest({ id: 'other' });
    const accepted = await acceptMessage(hub.missions, other, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    hub.channel.answer(({ webhookId }) => ({ status: webhookId === 'la.1' ? 503 : 200 }));
    secondsOf(await deliver(jobOf(hub, 1), portsOf(hub)));
    expect(await deliver(jobOf(hub, 2), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['pending', 'delivered']);
  });
});

describe('deliver with both lanes and the sweeper', () => {
  /** What the deliver function does with the queue, until it is empty or so much time has passed. */
  const work = async (hub: MemoryHub, minutes: number): Promise<void> => {
    const until = hub.clock.now() + minutes * 60_000;
    while (hub.clock.now() < until) {
      const quick = hub.lanes.quick.receive();
      const received = quick ?? hub.lanes.slow.receive();
      if (received === undefined) {
        hub.clock.advance(1_000);
        if (hub.clock.now() % 60_000 === 0)
          await sweep(
            hub,
            () => 60_000,
            () => undefined,
          );
        continue;
      }
      const [lane, run] = quick === undefined ? (['slow', deliver] as const) : (['quick', deliverQuickly] as const);
      const delivered = await run(received.job, portsOf(hub));
      if (delivered.outcome === 'complete') hub.lanes[lane].remove(received.receipt);
      else hub.lanes[lane].hide(received.receipt, delivered.seconds);
    }
  };

  /** The numbers an endpoint has taken, in the order in which it took each first. */
  const taken = (ids: readonly string[]): readonly number[] => [...new Set(ids.map((id) => Number(id.split('.')[1])))];

  test('delivers every notification in order, whatever the queue loses and the endpoint answers', async () => {
    await assert(
      asyncProperty(integer(), integer({ min: 0, max: 100 }), async (seed, health) => {
        const hub = await hubWithPending(8, { status: 'requested' });
        let state = seed;
        const chance = (): number => {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          return (state >>> 8) % 100;
        };
        const stumbling = 4;
        let stumbles = 0;
        const delivered: string[] = [];
        hub.channel.answer(({ webhookId }) => {
          if (stumbles < stumbling * 8 && chance() >= health) {
            stumbles += 1;
            // Every other stumble has taken the notification all the same: only its answer is lost.
            if (stumbles % 2 === 0) delivered.push(webhookId);
            return { failure: 'timeout' };
          }
          stumbles = 0;
          delivered.push(webhookId);
          return { status: 200 };
        });
        const lose = (): void => {
          for (const lane of Object.values(hub.lanes)) lane.lose(() => chance() < 40);
        };
        lose();
        await work(hub, 1);
        lose();
        await work(hub, 120);
        const settled = await statuses(hub);
        expect(settled).not.toContain('pending');
        const arrived = taken(delivered);
        expect(arrived.slice(0, 1)).toEqual([0]);
        expect(arrived).toEqual([...arrived].sort((one, other) => one - other));
        for (const [index, status] of settled.entries())
          if (status === 'delivered') expect(arrived).toContain(index + 1);
        expect(await deadNumbers(hub.deadLetters)).toHaveLength(settled.filter((status) => status === 'failed').length);
        expect(await hub.obligations.due('2098-01-01T00:00:00.000Z', 10)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
