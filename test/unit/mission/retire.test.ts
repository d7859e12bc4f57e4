import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../mission/accept-message.ts';
import { fanOut } from '../../../mission/fan-out.ts';
import { retire, overMilliseconds } from '../../../mission/retire.ts';
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
