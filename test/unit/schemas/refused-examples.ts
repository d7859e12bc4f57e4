import type { Fault } from '../../../schemas/faults.ts';
import { entryAddress } from '../../../schemas/identifiers.ts';
import { systems } from '../../../schemas/names.ts';
import { organisationOf } from '../../support/examples.ts';

/** The first mission of the examples. */
const firstMission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';

/** Personal data in a wrong place. No answer may repeat it. */
export const secret = 'HEMMELIG 15886020128';

const header = 'Bundle.entry[0].resource';
const focus = 'Bundle.entry[1].resource';
const scene = 'Bundle.entry[6].resource';
const coded = (system: string, code: string, text?: string) => ({ coding: [{ system, code }], text });
const receiver = (client: string) => ({
  endpoint: 'https://receiver.example/fhir',
  receiver: { identifier: { system: systems.organisationNumber, value: organisationOf(client) } },
});

const weather = coded(systems.refusalReason, 'weather', 'Tåke på hentestedet');

export interface RefusedExample {
  readonly name: string;
  readonly file: string;
  /** Changed elements, by FHIRPath. `undefined` removes an element. */
  readonly change: Readonly<Record<string, unknown>>;
  /** The exact faults of the refusal: code and FHIRPath. */
  readonly faults: readonly (readonly [Fault['code'], string])[];
  /** The client that sends it, if not the sender in the README of the examples. */
  readonly client?: string;
}

const decisionRejected = {
  [`${focus}.businessStatus`]: coded(systems.missionDecision, 'rejected'),
  [`${focus}.status`]: 'rejected',
  [`${focus}.statusReason`]: weather,
};

const declined = {
  [`${focus}.businessStatus`]: coded(systems.resourceAnswer, 'declined'),
  [`${focus}.status`]: 'rejected',
};

const diverted = {
  [`${focus}.businessStatus`]: coded(systems.prearrivalAnswer, 'diverted'),
  [`${focus}.status`]: 'rejected',
  [`${focus}.statusReason`]: weather,
};

