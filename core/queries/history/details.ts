import { flightPhases } from '../../../schemas/codes.ts';
import { timeOf } from '../../../schemas/fhir/datatypes.ts';
import { taskOf } from '../../mission/state.ts';
import { durationText, momentText } from '../../mission/text.ts';
import type { EntryContext } from './history-entry.ts';
import { replacesDescription } from './mission-changes.ts';
import { nameOf, taskName } from './names.ts';

/** Sentences about single facts of an entry: times, places, resources, flight phases. */

/** The flight that brings an announced patient. */
const flightSentence = (context: EntryContext): string | undefined => {
  const { type, entry, opened, task, persons } = context;
  if (type.event !== 'prearrival-notification' || entry.facts.answer === 'cancelled') return undefined;
  const flight = taskOf(entry.state, (opened ?? task)?.partOf);
  if (flight === undefined) return undefined;
  const callSign = flight.resource === undefined || !persons ? '' : `, ${flight.resource}`;
  return `The patient comes with ${taskName(flight, context)}${callSign}.`;
};

/** The estimated time of arrival, and the one that it replaces. */
const etaSentence = ({ before, entry, task }: EntryContext): string | undefined => {
  const { eta } = entry.facts;
  if (eta === undefined) return undefined;
  const now = momentText(eta);
  const earlier = before === undefined ? undefined : taskOf(before, task?.id)?.eta;
  // A report that comes late replaces nothing newer.
  const was = earlier === undefined || task?.eta !== eta ? now : momentText(earlier);
  return `Estimated time of arrival: ${now}${was === now ? '' : `; before: ${was}`}.`;
};

export const detailSentences = (context: EntryContext): readonly (string | undefined)[] => {
  const { facts, joins = [] } = context.entry;
  const { persons } = context;
  return [
    facts.until === undefined ? undefined : `Deferred until ${momentText(facts.until)}.`,
    facts.divertedTo === undefined ? undefined : `The patient comes to ${nameOf(facts.divertedTo, context)} instead.`,
    facts.handedOverTo === undefined
      ? undefined
      : `The patient was handed over to ${nameOf(facts.handedOverTo, context)}.`,
    facts.resource === undefined || !persons ? undefined : `Resource: ${facts.resource}.`,
    facts.municipality === undefined || replacesDescription(context)
      ? undefined
      : `Municipality: ${facts.municipality}.`,
    facts.incident === undefined || !persons || replacesDescription(context)
      ? undefined
      : `Large event: ${facts.incident.value}.`,
    etaSentence(context),
    flightSentence(context),
    ...joins.map((observer) => `${nameOf(observer, context)} became party to the mission.`),
  ];
};

/** Flight phases, with the time of observation and the time of receipt. */
export const phaseSentences = ({ entry: { facts, receivedAt } }: EntryContext): readonly string[] =>
  (facts.phases ?? []).map(({ phase, seenAt }) => {
    const display = Object.entries(flightPhases).find(([code]) => code === phase)?.[1] ?? phase;
    const order = timeOf(receivedAt) >= timeOf(seenAt) ? 'later' : 'earlier';
    return `${display}: seen at ${momentText(seenAt)}; the hub received it ${durationText(seenAt, receivedAt)} ${order}.`;
  });
