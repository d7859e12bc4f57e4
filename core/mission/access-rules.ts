import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Role } from '../../schemas/codes.ts';
import { concernedParties, type Entry, isParty, type MissionState, type TaskState } from './state.ts';

const isConcerned = (state: MissionState, organisation: string): boolean =>
  concernedParties(state).includes(organisation);

/** A party may read a message that it sent or was notified of, or that its role reads while the mission concerns it. */
export const mayReadEntry = (
  entry: Pick<Entry, 'event' | 'sender' | 'recipients'>,
  current: MissionState,
  organisation: string,
  role: Role,
): boolean =>
  entry.sender === organisation ||
  entry.recipients.includes(organisation) ||
  (knownMessageType(entry.event).readableBy.includes(role) && isConcerned(current, organisation));

/** All other roles get de-identified content: observers, quality systems, and roles that only a newer release knows. */
const rolesSeeingPersons: readonly Role[] = ['local-amk', 'amk-la', 'operator', 'hospital', 'hub'];

/** Whether a role sees what concerns it without persons and free text. */
export const seesNoPerson = (role: Role): boolean => !rolesSeeingPersons.includes(role);

/** Whether a party may read some of the mission; a quality system reads every mission, without persons. */
export const mayOpenMission = (current: MissionState, organisation: string, role: Role): boolean =>
  role === 'quality' || isParty(current, organisation);

/** A party whose part ended and that never got the messages which describe the mission does not need its text any more. */
export const readsDescription = (
  sources: readonly Pick<Entry, 'event' | 'sender' | 'recipients'>[],
  current: MissionState,
  organisation: string,
  role: Role,
): boolean => !seesNoPerson(role) && sources.every((source) => mayReadEntry(source, current, organisation, role));

/** A report of a resource's availability belongs to no mission: its recipients and every AMK LA may read it. */
export const mayReadReadiness = (
  entry: Pick<Entry, 'event' | 'sender' | 'recipients'>,
  organisation: string,
  role: Role,
): boolean =>
  !seesNoPerson(role) &&
  (entry.sender === organisation ||
    entry.recipients.includes(organisation) ||
    knownMessageType(entry.event).readableBy.includes(role));

/** Requester, coordinator, observers and quality systems read every Task of the mission; other parties those they own or asked for. */
export const mayReadTask = (task: TaskState, state: MissionState, organisation: string, role: Role): boolean =>
  role === 'observer' ||
  role === 'quality' ||
  [state.requester, state.coordinator, task.owner, task.asker].includes(organisation);
