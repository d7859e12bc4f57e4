import type { CapabilityStatementRestResource } from 'fhir/r4.d.ts';
import { capabilityStatement } from '../../../schemas/published/capability-statement.ts';
import { missionIdOf, resourceAddress, entryAddress } from '../../../schemas/identifiers.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { publishedTypes } from '../../../schemas/published/types.ts';
import { type Scope, scopeFor, scopes } from '../../../schemas/scopes.ts';
import { overlapSeconds } from '../../../schemas/subscription.ts';
import { exampleRef, headerRef, type Node, parameterRef, schemaRef } from './node.ts';
import type { Trait } from './refusals.ts';
import { messageSchemaName, searchsetOf } from './schemas.ts';

/** `paths`: every operation as partners call it. Reads and searches are those of the CapabilityStatement. */

/** The mission that the examples are about: the first one of `partner/examples/README.md`. */
const mission = missionIdOf('311000012', '04c8de49-8afd-4414-a200-e8e65685790e');
const ofMission = `ServiceRequest/${mission}`;

export const tags = [
  {
    name: 'Find whom to ask',
    description: 'The directory: parties by organisation number, and whether the hub reaches them by machine.',
  },
  { name: 'Send', description: 'Every message goes to one address. What it is says its header.' },
  {
    name: 'Be notified',
    description:
      'Subscribe once, and the hub sends each notification until you have it: signed, in order, numbered. What you missed waits for you.',
  },
  { name: 'Work', description: 'What waits for you, and the mission as it is now.' },
  {
    name: 'See resources',
    description: 'Helicopters, aeroplanes and cars: where they are, and whether they are free.',
  },
  { name: 'Look back', description: 'Decisions with person, time and reason, receipts, and reads of a mission.' },
  {
    name: 'What the hub publishes',
    description: 'Open to everyone: what it can do, its codes, messages and profiles.',
  },
] as const;
type Tag = (typeof tags)[number]['name'];

interface Given {
  readonly tag: Tag;
  readonly summary: string;
  /** Client of the sample directory that the example works for. */
  readonly as?: string;
  /** Parameters that must be given. */
  readonly required?: readonly string[];
  /** Values that the page is filled in with, by parameter. */
  readonly example?: Readonly<Record<string, string>>;
  readonly traits?: readonly Trait[];
  readonly description?: string;
  /** Header fields of the answer. */
  readonly headers?: readonly string[];
  /** What else than JSON is answered. */
  readonly page?: true;
}

const requester = 'amk-innlandet';
const coordinator = 'amk-la-oslo';

