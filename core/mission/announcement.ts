import type { MissionLog, StoredEntry } from './mission-log.ts';
import { type Entry, type MissionState, type TaskState, taskOf } from './state.ts';
import { sentEntries } from './sent-message.ts';

/**
 * A hospital that a patient is diverted to is warned with what was said to the one before it: its notification carries
 * the message that announced the patient there.
 */

const announces = (entry: Pick<Entry, 'event'>): boolean => entry.event === 'prearrival-notification';

/** The Tasks of the hospitals that were to receive the patient before, the last of them first. */
const formerHospitals = (state: MissionState, task: TaskState | undefined): readonly TaskState[] => {
  const before = taskOf(state, task?.divertedFrom);
  return before === undefined ? [] : [before, ...formerHospitals(state, before)];
};

const isAbout = (entry: Entry, task: TaskState): boolean =>
  announces(entry) &&
  (entry.facts.task === task.id || (entry.facts.task === undefined && entry.number === task.openedBy));

const people: readonly string[] = ['MessageHeader', 'Task', 'PractitionerRole', 'Practitioner', 'Organization'];

/** Whether it says more than when the patient comes. */
const hasContent = (entry: Entry): boolean =>
  sentEntries(entry).some(({ resourceType }) => !people.includes(resourceType));

/** The Task that a diversion opened, if the entry is one. */
const divertedTask = ({ number, facts, owner, state }: Entry): TaskState | undefined =>
  facts.divertedTo === undefined || owner === undefined
    ? undefined
    : state.tasks.find((task) => task.openedBy === number && task.owner === owner && task.divertedFrom !== undefined);

/**
 * The newest message that announced the patient to the hospital before, if an entry diverts the patient to this
 * organisation; one that holds more than the time of arrival is better than a newer one that does not.
 */
export const announcementOf = async (
  missions: Pick<MissionLog, 'entries'>,
  entry: Entry,
  organisation: string,
): Promise<StoredEntry | undefined> => {
  if (entry.owner !== organisation) return undefined;
  const hospitals = formerHospitals(entry.state, divertedTask(entry));
  const from = hospitals.at(-1)?.openedBy;
  if (from === undefined) return undefined;
  const log = await missions.entries(entry.mission, from, entry.number - 1);
  const said = log.filter((one) => hospitals.some((task) => isAbout(one, task)));
  return said.findLast(hasContent) ?? said.at(-1);
};

/** Whether an entry announced the patient of a hospital to one before it. */
export const mayReadAnnouncement = (entry: Entry, current: MissionState, organisation: string): boolean =>
  current.tasks
    .filter((task) => task.owner === organisation)
    .flatMap((task) => formerHospitals(current, task).map((before) => ({ before, until: task.openedBy })))
    .some(({ before, until }) => entry.number < until && isAbout(entry, before));
