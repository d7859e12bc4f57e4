import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { DeliverPorts, DeliveryOutcome } from '../../../../core/delivery/attempt.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { Obligation } from '../../../../core/delivery/obligations.ts';
import type { EndpointJob, NotificationJob } from '../../../../core/delivery/delivery-queue.ts';
import type { Answer } from '../../../../core/delivery/channel.ts';
import type { Subscription } from '../../../../core/delivery/subscription.ts';
import { becomes } from '../../../support/endpoint-status.ts';
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

export const { amk, la } = parties;
const request = missionRequest({ id: 'request' });
export const mission = missionOpenedBy(request);

export const portsOf = (hub: MemoryHub, random = () => 0.5): DeliverPorts => ({
  ...hub,
  directory,
  random,
  settings: deliverySettings,
  compose: (notice) =>
    JSON.stringify({
      kind: notice.kind,
      status: notice.subscription.status,
      ...('events' in notice
        ? {
            role: notice.role,
            events: notice.events.map(({ notification, entry, sources }) => ({
              number: notification.number,
              entry: entry.number,
              sources: sources.map(({ number }) => number),
            })),
          }
        : {}),
    }),
});

/** A hub where the AMK LA has pending notifications of so many entries of one mission. */
export const hubWithPending = async (entries: number, change: Partial<Subscription> = {}): Promise<MemoryHub> => {
  const hub = memoryHub();
  await hub.subscriptions.create({ ...sampleSubscription('la', la.organisation), ...change }, hub.clock.iso());
  if (change.status === undefined) await becomes(hub, 'la', 'active');
  for (let number = 1; number <= entries; number += 1) {
    const message = number === 1 ? request : missionUpdate({ mission, id: `u${number}`, describes: number !== 3 });
    const accepted = await acceptMessage(hub.missions, message, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    await fanOut(hub, accepted.entry);
  }
  return hub;
};

/** Obligations that are due, except deadlines of Tasks. */
export const due = async (hub: MemoryHub): Promise<readonly Obligation[]> =>
  (await hub.obligations.due(hub.clock.iso(), 10)).filter(({ kind }) => kind !== 'deadline');

export const jobOf = (hub: MemoryHub, number: number): NotificationJob => {
  const job = hub.lanes.quick.notifications().find((one) => one.number === number);
  if (job === undefined) throw new Error(`there is no job ${number}`);
  return job;
};

export const statuses = async (hub: MemoryHub): Promise<readonly string[]> =>
  (await hub.notifications.range('la', 1, 1000)).map(({ status }) => status);

export const secondsOf = (delivered: DeliveryOutcome): number => {
  if (delivered.outcome === 'complete') throw new Error('the job is complete, a retry was expected');
  return delivered.seconds;
};

export const handshake: EndpointJob = { kind: 'handshake', subscription: 'la', due: '2026-02-01T11:00:00.000Z' };
/** Answers after which the same request would fail again. */
export const final: readonly Answer[] = [
  ...[400, 406, 409, 411, 413, 415, 422, 431, 499].map((status) => ({ status })),
  { failure: 'refused-address' },
];

/** Answers about the endpoint, whatever the call contains. */
export const rejected: readonly Answer[] = [
  300, 301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 410, 421, 426, 451,
].map((status) => ({ status }));

export const transient: readonly Answer[] = [
  ...[408, 425, 429, 500, 501, 502, 503, 504, 507, 599].map((status) => ({ status })),
  { failure: 'timeout' },
  { failure: 'connection' },
  { failure: 'refused-connection' },
  { failure: 'name' },
  { failure: 'tls' },
  {},
];

export const nameOf = ({ status, failure }: Answer): string =>
  status === undefined ? (failure ?? 'connection') : `HTTP ${status}`;

/** A hub where the AMK LA has one pending notification in each of so many missions. */
export const hubWithMissions = async (count: number): Promise<MemoryHub> => {
  const hub = await hubWithPending(0);
  for (let number = 1; number <= count; number += 1) {
    const accepted = await acceptMessage(hub.missions, missionRequest({ id: `m${number}` }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('refused');
    await fanOut(hub, accepted.entry);
  }
  return hub;
};
export const subscriptionOf = (hub: MemoryHub) => hub.subscriptions.read('la');
/** Ports with the longest waits: the jitter is 1. */
export const unluckyPorts = (hub: MemoryHub) => portsOf(hub, () => 1);
const missionIn = async (hub: MemoryHub, number: number): Promise<string> =>
  (await hub.notifications.read('la', number))?.mission ?? '';
export const hubMessages = async (hub: MemoryHub, number: number): Promise<readonly string[]> =>
  (await hub.missions.entries(await missionIn(hub, number), 1, 100)).slice(1).map(({ event }) => event);

/** A hub whose circuit has just opened, with pending notifications of so many missions. */
export const openCircuit = async (count: number): Promise<MemoryHub> => {
  const hub = await hubWithMissions(count);
  hub.channel.answer(() => ({ failure: 'timeout' }));
  for (const number of [1, 2, 3, 4, 5]) await deliver(jobOf(hub, number), unluckyPorts(hub));
  return hub;
};
