import type {
  CapabilityStatement,
  CapabilityStatementMessagingSupportedMessage,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceSearchParam,
} from 'fhir/r4.d.ts';
import { codesOf } from '../codes.ts';
import { defined } from '../defined.ts';
import { catalogue } from '../messages/catalogue.ts';
import type { MessageType } from '../messages/message-type.ts';
import { canonicalBase, missionTopic } from '../names.ts';
import { scopeFor, scopes } from '../scopes.ts';
import { publishedTypes } from './types.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';
import { profiledTypes, structureDefinitions } from './structure-definitions.ts';

type Interaction = NonNullable<CapabilityStatementRestResource['interaction']>[number]['code'];

const resource = (
  type: CapabilityStatementRestResource['type'],
  interactions: readonly Interaction[],
  documentation: string,
  more: Omit<CapabilityStatementRestResource, 'type' | 'interaction' | 'documentation'> = {},
): CapabilityStatementRestResource => ({
  type,
  documentation,
  interaction: interactions.map((code) => ({ code })),
  ...more,
});

const parameter = (
  name: string,
  type: CapabilityStatementRestResourceSearchParam['type'],
  documentation: string,
  definition?: string,
): CapabilityStatementRestResourceSearchParam => ({ name, type, documentation, ...defined({ definition }) });

const subscriptionSearch = (name: string): string => `http://hl7.org/fhir/SearchParameter/Subscription-${name}`;

const exercises = parameter('_security', 'token', 'HTEST: exercises instead of real missions');

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport';

/** Resources that can be read and searched, with their search parameters. */
const offered: readonly CapabilityStatementRestResource[] = [
  resource('ServiceRequest', ['read', 'search-type'], 'The mission. ETag is its version.', {
    searchParam: [
      parameter('requisition', 'token', 'system|value: the missions of one large event that you may see'),
      exercises,
    ],
    searchRevInclude: ['Task:based-on'],
    operation: [{ name: 'history', definition: canonicalOf('OperationDefinition', 'mission-history') }],
  }),
  resource('Task', ['read', 'search-type'], 'Requests to parties. The worklist is Task?owner=…&status=….', {
    searchParam: [
      parameter('owner', 'reference', 'Organization/{organisation number} or the number; your own organisation'),
      parameter('status', 'token', 'One or several Task statuses, separated by commas'),
      parameter('based-on', 'reference', 'ServiceRequest/{mission}: the Tasks of one mission'),
    ],
  }),
  resource('Provenance', ['read', 'search-type'], 'The history of a mission: one Provenance for each message.', {
    searchParam: [parameter('target', 'reference', 'ServiceRequest/{mission}')],
  }),
  resource(
    'Communication',
    ['search-type'],
    'Receipts: which message each party was notified of, when, after how many attempts.',
    {
      searchParam: [parameter('part-of', 'reference', 'ServiceRequest/{mission}')],
    },
  ),
  resource(
    'AuditEvent',
    ['search-type'],
    'The reads of a mission: by which organisation, in which role, what and when. For requester and coordinator, to answer the patient.',
    {
      searchParam: [
        parameter(
          'entity',
          'reference',
          'ServiceRequest/{mission}',
          'http://hl7.org/fhir/SearchParameter/AuditEvent-entity',
        ),
      ],
    },
  ),
  resource(
    'Subscription',
    ['create', 'read', 'update', 'delete', 'search-type'],
    [
      'Backport subscriptions, rest-hook, signed by Standard Webhooks; each party sees its own.',
      'Filters: `MessageHeader?event=…`, `ServiceRequest?priority=…` (urgency), `ServiceRequest?identifier=…` (mission) and `ServiceRequest?role=…` (what you are in the mission: requester, coordinator, performer, observer).',
      'ETag is its version, which changes with the settings, the status and the error: If-Match is held. If-None-Exist takes the search parameters; a subscription that matches is returned without its secret.',
      'An update begins with a handshake. A deleted subscription stays off. Its status and events can still be read by its id; lists leave it out.',
    ].join('\n'),
    {
      extension: [
        {
          url: `${backport}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical`,
          valueCanonical: missionTopic,
        },
      ],
      supportedProfile: [`${backport}/StructureDefinition/backport-subscription`],
      versioning: 'versioned',
      conditionalCreate: true,
      updateCreate: false,
      searchParam: [
        parameter('_id', 'token', 'One or several ids'),
        parameter('url', 'uri', 'The endpoint, as the subscriber gave it', subscriptionSearch('url')),
        parameter('status', 'token', 'requested, active or error, one or several', subscriptionSearch('status')),
        parameter('criteria', 'string', 'Beginning of the topic', subscriptionSearch('criteria')),
        parameter('type', 'token', 'The channel, rest-hook', subscriptionSearch('type')),
        parameter('payload', 'token', 'The media type of the notifications', subscriptionSearch('payload')),
      ],
      operation: [
        { name: 'status', definition: `${backport}/OperationDefinition/backport-subscription-status` },
        { name: 'events', definition: `${backport}/OperationDefinition/backport-subscription-events` },
        { name: 'rotate-secret', definition: canonicalOf('OperationDefinition', 'subscription-rotate-secret') },
      ],
    },
  ),
  resource(
    'Bundle',
    ['read'],
    'A message as it was accepted, at Bundle/{mission}.{entry}. Each of its resources is at {type}/{mission}.{entry}.{index}.',
  ),
  resource(
    'Location',
    ['read', 'search-type'],
    'The resource board: where each helicopter, aeroplane or car is, and whether it is free; and the places of the directory.',
    {
      searchParam: [
        parameter('type', 'token', 'Kind of resource'),
        parameter('operational-status', 'token', 'Availability'),
        parameter('organization', 'reference', 'Organization/{organisation number} of the operator'),
        parameter('identifier', 'token', 'Call sign'),
        exercises,
      ],
    },
  ),
  resource(
    'Organization',
    ['read', 'search-type'],
    'A party of the directory, by organisation number, and whether the hub can reach it by machine.',
    {
      searchParam: [parameter('type', 'token', 'Role'), parameter('name', 'string', 'Beginning of the name')],
    },
  ),
  resource('Endpoint', ['read'], 'The address that notifications to a party of the directory go to.'),
  ...publishedTypes.map((type) =>
    resource(type, ['read', 'search-type'], 'Published definitions of the hub; readable without a token.', {
      searchParam: [
        parameter('url', 'uri', 'The canonical URL'),
        parameter('version', 'token', 'The version; the code systems of the guideline have several'),
      ],
    }),
  ),
];

