import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import { descriptionEntries } from '../mission/description.ts';
import { loadEntries } from '../mission/sources.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayOpenMission, readsDescription } from '../mission/access-rules.ts';
import { concernedParties, type MissionState } from '../mission/state.ts';
import { deIdentify } from '../fhir/de-identify.ts';
import { missionResource } from '../fhir/service-request.ts';
import { shownOf } from './shown.ts';

export const notFound: Refusal = refuse('not-found');

/** The newest entry of a mission; none for the log of a resource's availability. */
const newestOf = async (missions: MissionLog, id: string): Promise<StoredEntry | undefined> => {
  const last = isMissionId(id) ? await missions.last(id) : undefined;
  return last?.state.readiness === undefined ? last : undefined;
};

/**
 * The newest entry of a mission, for callers that may read some of it: its parties, and the quality system.
 * The caller must de-identify it for roles that may not see persons (`core/fhir/de-identify.ts`).
 */
export const openMission = async (missions: MissionLog, caller: Caller, id: string): Promise<StoredEntry | Refusal> => {
  const last = await newestOf(missions, id);
  const mayRead = last !== undefined && mayOpenMission(last.state, caller.organisation, caller.role);
  return mayRead ? last : notFound;
};

export interface MissionReading {
  readonly outcome: 'found';
  readonly resource: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly changedAt: string;
  /** The mission as the caller sees it. */
  readonly state: MissionState;
  readonly shows: readonly Shown[];
}

/** The newest entry for parties of the mission; for a party that declined or was released, the entry in which its part ended. */
export const lastSeenBy = ({ organisation, role }: Caller, { number, state }: StoredEntry): number => {
  if (role === 'quality' || concernedParties(state).includes(organisation)) return number;
  const own = state.tasks.filter((task) => task.owner === organisation || task.asker === organisation);
  return Math.max(1, ...own.map((task) => task.changedBy));
};

/** The mission as it was after an entry. `newest` decides what the caller may read; `known` are entries that were read already. */
export const readingAt = async (
  missions: MissionLog,
  caller: Caller,
  newest: StoredEntry,
  entry: StoredEntry,
  known: readonly StoredEntry[] = [],
): Promise<MissionReading | Refusal> => {
  const sources = await loadEntries(missions, entry, descriptionEntries(entry.state), known);
  const whole = missionResource(entry.state, sources);
  const resource = readsDescription(sources, newest.state, caller.organisation, caller.role)
    ? whole
    : deIdentify(whole, { role: caller.role, entry, sources });
  return resource === undefined
    ? notFound
    : {
        outcome: 'found',
        resource,
        version: entry.number,
        changedAt: entry.state.changedAt,
        state: entry.state,
        shows: [shownOf(newest.state, caller, [String(entry.number)])],
      };
};

/** `GET ServiceRequest/{mission}`. */
export const readMission = async (
  missions: MissionLog,
  caller: Caller,
  id: string,
): Promise<MissionReading | Refusal> => {
  const newest = await openMission(missions, caller, id);
  if (isRefusal(newest)) return newest;
  const seen = lastSeenBy(caller, newest);
  const last = seen === newest.number ? newest : ((await missions.entry(id, seen)) ?? newest);
  return readingAt(missions, caller, newest, last);
};
