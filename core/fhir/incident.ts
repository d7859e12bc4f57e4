import type { OperationOutcome, ServiceRequest } from 'fhir/r4.d.ts';
import { type TaskStatus, taskStatuses } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { canonicalBase, systems } from '../../schemas/names.ts';
import type { MissionState } from '../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';
import { shownInPart } from './location.ts';

/** Number of Tasks of a mission with a status. */
const taskCountExtension = `${canonicalBase}/StructureDefinition/task-count`;

const countOf = ({ tasks }: MissionState, status: TaskStatus): number =>
  tasks.filter((task) => task.status === status).length;

/**
 * A mission as parties of another mission of the same incident may see it: urgency, criteria, requester, coordinator and
 * progress. No person, no free text, no place.
 */
export const minimalMission = (state: MissionState, view: Viewpoint): ServiceRequest => {
  const { mission, version, changedAt, exercise, incident, criteria } = state;
  const counts = taskStatuses.flatMap((status) => {
    const count = countOf(state, status);
    return count === 0 ? [] : [{ status, count }];
  });
  const isDeferred = state.tasks.some((task) => task.kind === 'coordination' && task.status === 'on-hold');
  return {
    resourceType: 'ServiceRequest',
    id: mission,
    meta: { versionId: String(version), lastUpdated: changedAt, ...securityOf(exercise), ...shownInPart },
    extension: counts.map(({ status, count }) => ({
      url: taskCountExtension,
      extension: [
        { url: 'status', valueCode: status },
        { url: 'count', valueUnsignedInt: count },
      ],
    })),
    identifier: [{ system: systems.mission, value: mission }],
    ...defined({
      requisition: incident,
      reasonCode: criteria?.map((code) => ({ coding: [{ system: systems.missionCriterion, code }] })),
    }),
    status: state.status === 'active' && isDeferred ? 'on-hold' : state.status,
    intent: 'order',
    priority: state.urgency,
    subject: {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    },
    authoredOn: state.openedAt,
    requester: organisationReference(state.requester, view),
    performer: [organisationReference(state.coordinator, view)],
  };
};

/** Reports that an incident has more missions than fit into one answer. */
export const tooManyMissions = (shown: number): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'warning',
      code: 'too-costly',
      details: {
        text: `The incident has more than ${shown} missions; this list is made of ${shown} of them, your own first.`,
      },
    },
  ],
});

/** Reports missions that are not in the list because only a newer release can read them. */
export const unreadableMissions = (count: number): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'warning',
      code: 'incomplete',
      details: {
        text: `${count === 1 ? '1 mission' : `${count} missions`} cannot be read now and ${count === 1 ? 'is' : 'are'} not in this list. Ask again later, and phone until then.`,
      },
    },
  ],
});

/** Why missions of others are not in the list, and whom to phone. It says nothing else of them. */
export const hiddenMissions = (coordinators: readonly string[], { directory }: Viewpoint): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'warning',
      code: 'suppressed',
      details: {
        text: 'Other missions have this number and are not in the list: the number alone does not open them. Phone the AMK LA in diagnostics. It opens its missions with a mission-update that states the number (requisition) and has your organisation or your AMK LA as receiver; open yours to it in the same way.',
      },
      diagnostics: coordinators
        .map((organisation) => {
          const party = directory.partyOf(organisation);
          const phone = party?.phone === undefined ? '' : `, phone ${party.phone}`;
          return `${party?.name ?? organisation} (${organisation}${phone})`;
        })
        .join('; '),
    },
  ],
});

/** Why the list is empty. It is the same whether the number is known or not. */
export const noMission = (exercise: boolean): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'warning',
      code: 'not-found',
      details: {
        text: `Your organisation has no part in ${exercise ? 'an exercise' : 'a mission'} with this number, so none is shown; there may be missions of others. Check system and value, and phone the AMK LA that coordinates the event.${exercise ? '' : ' Exercises are found with _security=HTEST.'}`,
      },
    },
  ],
});