/** What the CapabilityStatement does not say of a read or a search. */
const given: Readonly<Record<string, Given>> = {
  'search Organization': {
    tag: 'Find whom to ask',
    summary: 'Find parties by role',
    as: requester,
    required: ['type'],
    example: { type: 'hospital' },
    description:
      'Roles: `local-amk`, `amk-la`, `operator`, `hospital`, `observer`, `quality`. The extension `machine-contact` says whether the hub reaches the party by machine.',
  },
  'read Organization': {
    tag: 'Find whom to ask',
    summary: 'Read a party',
    as: requester,
    example: { id: '314000013' },
  },
  'read Endpoint': {
    tag: 'Find whom to ask',
    summary: 'Read the notification address of a party',
    as: requester,
    example: { id: '314000013' },
  },
  'search Task': {
    tag: 'Work',
    summary: 'See what waits for you',
    as: coordinator,
    example: { owner: 'Organization/312000016' },
    traits: ['owner', 'address'],
    description:
      'Your worklist with `owner`, longest waiting first, those that are done last; `status=requested` is what nobody of yours has seen. Or the Tasks of one mission with `based-on`. One of the two must be given.',
  },
  'read Task': { tag: 'Work', summary: 'Read a Task', as: requester, example: { id: entryAddress(mission, 1) } },
  'read ServiceRequest': {
    tag: 'Work',
    summary: 'Read a mission',
    as: requester,
    example: { id: mission },
    headers: ['ETag', 'Last-Modified'],
    description: 'The mission as it is now. Send the version in `ETag` back in `If-Match` when you decide on it.',
  },
  'search ServiceRequest': {
    tag: 'Work',
    summary: 'See a large event as a whole',
    as: requester,
    required: ['requisition'],
    example: { requisition: 'https://amk-innlandet.example/sid/stor-hendelse|2026-0214-BUSS-DOVREFJELL' },
  },
  'read Bundle': {
    tag: 'Work',
    summary: 'Read a message as it was sent',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'read {type}': {
    tag: 'Work',
    summary: 'Read one resource of a message',
    as: requester,
    example: { type: 'Patient', id: resourceAddress(mission, 1, 2) },
    description:
      'Patients, Conditions, Observations and all else that was sent: `{type}/{mission}.{entry}.{index}`, as the references in the mission lead to it.',
  },
  'search Location': {
    tag: 'See resources',
    summary: 'See the resources of all regions',
    as: coordinator,
    traits: ['roles'],
    description: 'An AMK LA sees those of all operators, an operator its own. Open Tasks of a resource come with it.',
  },
  'read Location': {
    tag: 'See resources',
    summary: 'Read a resource or a place',
    as: requester,
    example: { id: 'helipad-314000013' },
  },
  'history ServiceRequest': {
    tag: 'Look back',
    summary: 'Read the history of a mission',
    as: requester,
    example: { id: mission },
    traits: ['search'],
    page: true,
    description:
      'One Provenance for each message of the mission that concerns you, in order. `_format=html` is a page for reading and printing. `_history` is the same.',
  },
  'search Provenance': {
    tag: 'Look back',
    summary: 'Search the history of a mission',
    as: requester,
    required: ['target'],
    example: { target: ofMission },
    traits: ['address'],
    page: true,
  },
  'read Provenance': {
    tag: 'Look back',
    summary: 'Read one entry of a history',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'search Communication': {
    tag: 'Look back',
    summary: 'Read the receipts',
    as: requester,
    required: ['part-of'],
    example: { 'part-of': ofMission },
    traits: ['address'],
  },
  'search AuditEvent': {
    tag: 'Look back',
    summary: 'See who looked',
    as: requester,
    required: ['entity'],
    example: { entity: ofMission },
    traits: ['address'],
  },
  'search Subscription': { tag: 'Be notified', summary: 'List your subscriptions', as: coordinator },
  'read Subscription': { tag: 'Be notified', summary: 'Read a subscription', as: coordinator },
};

const of = (key: string): Given => {
  const found = given[key];
  if (found === undefined) throw new Error(`The API reference says nothing of: ${key}`);
  return found;
};

/** Operations that are not FHIR reads or searches have names of their own. */
const idOf = (interaction: string, type: string): string =>
  interaction === 'search' ? `search${type}` : `${interaction}${type === '{type}' ? 'Sent' : type}`;

/** With a proof of the caller's key (DPoP), as everywhere but on a laptop. */
export const securityWith = (scope: Scope): readonly Node[] => [
  { accessToken: [scopeFor('luftbro', scope)], proof: [] },
];

const jsonOf = (schema: Node, examples: Node): Node => ({ [fhirJson]: { schema, examples } });

const success = (
  description: string,
  schema: Node,
  example: string,
  headers: readonly string[] = [],
  page = false,
): Node => ({
  description,
  headers: Object.fromEntries(['X-Correlation-Id', ...headers].map((name) => [name, headerRef(name)])),
  content: {
    ...jsonOf(schema, { [example]: exampleRef(example) }),
    ...(page ? { 'text/html': { schema: { type: 'string', description: 'A page for people.' } } } : {}),
  },
});

const withClient = ({ description, as }: Given, more?: string): Node => {
  const text = [more, description, as === undefined ? undefined : `The example works for the sample client \`${as}\`.`]
    .filter((part) => part !== undefined)
    .join('\n\n');
  return { ...(text === '' ? {} : { description: text }), ...(as === undefined ? {} : { 'x-sample-client': as }) };
};

const pathParameter = (name: string, description: string, example?: string): Node => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
  ...(example === undefined ? {} : { example }),
});

const queryParameter = (name: string, description: string, required: boolean, example?: string): Node => ({
  name,
  in: 'query',
  required,
  description,
  schema: { type: 'string' },
  // A bar or a comma is taken as it is, too.
  ...(example === undefined ? {} : { example }),
});

const headerParameters = [parameterRef('X-Correlation-Id')];

const idWords: Readonly<Record<string, string>> = {
  ServiceRequest: 'The mission: the identifier that the hub answered to the request',
  Task: 'The id that the hub gave: `{mission}.{entry}`',
  Bundle: '`{mission}.{entry}`: the message with that number in the mission',
  Provenance: '`{mission}.{entry}`',
  Organization: 'Organisation number, nine digits',
  Endpoint: 'Organisation number, nine digits',
  Location: 'The id of a resource of the board, or of a place of the directory',
  Subscription: 'The id in the answer to `POST /Subscription`',
};

const isPublished = (type: string): boolean =>
  type === 'CapabilityStatement' || publishedTypes.some((one) => one === type);

