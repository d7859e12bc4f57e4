import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { sweep } from '../../../../core/delivery/sweep.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import { withInterceptor } from '../../../memory/intercept.ts';
import { missionUpdate, sentBy } from '../../../support/messages.ts';
import {
  amk,
  mission,
  hubWithPending,
  jobOf,
  secondsOf,
  hubWithMissions,
  unluckyPorts,
  hubMessages,
  openCircuit,
} from './deliver-scenario.ts';

describe('alert of an unreachable party', () => {
  test('writes one alert per outage and mission, although the party sent nothing in between', async () => {
    const hub = await hubWithPending(1);
    const outage = async (id: string, number: number): Promise<void> => {
      if (number > 1) {
        const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id }), sentBy(amk), hub.now);
        if (accepted.outcome === 'refused') throw new Error('refused');
        await fanOut(hub, accepted.entry);
      }
      const order = hub.lanes.quick.notifications().findLast(({ mission: of }) => of === mission);
      if (order === undefined) throw new Error('no order');
      hub.channel.answer(() => ({ failure: 'timeout' }));
      for (let turn = 0; turn < 8; turn += 1)
        hub.clock.advance(secondsOf(await deliver(order, unluckyPorts(hub))) * 1000);
      hub.channel.answer(() => ({ status: 200 }));
      hub.clock.advance(60_000);
      expect(await deliver(order, unluckyPorts(hub))).toEqual({ outcome: 'complete' });
    };
    await outage('first', 1);
    await outage('second', 2);
    const said = (await hub.missions.entries(mission, 1, 100)).filter(({ event }) => event === 'party-unreachable');
    expect(said).toHaveLength(2);
  });

  test('alerts people of a later outage after a rejection of the content', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 422 }));
    await deliver(jobOf(hub, 1), unluckyPorts(hub));
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id: 'later' }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
    hub.channel.answer(() => ({ failure: 'connection' }));
    const order = hub.lanes.quick.notifications().findLast(({ mission: of }) => of === mission);
    if (order === undefined) throw new Error('no order');
    for (let turn = 0; turn < 6; turn += 1)
      hub.clock.advance(secondsOf(await deliver(order, unluckyPorts(hub))) * 1000);
    expect((await hub.missions.entries(mission, 1, 100)).map(({ event }) => event)).toEqual([
      'mission-request',
      'delivery-failed',
      'mission-update',
      'party-unreachable',
    ]);
  });

  test('retries an alert that the mission log could not take', async () => {
    const hub = await openCircuit(6);
    const contended = {
      ...unluckyPorts(hub),
      missions: { ...hub.missions, append: async () => 'taken' as const },
    };
    await expect(deliver(jobOf(hub, 6), contended)).rejects.toThrow('cannot take party-unreachable now');
    await deliver(jobOf(hub, 6), unluckyPorts(hub));
    expect(await hubMessages(hub, 6)).toEqual(['party-unreachable']);
  });

  test('alerts people at once in every mission of the open circuit, once in each', async () => {
    const hub = await openCircuit(6);
    expect(await hubMessages(hub, 6)).toEqual([]);
    for (let turn = 0; turn < 4; turn += 1) await deliver(jobOf(hub, 6), unluckyPorts(hub));
    expect(await hubMessages(hub, 6)).toEqual(['party-unreachable']);
    expect(await hub.notifications.read('la', 6)).toMatchObject({ warned: true });
  });

  test('writes no alert after one failed handshake', async () => {
    const hub = await hubWithPending(1, { status: 'requested' });
    hub.channel.answer(() => ({ failure: 'connection' }));
    for (let turn = 0; turn < 3; turn += 1) await deliver(jobOf(hub, 1), unluckyPorts(hub));
    expect(hub.channel.ids()).toEqual(['la.0']);
    expect(await hubMessages(hub, 1)).toEqual([]);
    expect((await hub.notifications.read('la', 1))?.warned).toBeUndefined();
  });

  test('alerts people after half a minute if each attempt takes long to fail', async () => {
    const hub = await hubWithMissions(1);
    hub.channel.answer(() => ({ failure: 'timeout' }));
    // Each call takes ten seconds to come to nothing.
    const slow = {
      ...unluckyPorts(hub),
      channel: {
        post: async () => {
          hub.clock.advance(10_000);
          return { failure: 'timeout' as const };
        },
      },
    };
    const start = hub.clock.now();
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(await hubMessages(hub, 1)).toEqual([]);
      hub.clock.advance(secondsOf(await deliver(jobOf(hub, 1), slow)) * 1000);
    }
    // A third call could not be answered before half a minute is over.
    expect(await hubMessages(hub, 1)).toEqual(['party-unreachable']);
    expect(hub.clock.now() - start).toBeLessThan(25_000);
  });
});

