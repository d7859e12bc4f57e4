import type { MissionStatus } from '../../schemas/codes.ts';
import type { CaseNumber } from '../../schemas/messages/message-type.ts';
import type { Page } from './projections.ts';
import { coordinatorsOf, type MissionState } from './state.ts';

/** The missions of an organisation, as requester or as coordinator, and those of a case number (ADR 36). */

/** A list of missions: those that the organisation requested, or those that it coordinates or has coordinated. */
export interface MissionListName {
  readonly organisation: string;
  readonly part: 'requester' | 'coordinator';
}

/**
 * A mission in a list. `ended` is exact from the fan-out of each entry on. While it is absent, the row says only that the mission
 * is open: status and time of the last change are in its log.
 */
export interface MissionRow {
  readonly mission: string;
  readonly openedAt: string;
  readonly exercise: boolean;
  /** Organisation numbers. An earlier coordinator keeps the row, with the coordinator after it. */
  readonly requester: string;
  readonly coordinator: string;
  readonly ended?: { readonly status: MissionStatus; readonly changedAt: string };
}

export interface MissionLists {
  /** Stores a mission in a list as of an entry. An older entry never overwrites a newer one. */
  put(list: MissionListName, state: MissionState): Promise<void>;
  /** The missions of a list, or those of them that are open, newest first. A page begins after a place (`placeOfMission`). */
  list(list: MissionListName, which: 'all' | 'open', limit: number, from?: string): Promise<Page<MissionRow>>;
  /** Links a mission to a case number of its description. Exercises are separate. */
  linkCase(caseNumber: CaseNumber, mission: Pick<MissionState, 'mission' | 'openedAt' | 'exercise'>): Promise<void>;
  /** The newest missions whose description has, or had, the case number; of any requester; newest first. */
  missionsOfCase(caseNumber: CaseNumber, exercise: boolean, limit: number): Promise<readonly string[]>;
}

/** Place of a mission in its lists. It never changes, so that a mission that changes between two pages is not passed over. */
export const placeOfMission = ({ openedAt, mission }: Pick<MissionRow, 'openedAt' | 'mission'>): string =>
  `${openedAt}#${mission}`;

export const rowOf = ({
  mission,
  openedAt,
  exercise,
  requester,
  coordinator,
  status,
  changedAt,
}: MissionState): MissionRow => ({
  mission,
  openedAt,
  exercise,
  requester,
  coordinator,
  ...(status === 'active' ? {} : { ended: { status, changedAt } }),
});

/** The lists that a mission is in: the requester's, and those of every AMK LA that coordinates it or has coordinated it. */
export const listsOf = (state: MissionState): readonly MissionListName[] => [
  { organisation: state.requester, part: 'requester' },
  ...coordinatorsOf(state).map((organisation) => ({ organisation, part: 'coordinator' as const })),
];
