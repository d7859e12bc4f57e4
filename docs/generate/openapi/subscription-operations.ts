import { exampleRef, type Node, schemaRef } from './node.ts';
import { fhirJson } from '../../../schemas/names.ts';
import {
  headerParameters,
  idWords,
  type Operation,
  pathParameter,
  type Paths,
  queryParameter,
  securityWith,
  success,
} from './operation-parts.ts';
import { coordinator } from './operation-texts.ts';
import type { Trait } from './refusals.ts';
import { overlapSeconds } from '../../../schemas/subscription.ts';
import { searchsetOf } from './schemas.ts';

/** The operations on subscriptions. */
const subscriptionId = pathParameter('id', idWords['Subscription'] ?? '');

const subscriptionBody = (schema: string, examples: readonly string[], required = true): Node => ({
  required,
  content: {
    [fhirJson]: {
      schema: schemaRef(schema),
      ...(examples.length === 0
        ? {}
        : { examples: Object.fromEntries(examples.map((name) => [name, exampleRef(name)])) }),
    },
  },
});

const ofSubscription = (
  operationId: string,
  summary: string,
  traits: readonly Trait[],
  {
    responses,
    parameters = [],
    ...more
  }: { readonly [name: string]: unknown; readonly responses: Node; readonly parameters?: readonly Node[] },
): Operation => ({
  tags: ['Be notified'],
  operationId,
  summary,
  'x-sample-client': coordinator,
  security: securityWith('subscribe'),
  ...more,
  parameters: [...parameters, ...headerParameters],
  traits: ['caller', ...traits],
  responses,
});

interface Asked {
  readonly description: string;
  readonly path?: readonly Node[];
  readonly query: readonly Node[];
  /** Name of the example of what is posted. */
  readonly body: string;
  readonly answer: readonly [words: string, schema: Node];
}

/** A question that is asked with a query or, the same, with parameters in the body. */
const askedEitherWay = (
  operationId: string,
  summary: string,
  traits: readonly Trait[],
  { description, path = [], query, body, answer: [words, schema] }: Asked,
) => {
  const responses = { 200: success(words, schema, operationId) };
  return {
    get: ofSubscription(operationId, summary, traits, { description, parameters: [...path, ...query], responses }),
    post: ofSubscription(`${operationId}ByPost`, 'The same, with parameters in the body', [...traits, 'body'], {
      description,
      parameters: path,
      requestBody: subscriptionBody('Parameters', [body]),
      responses,
    }),
  };
};

const idLink = (operationId: string): Node => ({ operationId, parameters: { id: '$response.body#/id' } });
const statusWords =
  'One status for each of your subscriptions: whether it is active, and how many events there have been. Compare the number with what you have.';
const eventsWords =
  'The notifications for you, delivered or not. Both limits are included. At most 50 events; `link` has the URL of the next page.';

const statusQuery = [
  queryParameter('status', '`requested`, `active`, `error`, `off`; several separated by commas', false),
];

const idsQuery = queryParameter('id', 'Ids of subscriptions, separated by commas; all of yours if left out', false);

const eventsQuery = [
  queryParameter('eventsSinceNumber', 'The first event wanted', false, '1'),
  queryParameter('eventsUntilNumber', 'The last event wanted', false),
  queryParameter('content', '`empty`, `id-only` or `full-resource`, instead of that of the subscription', false),
];

export const subscriptionPaths = (read: Operation, search: Operation): Paths => ({
  '/Subscription': {
    post: ofSubscription('createSubscription', 'Subscribe', ['body', 'subscription'], {
      description:
        'The answer holds, this once, the secret that signs your notifications (extension `webhook-secret`). The hub then sends a handshake to the endpoint; after your 2xx the subscription is active. The handshake may come before you have stored the secret. It carries nothing of missions: answer it 2xx even if you cannot check its signature yet, or `PUT` the subscription again when you have stored the secret.',
      requestBody: subscriptionBody('NewSubscription', ['subscribe']),
      responses: {
        201: {
          ...success('Created. Keep the secret.', schemaRef('Subscription'), 'createSubscription', ['Location']),
          links: {
            read: idLink('readSubscription'),
            replace: idLink('replaceSubscription'),
            end: idLink('endSubscription'),
            status: idLink('subscriptionStatus'),
            statusByPost: idLink('subscriptionStatusByPost'),
            events: idLink('subscriptionEvents'),
            eventsByPost: idLink('subscriptionEventsByPost'),
            rotate: idLink('rotateSecret'),
          },
        },
      },
    }),
    get: search,
  },
  '/Subscription/$status': askedEitherWay('subscriptionsStatus', 'See how all your subscriptions stand', ['search'], {
    description: statusWords,
    query: [idsQuery, ...statusQuery],
    body: 'askStatus',
    answer: ['Statuses', searchsetOf('SubscriptionStatus')],
  }),
  '/Subscription/{id}': {
    get: read,
    put: ofSubscription('replaceSubscription', 'Change a subscription', ['body', 'subscription', 'change', 'address'], {
      description:
        'Endpoint, content, filter, headers and reason; it begins with a handshake, and is how you ask for one when the status is `error`. Give the headers again: they are never shown. The secret and the numbers stay. `id` in the body is that of the address.',
      parameters: [subscriptionId],
      requestBody: subscriptionBody('ChangedSubscription', ['changeSubscription']),
      responses: { 200: success('Changed', schemaRef('Subscription'), 'replaceSubscription') },
    }),
    delete: ofSubscription('endSubscription', 'End a subscription', ['address'], {
      description: 'It is off for good. Its events can still be read.',
      parameters: [subscriptionId],
      responses: {
        200: success(
          'It was your last one: the hub no longer notifies you by machine.',
          schemaRef('OperationOutcome'),
          'endSubscription',
        ),
        204: { description: 'Ended.' },
      },
    }),
  },
  '/Subscription/{id}/$status': askedEitherWay(
    'subscriptionStatus',
    'See how a subscription stands',
    ['address', 'search'],
    {
      description: statusWords,
      path: [subscriptionId],
      query: statusQuery,
      body: 'askStatus',
      answer: ['Its status', searchsetOf('SubscriptionStatus')],
    },
  ),
  '/Subscription/{id}/$events': askedEitherWay('subscriptionEvents', 'Fetch what you missed', ['address', 'search'], {
    description: eventsWords,
    path: [subscriptionId],
    query: eventsQuery,
    body: 'askEvents',
    answer: ['Events', schemaRef('Notification')],
  }),
  '/Subscription/{id}/$rotate-secret': {
    post: ofSubscription('rotateSecret', 'Change the secret', ['address', 'search', 'body', 'change'], {
      description: `For a day (\`overlap\`, in seconds, at most ${overlapSeconds.most}) each notification has two signatures, separated by a space: the new one's and the former one's. Asked again during the overlap the answer is the same. With \`overlap\` 0 the former secret ends at once.`,
      parameters: [subscriptionId],
      requestBody: subscriptionBody('Parameters', ['rotate']),
      responses: { 200: success('The new secret', schemaRef('SecretRotation'), 'rotateSecret') },
    }),
  },
});
