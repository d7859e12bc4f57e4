import { escapeXhtml, momentText } from '../../mission/text.ts';
import { acknowledgedSentence, answerTimeSentence, deciderSentence } from './answers.ts';
import { detailSentences, phaseSentences } from './details.ts';
import { eventSentence } from './event-sentences.ts';
import type { EntryContext } from './history-entry.ts';
import { missionSentences, replacesDescription } from './mission-changes.ts';
import { phoneOf, taskName } from './names.ts';
import { criteriaSentence, freeTextSentence, reasonSentence } from './reasons.ts';
import { recipientLines } from './receipts.ts';
import type { TaskChange } from './task-changes.ts';

/** For a message of the hub itself: the organisation to phone. */
const phoneSentence = (context: EntryContext): string | undefined => {
  if (context.type.relation !== 'hub') return undefined;
  const organisation = context.entry.facts.undelivered?.organisation ?? context.task?.owner;
  return organisation === undefined
    ? undefined
    : `Phone number in the directory today: ${phoneOf(organisation, context)}.`;
};

const sentencesOf = (context: EntryContext): readonly string[] =>
  [
    eventSentence(context),
    deciderSentence(context),
    // The sentence about a new description has its criteria already.
    replacesDescription(context) ? undefined : criteriaSentence(context),
    reasonSentence(context),
    freeTextSentence(context),
    ...detailSentences(context),
    answerTimeSentence(context),
    acknowledgedSentence(context),
    ...phaseSentences(context),
    ...missionSentences(context),
    phoneSentence(context),
  ].filter((sentence) => sentence !== undefined);

const listOf = (title: string, lines: readonly string[]): string =>
  lines.length === 0
    ? ''
    : `<p>${escapeXhtml(title)}</p><ul>${lines.map((line) => `<li>${escapeXhtml(line)}</li>`).join('')}</ul>`;

/** The text of one entry as XHTML. Everything in it that the hub did not write is escaped here. */
export const narrative = (context: EntryContext, changes: readonly TaskChange[]): string => {
  const { entry, type } = context;
  const exercise = entry.exercise ? '<strong>EXERCISE.</strong> ' : '';
  const tasks = changes.map(({ task, text }) => `${taskName(task, context)}: ${text}.`);
  return [
    '<div xmlns="http://www.w3.org/1999/xhtml">',
    `<p>${exercise}<strong>${entry.number}. ${escapeXhtml(type.title)}</strong>, received by the hub on ${escapeXhtml(momentText(entry.receivedAt))}</p>`,
    `<p>${sentencesOf(context).map(escapeXhtml).join(' ')}</p>`,
    listOf('Tasks:', tasks),
    listOf('Recipients:', recipientLines(context)),
    '</div>',
  ].join('');
};
