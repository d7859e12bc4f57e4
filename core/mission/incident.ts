import type { Incident } from './projections.ts';
import { coordinatorsOf, type IncidentShare, type MissionEvent, type MissionState } from './state.ts';

/**
 * Who sees the missions of others in a large event. A number alone opens nothing: anybody can use it. The missions of one AMK LA
 * are seen together; those of another one when it, or the requester of the mission, has opened them.
 */

export const isSameIncident = (one: Incident | undefined, other: Incident | undefined): boolean =>
  one !== undefined && one.system === other?.system && one.value === other.value;

/** Organisations to which a mission opens its large event. The newest count if there are more. */
const mostShares = 50;

/** To whom the event is opened after a message. It is opened to nobody in another event. */
export const sharedAfter = (
  { shared = [], incident: before }: MissionState,
  incident: Incident | undefined,
  { shares = [], sender }: MissionEvent,
): readonly IncidentShare[] | undefined => {
  const kept = isSameIncident(before, incident)
    ? shared.filter(({ by, to }) => by !== sender || !shares.includes(to))
    : [];
  const all = [...kept, ...shares.map((to) => ({ by: sender, to }))];
  return all.length === 0 || incident === undefined ? undefined : all.slice(-mostShares);
};

/** What opens missions of a large event to a reader. */
export interface IncidentAccess {
  /** AMK LA of the reader's own missions in the event. */
  readonly coordinators: readonly string[];
  /** AMK LA that have opened their missions to the reader. */
  readonly opened: readonly string[];
}

/** The reader itself, and the AMK LA of its own missions: what is opened to one of them is opened to the reader. */
export const shareReceivers = (organisation: string, own: readonly MissionState[]): readonly string[] => [
  ...new Set([organisation, ...own.flatMap(coordinatorsOf)]),
];

/** The AMK LA among those that opened the event to a receiver: each opens all missions that it coordinates. */
export const openingCoordinators = (
  states: readonly MissionState[],
  receivers: readonly string[],
): readonly string[] => [
  ...new Set(
    states.flatMap((state) =>
      (state.shared ?? [])
        .filter(({ by, to }) => receivers.includes(to) && coordinatorsOf(state).includes(by))
        .map(({ by }) => by),
    ),
  ),
];

/** Whether a reader with a part in the event sees a mission of others. */
export const seesMission = (
  state: MissionState,
  { coordinators, opened }: IncidentAccess,
  receivers: readonly string[],
): boolean =>
  coordinatorsOf(state).some((one) => coordinators.includes(one) || opened.includes(one)) ||
  (state.shared ?? []).some(({ to }) => receivers.includes(to));
