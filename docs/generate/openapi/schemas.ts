import * as z from 'zod';
import { codeSystems } from '../../../schemas/published/code-systems.ts';
import { rulesOf } from '../../../schemas/published/rules.ts';
import { codesOf, urgencies } from '../../../schemas/codes.ts';
import { mostEntries } from '../../../schemas/messages/read-message.ts';
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
import { type Node, pascal, schemaRef } from './node.ts';

/** `components.schemas`: what the hub reads, from its own schemas; what it answers, as far as a client leans on it. */
const r4 = (page: string): Node => ({ url: `https://hl7.org/fhir/R4/${page}.html`, description: `FHIR R4, ${page}` });

/** What is said of a schema of the hub's own. */
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
      'What the message is (`eventCoding`), to whom (`destination.receiver`), about what (`focus`), and who decided (`author`). Its `id` is the identity of the message, however often it is sent.',
    page: 'messageheader',
  },
  ServiceRequest: {
    schema: serviceRequest,
    description: 'The mission. The hub answers it with its own identifier and with references to what was sent.',
    page: 'servicerequest',
  },
  Task: {
    schema: task,
    description:
      'An ask to a party. The hub gives it an id: the mission, a full stop, and the number of the message that opened it.',
    page: 'task',
  },
  ClinicalImpression: {
    schema: clinicalImpression,
    description: 'What a physician finds.',
    page: 'clinicalimpression',
  },
  Location: {
    schema: location,
    description: 'A place, or a helicopter, aeroplane or car. Positions are WGS84 decimal degrees.',
    page: 'location',
  },
  Organization: { schema: organization, description: 'A party, by organisation number.', page: 'organization' },
  NewSubscription: { schema: created, description: 'A Subscription that is to be created.', page: 'subscription' },
  ChangedSubscription: {
    schema: changed,
    description: 'A Subscription that takes the place of one. `off` ends it.',
    page: 'subscription',
  },
  Meta: { schema: meta, description: '`security` with the code `HTEST` marks an exercise.', page: 'resource' },
  Coding: { schema: coding, description: 'A code of a code system.', page: 'datatypes' },
  CodeableConcept: { schema: codeableConcept, description: 'Codes, and words.', page: 'datatypes' },
  Identifier: {
    schema: identifier,
    description: 'A system and a value.',
    page: 'datatypes',
  },
  Reference: { schema: reference, description: 'By `reference`, or by `identifier`.', page: 'references' },
};

/** The schemas of `read` as JSON Schema; those that hold others point to them. */
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

/** Values that the hub's rules take, where its schemas take any. */
const values: Readonly<Record<string, Node>> = { priority: { enum: codesOf(urgencies) } };

/** Rules of one resource as a schema: what is needed, and what each element is. */
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

/** A message of one type: its header says so, and it holds what it is about. */
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
                title: `The ${resource} it is about`,
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

/** What the hub answers, by what a client leans on; all of it is FHIR R4. */
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

/** A searchset of one type, and of what may come with it. */
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
  OperationOutcome: resource('OperationOutcome', 'A refusal: one issue for each thing that is wrong.', {
    id: { ...text, description: 'The correlation id. Give it when you call the people of the hub.' },
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
                description: 'The stable code to program against, and who has to act.',
                items: {
                  type: 'object',
                  required: ['system', 'code'],
                  anyOf: [
                    {
                      properties: { system: { const: systems.fault }, code: { type: 'string', enum: codesOf(faults) } },
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
                  ],
                },
              },
              text: { ...text, description: 'What to do, for people.' },
            },
          },
          diagnostics: { ...text, description: 'What is special about this one.' },
          expression: {
            type: 'array',
            items: text,
            description: 'Where: FHIRPath, or `http.<header or parameter>` outside the body.',
          },
        },
      },
    },
  }),
  Reply: {
    title: 'Answer to a message',
    description:
      'A message that names the one it answers. `focus` has the identifier of the mission and its version, and every Task that the message opened or moved; the Tasks follow as entries.',
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
                      identifier: { ...text, description: 'The `MessageHeader.id` that is answered.' },
                      code: { type: 'string', const: 'ok' },
                      details: {
                        ...schemaRef('Reference'),
                        description:
                          'An OperationOutcome with a warning: organisations that were addressed but not notified.',
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
    description: 'What was found. Where it goes on says `link` with the relation `next`; follow it as it is.',
    externalDocs: r4('bundle'),
    type: 'object',
    required: ['resourceType', 'type', 'link'],
    properties: {
      resourceType: { type: 'string', const: 'Bundle' },
      type: { type: 'string', const: 'searchset' },
      total: { type: 'integer', minimum: 0, description: 'Left out where counting would cost a read of everything.' },
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
  Subscription: resource('Subscription', 'As its owner reads it. Header lines are never shown.', {
    id: text,
    status: {
      type: 'string',
      enum: ['requested', 'active', 'error', 'off'],
      description: '`active` once the endpoint has answered 2xx to a handshake; `error` while it does not answer.',
    },
    error: { ...text, description: 'What the endpoint answered last, if it is an error.' },
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
  SecretRotation: resource('Parameters', 'The new secret, and until when the former one signs as well.', {
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
      'A Bundle of type `history` (profile `backport-subscription-notification-r4`). The first entry is the status; then, as the subscription asked for, the mission, the Tasks that changed, and every resource of the message as it was sent.',
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
  Provenance: resource('Provenance', 'Who said what when on which ground, in codes and as a narrative (`text`).'),
  Communication: resource(
    'Communication',
    'A receipt: the message that a party was notified of, when, after how many attempts.',
  ),
  AuditEvent: resource('AuditEvent', 'A read: who, when, what, as what.'),
  Endpoint: resource('Endpoint', 'The address that notifications to a party of the directory go to.'),
  CapabilityStatement: resource('CapabilityStatement', 'What the hub can do.'),
  ...Object.fromEntries(
    publishedTypes.map((type) => [
      type,
      resource(type, 'What the hub publishes of itself.', { id: text, url: text, version: text }),
    ]),
  ),
};

/** All schemas, by name. */
export const schemas = (messages: readonly MessageType[]): Readonly<Record<string, Node>> => ({
  ...Object.fromEntries(messages.map((type) => [messageSchemaName(type), messageSchema(type)])),
  ...schemasOfReading(),
  ...answered,
});
