import type { CapabilityStatementRestResource } from 'fhir/r4.d.ts';
import { capabilityStatement } from '../../../schemas/published/capability-statement.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { publishedTypes } from '../../../schemas/published/types.ts';
import { scopeFor, scopes, validateScopes } from '../../../schemas/scopes.ts';
import { exampleRef, type Node, parameterRef, schemaRef } from './node.ts';
import { messageSchemaName, searchsetOf } from './schemas.ts';
import { type Given, mission, of } from './operation-texts.ts';
import {
  about,
  guarded,
  headerParameters,
  idOf,
  idWords,
  isPublished,
  type Operation,
  pathParameter,
  type Paths,
  queryParameter,
  securityWith,
  success,
  withClient,
} from './operation-parts.ts';
import { subscriptionPaths } from './subscription-operations.ts';

/** `paths`: every operation as partners call it. Reads and searches are those of the CapabilityStatement. */

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

const notModified = { description: 'Not changed since the version in `If-None-Match`.' };

/** The id of one example of each published type. */
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
    ...searchRevInclude.map((one) => ({ name: '_revinclude', words: `\`${one}\`: include them` })),
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

/** Types that a search may include besides its own, by type. */
const includedBy: Readonly<Record<string, string>> = { Location: 'Task', ServiceRequest: 'Task' };

/** The same search with its parameters in a form, so that no log of addresses has them. */
const searchByPost = (types: readonly string[]): Operation => ({
  tags: ['Missions and Tasks'],
  operationId: 'searchByPost',
  summary: 'Search with the parameters in the body',
  description: `Every search takes its parameters as a form too (R4, \`POST [type]/_search\`): ${types.map((type) => `\`${type}\``).join(', ')}. Parameters in the query and in the form are joined. It counts as a request, not as a message.`,
  security: securityWith('read'),
  parameters: [pathParameter('type', 'The type that is searched', 'Task'), ...headerParameters],
  requestBody: {
    required: true,
    content: {
      'application/x-www-form-urlencoded': {
        schema: { type: 'object', additionalProperties: { type: 'string' } },
        example: { owner: 'Organization/312000016', status: 'requested' },
      },
    },
  },
  traits: ['caller', 'address', 'search', 'owner', 'roles', 'body'],
  responses: { 200: success('The same answer as to the search by GET', searchsetOf('Task'), 'searchTask') },
});

const history = (): Operation => {
  const said = of('history ServiceRequest');
  return {
    tags: [said.tag],
    operationId: 'missionHistory',
    summary: said.summary,
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

const missionId = (): Node => pathParameter('id', idWords['ServiceRequest'] ?? '', mission);

const missionVersions = (): Operation => {
  const said = of('history ServiceRequest');
  return {
    tags: [said.tag],
    operationId: 'missionVersions',
    summary: 'Read the versions of a mission',
    ...withClient({
      ...said,
      description: 'A Bundle of type `history`, newest version first: those whose message you may read.',
    }),
    ...guarded('ServiceRequest'),
    parameters: [missionId(), parameterRef('_count'), ...headerParameters],
    traits: ['caller', 'address', 'search'],
    responses: { 200: success('The versions', schemaRef('Resource'), 'missionVersions') },
  };
};

const missionVersion = (): Operation => {
  const said = of('read ServiceRequest');
  return {
    tags: [said.tag],
    operationId: 'readMissionVersion',
    summary: 'Read one version of a mission',
    ...withClient(said, 'As the mission was after that message.'),
    ...guarded('ServiceRequest'),
    parameters: [missionId(), pathParameter('version', 'As in `ETag` and `meta.versionId`', '1'), ...headerParameters],
    traits: ['caller', 'address'],
    responses: { 200: success('The version', schemaRef('ServiceRequest'), 'readMissionVersion', said.headers) },
  };
};

const metadata = (): Operation => ({
  tags: ['Published definitions'],
  operationId: 'readMetadata',
  summary: 'Read the capabilities of the hub',
  description: 'The CapabilityStatement: searches and their parameters, messages, and where their profiles are.',
  security: [],
  traits: [],
  responses: {
    200: success('The CapabilityStatement', schemaRef('CapabilityStatement'), 'readMetadata', ['ETag']),
    304: notModified,
  },
});

const checkToken = (): Operation => ({
  tags: ['Published definitions'],
  operationId: 'checkToken',
  summary: 'Learn which check a token or its proof fails',
  description: [
    'For a request that got 401: send the same `Authorization` and `DPoP` headers here. The answer names the first check that fails, and what the hub expected (`CodeSystem/token-fault`). It gives no access, uses no proof up, and shows nothing of the token.',
    'A proof is for one method and URL. Make one for this address, or name the request that it was made for in `method` and `url`. An address may ask 30 times a minute.',
  ].join('\n\n'),
  security: [],
  parameters: [
    queryParameter('method', 'The method for which the proof was made; GET if left out', false),
    queryParameter('url', 'The URL for which the proof was made; this address if left out', false),
    ...headerParameters,
  ],
  traits: ['search'],
  responses: { 200: success('What the checks found', schemaRef('OperationOutcome'), 'checkToken') },
});

/** `examples`: names of the request examples, in the order in which they are sent. */
const processMessage = (examples: readonly string[]): Operation => ({
  tags: ['Messages'],
  operationId: 'processMessage',
  summary: 'Send a message',
  description: [
    'Choose an example. Its description says which roles may send it, when it is allowed, what it does and which elements are needed. The examples are two complete missions, in order. Send each one as the client that it names.',
    "The hub derives the mission's id from the requester and `MessageHeader.id`. It derives a Task's id from the mission and the number of the message. So the ids in the examples match each other. If you send a message twice, you get the first answer again, and nothing happens twice.",
    'The hub writes messages of its own into a mission, for example if the hub cannot reach a party by machine (`party-unreachable`). They have numbers too. If parties have no subscription, use the Task ids in the answers.',
    `Scope: the one of the message's family. ${[...new Set(catalogue.map(({ family }) => family))].map((family) => `\`${scopeFor('luftbro', `${family}.send`)}\``).join(', ')}.`,
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

