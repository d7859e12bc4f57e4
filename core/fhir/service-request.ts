import { defined } from '../../schemas/defined.ts';
import { isObject } from '../../schemas/json/json.ts';
import { municipalityExtension, systems } from '../../schemas/names.ts';
import type { Entry, MissionState } from '../mission/state.ts';
import { securityOf } from './fhir.ts';
import { readableResource } from '../mission/sent-message.ts';

const statusOf = (state: MissionState): string =>
  state.status === 'active' && state.tasks.some((task) => task.kind === 'coordination' && task.status === 'on-hold')
    ? 'on-hold'
    : state.status;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

type Description = Pick<Entry, 'mission' | 'number' | 'text' | 'facts'>;

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

/** Criteria and place of earlier descriptions, if the newest one has none. */
const keptFrom = (
  state: MissionState,
  { facts }: Pick<Entry, 'facts'>,
  sent: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const criteria = facts.criteria === undefined ? (state.criteria ?? []) : [];
  // A sender may send back the hub's own Location: it is in the result once, with the place that the hub knows now.
  const contained = list(sent['contained']).filter((one) => !isObject(one) || one['id'] !== knownPlace);
  const references = list(sent['locationReference']).filter(
    (one) => !isObject(one) || one['reference'] !== knownPlaceReference,
  );
  // The sender's own Location has more detail; the hub's is used if there is none.
  const saysPlace = references.length > 0 && (facts.position !== undefined || facts.municipality !== undefined);
  const isKnown = state.position !== undefined || state.municipality !== undefined;
  const places = !saysPlace && isKnown ? [placeOf(state)] : [];
  const members = {
    contained: [...contained, ...places],
    reasonCode: [
      ...list(sent['reasonCode']),
      ...criteria.map((code) => ({ coding: [{ system: systems.missionCriterion, code }] })),
    ],
    locationReference: [...references, ...places.map(() => ({ reference: knownPlaceReference }))],
  };
  return Object.fromEntries(Object.entries(members).filter(([, values]) => values.length > 0));
};

/**
 * The mission as a FHIR `ServiceRequest`: the content of the sender with the hub's id, version and status, and what the
 * hub knows from earlier messages where the sender gave nothing.
 * `request` is the entry with the newest description of the mission.
 */
export const missionResource = (state: MissionState, request: Description): Readonly<Record<string, unknown>> => {
  const sent = readableResource(request, state.request.index) ?? {};
  const { contained: _contained, reasonCode: _reasonCode, locationReference: _places, ...others } = sent;
  const meta = isObject(sent['meta']) ? sent['meta'] : {};
  const isMissionNumber = (identifier: unknown): boolean =>
    isObject(identifier) && identifier['system'] === systems.mission;
  return {
    ...others,
    ...keptFrom(state, request, sent),
    resourceType: 'ServiceRequest',
    id: state.mission,
    meta: { ...meta, versionId: String(state.version), lastUpdated: state.changedAt, ...securityOf(state.exercise) },
    identifier: [
      { system: systems.mission, value: state.mission },
      ...list(sent['identifier']).filter((identifier) => !isMissionNumber(identifier)),
    ],
    status: statusOf(state),
    intent: sent['intent'] ?? 'order',
    ...defined({
      priority: state.urgency,
      // The version of the guideline that the mission was requested under, and under which it is decided.
      instantiatesUri:
        state.guideline === undefined
          ? sent['instantiatesUri']
          : [`${systems.missionCriterion}|${state.guideline}`, ...list(sent['instantiatesUri'])],
      requisition: state.incident ?? sent['requisition'],
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
