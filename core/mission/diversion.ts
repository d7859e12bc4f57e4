import type { MissionLog, StoredEntry } from './mission-log.ts';
import { type Entry, type MissionState, type TaskState, taskOf } from './state.ts';
import { sentEntries } from './sent-message.ts';

/**
 * The notification of a diversion carries the pre-arrival notification that the hospital before had, so that the new hospital
 * knows the patient.
 */

/** Tasks of the hospitals that were to receive the patient before this one, newest first. */
const formerHospitals = (state: MissionState, task: TaskState | undefined): readonly TaskState[] => {
  const before = taskOf(state, task?.divertedFrom);
  return before === undefined ? [] : [before, ...formerHospitals(state, before)];
};

const isPrearrivalFor = (entry: Entry, task: TaskState): boolean =>
  entry.event === 'prearrival-notification' &&
  (entry.facts.task === task.id || (entry.facts.task === undefined && entry.number === task.openedBy));

const administrative: readonly string[] = ['MessageHeader', 'Task', 'PractitionerRole', 'Practitioner', 'Organization'];

/** Whether it carries clinical content beside the time of arrival. */
const hasClinicalContent = (entry: Entry): boolean =>
  sentEntries(entry).some(({ resourceType }) => !administrative.includes(resourceType));

/** The Task that a diversion opened, if the entry is one. */
const taskOfDiversion = ({ number, facts, owner, state }: Entry): TaskState | undefined =>
  facts.divertedTo === undefined || owner === undefined
    ? undefined
    : state.tasks.find((task) => task.openedBy === number && task.owner === owner && task.divertedFrom !== undefined);

/**
 * If the entry diverts the patient to this organisation: the newest pre-arrival notification for the hospitals before. One with
 * clinical content is preferred to a newer one without.
 */
export const prearrivalBeforeDiversion = async (
  missions: Pick<MissionLog, 'entries'>,
  entry: Entry,
  organisation: string,
): Promise<StoredEntry | undefined> => {
  if (entry.owner !== organisation) return undefined;
  const hospitals = formerHospitals(entry.state, taskOfDiversion(entry));
  const from = hospitals.at(-1)?.openedBy;
  if (from === undefined) return undefined;
  const log = await missions.entries(entry.mission, from, entry.number - 1);
  const prearrivals = log.filter((one) => hospitals.some((task) => isPrearrivalFor(one, task)));
  return prearrivals.findLast(hasClinicalContent) ?? prearrivals.at(-1);
};

/** Whether the entry is a pre-arrival notification for a hospital from which a patient was diverted to this organisation. */
export const mayReadPrearrivalBeforeDiversion = (entry: Entry, current: MissionState, organisation: string): boolean =>
  current.tasks
    .filter((task) => task.owner === organisation)
    .flatMap((task) => formerHospitals(current, task).map((before) => ({ before, until: task.openedBy })))
    .some(({ before, until }) => entry.number < until && isPrearrivalFor(entry, before));
