import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Role } from '../../schemas/codes.ts';
import { concernedParties, type Entry, type MissionState, type TaskState } from './state.ts';

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

/** Requester, coordinator, observers and quality systems read every Task of the mission; other parties those they own or asked for. */
export const mayReadTask = (task: TaskState, state: MissionState, organisation: string, role: Role): boolean =>
  role === 'observer' ||
  role === 'quality' ||
  [state.requester, state.coordinator, task.owner, task.asker].includes(organisation);