describe('alert of the sweeper', () => {
  const pass = (hub: MemoryHub) =>
    sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
  const textsIn = async (hub: MemoryHub): Promise<readonly (readonly [string, string])[]> =>
    (await hub.missions.entries(mission, 2, 100)).flatMap(({ event, text }) =>
      event === 'party-unreachable' ? [[event, text] as const] : [],
    );

  test('is written once, if no worker takes a notification up for 30 s', async () => {
    const hub = await hubWithPending(1);
    hub.clock.advance(29_000);
    await pass(hub);
    expect(await hubMessages(hub, 1)).toEqual([]);
    hub.clock.advance(30_000);
    await pass(hub);
    expect(await hubMessages(hub, 1)).toEqual(['party-unreachable']);
    expect((await textsIn(hub))[0]?.[1]).toContain('the hub has not called its system yet');
    expect(await hub.notifications.read('la', 1)).toMatchObject({ status: 'pending', warned: true, attempts: 0 });
    for (let minutes = 0; minutes < 3; minutes += 1) {
      hub.clock.advance(60_000);
      await pass(hub);
    }
    expect((await textsIn(hub)).length).toBe(1);
  });

  test('names the last call of a notification whose retry no worker takes up', async () => {
    const hub = await hubWithPending(1);
    hub.channel.answer(() => ({ status: 503 }));
    await deliver(jobOf(hub, 1), unluckyPorts(hub));
    expect(await hubMessages(hub, 1)).toEqual([]);
    hub.clock.advance(60_000);
    await pass(hub);
    expect((await textsIn(hub))[0]?.[1]).toContain('503');
  });

  test('is not written for a notification that has arrived, nor for one that was redriven a moment ago', async () => {
    const hub = await hubWithPending(2);
    await deliver(jobOf(hub, 1), unluckyPorts(hub));
    hub.channel.answer(() => ({ status: 422 }));
    await deliver(jobOf(hub, 2), unluckyPorts(hub));
    hub.clock.advance(600_000);
    await hub.deadLetters.redrive('la', 2, hub.clock.iso(), hub.clock.iso());
    await pass(hub);
    expect(await textsIn(hub)).toEqual([]);
  });

  const callsOfPass = async (hub: MemoryHub): Promise<readonly string[]> => {
    const calls: string[] = [];
    await sweep(
      withInterceptor(hub, (name, call) => (calls.push(name), call())),
      () => 60_000,
      () => undefined,
    );
    return calls;
  };

  const look = ['obligations.due', 'obligations.postpone', 'notifications.read', 'missions.entry', 'quickLane.send'];

  test('costs one write while a notification is not late, and comes when it is time', async () => {
    const hub = await hubWithPending(1);
    hub.clock.advance(28_000);
    expect(await callsOfPass(hub)).toEqual([...look, 'obligations.postpone']);
    hub.clock.advance(2_000);
    expect(await callsOfPass(hub)).toEqual(expect.arrayContaining([...look, 'missions.append']));
  });
});
