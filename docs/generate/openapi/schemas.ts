import * as z from 'zod';
import { codeSystems } from '../../../schemas/published/code-systems.ts';
import { rulesOf } from '../../../schemas/published/rules.ts';
import { codesOf, urgencies } from '../../../schemas/codes.ts';
import { mostEntries } from '../../../schemas/reading/read-message.ts';
import { faults } from '../../../schemas/faults.ts';
import { codeableConcept, coding, identifier, meta, reference } from '../../../schemas/fhir/datatypes.ts';
import {
  clinicalImpression,
  location,
  messageBundle,
  messageHeader,
  organization,
  serviceRequest,
  task,
} from '../../../schemas/fhir/resources.ts';
import { firstGuidelines } from '../../../schemas/guideline.ts';
import { eventCodeOf } from '../../../schemas/messages/catalogue.ts';
import type { ElementRule, MessageType } from '../../../schemas/messages/message-type.ts';
import { publishedTypes } from '../../../schemas/published/types.ts';
import { systems } from '../../../schemas/names.ts';
import { changed, created } from '../../../schemas/read-subscription.ts';
import { tokenFaults } from '../../../schemas/token-faults.ts';
import { warnings } from '../../../schemas/warnings.ts';
import { type Node, pascal, schemaRef } from './node.ts';

/** `components.schemas`: what the hub reads, from its own schemas; what it answers, as far as a client depends on it. */

const r4 = (page: string): Node => ({ url: `https://hl7.org/fhir/R4/${page}.html`, description: `FHIR R4, ${page}` });

/** The hub's own schemas of what it reads, with their texts. */
const read: Readonly<
  Record<string, { readonly schema: z.ZodType; readonly description: string; readonly page: string }>
> = {
  Message: {
    schema: messageBundle,
    description:
      'A Bundle of type `message`. The first entry is the MessageHeader; references in it are `urn:uuid:` fullUrls.',
    page: 'messaging',
  },
  MessageHeader: {
    schema: messageHeader,
    description:
      'The message type (`eventCoding`), receivers (`destination.receiver`), subject (`focus`) and the person who decided (`author`). Its `id` identifies the message, however often it is sent.',
    page: 'messageheader',
  },
  ServiceRequest: {
    schema: serviceRequest,
    description:
      'The mission. In answers it has the identifier of the hub and references to the resources that were sent.',
    page: 'servicerequest',
  },
  Task: {
    schema: task,
    description:
      'A request to a party. The hub assigns its id: the mission, a full stop, and the number of the message that opened it.',
    page: 'task',
  },
  ClinicalImpression: {
    schema: clinicalImpression,
    description: 'Assessment by a physician.',
    page: 'clinicalimpression',
  },
  Location: {
    schema: location,
    description: 'A place, or a helicopter, aeroplane or car. Positions are WGS84 decimal degrees.',
    page: 'location',
  },
  Organization: { schema: organization, description: 'A party, by organisation number.', page: 'organization' },
  NewSubscription: { schema: created, description: 'A new Subscription.', page: 'subscription' },
  ChangedSubscription: {
    schema: changed,
    description: 'A Subscription that replaces an existing one. Status `off` ends it.',
    page: 'subscription',
  },
  Meta: { schema: meta, description: '`security` with the code `HTEST` marks an exercise.', page: 'resource' },
  Coding: { schema: coding, description: 'A code of a code system.', page: 'datatypes' },
  CodeableConcept: { schema: codeableConcept, description: 'Codes and text.', page: 'datatypes' },
  Identifier: {
    schema: identifier,
    description: 'A system and a value.',
    page: 'datatypes',
  },
  Reference: { schema: reference, description: 'By `reference`, or by `identifier`.', page: 'references' },
};

/** The schemas of `read` as JSON Schema. A schema that contains another one refers to it. */
const schemasOfReading = (): Readonly<Record<string, Node>> => {
  const registry = z.registry<{ id: string }>();
  for (const [id, { schema }] of Object.entries(read)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(read).map(([id, { description, page }]) => {
      const { $schema: _dialect, $id: _id, ...schema } = schemas[id] ?? {};
      return [id, { title: id, description, externalDocs: r4(page), ...schema }];
    }),
  );
};

