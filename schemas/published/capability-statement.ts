import type {
  CapabilityStatement,
  CapabilityStatementMessagingSupportedMessage,
  CapabilityStatementRestResource,
} from 'fhir/r4.d.ts';
import { codesOf } from '../codes.ts';
import { catalogue } from '../messages/catalogue.ts';
import type { MessageType } from '../messages/message-type.ts';
import { canonicalBase, missionTopic } from '../names.ts';
import { scopeFor, scopes } from '../scopes.ts';
import { definitionOf, parametersOf, type SearchType } from '../searches.ts';
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

/** A resource with a search: its parameters are those that the search reads. */
const searched = (
  type: SearchType,
  interactions: readonly Interaction[],
  documentation: string,
  more: Omit<CapabilityStatementRestResource, 'type' | 'interaction' | 'documentation' | 'searchParam'> = {},
): CapabilityStatementRestResource =>
  resource(type, [...interactions, 'search-type'], documentation, {
    ...more,
    searchParam: Object.entries(parametersOf(type)).map(([name, parameter]) => ({
      name,
      type: parameter.type,
      documentation: parameter.words,
      definition: definitionOf(type, name, parameter),
    })),
  });

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport';

/** Resources that can be read and searched, with their search parameters. */
const offered: readonly CapabilityStatementRestResource[] = [
  searched('ServiceRequest', ['read', 'vread', 'history-instance'], 'The mission. ETag is its version.', {
    versioning: 'versioned',
    readHistory: true,
    searchRevInclude: ['Task:based-on'],
    operation: [{ name: 'history', definition: canonicalOf('OperationDefinition', 'mission-history') }],
  }),
  searched(
    'Task',
    ['read'],
    'Requests to parties. The worklist is Task?owner=…&status=…, open Tasks with the longest waiting first, then closed ones with the newest first.',
  ),
  searched('Provenance', ['read'], 'The history of a mission: one Provenance for each message.'),
  searched('Communication', [], 'Receipts: which message each party was notified of, when, after how many attempts.'),
  searched(
    'AuditEvent',
    [],
    'The reads of a mission: by which organisation, in which role, what and when. For requester and coordinator, to answer the patient.',
  ),
  searched(
    'Subscription',
    ['create', 'read', 'update', 'delete'],
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
    { operation: [{ name: 'validate', definition: canonicalOf('OperationDefinition', 'message-validate') }] },
  ),
  searched(
    'Location',
    ['read'],
    'The resource board: where each helicopter, aeroplane or car is, and whether it is free; and the places of the directory.',
  ),
  searched(
    'Organization',
    ['read'],
    'A party of the directory, by organisation number, and whether the hub can reach it by machine.',
  ),
  resource('Endpoint', ['read'], 'The address that notifications to a party of the directory go to.'),
  ...publishedTypes.map((type) =>
    searched(type, ['read'], 'Published definitions of the hub; readable without a token.'),
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
        { name: 'validate', definition: canonicalOf('OperationDefinition', 'message-validate') },
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
