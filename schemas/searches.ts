import {
  codesOf,
  missionStatuses,
  resourceAvailabilities,
  resourceEngagements,
  resourceKinds,
  roles,
  taskStatuses,
} from './codes.ts';
import { exerciseCode, systems } from './names.ts';
import { comparable, comparableCallSign } from './text.ts';

/**
 * Every search of the hub: its parameters by resource type. The CapabilityStatement publishes them, and
 * `core/queries/search/` reads and applies them. Parameters that every search takes are in `generalParameters`.
 */

interface Described {
  /** For partners: what the value is. */
  readonly words: string;
  /** Id of R4's SearchParameter. Default: `<type>-<name>`. */
  readonly definition?: string;
}

/** A code or an identifier: `value`, `system|value`, `|value`, `system|` (R4 search.html 3.1.1.4.10). */
export interface TokenParameter extends Described {
  readonly type: 'token';
  /** Every system that the element can have: none, if its values have no system. Absent: any system. */
  readonly systems?: readonly string[];
  /** Every code that the element can have. Absent: any. */
  readonly codes?: readonly string[];
  /** The form in which values are stored and compared. */
  readonly fold?: (value: string) => string;
}

/** A reference: `Type/id`, an id, an absolute URL, with a version; or by `:identifier` (R4 search.html 3.1.1.4.12). */
export interface ReferenceParameter extends Described {
  readonly type: 'reference';
  /** The one type that the element leads to. */
  readonly to: 'Organization' | 'ServiceRequest';
}

/** An instant: a prefix and a date or time of any precision (R4 search.html 3.1.1.4.7). */
export interface DateParameter extends Described {
  readonly type: 'date';
}

/** Begins with the value; with `:contains` or `:exact` accordingly (R4 search.html 3.1.1.4.8). */
export interface StringParameter extends Described {
  readonly type: 'string';
}

/** The same address, character by character (R4 search.html 3.1.1.4.14). */
export interface UriParameter extends Described {
  readonly type: 'uri';
}

export type SearchParameter = TokenParameter | ReferenceParameter | DateParameter | StringParameter | UriParameter;

const id = {
  type: 'token',
  systems: [],
  words: 'One or several ids, separated by commas',
  definition: 'Resource-id',
} as const satisfies TokenParameter;

const lastUpdated = {
  type: 'date',
  words: 'When it changed last, for example `ge2026-02-01T12:00:00+01:00`; a date without time zone is in UTC',
  definition: 'Resource-lastUpdated',
} as const satisfies DateParameter;

const exercises = {
  type: 'token',
  systems: [systems.actReason],
  codes: [exerciseCode],
  words: 'HTEST: exercises instead of real missions',
  definition: 'Resource-security',
} as const satisfies TokenParameter;

const toMission = {
  type: 'reference',
  to: 'ServiceRequest',
  words: 'ServiceRequest/{mission}',
} as const satisfies ReferenceParameter;

const organisation = (words: string) => ({ type: 'reference', to: 'Organization', words }) as const;

const definitions = {
  _id: id,
  url: { type: 'uri', words: 'The canonical URL', definition: 'conformance-url' },
  version: {
    type: 'token',
    systems: [],
    words: 'The version; the code systems of the guideline have several',
    definition: 'conformance-version',
  },
} as const satisfies Readonly<Record<string, SearchParameter>>;