/** Resources with the profiles of messages. A resource that is only part of messages is read as it was sent. */
const withProfiles = (edition: Edition): readonly CapabilityStatementRestResource[] => {
  const profiles = structureDefinitions(edition);
  const inMessagesOnly = profiledTypes().filter((type) => !offered.some((one) => one.type === type));
  return [...offered, ...inMessagesOnly.map((type) => resource(type, ['read'], 'As it was sent in a message.'))].map(
    (one) => {
      const supportedProfile = profiles.filter(({ type }) => type === one.type).map(({ url }) => url);
      return supportedProfile.length === 0
        ? one
        : { ...one, supportedProfile: [...(one.supportedProfile ?? []), ...supportedProfile] };
    },
  );
};

const messageLine = ({ event, senders, notifies, purpose, relation }: MessageType): string =>
  `- \`${event}\` (from ${senders.join(', ')}; ${relation}; notified: ${notifies.join(', ')}): ${purpose}`;

const supportedMessage = ({ event, senders }: MessageType): CapabilityStatementMessagingSupportedMessage => ({
  mode: senders.includes('hub') ? 'sender' : 'receiver',
  definition: canonicalOf('MessageDefinition', event),
});

/** The CapabilityStatement of the hub, derived from the catalogue (`GET /fhir/metadata`). */
export const capabilityStatement = (base: string, edition: Edition): CapabilityStatement => ({
  ...artefact('CapabilityStatement', 'hub', 'luftbro, integration hub for air-ambulance missions', edition.version),
  name: 'Luftbro',
  date: edition.date,
  description: `Code systems under ${canonicalBase} are the project's own: no official FHIR URI is known for the Norwegian index, NACA or the air-ambulance codes.`,
  kind: 'instance',
  instantiates: [`${backport}/CapabilityStatement/backport-subscription-server-r4`],
  software: { name: 'luftbro', version: edition.version },
  implementation: { description: 'luftbro', url: base },
  fhirVersion: '4.0.1',
  format: ['json'],
  implementationGuide: [`${backport}/ImplementationGuide/hl7.fhir.uv.subscriptions-backport`],
  rest: [
    {
      mode: 'server',
      documentation: 'An answer has only what the caller may see.',
      security: {
        cors: false,
        service: [
          { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }] },
        ],
        description: [
          'OAuth 2 client credentials (HelseID), bound to a key of the client (DPoP, RFC 9449). The organisation numbers in the token identify the caller. Scopes, each after the audience of the hub and a slash:',
          ...codesOf(scopes).map((scope) => `- \`${scopeFor('luftbro', scope)}\`: ${scopes[scope]}`),
        ].join('\n'),
      },
      resource: [...withProfiles(edition)],
      operation: [
        {
          name: 'process-message',
          definition: 'http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message',
        },
      ],
    },
  ],
  messaging: [
    {
      endpoint: [
        {
          protocol: { system: 'http://terminology.hl7.org/CodeSystem/message-transport', code: 'http' },
          address: `${base}/$process-message`,
        },
      ],
      // Minutes for which a message that is sent again gets its first answer. The log is kept permanently; R4 requires a number.
      reliableCache: 2_147_483_647,
      documentation: ['Messages:', ...catalogue.map(messageLine)].join('\n'),
      supportedMessage: catalogue.map(supportedMessage),
    },
  ],
});
