import { systems } from '../../schemas/names.ts';
import { statusOf } from '../fhir/service-request.ts';
import type { MissionState } from '../mission/state.ts';
import type { Values } from './search/conditions.ts';
import { exerciseLabel } from './search/exercises.ts';
import type { Coded } from './search/tokens.ts';

/** What a mission has for the parameters of a search. `caseNumbers`: those that the caller sees. */
export const missionValues = (state: MissionState, caseNumbers: readonly Coded[]): Values<'ServiceRequest'> => ({
  _id: [{ value: state.mission }],
  _lastUpdated: state.changedAt,
  requester: [state.requester],
  performer: [state.coordinator],
  identifier: [{ system: systems.mission, value: state.mission }, ...caseNumbers],
  status: [{ system: 'http://hl7.org/fhir/request-status', value: statusOf(state) }],
  requisition: state.incident === undefined ? [] : [state.incident],
  _security: state.exercise ? exerciseLabel : [],
});
