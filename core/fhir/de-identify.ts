import { type Role, taskStatuses, urgencies } from '../../schemas/codes.ts';
import { entryAddress, isMissionId, parseAddress, resourceAddress } from '../../schemas/identifiers.ts';
import { isObject } from '../../schemas/json/json.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import { exerciseCode, municipalityExtension, systems } from '../../schemas/names.ts';
import { seesNoPerson } from '../mission/access-rules.ts';
import { type Entry, hub } from '../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';
import { absence, isKnownCode, isKnownUnit } from './known-codes.ts';
import { readableEntries } from '../mission/sent-message.ts';

/**
 * De-identification for roles that may not see persons (`seesNoPerson`): an allow-list. An element that is not listed here
 * is not shown. A code is shown only if its system and form are listed, a reference only if it leads to a resource of the
 * hub. So no name, number or free text of a sender is shown, in whatever element it was written.
 */

type Resource = Readonly<Record<string, unknown>>;

/** The part of a value that is shown; `undefined` if nothing is. */
type Keep = (value: unknown) => unknown;

const withheld = { display: 'withheld' };

/** Label of a resource of which a part was removed. */
const redacted = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'REDACTED',
  display: 'redacted',
};

/** Security labels of what is shown without persons. */
export const personFreeSecurity = (exercise: boolean) => ({
  security: [...(securityOf(exercise).security ?? []), redacted],
});

const masked = { coding: [{ system: absence, code: 'masked', display: 'Masked' }] };

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const oneOf =
  (codes: readonly string[] | ReadonlySet<string>): Keep =>
  (value) =>
    [...codes].find((code) => code === value);

const matching =
  (pattern: RegExp): Keep =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined;

/** A measured number; phone numbers and national identity numbers are longer. */
const amount: Keep = (value) =>
  (typeof value === 'number' || JSON.isRawJSON(value)) && Math.abs(Number(JSON.stringify(value))) < 10_000_000
    ? value
    : undefined;
const flag: Keep = (value) => (typeof value === 'boolean' ? value : undefined);
/** FHIR date, dateTime or instant. */
const time = matching(/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?)?)?$/);

const list =
  (keep: Keep): Keep =>
  (value) => {
    const kept = (Array.isArray(value) ? value : [])
      .map((one: unknown) => keep(one))
      .filter((one) => one !== undefined);
    return kept.length === 0 ? undefined : kept;
  };

type Elements = Readonly<Record<string, Keep>>;

const membersOf = (value: unknown, elements: Elements): Resource =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(elements).flatMap(([name, keep]) => {
          const kept = Object.hasOwn(value, name) ? keep(value[name]) : undefined;
          return kept === undefined ? [] : [[name, kept]];
        }),
      )
    : {};

const shape =
  (elements: Elements, isEnough: (kept: Resource) => boolean = () => true): Keep =>
  (value) => {
    const kept = membersOf(value, elements);
    return Object.keys(kept).length > 0 && isEnough(kept) ? kept : undefined;
  };

const codingIn = (value: unknown): { readonly system: string; readonly code: string } | undefined => {
  if (!isObject(value)) return undefined;
  const { system, code } = value;
  return typeof system === 'string' && typeof code === 'string' && isKnownCode(system, code)
    ? { system, code }
    : undefined;
};

const coding: Keep = codingIn;
const concept = shape({ coding: list(coding) });
const period = shape({ start: time, end: time });

const quantity: Keep = (value) => {
  const kept = membersOf(value, { value: amount, comparator: oneOf(['<', '<=', '>=', '>']) });
  if (!isObject(value) || kept['value'] === undefined) return undefined;
  const { system, code, unit } = value;
  if (code === undefined && unit === undefined) return kept;
  return system === 'http://unitsofmeasure.org' && typeof code === 'string' && isKnownUnit(code)
    ? { ...kept, system, code }
    : undefined;
};

/** The version of the guideline that a mission was requested under. */
const guidelineUri: Keep = (uri) => {
  const [system, version, ...rest] = typeof uri === 'string' ? uri.split('|') : [];
  return system === systems.missionCriterion && /^\d{4}\.\d{1,4}$/.test(version ?? '') && rest.length === 0
    ? uri
    : undefined;
};

