import { isDelivered, isFinal, isRejected } from '../../../core/delivery/channel.ts';
import { deliverySettings } from '../../../core/delivery/retry-policy.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { exampleRef, type Node, schemaRef } from './node.ts';

/** `webhooks`: the requests that a subscriber receives, and how the hub handles its answers. */

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
  'Stored. Answer as soon as you have stored the notification, before you process it. The hub then sends the next notification of the mission.';
const again = `The hub retries for ${minutes} minutes, with growing waits. Later notifications of the same mission wait. \`Retry-After\` is obeyed up to ${deliverySettings.longestRetryAfter} seconds. No answer within ten seconds has the same effect.`;
const final =
  'Final: the hub does not retry, and the people on call are alerted. `$events` has the missed notifications.';

const rejected = `Rejected: people are alerted at once, and the hub tries again for ${deliverySettings.circuit.rejectedFor / 60} minutes. Then it is final, and the subscription is in \`error\`.`;

const statuses = Array.from({ length: 400 }, (_, index) => 200 + index);
const meaningOf = (status: number): string => {
  if (isDelivered({ status })) return delivered;
  if (isRejected({ status })) return rejected;
  return isFinal({ status }) ? final : again;
};

/** One entry for each hundred with its usual meaning, and one for each status with another meaning. */
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
      tags: ['Notifications'],
      operationId: 'receiveNotification',
      summary: 'Notification to your endpoint',
      description: [
        'Your endpoint receives a handshake when you subscribe, then each event, and a heartbeat if you requested it. The parameter `type` of the first entry names the kind.',
        'The handshake may come before you have stored the secret in the answer to your `POST`. If you answer it with 401, the status becomes `error`. The handshake contains no mission data. Answer it with 2xx even if you cannot check its signature yet, or `PUT` the subscription again when you have stored the secret.',
        'Check the signature by [Standard Webhooks](https://www.standardwebhooks.com) with the secret of the subscription, over the body as bytes. While a secret is being changed, `webhook-signature` has two signatures; one valid signature is enough.',
        'Events of a mission come in order. Events of a subscription are numbered without a gap (`event-number`). If the same `webhook-id` comes twice, it is the same notification: answer with 2xx and ignore it. A 2xx is not an acknowledgement. An acknowledgement is a message that a person sends.',
      ].join('\n\n'),
      security: [],
      parameters: [
        header(
          'webhook-id',
          'Id of the notification, the same however often it is sent.',
          '6f3b1d0e-4c2a-4b7e-9a55-0d8c7e1f2a34.3',
        ),
        header(
          'webhook-timestamp',
          'Time of sending, in seconds since 1970. Refuse a request that is minutes old.',
          '1767857471',
        ),
        header(
          'webhook-signature',
          'Base64 of the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`, after `v1,`.',
          'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
        ),
        header(
          'x-correlation-id',
          'With an event: the id of the request with which the message was sent. It is the same at every receiver and in every attempt. Write it to your log. Handshakes and heartbeats have none.',
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
