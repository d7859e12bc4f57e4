import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../history.ts';
import { parse, textIn } from './answers.ts';
import { calledAs, type Caller } from './client.ts';
import type { Client } from './parties.ts';
import type { Receiver } from './receivers.ts';

/** A subscription of a client, at a receiver of its own. */
export interface Subscribed {
  readonly id: string;
  readonly client: Client;
  readonly receiver: Receiver;
  isOpen: boolean;
}

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

const filtersOf = ({ events, priorities }: Settings): readonly string[] => [
  ...(events === undefined ? [] : [`MessageHeader?event=${events.join(',')}`]),
  ...(priorities === undefined ? [] : [`ServiceRequest?priority=${priorities.join(',')}`]),
];

const subscriptionText = (settings: Settings, endpoint: string, id: string | undefined): string =>
  JSON.stringify({
    resourceType: 'Subscription',
    ...(id === undefined ? {} : { id }),
    status: 'requested',
    reason: 'Robustness run',
    criteria: 'https://luftbro.example/fhir/SubscriptionTopic/mission-event',
    _criteria: {
      extension: filtersOf(settings).map((valueString) => ({
        url: `${backport}/backport-filter-criteria`,
        valueString,
      })),
    },
    channel: {
      // A slow receiver answers within it.
      extension: [{ url: `${backport}/backport-timeout`, valueUnsignedInt: 10 }],
      type: 'rest-hook',
      endpoint,
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${backport}/backport-payload-content`, valueCode: settings.content }] },
    },
  });

const secretIn = (text: string): string | undefined => /"valueString":"(whsec_[^"]+)"/.exec(text)?.[1];

/** Asks until the hub has answered; each attempt is a record. Throws if the hub refuses. */
const untilAnswered = async (
  caller: Caller,
  client: Client,
  asked: {
    readonly action: 'create' | 'change' | 'end';
    readonly id?: string;
    readonly settings: Settings;
    readonly receiver: Receiver;
  },
): Promise<string> => {
  const { action, id, settings, receiver } = asked;
  const body = subscriptionText(settings, receiver.url, id);
  for (;;) {
    const answer = await caller.call(client, {
      method: action === 'create' ? 'POST' : action === 'change' ? 'PUT' : 'DELETE',
      path: action === 'create' ? '/Subscription' : `/Subscription/${id}`,
      ...(action === 'end' ? {} : { body }),
      ...(action === 'create' ? { headers: { 'if-none-exist': `url=${encodeURIComponent(receiver.url)}` } } : {}),
    });
    const created = answer.outcome === 'ok' ? (textIn(parse(answer.text), 'id') ?? id) : id;
    caller.write({
      record: 'subscription',
      ...calledAs(answer),
      action,
      ...(created === undefined ? {} : { subscription: created }),
      settings,
    });
    if (answer.outcome === 'refused') throw new Error(`${action} of a subscription was refused: ${answer.text}`);
    if (answer.outcome === 'ok' && created !== undefined) {
      const secret = secretIn(answer.text);
      if (secret !== undefined) receiver.learn(created, secret);
      return created;
    }
    await pause(200);
  }
};

export const subscribe = async (
  caller: Caller,
  client: Client,
  receiver: Receiver,
  settings: Omit<Settings, 'receiver'>,
): Promise<Subscribed> => {
  const id = await untilAnswered(caller, client, {
    action: 'create',
    settings: { receiver: receiver.name, ...settings },
    receiver,
  });
  return { id, client, receiver, isOpen: true };
};

export const change = async (
  caller: Caller,
  { id, client, receiver }: Subscribed,
  settings: Omit<Settings, 'receiver'>,
): Promise<void> => {
  await untilAnswered(caller, client, {
    action: 'change',
    id,
    settings: { receiver: receiver.name, ...settings },
    receiver,
  });
};

export const end = async (caller: Caller, subscribed: Subscribed): Promise<void> => {
  const { id, client, receiver } = subscribed;
  subscribed.isOpen = false;
  const settings = { receiver: receiver.name, content: 'id-only' };
  await untilAnswered(caller, client, { action: 'end', id, settings, receiver });
};
