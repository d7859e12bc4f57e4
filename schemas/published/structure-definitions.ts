import type { ElementDefinition, StructureDefinition } from 'fhir/r4.d.ts';
import { catalogue, eventCodeOf } from '../messages/catalogue.ts';
import type { ElementRule, Focus, MessageType } from '../messages/message-type.ts';
import { systems } from '../names.ts';
import { artefact, type Edition } from './artefact.ts';
import { deciderDefinition, deciderUrl } from './decider.ts';
import { focusInvariants, headerInvariants, manyConcepts } from './invariants.ts';
import { rulesOf } from './rules.ts';
import { valueSetUrl } from './value-sets.ts';

type Profiled = Focus['resource'] | 'MessageHeader';

/** Types with profiles: the focus resources of messages, their header, and the author. */
export const profiledTypes = (): readonly (Profiled | 'PractitionerRole')[] => [
  ...new Set<Profiled>(['MessageHeader', ...catalogue.flatMap(({ focus }) => focus?.resource ?? [])]),
  'PractitionerRole',
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
  ClinicalImpression: ['status', 'assessor', 'summary', 'finding'],
  Location: ['identifier', 'operationalStatus', 'type', 'position'],
  CommunicationRequest: ['status', 'medium', 'about', 'payload', 'recipient'],
};

const element = (path: string, rest: Omit<ElementDefinition, 'id' | 'path'>): ElementDefinition => ({
  id: path,
  path,
  ...rest,
});

const elementsOf = ({ path, required, what, codes }: ElementRule): readonly ElementDefinition[] => {
  const needed = required === 'always' ? { min: 1 } : {};
  const words = { short: what, ...needed, mustSupport: true };
  if (path === 'MessageHeader.author' && required === 'always')
    return [element(path, { ...words, type: [{ code: 'Reference', targetProfile: [deciderUrl] }] })];
  if (codes === undefined) return [element(path, words)];
  const conceptPath = manyConcepts[path] ?? path;
  // A profile must not refuse what the hub accepts: an optional concept may have only text, or codes of other systems.
  const strength = required === 'always' && manyConcepts[path] === undefined ? 'required' : 'extensible';
  const binding = { strength, valueSet: valueSetUrl(codes) } as const;
  return conceptPath === path
    ? [element(path, { ...words, binding })]
    : [element(path, words), element(conceptPath, { binding })];
};

const profile = (
  type: MessageType,
  resource: Profiled,
  own: readonly ElementDefinition[],
  { version, date }: Edition,
): StructureDefinition => {
  const id = profileId(type.event, resource);
  const rules = rulesOf(type).filter(({ path }) => path.startsWith(`${resource}.`));
  const constraint = resource === 'MessageHeader' ? headerInvariants(type) : focusInvariants(type, rules);
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
        element(resource, { short: type.title, ...(constraint.length === 0 ? {} : { constraint: [...constraint] }) }),
        ...[...more, ...ruled].sort((a, b) => place(a) - place(b)),
      ],
    },
  };
};

/** Fixes the code of the message. */
const headerElements = (type: MessageType): readonly ElementDefinition[] => [
  element('MessageHeader.event[x]', {
    type: [{ code: 'Coding' }],
    patternCoding: { system: systems.event, code: eventCodeOf(type) },
  }),
];

/** For each message a profile of its header and one of its focus resource; and one profile of the author. */
export const structureDefinitions = (edition: Edition): readonly StructureDefinition[] => [
  ...catalogue.flatMap((type) => [
    profile(type, 'MessageHeader', headerElements(type), edition),
    ...(type.focus === undefined ? [] : [profile(type, type.focus.resource, [], edition)]),
  ]),
  deciderDefinition(edition),
];
