import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import type { Call } from '../../../../core/delivery/channel.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { PayloadContent } from '../../../../schemas/subscription.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { becomes } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionOpenedBy,
  missionRequest,
  parties,
  read,
  sentBy,
  taskOpenedBy,
} from '../../../support/messages.ts';

/** A mission in memory, and the notifications that the parties get of it. */

export const view = { base: 'https://hub.example/fhir', directory };

export type Step = readonly [sender: Party, message: Message];

export const request = missionRequest({ id: 'request' });
export const mission = missionOpenedBy(request);
export const task = (entry: number): string => taskOpenedBy(mission, entry);

/** A hub after the given messages, at which every party has a subscription. */
export const played = async (steps: readonly Step[], payload: PayloadContent = 'full-resource'): Promise<MemoryHub> => {
  const hub = memoryHub();
  for (const { organisation } of Object.values(parties)) {
    await hub.subscriptions.create({ ...sampleSubscription(organisation, organisation), payload }, hub.clock.iso());
    await becomes(hub, organisation, 'active');
  }
  for (const [sender, message] of steps) {
    hub.clock.advance(60_000);
    const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    await fanOut(hub, accepted.entry);
  }
  return hub;
};

/** The bodies that the hub sent to the endpoint of a party, in order. */
export const bodiesFor = async (hub: MemoryHub, party: Party): Promise<readonly unknown[]> => {
  const bodies: unknown[] = [];
  const channel = {
    post: async (_subscription: unknown, { body }: Call) => {
      bodies.push(JSON.parse(body));
      return { status: 200 };
    },
  };
  const ports = {
    ...hub,
    channel,
    random: () => 0.5,
    settings: deliverySettings,
    compose: (notice: Parameters<typeof notificationBundle>[0]) => notificationBundle(notice, view, hub.clock.iso()),
  };
  const orders = hub.lanes.quick.waiting().filter(({ subscription }) => subscription === party.organisation);
  for (const order of orders) await deliver(order, ports);
  return bodies;
};

export type Resource = Readonly<Record<string, unknown>>;

export const resourcesIn = (bundle: unknown): readonly Resource[] => {
  const entries = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : [];
  return entries.filter(isObject).flatMap(({ resource }) => (isObject(resource) ? [resource] : []));
};

export const urlsIn = (bundle: unknown): readonly unknown[] => {
  const entries = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : [];
  return entries.filter(isObject).map(({ fullUrl }) => fullUrl);
};

export const typesIn = (bundle: unknown): readonly unknown[] => resourcesIn(bundle).map((one) => one['resourceType']);

/** A message whose ServiceRequest or Task has these members too, with further resources. */
export const withMembers = (message: Message, members: Resource, more: readonly Resource[] = []): Message => {
  const bundle: unknown = JSON.parse(message.text);
  if (!isObject(bundle) || !Array.isArray(bundle['entry'])) throw new Error('not a Bundle');
  for (const { resource } of bundle['entry'].filter(isObject)) {
    if (isObject(resource) && ['ServiceRequest', 'Task'].includes(String(resource['resourceType'])))
      Object.assign(resource, members);
  }
  const entries = more.map((resource, at) => ({
    fullUrl: `urn:uuid:0000000${at}-0000-4000-8000-000000000000`,
    resource,
  }));
  return read(JSON.stringify({ ...bundle, entry: [...bundle['entry'], ...entries] }));
};
