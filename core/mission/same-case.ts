import type { MissionLists } from './mission-lists.ts';
import type { MissionLog } from './mission-log.ts';
import type { Entry } from './state.ts';

/** Case numbers that are looked up, and the newest missions of each that are read. Nearly always it is one number without a mission. */
const mostNumbers = 3;
const mostMissions = 5;

/**
 * The open missions that the sender has requested under a case number of this request. One read for each number, and one for each
 * mission that has it. Two requests at the same time do not see each other: the link is written by the fan-out.
 */
export const openMissionsOfCase = async (
  { missions, missionLists }: { readonly missions: Pick<MissionLog, 'last'>; readonly missionLists: MissionLists },
  { mission, sender, exercise, facts }: Pick<Entry, 'mission' | 'sender' | 'exercise' | 'facts'>,
): Promise<readonly string[]> => {
  const numbers = facts.caseNumbers?.slice(0, mostNumbers) ?? [];
  const linked = await Promise.all(
    numbers.map((number) => missionLists.missionsOfCase(number, exercise, mostMissions)),
  );
  const others = [...new Set(linked.flat())].filter((one) => one !== mission);
  const read = await Promise.all(others.map((one) => missions.last(one)));
  return read.flatMap((last) =>
    last?.state.status === 'active' && last.state.requester === sender ? [last.mission] : [],
  );
};