/** References that are kept: to resources that may be shown, and to the mission and its Tasks. */
const hubReference: Keep = (value) => {
  if (!isObject(value)) return undefined;
  const { reference, identifier } = value;
  if (typeof reference === 'string') {
    const [type = '', id = '', ...rest] = reference.split('/');
    const leads = Object.hasOwn(whitelists, type) && (isMissionId(id) || parseAddress(id) !== undefined);
    if (leads && rest.length === 0) return { reference };
  }
  return isObject(identifier) && identifier['system'] === systems.mission && isMissionId(String(identifier['value']))
    ? { type: 'ServiceRequest', identifier: { system: systems.mission, value: identifier['value'] } }
    : undefined;
};

/** An organisation by its number, never by a name that a sender gave it. */
const organisation: Keep = (value) => {
  const identifier = isObject(value) ? value['identifier'] : undefined;
  if (!isObject(identifier) || identifier['system'] !== systems.organisationNumber) return undefined;
  const known = identifier['value'];
  return typeof known === 'string' && /^\d{9}$/.test(known)
    ? {
        reference: `Organization/${known}`,
        type: 'Organization',
        identifier: { system: systems.organisationNumber, value: known },
      }
    : undefined;
};

const typedValue = shape(
  {
    type: concept,
    valueDateTime: time,
    valueInteger: amount,
    valueQuantity: quantity,
    valueCodeableConcept: concept,
    valueReference: organisation,
  },
  ({ type, ...value }) => type !== undefined && Object.keys(value).length > 0,
);

const value: Elements = {
  valueQuantity: quantity,
  valueCodeableConcept: concept,
  valueInteger: amount,
  valueBoolean: flag,
  valueDateTime: time,
  dataAbsentReason: concept,
};

const isValue = (name: string): boolean => name.startsWith('value') || name === 'dataAbsentReason';

/** A value that is not shown is marked as masked, so that it does not look like a value that was never measured. */
const valued = (kept: Resource, sent: Resource): Resource =>
  Object.keys(sent).some(isValue) && !Object.keys(kept).some(isValue) ? { ...kept, dataAbsentReason: masked } : kept;

const component: Keep = (sent) => {
  const kept = membersOf(sent, { code: concept, ...value });
  return isObject(sent) && kept['code'] !== undefined ? valued(kept, sent) : undefined;
};

const municipality = shape({
  _district: shape({
    extension: list(
      shape(
        { url: oneOf([municipalityExtension]), valueCoding: coding },
        (kept) => kept['url'] !== undefined && kept['valueCoding'] !== undefined,
      ),
    ),
  }),
});

const position = shape({ longitude: amount, latitude: amount, altitude: amount }, (kept) =>
  ['longitude', 'latitude'].every((name) => kept[name] !== undefined),
);

interface Whitelist {
  readonly elements: Elements;
  /** Also shown to roles that must find the place. */
  readonly place?: Elements;
  /** Makes the rest valid FHIR; `undefined` if that is not possible. */
  readonly complete?: (kept: Resource, sent: Resource) => Resource | undefined;
}

const requestStatuses = words('draft active on-hold revoked completed entered-in-error unknown');
const eventStatuses = words('preparation in-progress not-done on-hold stopped completed entered-in-error unknown');
const intents = words('proposal plan directive order original-order reflex-order filler-order instance-order option');
const locationStatuses = words('active suspended inactive');

/** A contained Location is kept only if a reference points to it (FHIR R4, dom-3). */
const withPlace = (kept: Resource): Resource => {
  const { contained, location, ...rest } = kept;
  const isThere = isObject(location) && location['reference'] === '#position';
  if (isThere === (contained !== undefined)) return kept;
  return isThere || location === undefined ? rest : { ...rest, location };
};

