import { expect } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { Subscription } from '../../../../core/delivery/subscription.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { sweep, type SweepPorts } from '../../../../core/delivery/sweep.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { allArrive, becomes } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { Crash, withInterceptor, crashingProcess } from '../../../memory/intercept.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  resourceRequest,
  resourceResponse,
  sentBy,
  taskOpenedBy,
} from '../../../support/messages.ts';

const { hospital, quality } = parties;
export const { amk, la, operator, otherOperator, observer } = parties;

export const request = missionRequest({ id: 'request' });
export const mission = missionOpenedBy(request);
export const update = (id: string): Message => missionUpdate({ mission, id });

export type Step = readonly [Party, Message];

/** Accepts a message without a fan-out. */
export const accept = async (
  ports: Pick<SweepPorts, 'missions' | 'now'>,
  [sender, message]: Step,
): Promise<StoredEntry> => {
  const outcome = await acceptMessage(ports.missions, message, sentBy(sender), ports.now);
  if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
  return { ...outcome.entry, fanOutPending: true, notified: [], withoutSubscription: [] };
};

export const subscribe = async (
  hub: MemoryHub,
  id: string,
  party: Party,
  change: Partial<Subscription> = {},
): Promise<void> => {
  await hub.subscriptions.create(
    { ...sampleSubscription(id, party.organisation), ...change },
    '2099-01-01T00:00:00.000Z',
  );
  if (change.status === undefined) await becomes(hub, id, 'active');
};

const subscriptionIds = ['amk', 'la-1', 'la-2', 'operator', 'hospital', 'quality'];

/** Every party has a subscription, the AMK LA two. */
export const subscribeAll = async (hub: MemoryHub): Promise<void> => {
  await subscribe(hub, 'amk', amk);
  await subscribe(hub, 'la-1', la);
  await subscribe(hub, 'la-2', la);
  await subscribe(hub, 'operator', operator);
  await subscribe(hub, 'hospital', hospital);
  await subscribe(hub, 'quality', quality);
};

export const notificationsOf = (hub: MemoryHub, id: string) => hub.notifications.range(id, 1, 10_000);
export const entriesOf = async (hub: MemoryHub, id: string) =>
  (await notificationsOf(hub, id)).map(({ entry }) => entry);
export const logOf = (hub: MemoryHub, id: string) => hub.missions.entries(id, 1, 10_000);

/** Completes due fan-outs until none is left, as the sweeper does minute by minute. */
export const sweepAll = async (
  hub: MemoryHub,
  ports: SweepPorts,
  beforeEach: () => void = () => undefined,
): Promise<void> => {
  for (let pass = 0; pass < 100; pass += 1) {
    hub.clock.advance(60_000);
    await allArrive(hub);
    beforeEach();
    await sweep(
      ports,
      () => 60_000,
      () => undefined,
    ).catch(() => undefined);
    const due = await hub.obligations.due('2098-01-01T00:00:00.000Z', 1000);
    if (!due.some(({ kind }) => kind === 'fan-out')) return;
  }
  throw new Error('the sweeper does not finish');
};

/**
 * Each subscription of each recipient has each entry exactly once: numbered without a gap, in the order of the log,
 * each with the previous number in its mission, and sent in that order. No fan-out is pending.
 */
export const expectAllNotified = async (hub: MemoryHub, missions: readonly string[]): Promise<void> => {
  const logs = (await Promise.all(missions.map((id) => logOf(hub, id)))).flat();
  const jobs = hub.lanes.quick.notifications();
  const notified = new Map(logs.map((entry) => [`${entry.mission}.${entry.number}`, new Set<string>()]));
  for (const id of subscriptionIds) {
    const subscription = await hub.subscriptions.read(id);
    const notifications = await notificationsOf(hub, id);
    expect(notifications.map(({ number }) => number)).toEqual(
      Array.from({ length: await hub.notifications.newest(id) }, (_, index) => index + 1),
    );
    for (const one of missions) {
      const mine = notifications.filter((notification) => notification.mission === one);
      const expected = logs.filter(
        (entry) => entry.mission === one && entry.recipients.includes(subscription?.organisation ?? ''),
      );
      expect(mine.map(({ entry }) => entry)).toEqual(expected.map(({ number }) => number));
      expect(mine.map(({ previous }) => previous)).toEqual([
        ...(mine.length === 0 ? [] : [undefined]),
        ...mine.slice(0, -1).map(({ number }) => number),
      ]);
      // A job may be sent again after minutes; the first of each counts.
      const sent = jobs.filter((job) => job.subscription === id && job.mission === one);
      expect([...new Set(sent.map(({ number }) => number))]).toEqual(mine.map(({ number }) => number));
    }
    for (const { mission: of, entry, number } of notifications) notified.get(`${of}.${entry}`)?.add(`${id}.${number}`);
  }
  for (const entry of logs) {
    expect(entry.fanOutPending).toBe(false);
    expect(new Set(entry.notified.map(({ subscription, number }) => `${subscription}.${number}`))).toEqual(
      notified.get(`${entry.mission}.${entry.number}`),
    );
    expect(entry.notified).toHaveLength(notified.get(`${entry.mission}.${entry.number}`)?.size ?? -1);
    expect(entry.withoutSubscription).toEqual([]);
  }
};
/** Two concurrent missions of the same parties. */
export const other = missionRequest({ id: 'other-request', urgency: 'urgent' });
export const otherMission = missionOpenedBy(other);
export const scenario: readonly Step[] = [
  [amk, request],
  [la, resourceRequest({ mission, id: 's2' })],
  [amk, other],
  [la, prearrivalNotification({ mission, id: 's3', partOf: taskOpenedBy(mission, 2) })],
  [la, resourceRequest({ mission: otherMission, id: 's4' })],
  [amk, missionUpdate({ mission, id: 's5' })],
  [operator, resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'accepted', id: 's6' })],
  [amk, missionUpdate({ mission: otherMission, id: 's7' })],
];

/** Sends the messages of the scenario. Each is accepted; its fan-out and the sweeper may crash. */
export const play = async (
  crashes: ReadonlySet<number>,
  when: 'before the call' | 'after the call',
): Promise<{ readonly hub: MemoryHub; readonly calls: number }> => {
  const hub = memoryHub();
  await subscribeAll(hub);
  const process = crashingProcess(crashes, when);
  const ports = withInterceptor(hub, process.intercept);
  for (const step of scenario) {
    const entry = await accept(hub, step);
    process.restart();
    await fanOut(ports, entry).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  }
  await sweepAll(hub, ports, process.restart);
  return { hub, calls: process.calls() };
};
