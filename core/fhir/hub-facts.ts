import { type Entry, hub, type MissionState, type TaskState } from '../mission/state.ts';
import { isAboutBirth } from './birth.ts';

/**
 * What the hub itself knows of a mission. Codes, numbers and times that a sender wrote are shown without persons only as far
 * as they agree with it: a form alone also fits a name or an identity number.
 */
export interface HubFacts {
  readonly mission: string;
  /** When the mission was opened, and when the hub accepted the message that is shown. ISO 8601. */
  readonly openedAt: string;
  readonly receivedAt: string;
  /** Version of the guideline that the mission was requested under. */
  readonly guideline: string | undefined;
  /** Criteria and reasons of that version that messages of the mission gave. */
  readonly guidelineCodes: ReadonlySet<string>;
  /** Organisation numbers of the parties. */
  readonly organisations: ReadonlySet<string>;
  /** The message, or the description of the mission, is about a birth: the time of day of a finding may be that of the birth. */
  readonly isBirth: boolean;
}

const codesOf = ({ criteria = [], reason }: Pick<TaskState, 'criteria' | 'reason'>): readonly string[] => [
  ...criteria,
  ...(reason === undefined ? [] : [reason.code]),
];

const organisationsOf = (state: MissionState): readonly string[] => [
  state.requester,
  state.coordinator,
  ...(state.observers ?? []),
  ...state.tasks.flatMap(({ owner, asker }) => [owner, asker]),
];

/** The facts for one entry of a mission; `sources` are the entries that describe it, if the caller has read them. */
export const hubFactsOf = (
  entry: Pick<Entry, 'state' | 'facts' | 'receivedAt' | 'text' | 'sender'>,
  sources: readonly Pick<Entry, 'text' | 'receivedAt'>[] = [],
): HubFacts => {
  const { state, facts, receivedAt } = entry;
  return {
    mission: state.mission,
    openedAt: state.openedAt,
    receivedAt,
    guideline: state.guideline,
    guidelineCodes: new Set([facts, state, ...state.tasks].flatMap(codesOf)),
    organisations: new Set([hub.organisation, entry.sender, ...organisationsOf(state)]),
    isBirth: [entry, ...sources].some(isAboutBirth),
  };
};
