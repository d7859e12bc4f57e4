import type { Coding } from 'fhir/r4.d.ts';
import { reference } from '../../../schemas/fhir/datatypes.ts';
import { inHeader, resolverOf } from '../../../schemas/reading/resolver.ts';
import { codedRoles } from '../../fhir/de-identify.ts';
import { deciderText } from '../../fhir/task.ts';
import { sentEntries } from '../../mission/sent-message.ts';
import { taskOf } from '../../mission/state.ts';
import { durationText, momentText } from '../../mission/text.ts';
import type { EntryContext } from './history-entry.ts';
import { nameOf, taskNumber } from './names.ts';

/** Who gave an answer, and how long it took. */

/** Whether the entry answers a Task with a code. */
const isDecision = ({ type, task }: EntryContext): boolean => type.answers?.of === 'task' && task !== undefined;

/** Codes of the role in which the author of the message acted, without anything that identifies a person. */
export const rolesOf = ({ entry }: EntryContext): readonly Coding[] => {
  const sent = sentEntries(entry);
  const author = reference.safeParse(sent[0]?.resource['author']).data;
  const resolution = resolverOf(sent).resolve(author, inHeader);
  const role = resolution.outcome === 'found' ? resolution.found.resource : undefined;
  return role?.['resourceType'] === 'PractitionerRole' ? codedRoles(role) : [];
};

export const deciderSentence = (context: EntryContext): string | undefined => {
  const { decider } = context.entry.facts;
  if (decider === undefined) return undefined;
  const did = context.type.answers === undefined ? 'Sent by' : isDecision(context) ? 'Decided by' : 'Assessed by';
  if (context.persons) return `${did}: ${deciderText(decider)}.`;
  const codes = rolesOf(context).map(({ code }) => code);
  return codes.length === 0 ? `${did} a person.` : `${did} a person in the role: ${codes.join(', ')}.`;
};

/** When the Task got its answer before this one. */
const answeredBefore = ({ task, before }: EntryContext): string | undefined =>
  before === undefined ? undefined : taskOf(before, task?.id)?.decidedAt;

/**
 * Start of the period that the first answer to a Task took: when the Task was opened.
 * `undefined` for an answer that replaces an earlier one.
 */
export const answerPeriodStart = (context: EntryContext): string | undefined =>
  isDecision(context) && answeredBefore(context) === undefined ? context.task?.openedAt : undefined;

export const answerTimeSentence = (context: EntryContext): string | undefined => {
  const { task, entry } = context;
  if (task === undefined || !isDecision(context)) return undefined;
  const earlier = answeredBefore(context);
  return earlier === undefined
    ? `The answer took ${durationText(task.openedAt, entry.receivedAt)} from the request at ${momentText(task.openedAt)}.`
    : `This answer came ${durationText(earlier, entry.receivedAt)} after the earlier one.`;
};

/** Present in the entry with which a person first acknowledged the Task, whatever its type. */
export const acknowledgedSentence = (context: EntryContext): string | undefined => {
  const { task, before, entry } = context;
  const earlier = before === undefined ? undefined : taskOf(before, task?.id);
  if (task?.acknowledgedAt !== entry.receivedAt || earlier === undefined || earlier.acknowledgedAt !== undefined)
    return undefined;
  const { acknowledgeBy } = earlier;
  const after = earlier.cancelRequested === true ? '' : ` after ${durationText(earlier.openedAt, entry.receivedAt)}`;
  const isLate = Date.parse(entry.receivedAt) > Date.parse(acknowledgeBy);
  return `A person at ${nameOf(task.owner, context)} acknowledged ${taskNumber(task)}${after}; the deadline was ${momentText(acknowledgeBy)} and was ${isLate ? `missed by ${durationText(acknowledgeBy, entry.receivedAt)}` : 'met'}.`;
};
