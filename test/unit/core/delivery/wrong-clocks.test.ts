import { describe, expect, test } from 'vitest';
import { deliver } from '../../../../core/delivery/deliver.ts';
import type { DeliveryJob } from '../../../../core/delivery/delivery-queue.ts';
import { begunAt, isDue, longestWaitMilliseconds } from '../../../../core/delivery/due.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import { sweep } from '../../../../core/delivery/sweep.ts';
import { replan } from '../../../../core/delivery/wrong-clocks.ts';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import { directory, missionRequest, parties, sentBy } from '../../../support/messages.ts';
import { amk, due, handshake, hubWithPending, jobOf, portsOf, statuses } from './deliver-scenario.ts';

const hour = 3_600_000;

/** Runs with a clock that is an hour ahead, and puts it right. */
const anHourAhead = async (hub: MemoryHub, run: () => Promise<unknown>): Promise<void> => {
  hub.clock.advance(hour);
  await run();
  hub.clock.advance(-hour);
};

/** One run of the sweeper, and of the jobs that it queues. */
const sweepOnce = async (hub: MemoryHub): Promise<void> => {
  const sent: DeliveryJob[] = [];
  const queue = { send: async (jobs: readonly DeliveryJob[]) => void sent.push(...jobs) };
  const ports = { ...hub, directory, lanes: { quick: queue, slow: queue } };
  await replan(ports);
  await sweep(
    ports,
    () => 60_000,
    (_obligation, error) => {
      throw error;
    },
  );
  for (const job of sent) await deliver(job, portsOf(hub));
};

describe('isDue', () => {
  const now = Date.parse('2026-02-01T11:00:00.000Z');
  test.each([
    [-1, true],
    [0, true],
    [1, false],
    [longestWaitMilliseconds, false],
    [longestWaitMilliseconds + 1, true],
    [hour, true],
  ])('says of a time %i ms ahead: %s', (ahead, expected) =>
    expect(isDue(new Date(now + ahead).toISOString(), now)).toBe(expected),
  );

  test('lets every wait of the delivery be planned', () => {
    const { longestWait, longestRetryAfter, circuit } = deliverySettings;
    const longest = Math.max(longestWait, longestRetryAfter, circuit.longestWait, circuit.longestRetryAfter);
    expect((longest + 15) * 1000).toBeLessThan(longestWaitMilliseconds);
  });

  test('begins now what is said to begin later', () => {
    expect(begunAt(new Date(now + hour).toISOString(), now)).toBe(now);
    expect(begunAt(new Date(now - hour).toISOString(), now)).toBe(now - hour);
  });
});

describe('a notification', () => {
  test('is delivered although the next probe was planned by a clock an hour ahead', async () => {
    const hub = await hubWithPending(1, { status: 'requested' });
    hub.channel.answer(() => ({ status: 503 }));
    await anHourAhead(hub, () => deliver(handshake, portsOf(hub)));
    hub.channel.answer(() => ({ status: 200 }));
    expect(await deliver(jobOf(hub, 1), portsOf(hub))).toEqual({ outcome: 'complete' });
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test('is delivered although the probe was claimed by a clock an hour ahead whose process died', async () => {
    const hub = await hubWithPending(1, { status: 'requested' });
    hub.channel.answer(() => ({ status: 503 }));
    await deliver(handshake, portsOf(hub));
    const dying = { ...portsOf(hub), channel: { post: () => Promise.reject(new Error('died')) } };
    await anHourAhead(hub, () => expect(deliver(handshake, dying)).rejects.toThrow('died'));
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(jobOf(hub, 1), portsOf(hub));
    expect(await statuses(hub)).toEqual(['delivered']);
  });

  test.each(['its retry', 'its first delivery'])(
    'is delivered although %s was planned by a clock an hour ahead',
    async (what) => {
      const hub = await hubWithPending(what === 'its retry' ? 1 : 0);
      if (what === 'its retry') {
        hub.channel.answer(() => ({ status: 503 }));
        await anHourAhead(hub, () => deliver(jobOf(hub, 1), portsOf(hub)));
      } else
        await anHourAhead(hub, async () => {
          const accepted = await acceptMessage(hub.missions, missionRequest({ id: 'late' }), sentBy(amk), hub.now);
          if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
          await fanOut(hub, accepted.entry);
        });
      hub.channel.answer(() => ({ status: 200 }));
      await sweepOnce(hub);
      expect(await statuses(hub)).toEqual(['delivered']);
    },
  );

  test('is given up twelve minutes after a clock an hour ahead tried it first', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 503 }));
    await anHourAhead(hub, () => deliver(jobOf(hub, 1), portsOf(hub)));
    const start = hub.clock.now();
    for (;;) {
      const delivered = await deliver(jobOf(hub, 1), portsOf(hub));
      if (delivered.outcome === 'complete') break;
      hub.clock.advance(delivered.seconds * 1000);
    }
    expect(hub.clock.now() - start).toBeLessThan(13 * 60_000);
  });
});

