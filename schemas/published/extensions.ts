import type { ElementDefinition, StructureDefinition } from 'fhir/r4.d.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';

interface Extension {
  readonly title: string;
  readonly description: string;
  /** The element that carries it. */
  readonly on: string;
  /** Type of its value, or of the values of its parts. */
  readonly value: string | Readonly<Record<string, string>>;
}

/** What the hub says in its own resources that R4 has no element for, by the last part of the URL. */
const extensions: Readonly<Record<string, Extension>> = {
  'status-since': {
    title: 'Since when a resource has its status',
    description: 'When somebody saw that it began, or when it was decided or asked.',
    on: 'Location.operationalStatus',
    value: 'dateTime',
  },
  'coordinating-organization': {
    title: 'Coordinating AMK LA',
    description:
      'The AMK LA that coordinates the mission of a Task now; it may have been forwarded since the Task was asked for.',
    on: 'Task',
    value: 'Reference',
  },
  'task-count': {
    title: 'How many Tasks of a mission have a status',
    description: 'Given in place of the Tasks to those who may not read them.',
    on: 'ServiceRequest',
    value: { status: 'code', count: 'unsignedInt' },
  },
  'machine-contact': {
    title: 'Whether the hub reaches a party by machine',
    description:
      'active: by each of its subscriptions; partial: by some of them; error: its endpoints do not answer; requested: they have not answered yet; none: it has no subscription, and must be phoned.',
    on: 'Organization',
    value: 'code',
  },
  'notification-host': {
    title: 'Host that notifications may go to',
    description:
      'In the directory: the only hosts to which the notifications of a party go; several may be given. None: any public host.',
    on: 'Organization',
    value: 'string',
  },
  'webhook-secret': {
    title: 'Secret that signs the notifications',
    description: 'Standard Webhooks secret; given once, in the answer to the creation of the subscription.',
    on: 'Subscription.channel',
    value: 'string',
  },
};

const element = (id: string, rest: Omit<ElementDefinition, 'id' | 'path'>): ElementDefinition => ({
  id,
  path: id.replaceAll(/:[^.]+/g, ''),
  ...rest,
});

const simple = (url: string, type: string): readonly ElementDefinition[] => [
  element('Extension.extension', { max: '0' }),
  element('Extension.url', { fixedUri: url }),
  element('Extension.value[x]', { min: 1, type: [{ code: type }] }),
];

const composed = (url: string, parts: Readonly<Record<string, string>>): readonly ElementDefinition[] => [
  element('Extension.extension', {
    min: Object.keys(parts).length,
    slicing: { discriminator: [{ type: 'value', path: 'url' }], rules: 'closed' },
  }),
  ...Object.entries(parts).flatMap(([name, type]) => {
    const slice = `Extension.extension:${name}`;
    return [
      element(slice, { sliceName: name, min: 1, max: '1' }),
      element(`${slice}.url`, { fixedUri: name }),
      element(`${slice}.value[x]`, { min: 1, type: [{ code: type }] }),
    ];
  }),
  element('Extension.url', { fixedUri: url }),
  element('Extension.value[x]', { max: '0' }),
];

/** The definition of every extension that the hub mints. */
export const extensionDefinitions = ({ version, date }: Edition): readonly StructureDefinition[] =>
  Object.entries(extensions).map(([id, { title, description, on, value }]) => {
    const url = canonicalOf('StructureDefinition', id);
    return {
      ...artefact('StructureDefinition', id, title, version),
      date,
      description,
      fhirVersion: '4.0.1',
      kind: 'complex-type',
      abstract: false,
      context: [{ type: 'element', expression: on }],
      type: 'Extension',
      baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
      derivation: 'constraint',
      differential: {
        element: [
          element('Extension', { short: title, definition: description }),
          ...(typeof value === 'string' ? simple(url, value) : composed(url, value)),
        ],
      },
    };
  });
