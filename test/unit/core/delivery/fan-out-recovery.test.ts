import { describe, expect, test } from 'vitest';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { sweep, type SweepPorts } from '../../../../core/delivery/sweep.ts';
import { attempted } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { Crash, type Interceptor, withInterceptor } from '../../../memory/intercept.ts';
import { memoryHub } from '../../../memory/hub.ts';
import { missionRequest, missionUpdate } from '../../../support/messages.ts';
import {
  request,
  mission,
  update,
  accept,
  subscribe,
  subscribeAll,
  notificationsOf,
  entriesOf,
  logOf,
  sweepAll,
  expectAllNotified,
  other,
  otherMission,
  scenario,
  play,
  amk,
  la,
  otherOperator,
} from './fan-out-scenario.ts';

describe('fan-out of an entry with pending earlier ones', () => {
  test('completes pending fan-outs of earlier entries first, in order', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    for (const step of [
      [amk, request],
      [amk, update('second')],
    ] as const)
      await accept(hub, step);
    const third = await accept(hub, [amk, update('third')]);
    const calls: string[] = [];
    const watching: Interceptor = (name, call) => (calls.push(name), call());
    await fanOut(withInterceptor(hub, watching), third);
    expect(await notificationsOf(hub, 'la-1')).toMatchObject([
      { number: 1, entry: 1 },
      { number: 2, entry: 2, previous: 1 },
      { number: 3, entry: 3, previous: 2 },
    ]);
    expect((await logOf(hub, mission)).map(({ fanOutPending }) => fanOutPending)).toEqual([false, false, false]);
    expect(calls.filter((name) => name === 'missions.entries')).toHaveLength(1);
  });

  test('reads no earlier entries if none is pending', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    const calls: string[] = [];
    const watching: Interceptor = (name, call) => (calls.push(name), call());
    await fanOut(withInterceptor(hub, watching), await accept(hub, [amk, update('second')]));
    expect(calls.sort()).toEqual(
      [
        'missions.completeFanOut',
        'quickLane.send',
        'subscriptions.subscribers',
        'subscriptions.hindered',
        ...['places.read', 'notifications.newest', 'places.claim', 'notifications.append', 'places.settle'].flatMap(
          (call) => [call, call],
        ),
      ].sort(),
    );
  });

  test('completes no fan-out a second time', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    const first = await accept(hub, [amk, request]);
    const second = await accept(hub, [amk, update('second')]);
    await fanOut(hub, first);
    expect(second.pendingFrom).toBe(1);
    await fanOut(hub, second);
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 2]);
  });

  test('completes no later entry before one whose fan-out fails', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await accept(hub, [amk, request]);
    const second = await accept(hub, [amk, update('second')]);
    const broken: Interceptor = (name, call) => (name === 'places.claim' ? Promise.reject(new Crash(name)) : call());
    await expect(fanOut(withInterceptor(hub, broken), second)).rejects.toThrow(Crash);
    expect(await entriesOf(hub, 'la-1')).toEqual([]);
    await sweepAll(hub, hub);
    // A minute has passed meanwhile: the third says that nobody has acknowledged the request.
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 2, 3]);
  });
});

describe('fan-out with crashes', () => {
  test('notifies every subscription without a crash', async () => {
    const { hub } = await play(new Set(), 'after the call');
    await expectAllNotified(hub, [mission, otherMission]);
    expect(await entriesOf(hub, 'operator')).toHaveLength(4);
  });

  test.each(['before the call', 'after the call'] as const)(
    'notifies every subscription once, in order, without a gap, whichever call the process crashes at (%s)',
    async (when) => {
      const { calls } = await play(new Set(), when);
      expect(calls).toBeGreaterThan(50);
      for (let crash = 1; crash <= calls + 1; crash += 1) {
        const { hub } = await play(new Set([crash]), when);
        await expectAllNotified(hub, [mission, otherMission]);
      }
    },
  );
});

