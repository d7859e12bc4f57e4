import { parseAddress } from '../../schemas/identifiers.ts';
import { taskStatuses, urgencies } from '../../schemas/codes.ts';
import { isObject } from '../../schemas/json/json.ts';
import { systems } from '../../schemas/names.ts';
import {
  clinicalInstant,
  clinicalPeriod,
  clinicalTime,
  coding,
  component,
  concept,
  type Elements,
  guidelineUri,
  instant,
  type Keep,
  list,
  matching,
  municipality,
  oneOf,
  organisation,
  period,
  position,
  type Resource,
  shape,
  time,
  typedValue,
  value,
  valued,
  withheld,
} from './kept-elements.ts';
import { absence, words } from './known-codes.ts';

/** What is shown of one type of resource, and of nothing else in it. */
interface AllowList {
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

/** References that are kept: to resources of the same mission that may be shown, to it and to its Tasks. */
const hubReference: Keep = (sent, { mission }) => {
  if (!isObject(sent)) return undefined;
  const { reference, identifier } = sent;
  if (typeof reference === 'string') {
    const [type = '', id = '', ...rest] = reference.split('/');
    const leads = Object.hasOwn(allowLists, type) && (id === mission || parseAddress(id)?.mission === mission);
    if (leads && rest.length === 0) return { reference };
  }
  return isObject(identifier) && identifier['system'] === systems.mission && identifier['value'] === mission
    ? { type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } }
    : undefined;
};

/** A contained Location is kept only if a reference points to it (FHIR R4, dom-3). */
const withPlace = (kept: Resource): Resource => {
  const { contained, location, ...rest } = kept;
  const isThere = isObject(location) && location['reference'] === '#position';
  if (isThere === (contained !== undefined)) return kept;
  return isThere || location === undefined ? rest : { ...rest, location };
};

export const allowLists: Readonly<Record<string, AllowList>> = {
  ServiceRequest: {
    elements: {
      identifier: list(
        shape(
          {
            system: oneOf([systems.mission]),
            value: (id, { mission }) => (id === mission ? mission : undefined),
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
      location: (reference, facts, task) =>
        isObject(reference) && reference['reference'] === '#position'
          ? { reference: '#position' }
          : hubReference(reference, facts, task),
    },
    complete: (kept) => (kept['status'] === undefined ? undefined : withPlace({ intent: 'order', ...kept })),
  },
  Observation: {
    elements: {
      status: oneOf(words('registered preliminary final amended corrected cancelled entered-in-error unknown')),
      code: concept,
      effectiveDateTime: clinicalTime,
      effectivePeriod: clinicalPeriod,
      effectiveInstant: clinicalInstant,
      ...value,
      component: list(component),
    },
    complete: (kept, sent) => valued({ status: 'unknown', code: { text: withheld.display }, ...kept }, sent),
  },
  Procedure: {
    elements: {
      status: oneOf(eventStatuses),
      code: concept,
      performedDateTime: clinicalTime,
      performedPeriod: clinicalPeriod,
    },
    complete: (kept) => ({ status: 'unknown', ...kept, subject: withheld }),
  },
  MedicationAdministration: {
    elements: {
      status: oneOf(words('in-progress not-done on-hold completed entered-in-error stopped unknown')),
      medicationCodeableConcept: concept,
      effectiveDateTime: clinicalTime,
      effectivePeriod: clinicalPeriod,
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
      period: clinicalPeriod,
    },
    complete: (kept) => ({ status: 'unknown', class: { system: absence, code: 'masked' }, ...kept }),
  },
  Condition: {
    elements: {
      // A refuted diagnosis must not look like a confirmed one.
      clinicalStatus: concept,
      verificationStatus: concept,
      code: concept,
      onsetDateTime: clinicalTime,
    },
    complete: (kept) => ({ ...kept, subject: withheld }),
  },
  ClinicalImpression: {
    elements: {
      status: oneOf(words('in-progress completed entered-in-error')),
      date: clinicalTime,
      effectiveDateTime: clinicalTime,
      effectivePeriod: clinicalPeriod,
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

export const hubId: Keep = (id, { mission }) =>
  typeof id === 'string' && (id === mission || parseAddress(id)?.mission === mission) ? id : undefined;

/** Of a resource of the hub. What a sender writes there is not shown. */
export const meta = { versionId: matching(/^\d{1,9}$/), lastUpdated: instant };
