import { isDelivered, isPermanent } from '../../../core/delivery/channel.ts';
import { deliverySettings } from '../../../core/delivery/retry-policy.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { exampleRef, type Node, schemaRef } from './node.ts';

/** `webhooks`: what a subscriber receives, and what its answers mean to the hub. */
const header = (name: string, description: string, example: string, required = true): Node => ({
  name,
  in: 'header',
  required,
  description,
  schema: { type: 'string' },
  example,
});

const minutes = deliverySettings.tryFor / 60;

const delivered =
  'Stored. Answer as soon as you have stored it, before you work on it; the next one of the mission follows.';
const again = `Tried again for ${minutes} minutes, with growing waits; later ones of the same mission wait behind it. \`Retry-After\` is obeyed up to ${deliverySettings.longestRetryAfter} seconds. No answer within ten seconds counts the same.`;
const final =
  'Final: the hub does not retry, and the people on call are alerted. `$events` has the notifications that you missed.';

const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
const meaningOf = (status: number): string => {
  if (isDelivered({ status })) return delivered;
  return isPermanent({ status }) ? final : again;
};

/** Every hundred by what most of it means, and each status that means something else. */
const meanings = (): Node => {
  const hundreds = Object.entries(Object.groupBy(statuses, (status) => Math.floor(status / 100)));
  return Object.fromEntries(
    hundreds.flatMap(([hundred, of = []]) => {
      const usual = meaningOf(of.at(-1) ?? 0);
      const others = of.filter((status) => meaningOf(status) !== usual);
      return [
        ...others.map((status) => [String(status), { description: meaningOf(status) }] as const),
        [`${hundred}XX`, { description: usual }] as const,
      ];
    }),
  );
};

export const webhooks = (): Node => ({
  notification: {
    post: {
      tags: ['Be notified'],
      operationId: 'receiveNotification',
      summary: 'What your endpoint receives',
      description: [
        'A handshake when you subscribe, then each event, and a heartbeat if you asked for it; the parameter `type` of the first entry says which.',
        'The handshake may come before you have stored the secret that the answer to your `POST` holds, and 401 to it ends in status `error`. It carries nothing of missions: answer it 2xx even if you cannot check its signature yet, or `PUT` the subscription again when you have stored the secret.',
        'Check the signature by [Standard Webhooks](https://www.standardwebhooks.com) with the secret of the subscription, over the body as bytes. `webhook-signature` has two signatures while a secret is being changed; one that is good is enough.',
        'Events of a mission come in order, and are numbered without a gap per subscription (`event-number`). The same `webhook-id` twice is the same notification: answer 2xx and forget it. A 2xx is not an acknowledgement: that is a message a person sends.',
      ].join('\n\n'),
      security: [],
      parameters: [
        header('webhook-id', 'The notification, however often it is sent.', '6f3b1d0e-4c2a-4b7e-9a55-0d8c7e1f2a34.3'),
        header('webhook-timestamp', 'Seconds since 1970 when it was sent. Refuse what is minutes old.', '1767857471'),
        header(
          'webhook-signature',
          'Base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`, after `v1,`.',
          'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
        ),
        header(
          'x-correlation-id',
          'With an event: the id of the request that brought the message, the same at every receiver and with every try. Write it to your log. Handshakes and heartbeats have none.',
          '0b9a4d6e-58c7-4f3a-9d51-2a6f0c1e7b34',
          false,
        ),
      ],
      requestBody: {
        required: true,
        content: {
          [fhirJson]: {
            schema: schemaRef('Notification'),
            examples: { event: exampleRef('event'), handshake: exampleRef('handshake') },
          },
        },
      },
      responses: meanings(),
    },
  },
});
