import { defined } from '../../schemas/defined.ts';
import { isObject } from '../../schemas/json.ts';
import { systems } from '../../schemas/names.ts';
import type { Entry, MissionState } from '../state.ts';
import { securityOf } from './fhir.ts';
import { readableResource } from './message-text.ts';

const statusOf = (state: MissionState): string =>
  state.status === 'active' && state.tasks.some((task) => task.kind === 'coordination' && task.status === 'on-hold')
    ? 'on-hold'
    : state.status;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * The mission as a FHIR `ServiceRequest`: what the sender wrote, under the hub's id, version and status.
 * `request` is the entry that holds the newest description of the mission.
 */
export const missionResource = (
  state: MissionState,
  request: Pick<Entry, 'mission' | 'number' | 'text'>,
): Readonly<Record<string, unknown>> => {
  const sent = readableResource(request, state.request.index) ?? {};
  const meta = isObject(sent['meta']) ? sent['meta'] : {};
  const isMissionNumber = (identifier: unknown): boolean =>
    isObject(identifier) && identifier['system'] === systems.mission;
  return {
    ...sent,
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
    // Who coordinates now; the sender wrote whom it asked.
    performer: [
      {
        type: 'Organization',
        identifier: { system: systems.organisationNumber, value: state.coordinator },
      },
    ],
  };
};
