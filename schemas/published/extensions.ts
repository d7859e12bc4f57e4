import type { ElementDefinition, StructureDefinition } from 'fhir/r4.d.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';

interface Extension {
  readonly title: string;
  readonly description: string;
  /** The element that it extends. */
  readonly on: string;
  /** Type of its value, or of the values of its parts. */
  readonly value: string | Readonly<Record<string, string>>;
}

/** Extensions in the hub's own resources for which R4 has no element, by the last part of their URL. */
const extensions: Readonly<Record<string, Extension>> = {
  'status-since': {
    title: 'Time since which a resource has its status',
    description: 'Time at which the status was observed, decided or requested.',
    on: 'Location.operationalStatus',
    value: 'dateTime',
  },
  'coordinating-organization': {
    title: 'Coordinating AMK LA',
    description:
      'The AMK LA that coordinates the mission of a Task now. The mission may have been forwarded since the Task was opened.',
    on: 'Task',
    value: 'Reference',
  },
  'task-count': {
    title: 'Number of Tasks of a mission with a status',
    description: 'For readers who may not read the Tasks themselves.',
    on: 'ServiceRequest',
    value: { status: 'code', count: 'unsignedInt' },
  },
  'machine-contact': {
    title: 'Whether the hub can reach a party by machine',
    description:
      'active: every subscription works; partial: some of them work; error: no endpoint answers; requested: no endpoint has answered yet; none: it has no subscription and must be phoned.',
    on: 'Organization',
    value: 'code',
  },
  'notification-host': {
    title: 'Host that notifications may go to',
    description:
      'In the directory: the hosts that notifications to a party may go to; several are possible. Without one: any public host.',
    on: 'Organization',
    value: 'string',
  },
  'webhook-secret': {
    title: 'Secret that signs the notifications',
    description: 'Standard Webhooks secret. Shown once, in the answer to the creation of the subscription.',
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

/** The definition of every extension of the hub. */
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
