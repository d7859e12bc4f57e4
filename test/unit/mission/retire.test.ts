import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../mission/accept-message.ts';
import { fanOut } from '../../../mission/fan-out.ts';
import { overMilliseconds, retire, silentMilliseconds } from '../../../mission/retire.ts';
import type { Party } from '../../../mission/state.ts';
import type { Message } from '../../../schemas/message.ts';
import { becomes } from '../../support/contact.ts';
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

/** A mission that was requested and cancelled; the AMK LA was told of both. */
const over = async (): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create(sampleSubscription('la', la.organisation), '2099-01-01T00:00:00.000Z');
  await becomes(hub.subscriptions, 'la', 'active');
  await post(hub, amk, request);
  await post(hub, amk, missionCancel({ mission }));
  return hub;
};

const told = async (hub: MemoryHub) =>
  (await hub.subscriptions.range('la', 1, 100)).map(({ number, entry, previous }) => [number, entry, previous]);

describe('A mission that is over', () => {
  test('It is kept in mind for an hour, and then forgotten once', async () => {
    const hub = await over();
    hub.clock.advance(overMilliseconds - 1);
    expect(await retire(hub)).toBe(0);
    hub.clock.advance(1);
    expect(await retire(hub)).toBe(1);
    expect(await retire(hub)).toBe(0);
    // Forgotten: what comes after knows of nothing before.
    await post(hub, amk, missionUpdate({ mission }));
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, 1],
      [3, 3, undefined],
    ]);
  });

  test('One that still asks something of somebody is not forgotten', async () => {
    const hub = memoryHub();
    await hub.subscriptions.create(sampleSubscription('la', la.organisation), '2099-01-01T00:00:00.000Z');
    await post(hub, amk, request);
    hub.clock.advance(100 * overMilliseconds);
    expect(await retire(hub)).toBe(0);
  });

  test('One that goes on within the hour is forgotten an hour after that', async () => {
    const hub = await over();
    hub.clock.advance(overMilliseconds / 2);
    await post(hub, amk, missionUpdate({ mission, id: 'late' }));
    hub.clock.advance(overMilliseconds / 2);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'later' }));
    hub.clock.advance(overMilliseconds);
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
    hub.clock.advance(overMilliseconds);
    const dying = { ...hub, retirements: { ...hub.retirements, done: () => Promise.reject(new Error('died')) } };
    await expect(retire(dying)).rejects.toThrow('died');
    expect(await retire(hub)).toBe(1);
    expect(await retire(hub)).toBe(0);
    await post(hub, amk, missionUpdate({ mission }));
    expect((await told(hub)).at(-1)).toEqual([3, 3, undefined]);
  });

  test('A message that is sent again after it was forgotten gets its first answer and is told to nobody', async () => {
    const hub = await over();
    hub.clock.advance(overMilliseconds);
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
    return hub;
  };

  test('is forgotten after thirty days of silence, and goes on without a gap', async () => {
    const hub = await opened();
    hub.clock.advance(silentMilliseconds - 1);
    expect(await retire(hub)).toBe(0);
    hub.clock.advance(1);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'after' }));
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, undefined],
    ]);
  });

  test('is kept while something is said, and looked at again every thirty days', async () => {
    const hub = await opened();
    hub.clock.advance(silentMilliseconds - 1);
    await post(hub, amk, missionUpdate({ mission, id: 'said' }));
    hub.clock.advance(1);
    expect(await retire(hub)).toBe(1);
    expect(await retire(hub)).toBe(0);
    await post(hub, amk, missionUpdate({ mission, id: 'more' }));
    expect(await told(hub)).toEqual([
      [1, 1, undefined],
      [2, 2, 1],
      [3, 3, 2],
    ]);
    hub.clock.advance(silentMilliseconds);
    expect(await retire(hub)).toBe(1);
    await post(hub, amk, missionUpdate({ mission, id: 'much-later' }));
    expect((await told(hub)).at(-1)).toEqual([4, 4, undefined]);
  });

  test('is not forgotten while it owes', async () => {
    const hub = await opened();
    hub.clock.advance(silentMilliseconds - 1);
    const accepted = await acceptMessage(hub.missions, missionUpdate({ mission, id: 'owed' }), sentBy(amk), hub.now);
    expect(accepted.outcome).toBe('accepted');
    hub.clock.advance(silentMilliseconds);
    await retire(hub);
    if (accepted.outcome === 'accepted') await fanOut(hub, accepted.entry);
    expect((await told(hub)).at(-1)).toEqual([2, 2, 1]);
  });

  test('leaves no trace once it is over and forgotten', async () => {
    const hub = await opened();
    await post(hub, amk, missionCancel({ mission }));
    hub.clock.advance(overMilliseconds);
    expect(await retire(hub)).toBe(1);
    hub.clock.advance(silentMilliseconds);
    expect(await retire(hub)).toBe(1);
    hub.clock.advance(100 * silentMilliseconds);
    expect(await retire(hub)).toBe(0);
  });
});
