import { exampleRef, type Node, schemaRef } from './node.ts';
import { fhirJson } from '../../../schemas/names.ts';
import {
  headerParameter,
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

const ifMatch = headerParameter(
  'If-Match',
  'The version of the subscription that you have read, as in `ETag`. If it has another one, the answer is 412, and nothing is changed.',
);
const ifNoneExist = headerParameter(
  'If-None-Exist',
  'Search parameters, for example `url=https%3A%2F%2Fpartner.example%2Fnotify`. If one of your subscriptions matches, nothing is created, and the answer is 200 with that subscription, without its secret. If several match, it is 412.',
);
const prefer = headerParameter(
  'Prefer',
  '`return=minimal`, `return=representation` (the default) or `return=OperationOutcome`: the body of the answer.',
);

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
  tags: ['Notifications'],
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
  /** Name of the example body of the POST. */
  readonly body: string;
  readonly answer: readonly [words: string, schema: Node];
}

/** A GET with a query, and a POST with the same parameters in the body. */
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
  'The status says whether the subscription is active, and how many events it has had. Compare that number with the events that you have received.';
const eventsWords =
  'Your notifications, delivered or not. `eventsSinceNumber` and `eventsUntilNumber` are included. `link` has the URL of the next page: with `full-resource` a page has up to 10 events and no address twice, so often one event; otherwise up to 50. You see what you may read now.';

const statusQuery = [
  queryParameter('status', '`requested`, `active`, `error`, `off`; several separated by commas', false),
];

const idsQuery = queryParameter(
  'id',
  'Ids of subscriptions, separated by commas. If left out, all your subscriptions',
  false,
);

const eventsQuery = [
  queryParameter('eventsSinceNumber', 'Number of the first event', false, '1'),
  queryParameter('eventsUntilNumber', 'Number of the last event', false),
  queryParameter('content', '`empty`, `id-only` or `full-resource`, instead of that of the subscription', false),
];

export const subscriptionPaths = (read: Operation, search: Operation): Paths => ({
  '/Subscription': {
    post: ofSubscription('createSubscription', 'Subscribe', ['body', 'subscription'], {
      description:
        'Only this answer contains the secret that signs your notifications (extension `webhook-secret`). The hub then sends a handshake to the endpoint; after your 2xx the subscription is active. The handshake may come before you have stored the secret. It contains no mission data. Answer it with 2xx even if you cannot check its signature yet, or `PUT` the subscription again when you have stored the secret.',
      parameters: [ifNoneExist],
      requestBody: subscriptionBody('NewSubscription', ['subscribe']),
      responses: {
        200: success(
          'One that matches `If-None-Exist`, without its secret.',
          schemaRef('Subscription'),
          'readSubscription',
          ['Location', 'ETag'],
        ),
        201: {
          ...success('Created. Keep the secret.', schemaRef('Subscription'), 'createSubscription', [
            'Location',
            'ETag',
          ]),
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
  '/Subscription/$status': askedEitherWay('subscriptionsStatus', 'Read the status of your subscriptions', ['search'], {
    description: statusWords,
    query: [idsQuery, ...statusQuery],
    body: 'askStatus',
    answer: ['Statuses', searchsetOf('SubscriptionStatus')],
  }),
  '/Subscription/{id}': {
    get: read,
    put: ofSubscription('replaceSubscription', 'Change a subscription', ['body', 'subscription', 'change', 'address'], {
      description:
        'Changes the endpoint, content, filter, headers and reason. The hub then sends a handshake. If the status is `error`, use this to request a handshake. Give the headers again: the hub never shows them. The secret and the event numbers do not change. `id` in the body must be the id in the address.',
      parameters: [subscriptionId, ifMatch, prefer],
      requestBody: subscriptionBody('ChangedSubscription', ['changeSubscription']),
      responses: { 200: success('Changed', schemaRef('Subscription'), 'replaceSubscription', ['ETag']) },
    }),
    delete: ofSubscription('endSubscription', 'End a subscription', ['address', 'change'], {
      description: 'The subscription is permanently off. Its events can still be read.',
      parameters: [subscriptionId, ifMatch],
      responses: {
        200: success(
          'Ended. It was your last subscription: the hub no longer notifies you by machine.',
          schemaRef('OperationOutcome'),
          'endSubscription',
        ),
        204: { description: 'Ended.' },
      },
    }),
  },
  '/Subscription/{id}/$status': askedEitherWay(
    'subscriptionStatus',
    'Read the status of a subscription',
    ['address', 'search'],
    {
      description: statusWords,
      path: [subscriptionId],
      query: statusQuery,
      body: 'askStatus',
      answer: ['The status', searchsetOf('SubscriptionStatus')],
    },
  ),
  '/Subscription/{id}/$events': askedEitherWay(
    'subscriptionEvents',
    'Fetch missed notifications',
    ['address', 'search'],
    {
      description: eventsWords,
      path: [subscriptionId],
      query: eventsQuery,
      body: 'askEvents',
      answer: ['Events', schemaRef('Notification')],
    },
  ),
  '/Subscription/{id}/$rotate-secret': {
    post: ofSubscription('rotateSecret', 'Change the secret', ['address', 'search', 'body', 'change'], {
      description: `For a day (\`overlap\`, in seconds, at most ${overlapSeconds.most}) each notification has two signatures, separated by a space: one with the new secret, one with the former secret. If you repeat the request during the overlap, the answer is the same. With \`overlap\` 0 the former secret ends at once.`,
      parameters: [subscriptionId, ifMatch],
      requestBody: subscriptionBody('Parameters', ['rotate']),
      responses: { 200: success('The new secret', schemaRef('SecretRotation'), 'rotateSecret') },
    }),
  },
});
