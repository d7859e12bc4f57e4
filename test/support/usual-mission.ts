import { type Cause, overdueMessage, unreachableMessage } from '../../core/mission/hub-messages.ts';
import type { Message } from '../../schemas/reading/message.ts';
import {
  directory,
  missionDecision,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  resourceStatus,
} from './messages.ts';
import { entryOf, given, later, mission, task, type Step, taskIn, when } from './given.ts';
import { opened } from './steps.ts';

/** The usual mission. Entry 1 opens the coordination Task, 2 the resource Task, 3 the pre-arrival Task. */

const { la, operator, hospital } = parties;

export const coordination = task(1);
export const flight = task(2);
export const arrival = task(3);
export const resourceAsked: Step = [la, resourceRequest({ mission })];
export const hospitalWarned: Step = [la, prearrivalNotification({ mission, partOf: flight })];
export const decided: Step = [la, missionDecision({ task: coordination, answer: 'accepted' })];
export const crewAccepts: Step = [operator, resourceResponse({ task: flight, answer: 'accepted' })];
export const crewDeclines: Step = [operator, resourceResponse({ task: flight, answer: 'declined' })];
export const crewDeparts: Step = [
  operator,
  resourceStatus({ task: flight, phases: { departed: '2026-01-31T12:05:00+01:00' } }),
];
export const crewHandsOver: Step = [
  operator,
  resourceStatus({ task: flight, phases: { 'handed-over': '2026-01-31T13:05:00+01:00' } }),
];
export const hospitalAccepts: Step = [hospital, prearrivalResponse({ task: arrival, answer: 'accepted' })];

export const asked = given(opened, resourceAsked, hospitalWarned);
export const flying = later(asked, decided, crewAccepts, crewDeparts);
export const rejectedMission = given(opened, [la, missionDecision({ task: coordination, answer: 'rejected' })]);
const waiting = taskIn(asked, coordination);
export const overdue = overdueMessage(asked, waiting, waiting.acknowledgeBy, directory);
export const unreachableHospital = (cause: Cause): Message => {
  const message = unreachableMessage(
    entryOf(when(given(opened, resourceAsked), hospitalWarned)),
    hospital.organisation,
    cause,
    directory,
  );
  if (message === undefined) throw new Error('the hub has something to say of a hospital');
  return message;
};