const whitelists: Readonly<Record<string, Whitelist>> = {
  ServiceRequest: {
    elements: {
      identifier: list(
        shape(
          {
            system: oneOf([systems.mission]),
            value: (id) => (typeof id === 'string' && isMissionId(id) ? id : undefined),
          },
          (kept) => kept['system'] !== undefined && kept['value'] !== undefined,
        ),
      ),
      instantiatesUri: list(guidelineUri),
      status: oneOf(requestStatuses),
      intent: oneOf(intents),
      priority: oneOf(Object.keys(urgencies)),
      occurrenceDateTime: time,
      occurrencePeriod: period,
      authoredOn: time,
      performer: list(organisation),
      reasonCode: list(concept),
      locationReference: list(hubReference),
      reasonReference: list(hubReference),
      supportingInfo: list(hubReference),
    },
    complete: (kept) => ({ status: 'unknown', intent: 'order', ...kept, subject: withheld }),
  },
  Task: {
    elements: {
      basedOn: list(hubReference),
      partOf: list(hubReference),
      focus: hubReference,
      status: oneOf(taskStatuses),
      statusReason: concept,
      businessStatus: concept,
      intent: oneOf(intents),
      priority: oneOf(Object.keys(urgencies)),
      code: concept,
      executionPeriod: period,
      authoredOn: time,
      lastModified: time,
      requester: organisation,
      owner: organisation,
      reasonCode: concept,
      reasonReference: hubReference,
      restriction: shape({ period }),
      input: list(typedValue),
      output: list(typedValue),
      location: hubReference,
    },
    place: {
      contained: list(
        shape(
          { resourceType: oneOf(['Location']), id: oneOf(['position']), position },
          (kept) => Object.keys(kept).length === 3,
        ),
      ),
      location: (reference) =>
        isObject(reference) && reference['reference'] === '#position'
          ? { reference: '#position' }
          : hubReference(reference),
    },
    complete: (kept) => (kept['status'] === undefined ? undefined : withPlace({ intent: 'order', ...kept })),
  },
  Observation: {
    elements: {
      status: oneOf(words('registered preliminary final amended corrected cancelled entered-in-error unknown')),
      code: concept,
      effectiveDateTime: time,
      effectivePeriod: period,
      effectiveInstant: time,
      ...value,
      component: list(component),
    },
    complete: (kept, sent) => valued({ status: 'unknown', code: { text: withheld.display }, ...kept }, sent),
  },
  Procedure: {
    elements: {
      status: oneOf(eventStatuses),
      code: concept,
      performedDateTime: time,
      performedPeriod: period,
    },
    complete: (kept) => ({ status: 'unknown', ...kept, subject: withheld }),
  },
  MedicationAdministration: {
    elements: {
      status: oneOf(words('in-progress not-done on-hold completed entered-in-error stopped unknown')),
      medicationCodeableConcept: concept,
      effectiveDateTime: time,
      effectivePeriod: period,
    },
    complete: (kept) =>
      kept['effectiveDateTime'] === undefined && kept['effectivePeriod'] === undefined
        ? undefined
        : {
            status: 'unknown',
            medicationCodeableConcept: { text: withheld.display },
            ...kept,
            subject: withheld,
          },
  },
  Encounter: {
    elements: {
      status: oneOf(words('planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown')),
      class: coding,
      period,
    },
    complete: (kept) => ({ status: 'unknown', class: { system: absence, code: 'masked' }, ...kept }),
  },
  Condition: {
    elements: {
      // A refuted diagnosis must not look like a confirmed one.
      clinicalStatus: concept,
      verificationStatus: concept,
      code: concept,
      onsetDateTime: time,
    },
    complete: (kept) => ({ ...kept, subject: withheld }),
  },
  ClinicalImpression: {
    elements: {
      status: oneOf(words('in-progress completed entered-in-error')),
      date: time,
      effectiveDateTime: time,
      effectivePeriod: period,
      finding: list(shape({ itemCodeableConcept: concept })),
    },
    complete: (kept) => (kept['status'] === undefined ? undefined : { ...kept, subject: withheld }),
  },
  Location: {
    elements: {
      status: oneOf(locationStatuses),
      operationalStatus: coding,
      mode: oneOf(['instance', 'kind']),
      type: list(concept),
      physicalType: concept,
      address: municipality,
    },
    place: { position },
  },
};

const hubId: Keep = (id) =>
  typeof id === 'string' && (isMissionId(id) || parseAddress(id) !== undefined) ? id : undefined;
const meta = { versionId: matching(/^\d{1,9}$/), lastUpdated: time };