describe('sweep', () => {
  test('completes unfinished fan-outs, after which only deliveries are due', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    for (const step of scenario) await accept(hub, step);
    hub.clock.advance(10_000);
    const swept = await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect(swept).toEqual({ completed: scenario.length, failed: 0, stalled: 0, more: false });
    await expectAllNotified(hub, [mission, otherMission]);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
  });

  test('sends a notification again that the queue lost, and no completed one', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    for (const message of [request, update('second')]) await fanOut(hub, await accept(hub, [amk, message]));
    const sent = hub.lanes.quick.waiting();
    hub.lanes.quick.lose(() => true);
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
    hub.clock.advance(300_000);
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect(hub.lanes.quick.notifications().filter(({ entry }) => entry <= 2)).toEqual(sent.slice(1));
  });

  test('counts a notification as stalled that has waited for minutes without an attempt', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    for (const message of [request, update('second')]) await fanOut(hub, await accept(hub, [amk, message]));
    const look = () =>
      sweep(
        hub,
        () => 60_000,
        () => undefined,
      );
    hub.clock.advance(60_000);
    expect((await look()).stalled).toBe(0);
    hub.clock.advance(90_000);
    // The second waits behind the first, as it should.
    expect((await look()).stalled).toBe(1);
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 503', status: 'pending', dueAt: hub.clock.iso() }),
    );
    hub.clock.advance(60_000);
    expect((await look()).stalled).toBe(0);
  });

  test('changes nothing that was completed since the index was read', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await fanOut(hub, await accept(hub, [amk, request]));
    hub.lanes.quick.lose(() => true);
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
    hub.clock.advance(300_000);
    const stale: SweepPorts = {
      ...hub,
      obligations: {
        ...hub.obligations,
        due: async () => [
          { kind: 'delivery', subscription: 'la-1', number: 1 },
          { kind: 'delivery', subscription: 'la-1', number: 9 },
          { kind: 'fan-out', mission, entry: 1 },
          { kind: 'fan-out', mission, entry: 9 },
        ],
      },
    };
    const swept = await sweep(
      stale,
      () => 60_000,
      () => undefined,
    );
    expect(swept).toMatchObject({ completed: 4, failed: 0 });
    expect(hub.lanes.quick.waiting()).toEqual([]);
    expect(await hub.notifications.newest('la-1')).toBe(1);
  });

  test('sends a job for a handshake that is due', async () => {
    const hub = memoryHub();
    await hub.subscriptions.create(
      { ...sampleSubscription('new', la.organisation), status: 'requested' },
      hub.clock.iso(),
    );
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect(hub.lanes.slow.waiting()).toEqual([
      { kind: 'handshake', subscription: 'new', due: '2026-02-01T11:00:00.000Z' },
    ]);
  });

  test('works other obligations although one fails', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await subscribe(hub, 'second-operator', otherOperator);
    await accept(hub, [amk, request]);
    await accept(hub, [amk, other]);
    hub.clock.advance(10_000);
    const failures: string[] = [];
    const broken: SweepPorts = {
      ...hub,
      missions: {
        ...hub.missions,
        entry: (id, number) => (id === mission ? Promise.reject(new Error('broken')) : hub.missions.entry(id, number)),
      },
    };
    const swept = await sweep(
      broken,
      () => 60_000,
      (obligation) => failures.push(JSON.stringify(obligation)),
    );
    expect(swept).toEqual({ completed: 1, failed: 1, stalled: 0, more: false });
    expect(failures).toEqual([JSON.stringify({ kind: 'fan-out', mission, entry: 1 })]);
    expect((await hub.missions.entry(otherMission, 1))?.fanOutPending).toBe(false);
    // It has another turn later, and until then makes room.
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
    hub.clock.advance(30_000);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toContainEqual({ kind: 'fan-out', mission, entry: 1 });
  });

  test('notifies other subscriptions although one cannot be numbered now, and retries that one', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await subscribe(hub, 'la-2', la);
    const sent: string[] = [];
    const recording = {
      ...hub.lanes.quick,
      send: async (orders: Parameters<typeof hub.lanes.quick.send>[0]) => {
        sent.push(...orders.map(({ subscription }) => subscription));
        await hub.lanes.quick.send(orders);
      },
    };
    const stuck: typeof hub.places.read = (of) =>
      of.subscription === 'la-1' ? Promise.reject(new Error('throttled')) : hub.places.read(of);
    const broken = { ...hub, lanes: { ...hub.lanes, quick: recording }, places: { ...hub.places, read: stuck } };
    const entry = await accept(hub, [amk, request]);
    await expect(fanOut(broken, entry)).rejects.toThrow('throttled');
    expect(sent).toEqual(['la-2']);
    expect((await hub.missions.entry(mission, 1))?.fanOutPending).toBe(true);
    await fanOut({ ...hub, lanes: { ...hub.lanes, quick: recording } }, entry);
    expect(sent.toSorted()).toEqual(['la-1', 'la-2', 'la-2']);
    expect(await hub.notifications.range('la-2', 1, 9)).toHaveLength(1);
    expect((await hub.missions.entry(mission, 1))?.notified).toHaveLength(2);
  });

  test('works other obligations although more than a batch of them fail', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    for (let sent = 0; sent < 130; sent += 1) {
      await fanOut(hub, await accept(hub, [amk, missionUpdate({ mission, id: `pending-${sent}` })]));
    }
    hub.clock.advance(20_000);
    await accept(hub, [amk, other]);
    hub.clock.advance(20_000);
    const pass = () =>
      sweep(
        hub,
        () => 60_000,
        () => {},
      );
    let passes = 1;
    while ((await pass()).more && passes < 10) passes += 1;
    expect(passes).toBeGreaterThan(1);
    expect(passes).toBeLessThan(10);
    // The fan-outs of the first mission failed, and the second was notified nevertheless.
    expect((await hub.missions.entry(otherMission, 1))?.fanOutPending).toBe(false);
  });

  test('stops in time and reports that more is due', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    // Eight are worked side by side.
    for (let number = 1; number <= 9; number += 1) await accept(hub, [amk, missionRequest({ id: `r${number}` })]);
    hub.clock.advance(10_000);
    let time = 6_000;
    const swept = await sweep(
      hub,
      () => (time -= 1_000),
      () => undefined,
    );
    expect(swept).toEqual({ completed: 8, failed: 0, stalled: 0, more: true });
  });

  test('takes a hundred obligations in a pass and reports that more may be due', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await accept(hub, [amk, request]);
    for (let number = 2; number <= 120; number += 1) await accept(hub, [amk, update(`u${number}`)]);
    hub.clock.advance(10_000);
    expect(
      await sweep(
        hub,
        () => 60_000,
        () => undefined,
      ),
    ).toEqual({ completed: 100, failed: 0, stalled: 0, more: true });
    expect(
      await sweep(
        hub,
        () => 60_000,
        () => undefined,
      ),
    ).toEqual({ completed: 20, failed: 0, stalled: 0, more: false });
  });
});
