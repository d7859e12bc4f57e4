import { defined } from '../../schemas/defined.ts';
import { isObject, listOf } from '../../schemas/json/json.ts';
import { municipalityExtension, systems } from '../../schemas/names.ts';
import { isMissionNumber } from '../../schemas/reading/hub-names.ts';
import { describeMission, type Description, type Source } from '../mission/description.ts';
import type { MissionState } from '../mission/state.ts';
import { securityOf } from './fhir.ts';

export const statusOf = (state: MissionState): string =>
  state.status === 'active' && state.tasks.some((task) => task.kind === 'coordination' && task.status === 'on-hold')
    ? 'on-hold'
    : state.status;

/** Id of the contained Location with the place that the hub knows, if the newest description has none. */
const knownPlace = 'last-known-place';
const knownPlaceReference = `#${knownPlace}`;

const placeOf = ({ position, municipality }: MissionState) => ({
  resourceType: 'Location',
  id: knownPlace,
  ...defined({
    address:
      municipality === undefined
        ? undefined
        : {
            _district: {
              extension: [
                { url: municipalityExtension, valueCoding: { system: systems.municipality, code: municipality } },
              ],
            },
          },
    position,
  }),
});

const hasCriteria = (concept: unknown): boolean =>
  isObject(concept) &&
  listOf(concept['coding']).some((coding) => isObject(coding) && coding['system'] === systems.missionCriterion);

/**
 * Criteria and place that the hub knows, if the description has none. A stated place replaces the earlier one, also if it has no
 * position: a map would show the earlier position as that of the new place.
 */
const withKnown = (state: MissionState, { content }: Description): Readonly<Record<string, unknown>> => {
  const reasons = listOf(content['reasonCode']);
  const criteria = reasons.some(hasCriteria) ? [] : (state.criteria ?? []);
  // A sender may send back the hub's own Location: it is in the result once, with the place that the hub knows now.
  const contained = listOf(content['contained']).filter((one) => !isObject(one) || one['id'] !== knownPlace);
  const stated = listOf(content['locationReference']);
  const references = stated.filter((one) => !isObject(one) || one['reference'] !== knownPlaceReference);
  const isKnown = state.position !== undefined || state.municipality !== undefined;
  const isWanted = stated.length === 0 || references.length < stated.length;
  const places = isKnown && isWanted ? [placeOf(state)] : [];
  const members = {
    contained: [...contained, ...places],
    reasonCode: [...reasons, ...criteria.map((code) => ({ coding: [{ system: systems.missionCriterion, code }] }))],
    locationReference: [...references, ...places.map(() => ({ reference: knownPlaceReference }))],
  };
  return Object.fromEntries(Object.entries(members).filter(([, values]) => values.length > 0));
};

/**
 * The mission as a FHIR `ServiceRequest`: the description by its senders with the hub's id, version, status and coordinator, and
 * what the hub knows of a place if none is stated. `sources` has the entries of `descriptionEntries`.
 */
export const missionResource = (state: MissionState, sources: readonly Source[]): Readonly<Record<string, unknown>> => {
  const description = describeMission(state, sources);
  const { content } = description;
  const {
    contained: _contained,
    reasonCode: _reasonCode,
    locationReference: _places,
    requisition,
    ...others
  } = content;
  const meta = isObject(content['meta']) ? content['meta'] : {};
  return {
    ...others,
    ...withKnown(state, description),
    resourceType: 'ServiceRequest',
    id: state.mission,
    meta: { ...meta, versionId: String(state.version), lastUpdated: state.changedAt, ...securityOf(state.exercise) },
    identifier: [
      { system: systems.mission, value: state.mission },
      ...listOf(content['identifier']).filter((identifier) => !isMissionNumber(identifier)),
    ],
    status: statusOf(state),
    intent: content['intent'] ?? 'order',
    ...defined({
      priority: state.urgency,
      // The version of the guideline that the mission was requested under, and under which it is decided.
      instantiatesUri:
        state.guideline === undefined
          ? content['instantiatesUri']
          : [`${systems.missionCriterion}|${state.guideline}`, ...listOf(content['instantiatesUri'])],
      // Extensions of the list stand at the place of their value (R4 2.6.2.3).
      _instantiatesUri:
        state.guideline === undefined || content['_instantiatesUri'] === undefined
          ? content['_instantiatesUri']
          : [null, ...listOf(content['_instantiatesUri'])],
      requisition: state.incident ?? requisition,
    }),
    // The current coordinator; the sender named the AMK LA that it asked.
    performer: [
      {
        type: 'Organization',
        identifier: { system: systems.organisationNumber, value: state.coordinator },
      },
    ],
  };
};