export const refusedExamples: readonly RefusedExample[] = [
  {
    name: 'no urgency',
    file: 'mission-request.json',
    change: { [`${focus}.priority`]: undefined },
    faults: [['missing-field', `${focus}.priority`]],
  },
  {
    name: 'no criterion',
    file: 'mission-request.json',
    change: { [`${focus}.reasonCode`]: [{ text: secret }] },
    faults: [['missing-field', `${focus}.reasonCode`]],
  },
  {
    name: 'a criterion that is not in the list',
    file: 'mission-request.json',
    change: { [`${focus}.reasonCode`]: [coded(systems.missionCriterion, secret)] },
    faults: [['unknown-code', `${focus}.reasonCode`]],
  },
  {
    name: 'a request that is a draft',
    file: 'mission-request.json',
    change: { [`${focus}.status`]: 'draft' },
    faults: [['changed-meaning', `${focus}.status`]],
  },
  {
    name: 'a status that is not in FHIR',
    file: 'mission-request.json',
    change: { [`${focus}.status`]: secret },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'no place',
    file: 'mission-request.json',
    change: { [`${focus}.locationReference`]: undefined },
    faults: [['missing-field', `${focus}.locationReference`]],
  },
  {
    name: 'a place without position',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: undefined, [`${focus}.locationReference[1]`]: undefined },
    faults: [['missing-field', `${focus}.locationReference`]],
  },
  {
    name: 'latitude and longitude swapped',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: { latitude: 10.7243, longitude: 60.9271 } },
    faults: [['swapped-coordinates', `${scene}.position`]],
  },
  {
    name: 'a place on the equator',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: { latitude: 0, longitude: 0 } },
    faults: [['impossible-coordinates', `${scene}.position`]],
  },
  {
    name: 'a latitude beyond the pole',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: { latitude: 160.9, longitude: 10.7 } },
    faults: [['impossible-coordinates', `${scene}.position`]],
  },
  {
    name: 'coordinates as text',
    file: 'mission-request.json',
    change: { [`${scene}.position.latitude`]: '60.9271' },
    faults: [['wrong-field', `${scene}.position.latitude`]],
  },
  {
    name: 'a position of the aircraft with latitude and longitude swapped',
    file: 'resource-status.json',
    change: { 'Bundle.entry[2].resource.position': { latitude: 11.031, longitude: 60.074 } },
    faults: [['swapped-coordinates', 'Bundle.entry[2].resource.position']],
  },
  {
    name: 'an unknown event',
    file: 'mission-request.json',
    change: { [`${header}.eventCoding.code`]: secret },
    faults: [['unknown-event', `${header}.eventCoding`]],
  },
  {
    name: 'an event of another code system',
    file: 'mission-request.json',
    change: { [`${header}.eventCoding.system`]: 'https://fhir.example/events' },
    faults: [['unknown-event', `${header}.eventCoding`]],
  },
  {
    name: 'an event given as uri only',
    file: 'mission-request.json',
    change: { [`${header}.eventCoding`]: undefined, [`${header}.eventUri`]: `${systems.event}#mission-request` },
    faults: [['missing-field', `${header}.eventCoding`]],
  },
  {
    name: 'no message id',
    file: 'mission-request.json',
    change: { [`${header}.id`]: undefined, 'Bundle.entry[0].fullUrl': undefined },
    faults: [['missing-field', `${header}.id`]],
  },
  {
    name: 'a message id that is not a FHIR id',
    file: 'mission-request.json',
    change: { [`${header}.id`]: secret },
    faults: [['wrong-field', `${header}.id`]],
  },
  {
    name: 'a receiver that is not in the directory',
    file: 'mission-request.json',
    change: { [`${header}.destination[0].receiver.identifier.value`]: organisationOf('unregistered') },
    faults: [['unknown-organisation', `${header}.destination[0].receiver`]],
  },
  {
    name: 'a second receiver that is not in the directory',
    file: 'mission-update.json',
    change: { [`${header}.destination[1].receiver.identifier.value`]: organisationOf('unregistered') },
    faults: [['unknown-organisation', `${header}.destination[1].receiver`]],
  },
  {
    name: 'a receiver by name only',
    file: 'mission-request.json',
    change: { [`${header}.destination[0].receiver`]: { display: secret } },
    faults: [['unresolved-reference', `${header}.destination[0].receiver`]],
  },
  {
    name: 'no receiver and no municipality',
    file: 'mission-request.json',
    change: { [`${header}.destination`]: undefined, [`${scene}.address`]: undefined },
    faults: [['no-coordinator', `${header}.destination`]],
  },
  {
    name: 'a municipality that no AMK LA covers',
    file: 'second-mission-request.json',
    change: { 'Bundle.entry[3].resource.address._district.extension[0].valueCoding.code': '9999' },
    faults: [['no-coordinator', `${header}.destination`]],
  },
  {
    name: 'a large event without a number',
    file: 'second-mission-request.json',
    change: { [`${focus}.requisition.value`]: undefined },
    faults: [['missing-field', `${focus}.requisition`]],
  },
  {
    name: 'two receivers in place of one',
    file: 'resource-request.json',
    change: { [`${header}.destination`]: [receiver('operator-lorenskog'), receiver('operator-dombas')] },
    faults: [['wrong-field', `${header}.destination`]],
  },
  {
    name: 'a receiver of the wrong role',
    file: 'resource-request.json',
    change: { [`${header}.destination`]: [receiver('hospital-ulleval')] },
    faults: [['wrong-field', `${header}.destination[0].receiver`]],
  },
  {
    name: 'no focus',
    file: 'mission-request.json',
    change: { [`${header}.focus`]: undefined },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'a focus that is not in the Bundle',
    file: 'resource-response.json',
    change: { [`${header}.focus[1].reference`]: 'urn:uuid:00000000-0000-4000-8000-000000000000' },
    faults: [['unresolved-reference', `${header}.focus[1]`]],
  },
  {
    name: 'a focus on a resource of another type',
    file: 'mission-decision.json',
    change: { [`${focus}.resourceType`]: 'Communication' },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'no mission',
    file: 'resource-request.json',
    change: { [`${header}.focus[0]`]: undefined },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'two missions',
    file: 'mission-update.json',
    change: {
      [`${header}.focus[1]`]: {
        identifier: { system: systems.mission, value: '00000000-0000-8000-8000-000000000000' },
      },
    },
    faults: [['contradiction', `${header}.focus[0].identifier.value`]],
  },
  {
    name: 'a mission that does not exist',
    file: 'mission-update.json',
    change: { [`${header}.focus[0].identifier.value`]: '00000000-0000-8000-8000-000000000000' },
    faults: [['not-found', `${header}.focus`]],
  },
  {
    name: 'a rejection without a decider',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'a decider who is not in the Bundle and has no name',
    file: 'mission-decision.json',
    change: { [`${header}.author`]: { reference: 'Practitioner/unknown' } },
    faults: [['unresolved-reference', `${header}.author`]],
  },
  {
    name: 'a rejection without a reason',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${focus}.statusReason`]: undefined },
    faults: [
      ['missing-field', `${focus}.statusReason`],
      ['missing-field', `${focus}.statusReason.text`],
    ],
  },
  {
    name: 'a rejection whose reason has no text',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${focus}.statusReason`]: coded(systems.refusalReason, 'weather', ' ') },
    faults: [['missing-field', `${focus}.statusReason.text`]],
  },
  {
    name: 'a rejection with an unknown reason',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${focus}.statusReason`]: coded(systems.refusalReason, secret, secret) },
    faults: [['unknown-code', `${focus}.statusReason`]],
  },
  {
    name: 'an acceptance without a decider',
    file: 'mission-decision.json',
    change: { [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'a decider without a role',
    file: 'mission-decision.json',
    change: { 'Bundle.entry[2].resource.code': undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'a review decided by the person who rejected',
    file: 'second-mission-review-decision.json',
    change: { 'Bundle.entry[3].resource.identifier[0].value': '000000204' },
    faults: [['same-decider', `${header}.author`]],
  },
  {
    name: 'a criterion that is not in the guideline',
    file: 'second-mission-rejection.json',
    change: { [`${focus}.reasonCode`]: coded(systems.missionCriterion, secret) },
    faults: [['unknown-code', `${focus}.reasonCode`]],
  },
  {
    name: 'an assessment without a finding',
    file: 'medical-assessment.json',
    change: { [`${focus}.finding`]: undefined },
    faults: [['missing-field', `${focus}.finding`]],
  },
  {
    name: 'an assessment without ground and without a reason',
    file: 'medical-assessment.json',
    change: { [`${focus}.summary`]: undefined },
    faults: [['missing-field', `${focus}.summary`]],
  },
  {
    name: 'an assessment without an author',
    file: 'medical-assessment.json',
    change: { [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'an assessment that is not finished',
    file: 'medical-assessment.json',
    change: { [`${focus}.status`]: 'in-progress' },
    faults: [['changed-meaning', `${focus}.status`]],
  },
  {
    name: 'a review request without a text',
    file: 'review-request.json',
    change: { [`${focus}.description`]: undefined },
    faults: [['missing-field', `${focus}.description`]],
  },
  {
    name: 'a forwarding without a reason',
    file: 'mission-forward.json',
    change: { [`${focus}.statusReason`]: undefined },
    faults: [['missing-field', `${focus}.statusReason`]],
  },
  {
    name: 'a forwarding without a destination',
    file: 'mission-forward.json',
    change: { [`${header}.destination`]: undefined },
    faults: [['missing-field', `${header}.destination`]],
  },
  {
    name: 'a forwarding to the current coordinator',
    file: 'mission-forward.json',
    change: { [`${header}.destination`]: [receiver('amk-la-oslo')] },
    faults: [['wrong-field', `${header}.destination[0].receiver`]],
  },
  {
    name: 'a call sign without a system',
    file: 'second-mission-resource-request.json',
    change: { [`${focus}.input[0].valueReference.identifier.system`]: undefined },
    faults: [['missing-field', `${focus}.input[0].valueReference.identifier`]],
  },
  {
    name: 'a report of a flight in progress',
    file: 'mission-report.json',
    change: { [`${focus}.status`]: 'in-progress' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'a report by an operator that did not fly',
    file: 'mission-report.json',
    change: { [`${header}.sender`]: undefined, [`${header}.responsible`]: undefined },
    client: 'operator-rescue-orland',
    faults: [['forbidden-relation', `${header}.eventCoding`]],
  },
  {
    name: 'a report sent by another operator in the name of the operator that flew',
    file: 'mission-report.json',
    change: {},
    client: 'operator-rescue-orland',
    faults: [['wrong-sender', `${header}.sender`]],
  },
  {
    name: 'feedback without an assessment',
    file: 'outcome-feedback.json',
    change: { [`${focus}.businessStatus`]: undefined },
    faults: [['missing-field', `${focus}.businessStatus`]],
  },
  {
    name: 'readiness of a helicopter without a call sign',
    file: 'resource-availability.json',
    change: { [`${focus}.identifier`]: undefined },
    faults: [['missing-field', `${focus}.identifier`]],
  },
  {
    name: 'readiness in an unknown code',
    file: 'resource-availability.json',
    change: { [`${focus}.operationalStatus.code`]: secret },
    faults: [['wrong-field', `${focus}.operationalStatus`]],
  },
  {
    name: 'an event that only the hub sends',
    file: 'second-mission-acknowledgement.json',
    change: { [`${header}.eventCoding.code`]: 'acknowledgement-overdue' },
    faults: [['forbidden-role', `${header}.eventCoding`]],
  },
  {
    name: 'a deferral without an end',
    file: 'mission-decision.json',
    change: {
      [`${focus}.businessStatus`]: coded(systems.missionDecision, 'deferred'),
      [`${focus}.status`]: 'on-hold',
      [`${focus}.statusReason`]: weather,
    },
    faults: [['missing-field', `${focus}.restriction.period.end`]],
  },
  {
    name: 'an unknown decision',
    file: 'mission-decision.json',
    change: { [`${focus}.businessStatus`]: coded(systems.missionDecision, secret) },
    faults: [['wrong-field', `${focus}.businessStatus`]],
  },
  {
    name: 'no decision',
    file: 'mission-decision.json',
    change: { [`${focus}.businessStatus`]: undefined },
    faults: [['missing-field', `${focus}.businessStatus`]],
  },
  {
    name: 'a status that contradicts the decision',
    file: 'mission-decision.json',
    change: { [`${focus}.status`]: 'rejected' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'an acknowledgement with the status accepted',
    file: 'acknowledgement.json',
    change: { [`${focus}.status`]: 'accepted' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'no Task id',
    file: 'acknowledgement.json',
    change: { [`${focus}.id`]: undefined },
    faults: [['missing-field', `${focus}.id`]],
  },
  {
    name: 'a Task that the mission does not have',
    file: 'acknowledgement.json',
    change: { [`${focus}.id`]: entryAddress(firstMission, 99) },
    faults: [['unknown-task', `${focus}.id`]],
  },
  {
    name: 'an answer to a Task of another kind',
    file: 'resource-response.json',
    change: {
      [`${focus}.id`]: entryAddress(firstMission, 1),
      [`${focus}.businessStatus`]: coded(systems.resourceAnswer, 'accepted'),
    },
    faults: [['forbidden-relation', `${header}.eventCoding`]],
  },
  {
    name: 'an unknown kind of resource',
    file: 'resource-request.json',
    change: { [`${focus}.code`]: coded(systems.resourceKind, 'submarine') },
    faults: [['wrong-field', `${focus}.code`]],
  },
  {
    name: 'an acceptance without ETA',
    file: 'resource-response.json',
    change: { [`${focus}.output`]: undefined },
    faults: [['missing-field', `${focus}.output`]],
  },
  {
    name: 'a declined flight without a reason',
    file: 'resource-response.json',
    change: declined,
    faults: [
      ['missing-field', `${focus}.statusReason`],
      ['missing-field', `${focus}.statusReason.text`],
    ],
  },
  {
    name: 'a declined flight without a decider',
    file: 'resource-response.json',
    change: { ...declined, [`${focus}.statusReason`]: weather, [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'an unknown flight phase',
    file: 'resource-status.json',
    change: { [`${focus}.output[1].type`]: coded(systems.flightPhase, secret) },
    faults: [['wrong-field', `${focus}.output[1].type`]],
  },
  {
    name: 'a report without content',
    file: 'resource-status.json',
    change: { [`${focus}.output`]: undefined, [`${focus}.location`]: undefined },
    faults: [['missing-field', `${focus}.output`]],
  },
  {
    name: 'no ETA at the hospital',
    file: 'prearrival-notification.json',
    change: { [`${focus}.input[0]`]: undefined },
    faults: [['missing-field', `${focus}.input`]],
  },
  {
    name: 'a diversion without a destination hospital',
    file: 'prearrival-response.json',
    change: diverted,
    faults: [['missing-field', `${focus}.output`]],
  },
  {
    name: 'an unknown urgency in an update',
    file: 'mission-update.json',
    change: { [`${focus}.priority`]: secret },
    faults: [['wrong-field', `${focus}.priority`]],
  },
  {
    name: 'a cancellation without a reason',
    file: 'mission-cancel.json',
    change: { [`${focus}.reasonCode`]: undefined },
    faults: [['missing-field', `${focus}.reasonCode`]],
  },
  {
    name: 'the cancellation reason other without a text',
    file: 'mission-cancel.json',
    change: { [`${focus}.reasonCode`]: [coded(systems.cancelReason, 'other')] },
    faults: [['missing-field', `${focus}.reasonCode[0].text`]],
  },
  {
    name: 'a cancellation with the status active',
    file: 'mission-cancel.json',
    change: { [`${focus}.status`]: 'active' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'an exercise inside a real mission',
    file: 'mission-update.json',
    change: { 'Bundle.meta': { security: [{ system: systems.actReason, code: 'HTEST' }] } },
    faults: [['exercise-mismatch', 'Bundle.meta.security']],
  },
  {
    name: 'a Bundle timestamp that is a date',
    file: 'mission-request.json',
    change: { 'Bundle.timestamp': '2026-01-08' },
    faults: [['wrong-field', 'Bundle.timestamp']],
  },
  {
    name: 'a Bundle id that is not a FHIR id',
    file: 'mission-request.json',
    change: { 'Bundle.id': 'mission/request' },
    faults: [['wrong-field', 'Bundle.id']],
  },
  {
    name: 'an entry without a resource',
    file: 'mission-request.json',
    change: { 'Bundle.entry[2].resource': undefined },
    faults: [['missing-field', 'Bundle.entry[2].resource']],
  },
  {
    name: 'an entry of a transaction',
    file: 'mission-request.json',
    change: { 'Bundle.entry[2].request': { method: 'POST', url: 'Patient' } },
    faults: [['wrong-field', 'Bundle.entry[2].request']],
  },
  {
    name: 'several faults at once',
    file: 'mission-request.json',
    change: {
      [`${focus}.priority`]: undefined,
      [`${focus}.reasonCode`]: undefined,
      [`${scene}.position`]: { latitude: 10.7243, longitude: 60.9271 },
      [`${header}.destination[0].receiver`]: { display: secret },
    },
    faults: [
      ['missing-field', `${focus}.priority`],
      ['missing-field', `${focus}.reasonCode`],
      ['swapped-coordinates', `${scene}.position`],
      ['unresolved-reference', `${header}.destination[0].receiver`],
    ],
  },
  {
    name: 'a sender of the wrong role',
    file: 'mission-request.json',
    change: {},
    client: 'hospital-ulleval',
    faults: [['forbidden-role', `${header}.eventCoding`]],
  },
  {
    name: 'a sender that is not a party to the mission',
    file: 'mission-update.json',
    change: {},
    client: 'amk-nordland',
    faults: [['not-found', `${header}.focus`]],
  },
  {
    name: 'an AMK LA that was not asked',
    file: 'resource-request.json',
    change: {},
    client: 'amk-la-tromso',
    faults: [['not-found', `${header}.focus`]],
  },
  {
    name: 'an urgency that R4 has and the service does not',
    file: 'mission-request.json',
    change: { [`${focus}.priority`]: 'asap' },
    faults: [['wrong-field', `${focus}.priority`]],
  },
  {
    name: 'an ETA without a zone',
    file: 'resource-response.json',
    change: { [`${focus}.output[0].valueDateTime`]: '2026-01-08T09:01:00' },
    faults: [['wrong-field', `${focus}.output[0].valueDateTime`]],
  },
  {
    name: 'a flight phase without its time',
    file: 'resource-status.json',
    change: { [`${focus}.output[2].valueDateTime`]: undefined },
    faults: [['missing-field', `${focus}.output[2].valueDateTime`]],
  },
  {
    name: 'a flight phase at an invalid time',
    file: 'resource-status.json',
    change: { [`${focus}.output[2].valueDateTime`]: '2026-02-30T08:35:00+01:00' },
    faults: [['wrong-field', `${focus}.output[2].valueDateTime`]],
  },
];