export const searches = {
  Task: {
    _id: id,
    _lastUpdated: lastUpdated,
    owner: organisation('Organization/{organisation number}: the party that is asked. Your own worklist'),
    requester: organisation('Organization/{organisation number}: the party that asks. What you have asked of others'),
    status: {
      type: 'token',
      systems: ['http://hl7.org/fhir/task-status'],
      codes: taskStatuses,
      words: 'One or several statuses, separated by commas',
    },
    'based-on': { ...toMission, words: 'ServiceRequest/{mission}: the Tasks of one mission' },
  },
  ServiceRequest: {
    _id: id,
    _lastUpdated: lastUpdated,
    requester: organisation('Organization/{organisation number}: the AMK that requested it. Your own missions'),
    performer: organisation(
      'Organization/{organisation number}: the AMK LA that coordinates it now. Your own missions',
    ),
    identifier: {
      type: 'token',
      fold: comparable,
      words: 'system|value: the mission number, or a case number of the requester',
      definition: 'clinical-identifier',
    },
    status: {
      type: 'token',
      systems: ['http://hl7.org/fhir/request-status'],
      codes: [...missionStatuses, 'on-hold'],
      words: 'active, on-hold, completed, revoked or entered-in-error, one or several',
    },
    requisition: {
      type: 'token',
      fold: comparable,
      words: 'system|value: the missions of one large event that you may see',
    },
    _security: exercises,
  },
  Provenance: { target: toMission, _id: id, _lastUpdated: lastUpdated },
  Communication: { 'part-of': toMission, _id: id, _lastUpdated: lastUpdated },
  AuditEvent: { entity: toMission, _id: id, _lastUpdated: lastUpdated },
  Location: {
    _id: id,
    _lastUpdated: lastUpdated,
    type: {
      type: 'token',
      systems: [systems.resourceKind],
      codes: codesOf(resourceKinds),
      words: 'Kind of resource',
    },
    'operational-status': {
      type: 'token',
      systems: [systems.resourceAvailability],
      codes: [...codesOf(resourceAvailabilities), ...codesOf(resourceEngagements)],
      words: 'Availability',
    },
    organization: organisation('Organization/{organisation number} of the operator'),
    identifier: { type: 'token', systems: [systems.resource], fold: comparableCallSign, words: 'Call sign' },
    _security: exercises,
  },
  Organization: {
    _id: id,
    type: { type: 'token', systems: [systems.partyRole], codes: codesOf(roles), words: 'Role' },
    name: { type: 'string', words: 'Beginning of the name' },
    identifier: { type: 'token', systems: [systems.organisationNumber], words: 'Organisation number' },
  },
  Subscription: {
    _id: id,
    url: { type: 'uri', words: 'The endpoint, as the subscriber gave it' },
    status: {
      type: 'token',
      systems: ['http://hl7.org/fhir/subscription-status'],
      codes: ['requested', 'active', 'error', 'off'],
      words: 'requested, active or error, one or several',
    },
    criteria: { type: 'string', words: 'Beginning of the topic' },
    type: {
      type: 'token',
      systems: ['http://hl7.org/fhir/subscription-channel-type'],
      codes: ['rest-hook', 'websocket', 'email', 'sms', 'message'],
      words: 'The channel: all have rest-hook',
    },
    payload: {
      type: 'token',
      systems: ['urn:ietf:bcp:13'],
      words: 'The media type of the notifications',
    },
  },
  CodeSystem: definitions,
  ValueSet: definitions,
  MessageDefinition: definitions,
  StructureDefinition: definitions,
  OperationDefinition: definitions,
} as const satisfies Readonly<Record<string, Readonly<Record<string, SearchParameter>>>>;

export type SearchType = keyof typeof searches;
export type ParameterName<Type extends SearchType> = keyof (typeof searches)[Type] & string;

/** Whether the hub has a search of this type. */
export const isSearchType = (type: string): type is SearchType => Object.hasOwn(searches, type);

/** The parameters of a type, by name. */
export const parametersOf = (type: SearchType): Readonly<Record<string, SearchParameter>> => searches[type];

/** The address of R4's own definition of a parameter. */
export const definitionOf = (type: SearchType, name: string, { definition }: SearchParameter): string =>
  `http://hl7.org/fhir/SearchParameter/${definition ?? `${type}-${name}`}`;

/** Rows of a page, if the request does not say otherwise, and at most. */
export const pageRows = { usual: 50, most: 100 } as const;

/** Parameters that every search takes (R4 search.html 3.1.1.5, http.html 3.1.0.1.11). */
export const generalParameters = [
  '_count',
  '_cursor',
  '_elements',
  '_format',
  '_pretty',
  '_summary',
  '_total',
] as const;
