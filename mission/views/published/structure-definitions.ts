import type { ElementDefinition, StructureDefinition } from 'fhir/r4.d.ts';
import { catalogue, eventCodeOf } from '../../../schemas/messages/catalogue.ts';
import type { ElementRule, Focus, MessageType } from '../../../schemas/messages/message-type.ts';
import { systems } from '../../../schemas/names.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';
import { valueSetUrl } from './value-sets.ts';

type Profiled = Focus['resource'] | 'MessageHeader';

/** The types of resource that messages are about, and their header. */
export const profiledTypes = (): readonly Profiled[] => [
  ...new Set<Profiled>(['MessageHeader', ...catalogue.flatMap(({ focus }) => focus?.resource ?? [])]),
];

export const profileId = (event: string, resource: Profiled): string => `${event}-${resource.toLowerCase()}`;

/** Elements with rules, in the order in which R4 has them: a differential must keep it. */
const elementOrder: Readonly<Record<Profiled, readonly string[]>> = {
  MessageHeader: ['event[x]', 'destination', 'author', 'focus'],
  ServiceRequest: ['requisition', 'status', 'priority', 'locationReference', 'reasonCode'],
  Task: [
    'id',
    'partOf',
    'status',
    'statusReason',
    'businessStatus',
    'code',
    'description',
    'location',
    'reasonCode',
    'restriction',
    'input',
    'output',
  ],
  ClinicalImpression: ['status', 'summary', 'finding'],
  Location: ['identifier', 'operationalStatus', 'type', 'position'],
  CommunicationRequest: ['status', 'medium', 'about', 'payload', 'recipient'],
};

/** Elements of which a resource may have many, and where in each the codes stand: beside those of others. */
const manyConcepts: Readonly<Record<string, string>> = {
  'ServiceRequest.reasonCode': 'ServiceRequest.reasonCode',
  'Location.type': 'Location.type',
  'Task.input': 'Task.input.type',
  'Task.output': 'Task.output.type',
  'ClinicalImpression.finding': 'ClinicalImpression.finding.itemCodeableConcept',
};

const element = (path: string, rest: Omit<ElementDefinition, 'id' | 'path'>): ElementDefinition => ({
  id: path,
  path,
  ...rest,
});

const elementsOf = ({ path, required, what, codes }: ElementRule): readonly ElementDefinition[] => {
  const needed = required === 'always' ? { min: 1 } : {};
  const words = { short: what, ...needed, mustSupport: true };
  if (codes === undefined) return [element(path, words)];
  const conceptPath = manyConcepts[path] ?? path;
  // A profile refuses nothing that the hub takes: what may be left out may also be said in words only, or in codes of others.
  const strength = required === 'always' && manyConcepts[path] === undefined ? 'required' : 'extensible';
  const binding = { strength, valueSet: valueSetUrl(codes) } as const;
  return conceptPath === path
    ? [element(path, { ...words, binding })]
    : [element(path, words), element(conceptPath, { binding })];
};

/** Where many concepts may stand, at least one has a code of the hub's. */
const constraintsOf = (event: string, rules: readonly ElementRule[]): NonNullable<ElementDefinition['constraint']> =>
  rules.flatMap(({ path, required, codes }) => {
    const conceptPath = manyConcepts[path];
    if (required !== 'always' || codes === undefined || conceptPath === undefined) return [];
    const [, ...steps] = conceptPath.split('.');
    const system = canonicalOf('CodeSystem', codes);
    return [
      {
        key: `${event}-${steps[0]}`,
        severity: 'error' as const,
        human: `At least one ${steps.join('.')} has a code of ${system}.`,
        expression: `${steps.join('.')}.coding.where(system = '${system}').exists()`,
      },
    ];
  });

const profile = (
  type: MessageType,
  resource: Profiled,
  own: readonly ElementDefinition[],
  { version, date }: Edition,
): StructureDefinition => {
  const id = profileId(type.event, resource);
  const rules = type.elements.filter(({ path }) => path.startsWith(`${resource}.`));
  const constraint = constraintsOf(type.event, rules);
  const order = elementOrder[resource];
  const place = ({ path }: ElementDefinition): number => order.indexOf(path.split('.')[1] ?? '');
  const ruled = rules.flatMap(elementsOf);
  const more = own.filter(({ path }) => !ruled.some((one) => one.path === path));
  return {
    ...artefact('StructureDefinition', id, `${type.title}: ${resource}`, version),
    date,
    description: `What the hub reads of the ${resource} in a message \`${type.event}\`. Whatever else it holds is passed on untouched.`,
    fhirVersion: '4.0.1',
    kind: 'resource',
    abstract: false,
    type: resource,
    baseDefinition: `http://hl7.org/fhir/StructureDefinition/${resource}`,
    derivation: 'constraint',
    differential: {
      element: [
        element(resource, { short: type.title, ...(constraint.length === 0 ? {} : { constraint }) }),
        ...[...more, ...ruled].sort((a, b) => place(a) - place(b)),
      ],
    },
  };
};

/** Names the message, and what it is about where it must be about something. */
const headerElements = (type: MessageType): readonly ElementDefinition[] => [
  element('MessageHeader.event[x]', {
    type: [{ code: 'Coding' }],
    patternCoding: { system: systems.event, code: eventCodeOf(type) },
  }),
  ...(type.focus === undefined || type.focusOptional === true ? [] : [element('MessageHeader.focus', { min: 1 })]),
];

/** For each message a profile of its header and one of the resource it is about. */
export const structureDefinitions = (edition: Edition): readonly StructureDefinition[] =>
  catalogue.flatMap((type) => [
    profile(type, 'MessageHeader', headerElements(type), edition),
    ...(type.focus === undefined ? [] : [profile(type, type.focus.resource, [], edition)]),
  ]);
