import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { type IdleMissionPorts, removeIdleMissions } from '../../../../core/delivery/idle-missions.ts';
import { idleAfterMilliseconds } from '../../../../core/mission/idle.ts';
import type { Entry, Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { attempted, becomes } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  missionCancel,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  sentBy,
} from '../../../support/messages.ts';

const { amk, la } = parties;
const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);
const endOfTime = '2099-01-01T00:00:00.000Z';

const accept = async (hub: MemoryHub, sender: Party, message: Message): Promise<Entry> => {
  const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  return accepted.entry;
};

const post = async (hub: MemoryHub, sender: Party, message: Message): Promise<void> => {
  await fanOut(hub, await accept(hub, sender, message));
};

const sendUpdate = (hub: MemoryHub, id: string): Promise<void> => post(hub, amk, missionUpdate({ mission, id }));

/** Records every notification of the AMK LA as delivered. */
const deliverAll = async (hub: MemoryHub): Promise<void> => {
  for (const { number } of await hub.notifications.range('la', 1, 1000))
    await hub.notifications.record(
      'la',
      number,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
};

/** A hub with a requested mission, of which the AMK LA was notified. */
const opened = async (): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create(sampleSubscription('la', la.organisation), endOfTime);
  await becomes(hub, 'la', 'active');
  await post(hub, amk, request);
  await deliverAll(hub);
  return hub;
};

/** Checks every mission that is due and returns their number. */
const check = (ports: IdleMissionPorts): Promise<number> =>
  removeIdleMissions(
    ports,
    () => Number.POSITIVE_INFINITY,
    (_, error) => {
      throw error;
    },
  );

const notified = async (hub: MemoryHub) =>
  (await hub.notifications.range('la', 1, 1000)).map(({ number, entry, previous }) => [number, entry, previous]);

const waiting = (hub: MemoryHub) => hub.idleMissions.due(endOfTime, 1000);

