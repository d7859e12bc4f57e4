import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../mission/accept-message.ts';
import { fanOut } from '../../../mission/fan-out.ts';
import { restMilliseconds, retire } from '../../../mission/retire.ts';
import type { Party } from '../../../mission/state.ts';
import type { Message } from '../../../schemas/message.ts';
import { attempted, becomes } from '../../support/contact.ts';
import { sampleSubscription } from '../../support/contract.ts';
import { type MemoryHub, memoryHub } from '../../support/memory/hub.ts';
import {
  missionCancel,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  sentBy,
} from '../../support/messages.ts';

const { amk, la } = parties;
const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);

const post = async (hub: MemoryHub, sender: Party, message: Message): Promise<void> => {
  const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  if (!accepted.again) await fanOut(hub, accepted.entry);
};

/** Everything the AMK LA was told arrives. */
const settled = async (hub: MemoryHub): Promise<void> => {
  for (const { number } of await hub.subscriptions.range('la', 1, 100))
    await hub.subscriptions.record(
      'la',
      number,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
};

/** A mission that was requested and cancelled; the AMK LA was told of both. */
const over = async (arrives = true): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create(sampleSubscription('la', la.organisation), '2099-01-01T00:00:00.000Z');
  await becomes(hub.subscriptions, 'la', 'active');
  await post(hub, amk, request);
  await post(hub, amk, missionCancel({ mission }));
  if (arrives) await settled(hub);
  return hub;
};

const told = async (hub: MemoryHub) =>
  (await hub.subscriptions.range('la', 1, 100)).map(({ number, entry, previous }) => [number, entry, previous]);

describe('A mission that is over', () => {
  test('It is kept in mind for an hour, and then forgotten once', async () => {
    const hub = await over();
    hub.clock.advance(restMilliseconds - 1);
    expect(await retire(hub)).toBe(0);
    hub.clock.advance(1);
    // Its request and its cancellation both wait to see whether it is over.
    expect(await retire(hub)).toBe(2);
    expect(await retire(hub)).toBe(0);
    // Forgotten: what comes after knows of nothing before.
    await post(hub, amk, missionUpdate({ mission }));
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, 1],
      [3, 3, undefined],
    ]);
  });

  test('One that goes on within the hour is forgotten an hour after that', async () => {
    const hub = await over();
    hub.clock.advance(restMilliseconds / 2);
    await post(hub, amk, missionUpdate({ mission, id: 'late' }));
    await settled(hub);
    hub.clock.advance(restMilliseconds / 2);
    expect(await retire(hub)).toBe(2);
    await post(hub, amk, missionUpdate({ mission, id: 'later' }));
    await settled(hub);
    hub.clock.advance(restMilliseconds);
    await retire(hub);
    await post(hub, amk, missionUpdate({ mission, id: 'latest' }));
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, 1],
      [3, 3, 2],
      [4, 4, 3],
      [5, 5, undefined],
    ]);
  });

  test('A death in between leaves it to be done again', async () => {
    const hub = await over();
    hub.clock.advance(restMilliseconds);
    const dying = { ...hub, retirements: { ...hub.retirements, done: () => Promise.reject(new Error('died')) } };
    await expect(retire(dying)).rejects.toThrow('died');
    expect(await retire(hub)).toBe(2);
    expect(await retire(hub)).toBe(0);
    await post(hub, amk, missionUpdate({ mission }));
    expect((await told(hub)).at(-1)).toEqual([3, 3, undefined]);
  });

  test('A message that is sent again after it was forgotten gets its first answer and is told to nobody', async () => {
    const hub = await over();
    hub.clock.advance(restMilliseconds);
    await retire(hub);
    await post(hub, amk, missionCancel({ mission }));
    expect((await told(hub)).map(([number]) => number)).toEqual([1, 2]);
  });
});

describe('A mission that nobody ends', () => {
  const opened = async (): Promise<MemoryHub> => {
    const hub = memoryHub();
    await hub.subscriptions.create(sampleSubscription('la', la.organisation), '2099-01-01T00:00:00.000Z');
    await becomes(hub.subscriptions, 'la', 'active');
    await post(hub, amk, request);
    await settled(hub);
    return hub;
  };

  test('is forgotten after an hour of silence, and goes on without a gap', async () => {
    const hub = await opened();
    hub.clock.advance(restMilliseconds - 1);
    expect(await retire(hub)).toBe(0);
    hub.clock.advance(1);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'after' }));
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, undefined],
    ]);
  });

  test('is kept while something is said, and forgotten an hour after the last word', async () => {
    const hub = await opened();
    hub.clock.advance(restMilliseconds - 1);
    await post(hub, amk, missionUpdate({ mission, id: 'said' }));
    await settled(hub);
    hub.clock.advance(1);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'more' }));
    await settled(hub);
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, 1],
      [3, 3, 2],
    ]);
    hub.clock.advance(restMilliseconds - 1);
    expect(await retire(hub)).toBe(1);
    hub.clock.advance(1);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'later' }));
    expect((await told(hub)).at(-1)).toEqual([4, 4, undefined]);
  });

  test('is not forgotten while it owes, or while somebody told of it has not got it', async () => {
    const hub = await opened();
    hub.clock.advance(restMilliseconds - 1);
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id: 'owed' }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    hub.clock.advance(restMilliseconds);
    await retire(hub);
    await fanOut(hub, accepted.entry);
    hub.clock.advance(restMilliseconds);
    await retire(hub);
    await post(hub, amk, missionUpdate({ mission, id: 'pending' }));
    await settled(hub);
    expect((await told(hub)).slice(1)).toEqual([
      [2, 2, 1],
      [3, 3, 2],
    ]);
    hub.clock.advance(restMilliseconds);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'after' }));
    expect((await told(hub)).at(-1)).toEqual([4, 4, undefined]);
  });

  test('is looked at ever more seldom', async () => {
    const hub = await opened();
    let looks = 0;
    for (let hour = 0; hour < 365 * 24; hour += 1) {
      hub.clock.advance(restMilliseconds);
      looks += await retire(hub);
    }
    expect(looks).toBeGreaterThan(10);
    expect(looks).toBeLessThan(16);
  });

  test('leaves no trace once it is over and forgotten', async () => {
    const hub = await opened();
    await post(hub, amk, missionCancel({ mission }));
    await settled(hub);
    hub.clock.advance(restMilliseconds);
    expect(await retire(hub)).toBe(2);
    hub.clock.advance(100 * restMilliseconds);
    expect(await retire(hub)).toBe(0);
  });
});

test('A mission that is over waits for those who have not got everything', async () => {
  const hub = await over(false);
  hub.clock.advance(restMilliseconds);
  expect(await retire(hub)).toBe(2);
  await post(hub, amk, missionUpdate({ mission, id: 'late' }));
  expect((await told(hub)).at(-1)).toEqual([3, 3, 2]);
});