const [guideline] = firstGuidelines;

const codes: ReadonlyMap<string, readonly string[]> = new Map(
  codeSystems({ version: '', date: '' }, firstGuidelines, guideline.validFrom).map(({ id = '', concept = [] }) => [
    id,
    concept.map(({ code }) => code),
  ]),
);

const wordsOf = ({ what, codes: system }: ElementRule): string =>
  system === undefined
    ? what
    : `${what} Codes of \`${system}\`: ${(codes.get(system) ?? []).map((code) => `\`${code}\``).join(', ')}.`;

/** Values that the hub's rules accept, where its schemas accept any. */
const values: Readonly<Record<string, Node>> = { priority: { enum: codesOf(urgencies) } };

/** Rules of one resource as a schema: required elements, and a description of each element. */
const ruled = (type: MessageType, resource: string): Node => {
  const rules = rulesOf(type).flatMap((rule) => {
    const [of, element = '', ...deeper] = rule.path.split('.');
    return of === resource ? [{ rule, element, isWhole: deeper.length === 0 }] : [];
  });
  const needed = [
    ...new Set(rules.flatMap(({ rule, element, isWhole }) => (isWhole && rule.required === 'always' ? [element] : []))),
  ];
  const properties = new Map<string, string[]>();
  for (const { rule, element } of rules) properties.set(element, [...(properties.get(element) ?? []), wordsOf(rule)]);
  return {
    ...(needed.length === 0 ? {} : { required: needed }),
    properties: Object.fromEntries(
      [...properties].map(([name, words]) => [name, { description: words.join(' '), ...values[name] }]),
    ),
  };
};

export const messageSchemaName = ({ event }: MessageType): string => pascal(event);

/** A message of one type: its header has the event code, and it contains the focus resource. */
const messageSchema = (type: MessageType): Node => {
  const header = ruled(type, 'MessageHeader');
  const resource = type.focus?.resource;
  const isNeeded = resource !== undefined && type.focusOptional !== true;
  return {
    title: type.title,
    description: type.purpose,
    allOf: [schemaRef('Message')],
    properties: {
      entry: {
        maxItems: mostEntries,
        prefixItems: [
          {
            title: 'The MessageHeader',
            properties: {
              resource: {
                allOf: [
                  schemaRef('MessageHeader'),
                  ...(isNeeded ? [{ required: ['focus'], properties: { focus: { minItems: 1 } } }] : []),
                ],
                ...header,
                properties: {
                  eventCoding: {
                    properties: { system: { const: systems.event }, code: { const: eventCodeOf(type) } },
                    required: ['system', 'code'],
                  },
                  ...(typeof header['properties'] === 'object' ? header['properties'] : {}),
                },
              },
            },
          },
        ],
        ...(!isNeeded
          ? {}
          : {
              contains: {
                title: `The focus, a ${resource}`,
                properties: {
                  resource: {
                    allOf: [schemaRef(resource)],
                    type: 'object',
                    properties: { resourceType: { const: resource } },
                    ...ruled(type, resource),
                  },
                },
              },
            }),
      },
    },
  };
};

/** An answer of the hub, with the elements on which clients depend. All answers are FHIR R4. */
const resource = (type: string, description: string, more: Node = {}): Node => ({
  title: type,
  description,
  externalDocs: r4(type.toLowerCase()),
  type: 'object',
  required: ['resourceType'],
  properties: { resourceType: { type: 'string', const: type }, ...more },
});

const text = { type: 'string' };
const instant = { type: 'string', format: 'date-time' };

/** A searchset of one type, and of a type that may be included. */
export const searchsetOf = (type: string, included?: string): Node => ({
  title: `Searchset of ${type}`,
  allOf: [schemaRef('Searchset')],
  properties: {
    entry: {
      items: {
        properties: {
          resource: included === undefined ? schemaRef(type) : { anyOf: [schemaRef(type), schemaRef(included)] },
        },
      },
    },
  },
});

const link = {
  type: 'array',
  items: { type: 'object', required: ['relation', 'url'], properties: { relation: text, url: text } },
};

const parameters = { type: 'array', items: { type: 'object', required: ['name'], properties: { name: text } } };

const answered: Readonly<Record<string, Node>> = {
  Resource: {
    title: 'Resource',
    description: 'Any FHIR R4 resource.',
    externalDocs: r4('resource'),
    type: 'object',
    required: ['resourceType'],
    properties: { resourceType: { type: 'string', pattern: '^[A-Z][A-Za-z]+$' }, id: text, meta: schemaRef('Meta') },
  },
  OperationOutcome: resource(
    'OperationOutcome',
    'A refusal: one issue for each fault. Or warnings in the answer to a message, or what a check of a token found.',
    {
      id: { ...text, description: 'The correlation id. Give it when you contact the hub operations team.' },
      issue: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['severity', 'code', 'details'],
          properties: {
            severity: { type: 'string', enum: ['error', 'warning', 'information'] },
            code: { ...text, description: 'FHIR IssueType.' },
            details: {
              type: 'object',
              required: ['text'],
              properties: {
                coding: {
                  type: 'array',
                  description: 'The stable code to program against; for a fault also the side that must act.',
                  items: {
                    type: 'object',
                    required: ['system', 'code'],
                    anyOf: [
                      {
                        properties: {
                          system: { const: systems.fault },
                          code: { type: 'string', enum: codesOf(faults) },
                        },
                      },
                      {
                        properties: {
                          system: { const: systems.faultOrigin },
                          code: {
                            type: 'string',
                            enum: [...new Set(codesOf(faults).map((code) => faults[code].origin))],
                          },
                        },
                      },
                      {
                        properties: {
                          system: { const: systems.warning },
                          code: { type: 'string', enum: codesOf(warnings) },
                        },
                      },
                      {
                        properties: {
                          system: { const: systems.tokenFault },
                          code: { type: 'string', enum: codesOf(tokenFaults) },
                        },
                      },
                    ],
                  },
                },
                text: { ...text, description: 'What to do, as text for people.' },
              },
            },
            diagnostics: { ...text, description: 'The particulars of this fault or warning.' },
            expression: {
              type: 'array',
              items: text,
              description: 'The place of the fault: FHIRPath, or `http.<header or parameter>` outside the body.',
            },
          },
        },
      },
    },
  ),
  Reply: {
    title: 'Answer to a message',
    description:
      'A message. `response.identifier` names the message that it answers. `focus` has the identifier of the mission and its version, and every Task that the message opened or changed. The Tasks follow as entries.',
    externalDocs: r4('messaging'),
    type: 'object',
    required: ['resourceType', 'id', 'type', 'timestamp', 'entry'],
    properties: {
      resourceType: { type: 'string', const: 'Bundle' },
      id: text,
      type: { type: 'string', const: 'message' },
      timestamp: { ...instant, description: 'When the hub received the message.' },
      entry: {
        type: 'array',
        minItems: 1,
        prefixItems: [
          {
            properties: {
              resource: {
                allOf: [schemaRef('MessageHeader')],
                required: ['response'],
                properties: {
                  response: {
                    type: 'object',
                    required: ['identifier', 'code'],
                    properties: {
                      identifier: { ...text, description: '`MessageHeader.id` of the message that is answered.' },
                      code: { type: 'string', const: 'ok' },
                      details: {
                        ...schemaRef('Reference'),
                        description:
                          'An OperationOutcome with warnings: parties that are not notified, content that is not valid R4.',
                      },
                    },
                  },
                },
              },
            },
          },
        ],
        items: {
          type: 'object',
          properties: { resource: { anyOf: [schemaRef('Task'), schemaRef('OperationOutcome')] } },
        },
      },
    },
  },
  Searchset: {
    title: 'Searchset',
    description: 'The matches. `Bundle.link` with relation `next` has the next page. Use that URL unchanged.',
    externalDocs: r4('bundle'),
    type: 'object',
    required: ['resourceType', 'type', 'link'],
    properties: {
      resourceType: { type: 'string', const: 'Bundle' },
      type: { type: 'string', const: 'searchset' },
      total: { type: 'integer', minimum: 0, description: 'Left out if counting would require reading all matches.' },
      link,
      entry: {
        type: 'array',
        description: 'Left out if nothing was found.',
        items: {
          type: 'object',
          required: ['resource', 'search'],
          properties: {
            fullUrl: text,
            resource: schemaRef('Resource'),
            search: { type: 'object', properties: { mode: { type: 'string', enum: ['match', 'include', 'outcome'] } } },
          },
        },
      },
    },
  },
  Subscription: resource('Subscription', 'A Subscription, readable by its owner. Header lines are never shown.', {
    id: text,
    status: {
      type: 'string',
      enum: ['requested', 'active', 'error', 'off'],
      description: '`active` after the endpoint has answered 2xx to a handshake; `error` while it does not answer.',
    },
    error: { ...text, description: 'The last answer of the endpoint, if it was an error.' },
    reason: text,
    criteria: text,
    channel: {
      type: 'object',
      required: ['type', 'endpoint'],
      properties: { type: { const: 'rest-hook' }, endpoint: text },
    },
  }),
  SubscriptionStatus: resource(
    'Parameters',
    'The state of a subscription (profile `backport-subscription-status-r4`): `status`, `type`, `events-since-subscription-start`, and a `notification-event` for each event.',
    { parameter: parameters },
  ),
  SecretRotation: resource('Parameters', 'The new secret, and the time until which the former secret also signs.', {
    parameter: {
      type: 'array',
      minItems: 1,
      maxItems: 2,
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', enum: ['secret', 'formerSecretUntil'] },
          valueString: { ...text, pattern: '^whsec_' },
          valueInstant: instant,
        },
      },
    },
  }),
  Parameters: resource('Parameters', 'Parameters of an operation, as an alternative to the query.', {
    parameter: parameters,
  }),
  Notification: {
    title: 'Notification',
    description:
      'A Bundle of type `history` (profile `backport-subscription-notification-r4`). The first entry is the status. Depending on the content of the subscription, the mission, the changed Tasks and every resource of the message as it was sent follow.',
    externalDocs: {
      url: 'https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/notifications.html',
      description: 'Subscriptions R5 Backport, notifications',
    },
    type: 'object',
    required: ['resourceType', 'id', 'type', 'timestamp', 'entry'],
    properties: {
      resourceType: { type: 'string', const: 'Bundle' },
      id: text,
      meta: schemaRef('Meta'),
      type: { type: 'string', const: 'history' },
      timestamp: instant,
      link,
      entry: {
        type: 'array',
        minItems: 1,
        prefixItems: [{ required: ['resource'], properties: { resource: schemaRef('SubscriptionStatus') } }],
        items: {
          type: 'object',
          required: ['request', 'response'],
          properties: {
            fullUrl: text,
            resource: schemaRef('Resource'),
            request: { type: 'object', required: ['method', 'url'], properties: { method: text, url: text } },
            response: { type: 'object', required: ['status'], properties: { status: text } },
          },
        },
      },
    },
  },
  Provenance: resource(
    'Provenance',
    'One history entry: sender, time, decision, reason. In codes, and as a narrative (`text`).',
  ),
  Communication: resource(
    'Communication',
    'A receipt: the message of which a party was notified, the time, and the number of attempts.',
  ),
  AuditEvent: resource('AuditEvent', 'One read in the access log: reader, time, what was read, and in which role.'),
  Endpoint: resource('Endpoint', 'The address for notifications to a party of the directory.'),
  CapabilityStatement: resource('CapabilityStatement', 'The capabilities of the hub.'),
  ...Object.fromEntries(
    publishedTypes.map((type) => [
      type,
      resource(type, 'A published definition of the hub.', { id: text, url: text, version: text }),
    ]),
  ),
};

/** All schemas, by name. */
export const schemas = (messages: readonly MessageType[]): Readonly<Record<string, Node>> => ({
  ...Object.fromEntries(messages.map((type) => [messageSchemaName(type), messageSchema(type)])),
  ...schemasOfReading(),
  ...answered,
});