describe('removeIdleMissions: an idle mission', () => {
  test('removes the mission once after its idle time, and continues the numbers without a gap', async () => {
    const hub = await opened();
    hub.clock.advance(idleAfterMilliseconds - 1);
    expect(await check(hub)).toBe(0);
    hub.clock.advance(1);
    expect(await check(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
    // The mission is removed: the next notification has no previous one.
    await sendUpdate(hub, 'after');
    expect(await notified(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, undefined],
    ]);
  });

  test('removes the mission again after each idle time', async () => {
    const hub = await opened();
    for (let pause = 0; pause < 4; pause += 1) {
      hub.clock.advance(idleAfterMilliseconds);
      await check(hub);
      expect(await waiting(hub)).toEqual([]);
      await sendUpdate(hub, `pause-${pause}`);
      await deliverAll(hub);
      expect(await waiting(hub)).toHaveLength(1);
    }
    expect((await notified(hub)).map(([, , previous]) => previous)).toEqual(Array.from({ length: 5 }));
  });

  test('removes an ended mission in the same way', async () => {
    const hub = await opened();
    await post(hub, amk, missionCancel({ mission }));
    await deliverAll(hub);
    hub.clock.advance(idleAfterMilliseconds);
    expect(await check(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
    // The repeated message gets its first answer, and no party is notified.
    await accept(hub, amk, missionCancel({ mission }));
    expect((await notified(hub)).map(([number]) => number)).toEqual([1, 2]);
  });

  test('counts the idle time from the end of the fan-out, not from the receipt of the message', async () => {
    const hub = await opened();
    const entry = await accept(hub, amk, missionUpdate({ mission, id: 'late' }));
    hub.clock.advance(idleAfterMilliseconds);
    await fanOut(hub, entry);
    await deliverAll(hub);
    await check(hub);
    await sendUpdate(hub, 'next');
    expect((await notified(hub)).at(-1)).toEqual([3, 3, 2]);
  });
});

describe('removeIdleMissions: a mission with new entries', () => {
  test('keeps the mission until the last entry is past its idle time, however often the check runs', async () => {
    const hub = await opened();
    // Short pauses, then one that is long enough for another entry to schedule the check.
    for (const [index, part] of [0.3, 0.3, 0.3, 0.6, 0.3, 0.9].entries()) {
      hub.clock.advance(part * idleAfterMilliseconds);
      await check(hub);
      await sendUpdate(hub, `entry-${index}`);
      await deliverAll(hub);
    }
    expect((await notified(hub)).map(([number, , previous]) => [number, previous ?? 0])).toEqual(
      Array.from({ length: 7 }, (_, index) => [index + 1, index]),
    );
    hub.clock.advance(idleAfterMilliseconds);
    await check(hub);
    expect(await waiting(hub)).toEqual([]);
    await sendUpdate(hub, 'after');
    expect((await notified(hub)).at(-1)).toEqual([8, 8, undefined]);
  });

  test('removes the mission also from a subscription head whose number no entry stores', async () => {
    const hub = await opened();
    await hub.subscriptions.create(sampleSubscription('la-late', la.organisation), endOfTime);
    expect(await hub.eventNumbers.number('la-late', mission, 1, hub.now())).toEqual({ number: 1 });
    hub.clock.advance(idleAfterMilliseconds);
    await check(hub);
    expect(await hub.eventNumbers.numbered('la-late', mission, 1)).toBeUndefined();
  });

  test('checks the mission at most once per idle time', async () => {
    const hub = await opened();
    let checks = 0;
    for (let entry = 0; entry < 100; entry += 1) {
      hub.clock.advance(idleAfterMilliseconds / 10);
      await sendUpdate(hub, `entry-${entry}`);
      await deliverAll(hub);
      checks += await check(hub);
    }
    expect(checks).toBeLessThanOrEqual(10);
  });

  test('leaves the check to the last entry that scheduled one', async () => {
    const hub = await opened();
    hub.clock.advance(0.9 * idleAfterMilliseconds);
    await sendUpdate(hub, 'woken');
    await deliverAll(hub);
    expect(await waiting(hub)).toEqual([
      { mission, entry: 1 },
      { mission, entry: 2 },
    ]);
    hub.clock.advance(0.1 * idleAfterMilliseconds);
    await check(hub);
    expect(await waiting(hub)).toEqual([{ mission, entry: 2 }]);
  });
});

describe('removeIdleMissions: a mission with pending work', () => {
  test('keeps the mission while a fan-out is pending', async () => {
    const hub = await opened();
    hub.clock.advance(idleAfterMilliseconds - 1);
    const entry = await accept(hub, amk, missionUpdate({ mission, id: 'pending-fan-out' }));
    hub.clock.advance(3 * idleAfterMilliseconds);
    await check(hub);
    await fanOut(hub, entry);
    expect((await notified(hub)).at(-1)).toEqual([2, 2, 1]);
  });

  test('keeps the mission while a notification is pending', async () => {
    const hub = await opened();
    await sendUpdate(hub, 'pending');
    hub.clock.advance(idleAfterMilliseconds);
    expect(await check(hub)).toBe(1);
    await sendUpdate(hub, 'next');
    expect((await notified(hub)).at(-1)).toEqual([3, 3, 2]);
    await deliverAll(hub);
    hub.clock.advance(idleAfterMilliseconds);
    await check(hub);
    hub.clock.advance(idleAfterMilliseconds);
    await check(hub);
    await sendUpdate(hub, 'after');
    expect((await notified(hub)).at(-1)).toEqual([4, 4, undefined]);
  });
});

test('refuses a second number to a fan-out that was paused until the mission was removed', async () => {
  const hub = await opened();
  const entry = await accept(hub, amk, missionUpdate({ mission, id: 'paused' }));
  const pausedSince = hub.now();
  hub.clock.advance(20_000);
  await fanOut(hub, entry, { knownSince: hub.now() });
  await deliverAll(hub);
  hub.clock.advance(idleAfterMilliseconds);
  await check(hub);
  await expect(fanOut(hub, entry, { mayHaveStarted: false, knownSince: pausedSince })).rejects.toThrow(Unavailable);
  expect((await notified(hub)).map(([number]) => number)).toEqual([1, 2]);
  // A later fan-out is not refused.
  await sendUpdate(hub, 'after');
  expect((await notified(hub)).at(-1)).toEqual([3, 3, undefined]);
});

test('notifies every subscription although a clock was ahead and was set back', async () => {
  const hub = await opened();
  const day = 86_400_000;
  hub.clock.advance(day);
  // With a clock one day ahead the mission is removed.
  await check(hub);
  hub.clock.advance(-day + 60_000);
  await post(hub, amk, missionRequest({ id: 'of-today' }));
  await sendUpdate(hub, 'today');
  expect((await notified(hub)).map(([number]) => number)).toEqual([1, 2, 3]);
});

describe('removeIdleMissions: one run', () => {
  const many = async (count: number): Promise<MemoryHub> => {
    const hub = memoryHub();
    await hub.subscriptions.create(sampleSubscription('la', la.organisation), endOfTime);
    await becomes(hub, 'la', 'active');
    for (let index = 0; index < count; index += 1) await post(hub, amk, missionRequest({ id: `many-${index}` }));
    await deliverAll(hub);
    hub.clock.advance(idleAfterMilliseconds);
    return hub;
  };

  test('checks missions until none is due', async () => {
    const hub = await many(230);
    expect(await check(hub)).toBe(230);
    expect(await waiting(hub)).toEqual([]);
  });

  test('stops in time, and the next run checks the rest', async () => {
    const hub = await many(30);
    let left = 3;
    const checked = await removeIdleMissions(
      hub,
      () => (left-- > 0 ? 10_000 : 4_999),
      () => {},
    );
    expect(checked).toBeLessThan(30);
    expect(checked).toBeGreaterThan(0);
    expect(await check(hub)).toBe(30 - checked);
  });

  test('checks the other missions although one cannot be read, reports that one and checks it again after its idle time', async () => {
    const hub = await many(3);
    const [broken] = await waiting(hub);
    const last: MemoryHub['missions']['last'] = async (id) => {
      if (id === broken?.mission) throw new Error('unreadable');
      return hub.missions.last(id);
    };
    const failed: unknown[] = [];
    const failing = { ...hub, missions: { ...hub.missions, last } };
    const checked = await removeIdleMissions(
      failing,
      () => Number.POSITIVE_INFINITY,
      (retirement, error) => failed.push([retirement, String(error)]),
    );
    expect(checked).toBe(3);
    expect(failed).toEqual([[broken, 'Error: unreadable']]);
    expect(await waiting(hub)).toEqual([broken]);
    expect(await check(hub)).toBe(0);
    hub.clock.advance(idleAfterMilliseconds);
    expect(await check(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
  });

  test('stops if the table accepts no write, and checks every mission in a later run', async () => {
    const hub = await many(150);
    const away = () => Promise.reject(new Error('away'));
    const failing = { ...hub, idleMissions: { ...hub.idleMissions, done: away, postpone: away } };
    const failed: unknown[] = [];
    await removeIdleMissions(
      failing,
      () => Number.POSITIVE_INFINITY,
      (_, error) => failed.push(String(error)),
    );
    expect(new Set(failed)).toEqual(new Set(['Error: away']));
    expect(await check(hub)).toBe(150);
    expect(await waiting(hub)).toEqual([]);
  });

  test('checks a mission again if the end of the check could not be stored', async () => {
    const hub = await opened();
    hub.clock.advance(idleAfterMilliseconds);
    const failing = { ...hub, idleMissions: { ...hub.idleMissions, done: () => Promise.reject(new Error('away')) } };
    await expect(check(failing)).rejects.toThrow('away');
    expect(await check(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
    await sendUpdate(hub, 'after');
    expect((await notified(hub)).at(-1)).toEqual([2, 2, undefined]);
  });
});
