import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Role } from '../../schemas/codes.ts';
import { concernedParties, type Entry, type MissionState, type TaskState } from './state.ts';

export const isConcerned = (state: MissionState, organisation: string): boolean =>
  concernedParties(state).includes(organisation);
/** Whether a party may read an accepted message: it sent it, was told of it, or its role reads such messages while the mission concerns it. */
export const mayReadEntry = (
  entry: Pick<Entry, 'event' | 'sender' | 'recipients'>,
  current: MissionState,
  organisation: string,
  role: Role,
): boolean =>
  entry.sender === organisation ||
  entry.recipients.includes(organisation) ||
  (knownMessageType(entry.event).readableBy.includes(role) && isConcerned(current, organisation));
export const seers: readonly Role[] = ['local-amk', 'amk-la', 'operator', 'hospital', 'hub'];
/** These see what concerns them without persons and free text: observers and quality systems, and whoever is in a role that only a newer release knows. */
export const seesNoPerson = (role: Role): boolean => !seers.includes(role);
/** Requester, coordinator, observers and quality systems see every Task of the mission, others those they own or asked for. */
export const mayReadTask = (task: TaskState, state: MissionState, organisation: string, role: Role): boolean =>
  role === 'observer' ||
  role === 'quality' ||
  [state.requester, state.coordinator, task.owner, task.asker].includes(organisation);