describe('a fan-out', () => {
  test('is completed although it was put off by a clock an hour ahead', async () => {
    const hub = await hubWithPending(0);
    await anHourAhead(hub, () => acceptMessage(hub.missions, missionRequest({ id: 'late' }), sentBy(amk), hub.now));
    await sweepOnce(hub);
    expect(await statuses(hub)).toHaveLength(1);
  });
});

describe('a heartbeat', () => {
  test('is sent although it was planned by a clock an hour ahead, and keeps its period from then on', async () => {
    const hub = await hubWithPending(0, { status: 'requested', heartbeat: 600 });
    await anHourAhead(hub, () => deliver(handshake, portsOf(hub)));
    await sweepOnce(hub);
    expect(hub.channel.ids()).toHaveLength(2);
    for (let minute = 0; minute < 9; minute += 1) {
      hub.clock.advance(60_000);
      await sweepOnce(hub);
    }
    expect(hub.channel.ids()).toHaveLength(2);
    hub.clock.advance(60_000);
    expect(await due(hub)).toMatchObject([{ kind: 'contact' }]);
  });

  test('that is far away is left as it is planned', async () => {
    const hub = await hubWithPending(0, { status: 'requested', heartbeat: 86_400 });
    await deliver(handshake, portsOf(hub));
    expect(await replan(hub)).toEqual([]);
  });
});

describe('work planned too late', () => {
  /** A hub with so many heartbeats that are rightly planned for later, and what was planned by a clock an hour ahead. */
  const among = async (heartbeats: number) => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 503 }));
    hub.clock.advance(hour / 2);
    await deliver(jobOf(hub, 1), portsOf(hub));
    hub.clock.advance(-hour / 2);
    const ahead = Array.from({ length: heartbeats }, (_, index) => ({
      obligation: { kind: 'contact' as const, subscription: `daily-${index}`, due: '' },
      dueAt: new Date(hub.clock.now() + hour).toISOString(),
    }));
    const reads: string[] = [];
    const [known] = await hub.subscriptions.ofOrganisation(parties.la.organisation);
    if (known === undefined) throw new Error('no subscription');
    const ports = {
      ...hub,
      obligations: {
        ...hub.obligations,
        dueAfter: async (time: string, limit: number) =>
          [...ahead, ...(await hub.obligations.dueAfter(time, limit))].slice(0, limit),
      },
      subscriptions: {
        read: async (id: string) => {
          reads.push(id);
          const heartbeat = id === 'daily-7' ? 60 : 86_400;
          return { ...known, id, status: 'active' as const, heartbeat };
        },
      },
    };
    return { hub, ports, reads };
  };

  test('is found behind more heartbeats than one pass reads', async () => {
    const { hub, ports, reads } = await among(250);
    const moved = await replan(ports);
    expect(moved).toContainEqual(expect.objectContaining({ kind: 'delivery' }));
    expect(reads.length).toBeLessThan(40);
    expect(await due(hub)).toContainEqual(expect.objectContaining({ kind: 'delivery' }));
  });

  test('is found among as many heartbeats in one round of passes, which reads each subscription once', async () => {
    const { hub, ports, reads } = await among(250);
    const found: unknown[] = [];
    for (let pass = 0; pass < Math.ceil(250 / 12); pass += 1) {
      found.push(...(await replan(ports)));
      hub.clock.advance(60_000);
    }
    expect(found).toContainEqual(expect.objectContaining({ kind: 'contact', subscription: 'daily-7' }));
    expect(new Set(reads.filter((id) => id.startsWith('daily'))).size).toBe(250);
    expect(reads.filter((id) => id.startsWith('daily'))).toHaveLength(250);
  });
});

describe('a deadline', () => {
  const opened = async () => {
    const hub = await hubWithPending(0);
    const request = missionRequest({ id: 'late' });
    await anHourAhead(hub, async () => {
      const accepted = await acceptMessage(hub.missions, request, sentBy(amk), hub.now);
      if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
      await fanOut(hub, accepted.entry);
    });
    const [mission = ''] = (await hub.notifications.range('la', 1, 1)).map((one) => one.mission);
    return { hub, mission };
  };

  test('of a Task that a clock an hour ahead has opened is counted from when the clock is right', async () => {
    const { hub, mission } = await opened();
    const overdue = async () =>
      (await hub.missions.entries(mission, 1, 100)).filter(({ event }) => event === 'acknowledgement-overdue').length;
    await sweepOnce(hub);
    expect(await overdue()).toBe(0);
    hub.clock.advance(59_000);
    await sweepOnce(hub);
    expect(await overdue()).toBe(0);
    hub.clock.advance(2_000);
    await sweepOnce(hub);
    expect(await overdue()).toBe(1);
  });
});
