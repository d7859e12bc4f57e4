import { defined } from '../../schemas/defined.ts';
import type { Message } from '../../schemas/reading/message.ts';
import {
  acknowledgement,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionReport,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  resourceWithdrawal,
  reviewRequest,
  taskOpenedBy,
} from '../support/messages.ts';
import { phaseNames } from './arbitraries.ts';
import type { Action } from './mission-model.ts';

/** An action as a FHIR message; `undefined` if the message is invalid without regard to the mission. */
export const toMessage = (action: Action, mission: string, id: string): Message | undefined => {
  const { content, exercise, to } = action;
  const by =
    action.person?.number === undefined
      ? action.person && { name: action.person.name }
      : { name: action.person.name, number: action.person.number };
  // Empty if there is no person: without a value the builders take a person of their own.
  const rest = { id, exercise, to, by: by ?? '' };
  const taskId = (number: number): string => taskOpenedBy(mission, number);
  const moment = (minute: number): string => `2026-01-31T12:${10 + minute}:00+01:00`;
  const phaseTimes = (phases: readonly string[]) =>
    Object.fromEntries(phases.map((phase) => [phase, moment(phaseNames.indexOf(phase))]));
  try {
    switch (content.event) {
      case 'mission-request':
        return missionRequest({
          ...rest,
          urgency: content.urgency,
          ...defined({ municipality: content.municipality }),
        });
      case 'acknowledgement':
        return acknowledgement({ ...rest, task: taskId(content.task) });
      case 'mission-update':
        return missionUpdate({
          ...rest,
          mission,
          describes: content.describes,
          ...defined({ urgency: content.urgency }),
        });
      case 'medical-assessment':
        return medicalAssessment({ ...rest, mission, ground: 'indicated' });
      case 'mission-decision':
        return missionDecision({
          ...rest,
          task: taskId(content.task),
          answer: content.answer,
          until: new Date(content.until).toISOString(),
        });
      case 'review-request':
        return reviewRequest({ ...rest, task: taskId(content.task) });
      case 'mission-forward':
        return missionForward({ ...rest, task: taskId(content.task) });
      case 'resource-request':
        return content.task === undefined
          ? resourceRequest({ ...rest, mission })
          : resourceWithdrawal({ ...rest, mission, task: taskId(content.task) });
      case 'resource-response':
        return resourceResponse({ ...rest, task: taskId(content.task), answer: content.answer });
      case 'resource-status':
        return resourceStatus({
          ...rest,
          task: taskId(content.task),
          phases: phaseTimes(content.phases),
          eta: moment(40),
          ...defined({ handedOverTo: content.handedOverTo }),
        });
      case 'prearrival-notification': {
        const { task, flight, divertedTo } = content;
        if (content.takenBack && task !== undefined)
          return prearrivalWithdrawal({ ...rest, mission, task: taskId(task), ...defined({ divertedTo }) });
        return prearrivalNotification({
          ...rest,
          mission,
          ...defined({
            task: task === undefined ? undefined : taskId(task),
            partOf: flight === undefined ? undefined : taskId(flight),
          }),
        });
      }
      case 'prearrival-response':
        return prearrivalResponse({
          ...rest,
          task: taskId(content.task),
          answer: content.answer,
          divertedTo: content.divertedTo,
        });
      case 'mission-cancel':
        return missionCancel({ ...rest, mission, reason: content.inError ? 'entered-in-error' : 'condition-improved' });
      case 'mission-report':
        return missionReport({ ...rest, task: taskId(content.task), phases: phaseTimes(content.phases) });
      case 'outcome-feedback':
        return outcomeFeedback({ ...rest, task: taskId(content.task) });
    }
  } catch (error) {
    // A message without a required person is refused when it is read. Any other error is a fault of this test.
    if (action.person?.number === undefined) return undefined;
    throw error;
  }
};
