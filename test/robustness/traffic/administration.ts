import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../support/random.ts';
import type { Settings } from '../history.ts';
import type { Caller } from './client.ts';
import type { Client } from './parties.ts';
import { flap, openReceiver, type Receiver } from './receivers.ts';
import { change, end, subscribe, type Subscribed } from './subscriptions.ts';

/** The subscriptions of a run: some for its whole time, others that are created, changed and ended. */

interface Lasting {
  readonly client: Client;
  readonly settings: Omit<Settings, 'receiver'>;
  readonly kind: 'healthy' | 'flapping' | 'slow';
}

const lasting: readonly Lasting[] = [
  { client: 'amk-la-oslo', kind: 'healthy', settings: { content: 'full-resource' } },
  { client: 'amk-la-oslo', kind: 'flapping', settings: { content: 'id-only' } },
  { client: 'amk-la-bergen', kind: 'healthy', settings: { content: 'id-only' } },
  { client: 'amk-la-bergen', kind: 'slow', settings: { content: 'full-resource', events: ['mission-request'] } },
  { client: 'amk-innlandet', kind: 'healthy', settings: { content: 'full-resource' } },
  { client: 'amk-innlandet', kind: 'flapping', settings: { content: 'full-resource', priorities: ['stat'] } },
  { client: 'amk-bergen', kind: 'healthy', settings: { content: 'id-only' } },
  { client: 'operator-lorenskog', kind: 'healthy', settings: { content: 'full-resource' } },
  { client: 'operator-dombas', kind: 'flapping', settings: { content: 'id-only' } },
];

/** Event filters that the role of each client allows. */
const filters: Readonly<Partial<Record<Client, readonly (readonly string[])[]>>> = {
  'amk-la-oslo': [
    ['mission-request', 'mission-update'],
    ['resource-response'],
    ['party-unreachable', 'delivery-failed'],
  ],
  'amk-la-bergen': [['mission-request'], ['mission-update', 'resource-response']],
  'amk-innlandet': [['mission-update'], ['acknowledgement', 'resource-response']],
  'operator-lorenskog': [['mission-update'], ['resource-request']],
};

export interface Administration {
  readonly caller: Caller;
  readonly random: SeededRandom;
  readonly isOver: () => boolean;
  readonly subscriptions: Subscribed[];
  readonly receivers: Receiver[];
}

const open = async ({ caller, receivers }: Administration, name: string): Promise<Receiver> => {
  const receiver = await openReceiver(name, caller.recorder);
  receivers.push(receiver);
  return receiver;
};

/** Creates the subscriptions of the whole run. Returns what changes their receivers until the run is over. */
export const subscribeAll = async (administration: Administration): Promise<() => Promise<void>> => {
  const { caller, random, isOver, subscriptions } = administration;
  const changing: (() => Promise<void>)[] = [];
  for (const [index, { client, kind, settings }] of lasting.entries()) {
    const receiver = await open(administration, `${client} ${index + 1} ${kind}`);
    subscriptions.push(await subscribe(caller, client, receiver, settings));
    const own = random.fork();
    if (kind === 'flapping') changing.push(() => flap(receiver, { random: own, recorder: caller.recorder, isOver }));
    if (kind === 'slow')
      changing.push(async () => {
        await receiver.behave('slow');
        while (!isOver()) await pause(100);
        await receiver.behave('healthy');
      });
  }
  return async () => {
    await Promise.all(changing.map((begin) => begin()));
  };
};

const drawSettings = (random: SeededRandom, client: Client): Omit<Settings, 'receiver'> => {
  const events = random.chance(0.6) ? random.pick(filters[client] ?? [[]]) : undefined;
  return {
    content: random.pick(['full-resource', 'id-only', 'empty']),
    ...(events === undefined ? {} : { events: [...events] }),
    ...(random.chance(0.2) ? { priorities: [random.pick(['stat', 'urgent'])] } : {}),
  };
};

/** Creates, changes and ends subscriptions, a few at a time. */
export const administer = async (administration: Administration): Promise<void> => {
  const { caller, random, isOver, subscriptions } = administration;
  const own: Subscribed[] = [];
  for (let made = 1; !isOver(); ) {
    for (
      const until = caller.recorder.now() + random.between(2_000, 8_000);
      caller.recorder.now() < until && !isOver();
    )
      await pause(100);
    if (isOver()) return;
    const known = own.filter(({ isOpen }) => isOpen);
    if (known.length === 0 || (known.length < 4 && random.chance(0.5))) {
      const client = random.pick(['amk-la-oslo', 'amk-la-bergen', 'amk-innlandet', 'operator-lorenskog'] as const);
      const receiver = await open(administration, `${client} brief ${made}`);
      made += 1;
      const subscribed = await subscribe(caller, client, receiver, drawSettings(random, client));
      own.push(subscribed);
      subscriptions.push(subscribed);
    } else {
      const subscribed = random.pick(known);
      if (random.chance(0.6)) await change(caller, subscribed, drawSettings(random, subscribed.client));
      else await end(caller, subscribed);
    }
  }
};
