import { entryAddress, missionIdOf, resourceAddress } from '../../../schemas/identifiers.ts';
import type { Trait } from './refusals.ts';

/** The texts of the API reference for each operation, and the sample to try it with. */

/** The mission that the examples are about: the first one of `partner/examples/README.md`. */
export const mission = missionIdOf('311000012', '04c8de49-8afd-4414-a200-e8e65685790e');
const ofMission = `ServiceRequest/${mission}`;

export const tags = [
  {
    name: 'Directory',
    description: 'Parties by organisation number, and whether the hub can reach them by machine.',
  },
  { name: 'Messages', description: 'Every message goes to one address. The MessageHeader names the message type.' },
  {
    name: 'Notifications',
    description:
      'Subscribe once. The hub then sends your notifications signed, numbered and in order, with retries. You can fetch those that you missed.',
  },
  { name: 'Missions and Tasks', description: 'Your worklist, and the current state of a mission.' },
  {
    name: 'Resources',
    description: 'Helicopters, aeroplanes and cars: position and availability.',
  },
  {
    name: 'History',
    description: 'Decisions with person, time and reason, receipts, and the access log of a mission.',
  },
  {
    name: 'Published definitions',
    description: 'Capabilities, codes, messages and profiles of the hub. No token is needed.',
  },
] as const;

type Tag = (typeof tags)[number]['name'];

export interface Given {
  readonly tag: Tag;
  readonly summary: string;
  /** Client of the sample directory for which the example works. */
  readonly as?: string;
  /** Parameters that must be given. */
  readonly required?: readonly string[];
  /** Values that the page fills in, by parameter. */
  readonly example?: Readonly<Record<string, string>>;
  readonly traits?: readonly Trait[];
  readonly description?: string;
  /** Header fields of the answer. */
  readonly headers?: readonly string[];
  /** The operation can also answer with an HTML page. */
  readonly page?: true;
}

const requester = 'amk-innlandet';
export const coordinator = 'amk-la-oslo';

/** Texts of reads and searches that the CapabilityStatement does not have. */
const given: Readonly<Record<string, Given>> = {
  'search Organization': {
    tag: 'Directory',
    summary: 'Find parties by role, name or number',
    as: requester,
    example: { type: 'hospital' },
    description:
      'Give `type`, `name`, `identifier` or `_id`. Roles: `local-amk`, `amk-la`, `operator`, `hospital`, `observer`, `quality`. The extension `machine-contact` says whether the hub can reach the party by machine.',
  },
  'read Organization': {
    tag: 'Directory',
    summary: 'Read a party',
    as: requester,
    example: { id: '314000013' },
  },
  'read Endpoint': {
    tag: 'Directory',
    summary: 'Read the notification address of a party',
    as: requester,
    example: { id: '314000013' },
  },
  'search Task': {
    tag: 'Missions and Tasks',
    summary: 'Search your worklist',
    as: coordinator,
    example: { owner: 'Organization/312000016' },
    traits: ['owner', 'address'],
    description:
      'Give one of `owner`, `requester`, `based-on` and `_id`. `owner`, your own organisation, gives your worklist: the Task that has waited longest first, finished Tasks last. `requester`, your own organisation, gives what you have asked of others. `status=requested` selects Tasks that no person has seen. `based-on` gives the Tasks of one mission.',
  },
  'read Task': {
    tag: 'Missions and Tasks',
    summary: 'Read a Task',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'read ServiceRequest': {
    tag: 'Missions and Tasks',
    summary: 'Read a mission',
    as: requester,
    example: { id: mission },
    headers: ['ETag', 'Last-Modified'],
    description:
      'The current state of the mission. When you decide on it, send the version in `ETag` back in `If-Match`.',
  },
  'search ServiceRequest': {
    tag: 'Missions and Tasks',
    summary: 'Find your missions, or those of a large event',
    as: requester,
    traits: ['owner'],
    example: { requester: 'Organization/311000012' },
    description:
      'Give `requester` (an AMK: the missions that it requested) or `performer` (an AMK LA: those that it coordinates now) with your own organisation, newest first; `identifier` with a mission number or a case number of the requester; `_id`; or `requisition`, the identifier of a large event.',
  },
  'read Bundle': {
    tag: 'Missions and Tasks',
    summary: 'Read a message as it was sent',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'read {type}': {
    tag: 'Missions and Tasks',
    summary: 'Read one resource of a message',
    as: requester,
    example: { type: 'Patient', id: resourceAddress(mission, 1, 2) },
    description:
      'Patients, Conditions, Observations and every other resource that was sent. The references in the mission have this form: `{type}/{mission}.{entry}.{index}`.',
  },
  'search Location': {
    tag: 'Resources',
    summary: 'Search the resources of all regions',
    as: coordinator,
    traits: ['roles'],
    description:
      'An AMK LA sees the resources of all operators; an operator sees its own. Open Tasks of a resource are included.',
  },
  'read Location': {
    tag: 'Resources',
    summary: 'Read a resource or a place',
    as: requester,
    example: { id: 'helipad-314000013' },
  },
  'history ServiceRequest': {
    tag: 'History',
    summary: 'Read the history of a mission',
    as: requester,
    example: { id: mission },
    traits: ['search'],
    page: true,
    description:
      'One Provenance for each message of the mission that concerns you, in order. `_format=html` gives a page for reading and printing.',
  },
  'search Provenance': {
    tag: 'History',
    summary: 'Search the history of a mission',
    as: requester,
    required: ['target'],
    example: { target: ofMission },
    traits: ['address'],
    page: true,
  },
  'read Provenance': {
    tag: 'History',
    summary: 'Read one history entry',
    as: requester,
    example: { id: entryAddress(mission, 1) },
  },
  'search Communication': {
    tag: 'History',
    summary: 'Read the receipts',
    as: requester,
    required: ['part-of'],
    example: { 'part-of': ofMission },
    traits: ['address'],
  },
  'search AuditEvent': {
    tag: 'History',
    summary: 'Search the access log',
    as: requester,
    required: ['entity'],
    example: { entity: ofMission },
    traits: ['address'],
  },
  'search Subscription': { tag: 'Notifications', summary: 'List your subscriptions', as: coordinator },
  'read Subscription': { tag: 'Notifications', summary: 'Read a subscription', as: coordinator },
};

export const of = (key: string): Given => {
  const found = given[key];
  if (found === undefined) throw new Error(`The API reference has no text for: ${key}`);
  return found;
};
