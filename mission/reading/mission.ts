import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import type { Caller, MissionLog, StoredEntry } from '../ports.ts';
import { concernedParties, isParty, type MissionState } from '../state.ts';
import { missionResource } from '../views/service-request.ts';

export const notFound: Refusal = refuse('not-found');

/** The mission's newest entry, if the caller has a part in the mission; otherwise there is nothing to see. */
export const openMission = async (missions: MissionLog, caller: Caller, id: string): Promise<StoredEntry | Refusal> => {
  const last = isMissionId(id) ? await missions.last(id) : undefined;
  return last !== undefined && isParty(last.state, caller.organisation) ? last : notFound;
};

export interface MissionReading {
  readonly outcome: 'found';
  readonly resource: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly changedAt: string;
}

const requestOf = (
  missions: MissionLog,
  last: StoredEntry,
  { request }: MissionState,
): Promise<StoredEntry | undefined> | StoredEntry =>
  request.entry === last.number ? last : missions.entry(last.mission, request.entry);

/** The newest entry for those whom the mission concerns; for who declined or was let go, the one in which its part ended. */
const lastSeenBy = (organisation: string, { number, state }: StoredEntry): number => {
  if (concernedParties(state).includes(organisation)) return number;
  const own = state.tasks.filter((task) => task.owner === organisation || task.asker === organisation);
  return Math.max(1, ...own.map((task) => task.changedBy));
};

/** `GET ServiceRequest/{mission}`. */
export const readMission = async (
  missions: MissionLog,
  caller: Caller,
  id: string,
): Promise<MissionReading | Refusal> => {
  const newest = await openMission(missions, caller, id);
  if (isRefusal(newest)) return newest;
  const seen = lastSeenBy(caller.organisation, newest);
  const last = seen === newest.number ? newest : ((await missions.entry(id, seen)) ?? newest);
  const request = (await requestOf(missions, last, last.state)) ?? last;
  return {
    outcome: 'found',
    resource: missionResource(last.state, request),
    version: last.number,
    changedAt: last.state.changedAt,
  };
};
