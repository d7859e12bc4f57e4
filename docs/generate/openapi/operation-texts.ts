import { entryAddress, missionIdOf, resourceAddress } from '../../../schemas/identifiers.ts';
import type { Trait } from './refusals.ts';

/** What the API reference says of each operation, and with which sample it can be tried. */

/** `paths`: every operation as partners call it. Reads and searches are those of the CapabilityStatement. */
/** The mission that the examples are about: the first one of `partner/examples/README.md`. */
export const mission = missionIdOf('311000012', '04c8de49-8afd-4414-a200-e8e65685790e');
const ofMission = `ServiceRequest/${mission}`;

export const tags = [
  {
    name: 'Find whom to ask',
    description: 'The directory: parties by organisation number, and whether the hub reaches them by machine.',
  },
  { name: 'Send', description: 'Every message goes to one address. What it is says its header.' },
  {
    name: 'Be notified',
    description:
      'Subscribe once, and the hub sends each notification until you have it: signed, in order, numbered. What you missed waits for you.',
  },
  { name: 'Work', description: 'What waits for you, and the mission as it is now.' },
  {
    name: 'See resources',
    description: 'Helicopters, aeroplanes and cars: where they are, and whether they are free.',
  },
  { name: 'Look back', description: 'Decisions with person, time and reason, receipts, and reads of a mission.' },
  {
    name: 'What the hub publishes',
    description: 'Open to everyone: what it can do, its codes, messages and profiles.',
  },
] as const;

type Tag = (typeof tags)[number]['name'];

export interface Given {
  readonly tag: Tag;
  readonly summary: string;
  /** Client of the sample directory that the example works for. */
  readonly as?: string;
  /** Parameters that must be given. */
  readonly required?: readonly string[];
  /** Values that the page is filled in with, by parameter. */
  readonly example?: Readonly<Record<string, string>>;
  readonly traits?: readonly Trait[];
  readonly description?: string;
  /** Header fields of the answer. */
  readonly headers?: readonly string[];
  /** What else than JSON is answered. */
  readonly page?: true;
}

const requester = 'amk-innlandet';
export const coordinator = 'amk-la-oslo';

/** What the CapabilityStatement does not say of a read or a search. */
const given: Readonly<Record<string, Given>> = {
  'search Organization': {
    tag: 'Find whom to ask',
    summary: 'Find parties by role',
    as: requester,
    required: ['type'],
    example: { type: 'hospital' },
    description:
      'Roles: `local-amk`, `amk-la`, `operator`, `hospital`, `observer`, `quality`. The extension `machine-contact` says whether the hub reaches the party by machine.',
  },
  'read Organization': {
    tag: 'Find whom to ask',
    summary: 'Read a party',
    as: requester,
    example: { id: '314000013' },
  },
  'read Endpoint': {
    tag: 'Find whom to ask',
    summary: 'Read the notification address of a party',
    as: requester,
    example: { id: '314000013' },
  },
  'search Task': {
    tag: 'Work',
    summary: 'See what waits for you',
    as: coordinator,
    example: { owner: 'Organization/312000016' },
    traits: ['owner', 'address'],
    description:
      'Your worklist with `owner`, longest waiting first, those that are done last; `status=requested` is what nobody of yours has seen. Or the Tasks of one mission with `based-on`. One of the two must be given.',
  },
  'read Task': { tag: 'Work', summary: 'Read a Task', as: requester, example: { id: entryAddress(mission, 1) } },
  'read ServiceRequest': {
    tag: 'Work',
    summary: 'Read a mission',
    as: requester,
    example: { id: mission },
    headers: ['ETag', 'Last-Modified'],
    description: 'The mission as it is now. Send the version in `ETag` back in `If-Match` when you decide on it.',
  },
  'search ServiceRequest': {
    tag: 'Work',
    summary: 'See a large event as a whole',
    as: requester,
    required: ['requisition'],
    example: { requisition: 'https://amk-innlandet.example/sid/stor-hendelse|2026-0214-BUSS-DOVREFJELL' },
  },
  'read Bundle': {
    tag: 'Work',
    summary: 'Read a message as it was sent',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'read {type}': {
    tag: 'Work',
    summary: 'Read one resource of a message',
    as: requester,
    example: { type: 'Patient', id: resourceAddress(mission, 1, 2) },
    description:
      'Patients, Conditions, Observations and all else that was sent: `{type}/{mission}.{entry}.{index}`, as the references in the mission lead to it.',
  },
  'search Location': {
    tag: 'See resources',
    summary: 'See the resources of all regions',
    as: coordinator,
    traits: ['roles'],
    description: 'An AMK LA sees those of all operators, an operator its own. Open Tasks of a resource come with it.',
  },
  'read Location': {
    tag: 'See resources',
    summary: 'Read a resource or a place',
    as: requester,
    example: { id: 'helipad-314000013' },
  },
  'history ServiceRequest': {
    tag: 'Look back',
    summary: 'Read the history of a mission',
    as: requester,
    example: { id: mission },
    traits: ['search'],
    page: true,
    description:
      'One Provenance for each message of the mission that concerns you, in order. `_format=html` is a page for reading and printing. `_history` is the same.',
  },
  'search Provenance': {
    tag: 'Look back',
    summary: 'Search the history of a mission',
    as: requester,
    required: ['target'],
    example: { target: ofMission },
    traits: ['address'],
    page: true,
  },
  'read Provenance': {
    tag: 'Look back',
    summary: 'Read one entry of a history',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'search Communication': {
    tag: 'Look back',
    summary: 'Read the receipts',
    as: requester,
    required: ['part-of'],
    example: { 'part-of': ofMission },
    traits: ['address'],
  },
  'search AuditEvent': {
    tag: 'Look back',
    summary: 'See who looked',
    as: requester,
    required: ['entity'],
    example: { entity: ofMission },
    traits: ['address'],
  },
  'search Subscription': { tag: 'Be notified', summary: 'List your subscriptions', as: coordinator },
  'read Subscription': { tag: 'Be notified', summary: 'Read a subscription', as: coordinator },
};

export const of = (key: string): Given => {
  const found = given[key];
  if (found === undefined) throw new Error(`The API reference says nothing of: ${key}`);
  return found;
};