const scopeOf = (type: string): Scope => (type === 'Subscription' ? 'subscribe' : 'read');

const guarded = (type: string): Node =>
  isPublished(type) ? { security: [] } : { security: securityWith(scopeOf(type)) };

const about = (type: string): Given => ({ tag: 'What the hub publishes', summary: type, example: {} }) satisfies Given;

/** An operation before its refusals are added. */
interface Operation extends Node {
  readonly traits: readonly Trait[];
  readonly responses: Node;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const readOperation = (type: string, { documentation }: { readonly documentation?: string | undefined }): Operation => {
  const said = isPublished(type)
    ? { ...about(type), summary: `Read a ${type}`, example: { id: publishedExamples[type] ?? '' } }
    : of(`read ${type}`);
  const name = idOf('read', type);
  return {
    tags: [said.tag],
    operationId: name,
    summary: said.summary,
    ...withClient(said, documentation),
    ...guarded(type),
    parameters: [
      ...(type === '{type}' ? [pathParameter('type', 'A FHIR resource type', said.example?.['type'])] : []),
      pathParameter(
        'id',
        idWords[type] ?? (type === '{type}' ? '`{mission}.{entry}.{index}`' : 'Its id'),
        said.example?.['id'],
      ),
      ...headerParameters,
    ],
    traits: isPublished(type) ? ['address'] : ['caller', 'address'],
    responses: {
      200: success(
        said.summary,
        schemaRef(type === '{type}' ? 'Resource' : type === 'Bundle' ? 'Message' : type),
        name,
        isPublished(type) ? ['ETag'] : said.headers,
      ),
      ...(isPublished(type) ? { 304: notModified } : {}),
    },
  };
};

const notModified = { description: 'You have it already (`If-None-Match`).' };

/** One of each type, for reading. */
const publishedExamples: Readonly<Record<string, string>> = {
  CodeSystem: 'mission-decision',
  ValueSet: 'mission-decision',
  MessageDefinition: 'mission-request',
  StructureDefinition: 'mission-request-servicerequest',
  OperationDefinition: 'mission-history',
};

const searchOperation = (resource: CapabilityStatementRestResource): Operation => {
  const { type, documentation, searchParam = [], searchRevInclude = [] } = resource;
  const url = `https://luftbro.example/fhir/${type}/${publishedExamples[type]}`;
  const said: Given = isPublished(type)
    ? { ...about(type), summary: `Find a ${type} by its URL`, example: { url } }
    : of(`search ${type}`);
  const name = idOf('search', type);
  const taken = [
    ...searchParam.map((one) => ({ name: one.name, words: one.documentation ?? '' })),
    ...searchRevInclude.map((one) => ({ name: '_revinclude', words: `\`${one}\`: with them` })),
  ];
  return {
    tags: [said.tag],
    operationId: name,
    summary: said.summary,
    ...withClient(said, documentation),
    ...guarded(type),
    parameters: [
      ...taken.map((one) =>
        queryParameter(one.name, one.words, said.required?.includes(one.name) === true, said.example?.[one.name]),
      ),
      ...(isPublished(type) ? [] : [parameterRef('_count')]),
      ...headerParameters,
    ],
    traits: [...(isPublished(type) ? [] : (['caller'] as const)), 'search', ...(said.traits ?? [])],
    responses: {
      200: success(
        said.summary,
        searchsetOf(type, includedBy[type]),
        name,
        isPublished(type) ? ['ETag'] : said.headers,
        said.page,
      ),
      ...(isPublished(type) ? { 304: notModified } : {}),
    },
  };
};

/** What may come with what was searched for. */
const includedBy: Readonly<Record<string, string>> = { Location: 'Task', ServiceRequest: 'Task' };

const history = (path: '$history' | '_history'): Operation => {
  const said = of('history ServiceRequest');
  return {
    tags: [said.tag],
    operationId: path === '$history' ? 'missionHistory' : 'missionHistoryByItsFhirName',
    summary: path === '$history' ? said.summary : `${said.summary}, under FHIR's own name`,
    ...withClient(said),
    ...guarded('ServiceRequest'),
    parameters: [
      pathParameter('id', idWords['ServiceRequest'] ?? '', mission),
      parameterRef('_count'),
      parameterRef('_format'),
      ...headerParameters,
    ],
    traits: ['caller', 'address', 'search'],
    responses: {
      200: success(said.summary, searchsetOf('Provenance'), 'missionHistory', [], true),
    },
  };
};

const metadata = (): Operation => ({
  tags: ['What the hub publishes'],
  operationId: 'readMetadata',
  summary: 'Read what the hub can do',
  description: 'The CapabilityStatement: searches and their parameters, messages, and where their profiles are.',
  security: [],
  traits: [],
  responses: {
    200: success('The CapabilityStatement', schemaRef('CapabilityStatement'), 'readMetadata', ['ETag']),
    304: notModified,
  },
});

/** `examples`: names of the request examples, in the order in which they are played. */
const processMessage = (examples: readonly string[]): Operation => ({
  tags: ['Send'],
  operationId: 'processMessage',
  summary: 'Send a message',
  description: [
    'Choose an example: its description says who may send it, when it is legal, what it does and which elements are needed. They are two whole missions, in order. Send them as the client that the example names.',
    "The mission's id follows from who asks and from `MessageHeader.id`, and a Task's id from the mission and the number of the message: so the ids in the examples fit each other. Sent twice, a message gets its first answer again, and nothing happens twice.",
    'The hub writes messages of its own into a mission, for example if the hub cannot reach a party by machine (`party-unreachable`). They take numbers too. If parties have no subscription, take the ids of Tasks from the answers.',
    `Scope: that of the message. ${[...new Set(catalogue.map(({ family }) => family))].map((family) => `\`${scopeFor('luftbro', `${family}.send`)}\``).join(', ')}.`,
  ].join('\n\n'),
  // Any one of them lets a system send something.
  security: [...new Set(catalogue.map(({ family }) => family))].flatMap((family) => securityWith(`${family}.send`)),
  parameters: [parameterRef('If-Match'), ...headerParameters],
  requestBody: {
    required: true,
    description: 'One message, JSON in UTF-8, at most 256 KiB.',
    content: {
      [fhirJson]: {
        schema: {
          title: 'A message of the catalogue',
          anyOf: catalogue
            .filter(({ senders }) => !senders.includes('hub'))
            .map((type) => schemaRef(messageSchemaName(type))),
        },
        examples: Object.fromEntries(examples.map((name) => [name, exampleRef(name)])),
      },
    },
  },
  traits: ['body', 'caller', 'message'],
  responses: {
    200: {
      ...success(
        'Accepted: the message is in the log, and its recipients are notified.',
        schemaRef('Reply'),
        'processMessage',
        ['ETag', 'Last-Modified'],
      ),
      links: {
        mission: {
          operationId: 'readServiceRequest',
          parameters: { id: '$response.body#/entry/0/resource/focus/0/identifier/value' },
        },
      },
    },
  },
});

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

const subscriptionPaths = (read: Operation, search: Operation): Paths => ({
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

/** Every path, given the names of the messages' examples in their order. */
export const operations = (messageExamples: readonly string[]): Paths => {
  const offered = capabilityStatement('', { version: '', date: '' }).rest?.[0]?.resource ?? [];
  const resourceOf = (type: string): CapabilityStatementRestResource => {
    const found = offered.find((one) => one.type === type);
    if (found === undefined) throw new Error(`The CapabilityStatement does not offer ${type}`);
    return found;
  };
  const has = ({ interaction = [] }: CapabilityStatementRestResource, code: string): boolean =>
    interaction.some((one) => one.code === code);
  const ofType = (type: string): Paths => {
    const resource = resourceOf(type);
    return {
      ...(has(resource, 'search-type') ? { [`/${type}`]: { get: searchOperation(resource) } } : {}),
      ...(has(resource, 'read') ? { [`/${type}/{id}`]: { get: readOperation(type, resource) } } : {}),
    };
  };
  const subscription = resourceOf('Subscription');
  return {
    ...ofType('Organization'),
    ...ofType('Endpoint'),
    '/$process-message': { post: processMessage(messageExamples) },
    ...subscriptionPaths(
      readOperation('Subscription', {}),
      searchOperation({ ...subscription, documentation: 'Those that are off are left out.' }),
    ),
    ...ofType('Task'),
    ...ofType('ServiceRequest'),
    ...ofType('Bundle'),
    '/{type}/{id}': { get: readOperation('{type}', {}) },
    ...ofType('Location'),
    '/ServiceRequest/{id}/$history': { get: history('$history') },
    '/ServiceRequest/{id}/_history': { get: history('_history') },
    ...ofType('Provenance'),
    ...ofType('Communication'),
    ...ofType('AuditEvent'),
    '/metadata': { get: metadata() },
    ...Object.assign({}, ...publishedTypes.map(ofType)),
  };
};

/** Scopes, as a token has them. */
export const tokenScopes = (): Node =>
  Object.fromEntries(Object.entries(scopes).map(([scope, words]) => [`luftbro/${scope}`, words]));