const isExercise = (sent: Resource): boolean => {
  const labels = isObject(sent['meta']) ? sent['meta']['security'] : undefined;
  return (
    Array.isArray(labels) &&
    labels.filter(isObject).some(({ system, code }) => system === systems.actReason && code === exerciseCode)
  );
};

/** A resource of the hub or of a message without persons and free text; `undefined` if nothing of its type is shown. */
export const personFree = (sent: unknown, role: Role, exercise = false): Resource | undefined => {
  if (!isObject(sent)) return undefined;
  const type = String(sent['resourceType']);
  const whitelist = Object.hasOwn(whitelists, type) ? whitelists[type] : undefined;
  if (whitelist === undefined) return undefined;
  const elements = { ...whitelist.elements, ...(role === 'observer' ? whitelist.place : {}) };
  const kept = membersOf(sent, elements);
  const complete = whitelist.complete === undefined ? kept : whitelist.complete(kept, sent);
  return complete === undefined
    ? undefined
    : {
        resourceType: type,
        ...membersOf(sent, { id: hubId }),
        meta: { ...membersOf(sent['meta'], meta), ...personFreeSecurity(exercise || isExercise(sent)) },
        ...complete,
      };
};

/** A resource as a role sees it. */
export const seenBy = <Shown>(role: Role, resource: Shown, exercise: boolean): Shown | Resource | undefined =>
  seesNoPerson(role) ? personFree(resource, role, exercise) : resource;

/** Codes of a PractitionerRole: the kind of health worker, without the person. */
export const codedRoles = (role: Resource): readonly { readonly system: string; readonly code: string }[] => {
  const concepts: readonly unknown[] = Array.isArray(role['code']) ? role['code'] : [];
  return concepts
    .flatMap((one) => (isObject(one) && Array.isArray(one['coding']) ? one['coding'] : []))
    .flatMap((one: unknown) => codingIn(one) ?? []);
};

export interface PersonFreeEntry {
  readonly index: number;
  readonly resourceType: string;
  readonly fullUrl: string;
  readonly resource: Resource;
}

/**
 * What is shown of a message: its header in the hub's words, and the resources of the types that are shown, under the
 * ids by which they are read at the hub.
 */
export const personFreeEntries = (entry: Entry, role: Role, view: Viewpoint): readonly PersonFreeEntry[] => {
  const { mission, number } = entry;
  const resources = readableEntries(entry).flatMap(
    ({ index, resourceType, resource: sent }): readonly PersonFreeEntry[] => {
      const id = resourceAddress(mission, number, index);
      const resource = personFree({ ...sent, id }, role, entry.exercise);
      return resource === undefined
        ? []
        : [{ index, resourceType, fullUrl: `${view.base}/${resourceType}/${id}`, resource }];
    },
  );
  const type = knownMessageType(entry.event);
  const id = resourceAddress(mission, number, 0);
  const focus = resources.find(({ index }) => index === entry.focusIndex);
  const header = {
    resourceType: 'MessageHeader',
    id,
    meta: personFreeSecurity(entry.exercise),
    eventCoding: { system: systems.event, code: eventCodeOf(type), display: type.title },
    sender: organisationReference(entry.sender, view),
    source: { name: hub.name, endpoint: `${view.base}/$process-message` },
    focus: [
      ...(focus === undefined ? [] : [{ reference: focus.fullUrl, type: focus.resourceType }]),
      ...(entry.state.readiness === undefined
        ? [{ type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } }]
        : []),
    ],
  };
  return [
    { index: 0, resourceType: 'MessageHeader', fullUrl: `${view.base}/MessageHeader/${id}`, resource: header },
    ...resources.filter(({ index }) => index !== 0),
  ];
};

/** A message as it is shown to roles that may not see persons. */
export const personFreeBundle = (entry: Entry, role: Role, view: Viewpoint): Resource => ({
  resourceType: 'Bundle',
  id: entryAddress(entry.mission, entry.number),
  meta: { lastUpdated: entry.receivedAt, ...personFreeSecurity(entry.exercise) },
  type: 'message',
  timestamp: entry.receivedAt,
  entry: personFreeEntries(entry, role, view).map(({ fullUrl, resource }) => ({ fullUrl, resource })),
});