/** Answers also 200 for a message that would be refused. */
const validateMessage = (): Operation => ({
  tags: ['Messages'],
  operationId: 'validateMessage',
  summary: 'Check a message without sending it',
  description: [
    'What the hub would say about the content of a message: the refusal as errors, content that is not valid FHIR R4 as warnings, and the type that it is read as. Nothing is stored. The rules of the mission are not applied.',
    'The answer is 200 also if the message would be refused. The body is the message, or a `Parameters` resource with one parameter `resource`. It counts as a request, not as a message. `POST Bundle/$validate` is the same.',
    'Scope: `luftbro/read`, or any scope for sending.',
  ].join('\n\n'),
  security: validateScopes.flatMap(securityWith),
  parameters: [...headerParameters],
  requestBody: {
    required: true,
    description: 'One message, JSON in UTF-8, at most 256 KiB.',
    content: {
      [fhirJson]: {
        schema: schemaRef('Resource'),
        examples: { check: exampleRef('check') },
      },
    },
  },
  traits: ['body', 'caller'],
  responses: { 200: success('What the hub would say', schemaRef('OperationOutcome'), 'validateMessage') },
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
    '/$validate': { post: validateMessage() },
    ...subscriptionPaths(
      readOperation('Subscription', {}),
      searchOperation({ ...subscription, documentation: 'Subscriptions with status `off` are left out.' }),
    ),
    ...ofType('Task'),
    ...ofType('ServiceRequest'),
    ...ofType('Bundle'),
    '/{type}/{id}': { get: readOperation('{type}', {}) },
    '/{type}/_search': { post: searchByPost(offered.filter((one) => has(one, 'search-type')).map(({ type }) => type)) },
    ...ofType('Location'),
    '/ServiceRequest/{id}/$history': { get: history() },
    '/ServiceRequest/{id}/_history': { get: missionVersions() },
    '/ServiceRequest/{id}/_history/{version}': { get: missionVersion() },
    ...ofType('Provenance'),
    ...ofType('Communication'),
    ...ofType('AuditEvent'),
    '/metadata': { get: metadata() },
    '/check-token': { get: checkToken() },
    ...Object.assign({}, ...publishedTypes.map(ofType)),
  };
};

/** Scopes, as a token has them. */
export const tokenScopes = (): Node =>
  Object.fromEntries(Object.entries(scopes).map(([scope, words]) => [`luftbro/${scope}`, words]));
