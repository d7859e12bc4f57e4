import type { Position } from '../../../schemas/messages/message-type.ts';
import type { MissionState } from '../../mission/state.ts';
import { criteriaText } from './reasons.ts';
import type { EntryContext } from './history-entry.ts';
import { nameOf } from './names.ts';

/** Whether the entry replaces the description of the mission. */
export const replacesDescription = ({ type, before, entry }: EntryContext): boolean =>
  type.event === 'mission-update' && entry.focusIndex !== undefined && before !== undefined;

const positionText = (position: Position | undefined): string | undefined =>
  position === undefined
    ? undefined
    : [position.latitude, position.longitude, position.altitude].filter((part) => part !== undefined).join(', ');

/** What a new description changed of the elements that the hub reads. Only readers who may see persons get position and event number. */
export const descriptionChanges = (context: EntryContext): readonly string[] => {
  const { before, entry, guideline, persons } = context;
  const { state } = entry;
  if (before === undefined) return [];
  const change = (what: string, was: unknown, is: unknown, textOf: (one: MissionState) => string | undefined) => {
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const [earlier, now] = [textOf(before), textOf(state)];
    if (now === undefined) return [what];
    return [earlier === undefined ? `${what}, now ${now}` : `${what} from ${earlier} to ${now}`];
  };
  return [
    ...change('urgency', before.urgency, state.urgency, ({ urgency }) => guideline.urgencies[urgency]),
    ...change('criteria', before.criteria?.toSorted(), state.criteria?.toSorted(), ({ criteria }) =>
      criteriaText(criteria, context),
    ),
    ...change('municipality', before.municipality, state.municipality, ({ municipality }) => municipality),
    ...change('position', positionText(before.position), positionText(state.position), ({ position }) =>
      persons ? positionText(position) : undefined,
    ),
    ...change('large event', before.incident, state.incident, ({ incident }) =>
      persons ? incident?.value : undefined,
    ),
  ];
};

/** What the entry changed of the mission as a whole; for the first entry, the guideline that the mission is under. */
export const missionSentences = (context: EntryContext): readonly (string | undefined)[] => {
  const { before, entry, guideline } = context;
  const { state } = entry;
  if (before === undefined)
    return context.version === guideline.version
      ? [`Guideline in force: version ${guideline.version}, “${guideline.title}”.`]
      : ['The version of the guideline that was in force is not known.'];
  return [
    before.coordinator === state.coordinator
      ? undefined
      : `Coordinator from now on: ${nameOf(state.coordinator, context)}, instead of ${nameOf(before.coordinator, context)}.`,
    before.status === state.status ? undefined : `Status of the mission: ${before.status} → ${state.status}.`,
  ];
};
