import type { CapabilityStatement } from 'fhir/r4.d.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import type { MessageType } from '../../schemas/messages/message-type.ts';
import { canonicalBase, missionTopic } from '../../schemas/names.ts';

const reads = (
  type: 'ServiceRequest' | 'Communication' | 'Organization' | 'Bundle' | 'Task' | 'Subscription',
  documentation: string,
) => ({
  type,
  documentation,
  interaction: [{ code: 'read' as const }],
});

const messageLine = ({ event, senders, told, purpose, relation }: MessageType): string =>
  `- \`${event}\` (from ${senders.join(', ')}; ${relation}; told: ${told.join(', ')}): ${purpose}`;

/** What the hub can do, derived from the catalogue (`GET /fhir/metadata`). */
export const capabilityStatement = (base: string, version: string, date: string): CapabilityStatement => ({
  resourceType: 'CapabilityStatement',
  url: `${canonicalBase}/CapabilityStatement/hub`,
  version,
  name: 'Luftbro',
  title: 'luftbro, integration hub for air-ambulance missions',
  status: 'active',
  experimental: true,
  date,
  description: `Code systems under ${canonicalBase} are the project's own: no official FHIR URI is known for the Norwegian index, NACA or the air-ambulance codes.`,
  kind: 'instance',
  software: { name: 'luftbro', version },
  implementation: { description: 'luftbro', url: base },
  fhirVersion: '4.0.1',
  format: ['json'],
  implementationGuide: [
    'http://hl7.org/fhir/uv/subscriptions-backport/ImplementationGuide/hl7.fhir.uv.subscriptions-backport',
  ],
  rest: [
    {
      mode: 'server',
      documentation: 'Every answer shows a caller only what concerns it.',
      security: {
        cors: false,
        service: [
          { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }] },
        ],
        description:
          'OAuth 2 client credentials (HelseID). The organisation number in the token decides who the caller is.',
      },
      resource: [
        reads('ServiceRequest', 'The mission. ETag is its version.'),
        {
          ...reads('Task', 'Asks to parties. The worklist is Task?owner=…&status=….'),
          interaction: [{ code: 'read' }, { code: 'search-type' }],
          searchParam: [
            {
              name: 'owner',
              type: 'reference',
              documentation: 'Organization/{organisation number} or the number; your own organisation',
            },
            { name: 'status', type: 'token', documentation: 'One or several Task statuses, separated by commas' },
            {
              name: 'based-on',
              type: 'reference',
              documentation: 'ServiceRequest/{mission}: the Tasks of one mission',
            },
          ],
        },
        {
          ...reads('Communication', 'Receipts: who was told of what, when, after how many attempts.'),
          interaction: [{ code: 'search-type' }],
          searchParam: [{ name: 'part-of', type: 'reference', documentation: 'ServiceRequest/{mission}' }],
        },
        {
          ...reads(
            'Subscription',
            `Backport subscriptions to the topic ${missionTopic}, rest-hook, signed by Standard Webhooks.`,
          ),
          interaction: [{ code: 'create' }, { code: 'read' }, { code: 'delete' }, { code: 'search-type' }],
          operation: [
            {
              name: 'status',
              definition:
                'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status',
            },
            {
              name: 'events',
              definition:
                'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events',
            },
          ],
        },
        reads(
          'Bundle',
          'A message as it was accepted: Bundle/{mission}.{entry}; each resource of it is read at {type}/{mission}.{entry}.{index}.',
        ),
        reads('Organization', 'A party of the directory, by organisation number.'),
      ],
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
      // Minutes for which a message sent again gets its first answer. The log is kept for good; R4 wants a number.
      reliableCache: 2_147_483_647,
      documentation: ['Messages, one file of the catalogue each:', ...catalogue.map(messageLine)].join('\n'),
      supportedMessage: catalogue.map(({ event }) => ({
        mode: 'receiver' as const,
        definition: `${canonicalBase}/MessageDefinition/${event}`,
      })),
    },
  ],
});
