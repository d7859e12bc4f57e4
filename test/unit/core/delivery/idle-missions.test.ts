import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { type IdleMissionPorts, removeIdleMissions } from '../../../../core/delivery/idle-missions.ts';
import { idleAfterMilliseconds } from '../../../../core/mission/idle.ts';
import type { Entry, Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/messages/message.ts';
import { attempted, becomes } from '../../../support/contact.ts';
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

const post = async (hub: MemoryHub, sender: Party, message: Message): Promise<void> =>
  fanOut(hub, await accept(hub, sender, message));

const says = (hub: MemoryHub, id: string): Promise<void> => post(hub, amk, missionUpdate({ mission, id }));

/** Everything the AMK LA was told arrives. */
const settled = async (hub: MemoryHub): Promise<void> => {
  for (const { number } of await hub.notifications.range('la', 1, 1000))
    await hub.notifications.record(
      'la',
      number,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
};

/** A mission that was requested, and of which the AMK LA was told. */
const opened = async (): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create(sampleSubscription('la', la.organisation), endOfTime);
  await becomes(hub, 'la', 'active');
  await post(hub, amk, request);
  await settled(hub);
  return hub;
};

/** Looks at all that is due; how many that were. */
const look = (ports: IdleMissionPorts): Promise<number> =>
  removeIdleMissions(
    ports,
    () => Number.POSITIVE_INFINITY,
    (_, error) => {
      throw error;
    },
  );

const told = async (hub: MemoryHub) =>
  (await hub.notifications.range('la', 1, 1000)).map(({ number, entry, previous }) => [number, entry, previous]);

const waiting = (hub: MemoryHub) => hub.idleMissions.due(endOfTime, 1000);

describe('A mission in which nothing is said', () => {
  test('is forgotten when it has rested, once, and goes on without a gap', async () => {
    const hub = await opened();
    hub.clock.advance(idleAfterMilliseconds - 1);
    expect(await look(hub)).toBe(0);
    hub.clock.advance(1);
    expect(await look(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
    // Forgotten: what comes after knows of nothing before.
    await says(hub, 'after');
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, undefined],
    ]);
  });

  test('is forgotten over again, however often it speaks up after a pause', async () => {
    const hub = await opened();
    for (let pause = 0; pause < 4; pause += 1) {
      hub.clock.advance(idleAfterMilliseconds);
      await look(hub);
      expect(await waiting(hub)).toEqual([]);
      await says(hub, `pause-${pause}`);
      await settled(hub);
      expect(await waiting(hub)).toHaveLength(1);
    }
    expect((await told(hub)).map(([, , previous]) => previous)).toEqual(Array.from({ length: 5 }));
  });

  test('is forgotten in the same way when it is over', async () => {
    const hub = await opened();
    await post(hub, amk, missionCancel({ mission }));
    await settled(hub);
    hub.clock.advance(idleAfterMilliseconds);
    expect(await look(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
    // The same message once more gets its first answer, and is told to nobody.
    await accept(hub, amk, missionCancel({ mission }));
    expect((await told(hub)).map(([number]) => number)).toEqual([1, 2]);
  });

  test('rests from when it is known that everybody is on the way to be told, not from when it was said', async () => {
    const hub = await opened();
    const entry = await accept(hub, amk, missionUpdate({ mission, id: 'late' }));
    hub.clock.advance(idleAfterMilliseconds);
    await fanOut(hub, entry);
    await settled(hub);
    await look(hub);
    await says(hub, 'next');
    expect((await told(hub)).at(-1)).toEqual([3, 3, 2]);
  });
});

describe('A mission in which something is said', () => {
  test('keeps its place until the last word has rested, whoever looks', async () => {
    const hub = await opened();
    // Short pauses, then one that is long enough for another entry to see to it.
    for (const [index, part] of [0.3, 0.3, 0.3, 0.6, 0.3, 0.9].entries()) {
      hub.clock.advance(part * idleAfterMilliseconds);
      await look(hub);
      await says(hub, `said-${index}`);
      await settled(hub);
    }
    expect((await told(hub)).map(([number, , previous]) => [number, previous ?? 0])).toEqual(
      Array.from({ length: 7 }, (_, index) => [index + 1, index]),
    );
    hub.clock.advance(idleAfterMilliseconds);
    await look(hub);
    expect(await waiting(hub)).toEqual([]);
    await says(hub, 'after');
    expect((await told(hub)).at(-1)).toEqual([8, 8, undefined]);
  });

  test('leaves the head of a subscription too whose number nobody lived to note', async () => {
    const hub = await opened();
    await hub.subscriptions.create(sampleSubscription('la-late', la.organisation), endOfTime);
    expect(await hub.eventNumbers.number('la-late', mission, 1, hub.now())).toEqual({ number: 1 });
    hub.clock.advance(idleAfterMilliseconds);
    await look(hub);
    expect(await hub.eventNumbers.numbered('la-late', mission, 1)).toBeUndefined();
  });

  test('is looked at no more often than it pauses, and once in a rest', async () => {
    const hub = await opened();
    let looks = 0;
    for (let said = 0; said < 100; said += 1) {
      hub.clock.advance(idleAfterMilliseconds / 10);
      await says(hub, `said-${said}`);
      await settled(hub);
      looks += await look(hub);
    }
    expect(looks).toBeLessThanOrEqual(10);
  });

  test('is seen to by the last entry that woke it alone', async () => {
    const hub = await opened();
    hub.clock.advance(0.9 * idleAfterMilliseconds);
    await says(hub, 'woken');
    await settled(hub);
    expect(await waiting(hub)).toEqual([
      { mission, entry: 1 },
      { mission, entry: 2 },
    ]);
    hub.clock.advance(0.1 * idleAfterMilliseconds);
    await look(hub);
    expect(await waiting(hub)).toEqual([{ mission, entry: 2 }]);
  });
});

describe('A mission keeps its place', () => {
  test('while it owes', async () => {
    const hub = await opened();
    hub.clock.advance(idleAfterMilliseconds - 1);
    const entry = await accept(hub, amk, missionUpdate({ mission, id: 'owed' }));
    hub.clock.advance(3 * idleAfterMilliseconds);
    await look(hub);
    await fanOut(hub, entry);
    expect((await told(hub)).at(-1)).toEqual([2, 2, 1]);
  });

  test('while one of those told of it has not got it', async () => {
    const hub = await opened();
    await says(hub, 'pending');
    hub.clock.advance(idleAfterMilliseconds);
    expect(await look(hub)).toBe(1);
    await says(hub, 'next');
    expect((await told(hub)).at(-1)).toEqual([3, 3, 2]);
    await settled(hub);
    hub.clock.advance(idleAfterMilliseconds);
    await look(hub);
    hub.clock.advance(idleAfterMilliseconds);
    await look(hub);
    await says(hub, 'after');
    expect((await told(hub)).at(-1)).toEqual([4, 4, undefined]);
  });
});

test('Who was held up while the mission was told and forgotten numbers it no second time', async () => {
  const hub = await opened();
  const entry = await accept(hub, amk, missionUpdate({ mission, id: 'held-up' }));
  const heldUp = hub.now();
  hub.clock.advance(20_000);
  await fanOut(hub, entry, { knownSince: hub.now() });
  await settled(hub);
  hub.clock.advance(idleAfterMilliseconds);
  await look(hub);
  await expect(fanOut(hub, entry, { mayHaveStarted: false, knownSince: heldUp })).rejects.toThrow(Unavailable);
  expect((await told(hub)).map(([number]) => number)).toEqual([1, 2]);
  // Whoever comes now finds nothing in the way.
  await says(hub, 'after');
  expect((await told(hub)).at(-1)).toEqual([3, 3, undefined]);
});

test('A clock that was ahead and has been put back keeps nobody from being told', async () => {
  const hub = await opened();
  const day = 86_400_000;
  hub.clock.advance(day);
  // By a clock of tomorrow the mission is forgotten.
  await look(hub);
  hub.clock.advance(-day + 60_000);
  await post(hub, amk, missionRequest({ id: 'of-today' }));
  await says(hub, 'today');
  expect((await told(hub)).map(([number]) => number)).toEqual([1, 2, 3]);
});

describe('Looking', () => {
  const many = async (count: number): Promise<MemoryHub> => {
    const hub = memoryHub();
    await hub.subscriptions.create(sampleSubscription('la', la.organisation), endOfTime);
    await becomes(hub, 'la', 'active');
    for (let index = 0; index < count; index += 1) await post(hub, amk, missionRequest({ id: `many-${index}` }));
    await settled(hub);
    hub.clock.advance(idleAfterMilliseconds);
    return hub;
  };

  test('goes on until nothing is due', async () => {
    const hub = await many(230);
    expect(await look(hub)).toBe(230);
    expect(await waiting(hub)).toEqual([]);
  });

  test('ends in time, and the rest is looked at the next time', async () => {
    const hub = await many(30);
    let left = 3;
    const looked = await removeIdleMissions(
      hub,
      () => (left-- > 0 ? 10_000 : 4_999),
      () => {},
    );
    expect(looked).toBeLessThan(30);
    expect(looked).toBeGreaterThan(0);
    expect(await look(hub)).toBe(30 - looked);
  });

  test('at one that cannot be read holds up no other, is told, and is tried again when it would have rested', async () => {
    const hub = await many(3);
    const [broken] = await waiting(hub);
    const last: MemoryHub['missions']['last'] = async (id) => {
      if (id === broken?.mission) throw new Error('unreadable');
      return hub.missions.last(id);
    };
    const failed: unknown[] = [];
    const failing = { ...hub, missions: { ...hub.missions, last } };
    const looked = await removeIdleMissions(
      failing,
      () => Number.POSITIVE_INFINITY,
      (retirement, error) => failed.push([retirement, String(error)]),
    );
    expect(looked).toBe(3);
    expect(failed).toEqual([[broken, 'Error: unreadable']]);
    expect(await waiting(hub)).toEqual([broken]);
    expect(await look(hub)).toBe(0);
    hub.clock.advance(idleAfterMilliseconds);
    expect(await look(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
  });

  test('ends when the table takes nothing, however much is due, and is done again when it does', async () => {
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
    expect(await look(hub)).toBe(150);
    expect(await waiting(hub)).toEqual([]);
  });

  test('is done again after it could not be noted that it was done', async () => {
    const hub = await opened();
    hub.clock.advance(idleAfterMilliseconds);
    const failing = { ...hub, idleMissions: { ...hub.idleMissions, done: () => Promise.reject(new Error('away')) } };
    await expect(look(failing)).rejects.toThrow('away');
    expect(await look(hub)).toBe(1);
    expect(await waiting(hub)).toEqual([]);
    await says(hub, 'after');
    expect((await told(hub)).at(-1)).toEqual([2, 2, undefined]);
  });
});
