import { resourceKinds } from '../../../schemas/codes.ts';
import type { EventName } from '../../../schemas/messages/catalogue.ts';
import { momentText } from '../../mission/text.ts';
import type { EntryContext } from './history-entry.ts';
import { descriptionChanges } from './mission-changes.ts';
import { nameOf, senderOf, taskName } from './names.ts';

/** The answer as its code table displays it. */
const answerText = ({ type, entry }: EntryContext): string =>
  type.answers?.codes[entry.facts.answer ?? ''] ?? entry.facts.answer ?? 'unknown';

const resourceKindText = (code: string | undefined): string =>
  Object.entries(resourceKinds).find(([one]) => one === code)?.[1] ?? 'a resource';

const answered = (context: EntryContext): string => `${senderOf(context)} answered: ${answerText(context)}.`;

/** What happened, in one sentence for each message type of the catalogue. */
const eventSentences = {
  'mission-request': (context) => {
    const { state } = context.entry;
    return `${senderOf(context)} requested an air-ambulance mission from ${nameOf(context.opened?.owner, context)}. Urgency: ${context.guideline.urgencies[state.urgency]}.`;
  },
  acknowledgement: (context) =>
    context.task?.cancelRequested === true
      ? `A person at ${senderOf(context)} has seen that the mission is cancelled: ${taskName(context.task, context)}.`
      : `A person at ${senderOf(context)} has seen ${taskName(context.task, context)}.`,
  'mission-update': (context) => {
    if (context.entry.focusIndex === undefined)
      return `${senderOf(context)} sent new information to the other parties.`;
    const described = `${senderOf(context)} described the mission again.`;
    if (context.before === undefined) return described;
    const changes = descriptionChanges(context);
    return changes.length === 0
      ? `${described} No element that the hub reads changed.`
      : `${described} Changed: ${changes.join('; ')}.`;
  },
  'medical-assessment': (context) => `${senderOf(context)} assessed the medical ground: ${answerText(context)}.`,
  'mission-decision': (context) => `${senderOf(context)} decided: ${answerText(context)}.`,
  'review-request': (context) =>
    `${senderOf(context)} disputed the rejection in ${taskName(context.task, context)} and requested a new decision from ${nameOf(context.opened?.owner, context)}.`,
  'mission-forward': (context) => {
    const { entry, opened, task } = context;
    if (opened?.owner === entry.sender)
      return `${senderOf(context)} took the coordination of the mission back from ${nameOf(task?.owner, context)}.`;
    const from = task === undefined || task.owner === entry.sender ? '' : ` from ${nameOf(task.owner, context)}`;
    return `${senderOf(context)} moved the coordination of the mission${from} to ${nameOf(opened?.owner, context)}.`;
  },
  'resource-request': (context) =>
    context.entry.facts.answer === 'cancelled'
      ? `${senderOf(context)} cancelled the request for a resource: ${taskName(context.task, context)}.`
      : `${senderOf(context)} requested a resource from ${nameOf(context.opened?.owner, context)}: ${resourceKindText(context.entry.facts.resourceKind)}.`,
  'resource-response': answered,
  'resource-status': (context) => `${senderOf(context)} reported on ${taskName(context.task, context)}.`,
  'prearrival-notification': (context) => {
    const { task } = context;
    if (task === undefined)
      return `${senderOf(context)} announced a patient to ${nameOf(context.opened?.owner, context)}.`;
    return context.entry.facts.answer === 'cancelled'
      ? `${senderOf(context)} informed ${nameOf(task.owner, context)} that the patient does not come.`
      : `${senderOf(context)} sent ${nameOf(task.owner, context)} new information about the patient.`;
  },
  'prearrival-response': answered,
  'mission-cancel': (context) => `${senderOf(context)} cancelled the mission.`,
  'mission-report': (context) => `${senderOf(context)} closed ${taskName(context.task, context)} with a report.`,
  'outcome-feedback': (context) => `${senderOf(context)} reported the findings after arrival: ${answerText(context)}.`,
  // In the log of a resource, which has no history; here because every type of the catalogue is.
  'resource-availability': (context) => `${senderOf(context)} reported the availability of a resource.`,
  'acknowledgement-overdue': (context) => {
    const { task, entry } = context;
    const due = entry.facts.deadline === undefined ? 'in time' : `by ${momentText(entry.facts.deadline)}`;
    return task?.status === 'on-hold'
      ? `A deadline was missed: ${nameOf(task.owner, context)} has not made its deferred decision ${due}, ${taskName(task, context)}.`
      : `A deadline was missed: nobody at ${nameOf(task?.owner, context)} has acknowledged ${taskName(task, context)} ${due}.`;
  },
  'delivery-failed': (context) => {
    const { undelivered } = context.entry.facts;
    return `The hub gave up delivering message ${undelivered?.entry ?? ''} of this mission to ${nameOf(undelivered?.organisation, context)}.`;
  },
  'party-unreachable': (context) => {
    const { undelivered } = context.entry.facts;
    return `The hub cannot reach ${nameOf(undelivered?.organisation, context)} by machine: message ${undelivered?.entry ?? ''} of this mission is not delivered.`;
  },
} as const satisfies Readonly<Record<EventName, (context: EntryContext) => string>>;

export const eventSentence = (context: EntryContext): string => eventSentences[context.type.event](context);
