import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { DeliverPorts } from '../../../../core/delivery/attempt.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { Notification } from '../../../../core/delivery/notifications.ts';
import { redrive } from '../../../../core/delivery/dead-letters.ts';
import { sweep } from '../../../../core/delivery/sweep.ts';
import { NewerRelease } from '../../../../schemas/newer-release.ts';
import { becomes, deadNumbers } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  sentBy,
} from '../../../support/messages.ts';

const { amk, la } = parties;
const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);

const portsOf = (hub: MemoryHub): DeliverPorts => ({
  ...hub,
  directory,
  random: () => 0.5,
  settings: deliverySettings,
  compose: () => '{}',
});

/** Works the queue until nothing is visible. */
const work = async (hub: MemoryHub): Promise<void> => {
  for (let received = hub.lanes.quick.receive(); received !== undefined; received = hub.lanes.quick.receive()) {
    const delivered = await deliver(received.job, portsOf(hub));
    if (delivered.outcome === 'complete') hub.lanes.quick.remove(received.receipt);
    else hub.lanes.quick.hide(received.receipt, delivered.seconds);
  }
};

/** A hub whose AMK LA refused this many notifications of one mission, and accepts all from now on. */
const refused = async (count: number): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create(sampleSubscription('la', la.organisation), hub.clock.iso());
  await becomes(hub, 'la', 'active');
  hub.channel.answer(() => ({ status: 400 }));
  for (let number = 1; number <= count; number += 1) {
    const message = number === 1 ? request : missionUpdate({ mission, id: `u${number}` });
    const accepted = await acceptMessage(hub.missions, message, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    await fanOut(hub, accepted.entry);
    await work(hub);
    hub.clock.advance(1_000);
  }
  hub.channel.answer(() => ({ status: 200 }));
  expect(await deadNumbers(hub.deadLetters)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  return hub;
};

const letters = async (hub: MemoryHub): Promise<readonly Notification[]> => (await hub.deadLetters.list(100)).items;
const givenTo = (hub: MemoryHub): readonly string[] =>
  hub.channel.ids().slice(hub.channel.ids().lastIndexOf('la.3') + 1);

describe('redrive', () => {
  test('sends dead letters in the order of their numbers, in whichever order they are given', async () => {
    const hub = await refused(3);
    const redriven = await redrive(hub, (await letters(hub)).toReversed());
    expect(redriven.map(({ letter, outcome }) => [letter.number, outcome])).toEqual([
      [1, 'redriven'],
      [2, 'redriven'],
      [3, 'redriven'],
    ]);
    await work(hub);
    expect(hub.channel.ids()).toEqual(['la.1', 'la.2', 'la.3', 'la.1', 'la.2', 'la.3']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([]);
    expect((await hub.notifications.range('la', 1, 9)).map(({ status, attempts }) => [status, attempts])).toEqual([
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
    ]);
  });

  test('redrives the other dead letters although one entry can only be read by a newer release', async () => {
    const hub = await refused(3);
    const entry: MemoryHub['missions']['entry'] = async (id, number) => {
      if (number === 2) throw new NewerRelease('an event of another release');
      return hub.missions.entry(id, number);
    };
    const redriven = await redrive({ ...hub, missions: { ...hub.missions, entry } }, await letters(hub));
    expect(redriven.map(({ outcome }) => outcome)).toEqual(['redriven', 'redriven', 'redriven']);
    await work(hub);
    expect((await hub.notifications.range('la', 1, 9)).map(({ status }) => status)).toEqual([
      'delivered',
      'delivered',
      'delivered',
    ]);
  });

  test('sends each dead letter once after concurrent or repeated redrives', async () => {
    const hub = await refused(3);
    const seen = await letters(hub);
    const both = (await Promise.all([redrive(hub, seen), redrive(hub, seen)])).flat();
    expect(both.filter(({ outcome }) => outcome === 'redriven')).toHaveLength(3);
    expect(both.filter(({ outcome }) => outcome === 'elsewhere')).toHaveLength(3);
    await work(hub);
    expect((await redrive(hub, seen)).map(({ outcome }) => outcome)).toEqual(['elsewhere', 'elsewhere', 'elsewhere']);
    await work(hub);
    expect(givenTo(hub)).toEqual([]);
    expect(hub.channel.ids()).toHaveLength(6);
  });

  test('leaves the send to the sweeper if the queue cannot be reached', async () => {
    const hub = await refused(2);
    const broken = { ...hub, lanes: { ...hub.lanes, quick: { send: () => Promise.reject(new Error('no queue')) } } };
    await expect(redrive(broken, await letters(hub))).rejects.toThrow('no queue');
    expect(await deadNumbers(hub.deadLetters)).toEqual([]);
    hub.clock.advance(16_000);
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    await work(hub);
    expect((await hub.notifications.read('la', 1))?.status).toBe('delivered');
  });

  test('redrives a dead letter although the queue received its job minutes before', async () => {
    const hub = await refused(1);
    for (let round = 1; round <= 3; round += 1) {
      hub.channel.answer(() => ({ status: round === 3 ? 200 : 400 }));
      await redrive(hub, await letters(hub));
      await work(hub);
      hub.clock.advance(1_000);
    }
    expect(hub.channel.ids()).toEqual(['la.1', 'la.1', 'la.1', 'la.1']);
    expect(await deadNumbers(hub.deadLetters)).toEqual([]);
  });

  test('keeps a dead letter that fails again, and alerts once per entry', async () => {
    const hub = await refused(1);
    hub.channel.answer(() => ({ status: 400 }));
    await redrive(hub, await letters(hub));
    await work(hub);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1]);
    const alerts = await hub.missions.entries(mission, 2, 9);
    expect(alerts.map(({ event }) => event)).toEqual(['delivery-failed']);
  });

  test('tries a redriven notification for another twelve minutes', async () => {
    const hub = await refused(1);
    hub.clock.advance(86_400_000);
    hub.channel.answer(() => ({ status: 503 }));
    await redrive(hub, await letters(hub));
    const at = hub.clock.iso();
    await work(hub);
    expect(await hub.notifications.read('la', 1)).toMatchObject({
      status: 'pending',
      attempts: 1,
      firstTriedAt: at,
      redrivenAt: at,
    });
  });
});

describe('discard', () => {
  test('keeps the notification failed, no longer lists it and refuses to redrive it', async () => {
    const hub = await refused(1);
    const seen = await letters(hub);
    expect(await hub.deadLetters.discard('la', 1, hub.clock.iso())).toBe(true);
    expect(await hub.deadLetters.discard('la', 1, hub.clock.iso())).toBe(false);
    expect(await letters(hub)).toEqual([]);
    expect((await redrive(hub, seen)).map(({ outcome }) => outcome)).toEqual(['elsewhere']);
    expect(await hub.notifications.read('la', 1)).toMatchObject({
      status: 'failed',
      discardedAt: hub.clock.iso(),
    });
  });

  test('refuses a notification that is pending or delivered', async () => {
    const hub = await refused(1);
    await redrive(hub, await letters(hub));
    expect(await hub.deadLetters.discard('la', 1, hub.clock.iso())).toBe(false);
    await work(hub);
    expect(await hub.deadLetters.discard('la', 1, hub.clock.iso())).toBe(false);
    expect((await hub.notifications.read('la', 1))?.status).toBe('delivered');
  });
});
