import type { Role } from '../schemas/codes.ts';
import { knownMessageType } from '../schemas/messages/catalogue.ts';
import type { Audience } from '../schemas/messages/message-type.ts';
import { concernedParties, type Entry, type MissionEvent, type MissionState, type TaskState, taskOf } from './state.ts';

/** The Task that an event opened or moved. */
export const taskConcerned = (event: MissionEvent, after: MissionState): TaskState | undefined =>
  taskOf(after, event.facts.task) ?? after.tasks.find((task) => task.openedBy === event.number);

const audience = (
  whom: Audience,
  event: MissionEvent,
  before: MissionState | undefined,
  after: MissionState,
): readonly (string | undefined)[] => {
  const task = taskConcerned(event, after);
  switch (whom) {
    case 'requester':
      return [after.requester];
    case 'coordinator':
      return [after.coordinator];
    case 'task-owner':
      return [task?.owner];
    case 'task-asker':
      return [task?.asker];
    case 'operator-of-task':
      return [taskOf(after, task?.partOf)?.owner];
    case 'all-parties':
      // Those concerned before are told too: a cancellation must reach whom it lets go.
      return [...(before === undefined ? [] : concernedParties(before)), ...concernedParties(after)];
  }
};

/** Organisation numbers of those who must be told of an accepted message, each once, never its sender. */
export const recipientsOf = (
  event: MissionEvent,
  before: MissionState | undefined,
  after: MissionState,
): readonly string[] => {
  const told = knownMessageType(event.event).told.flatMap((whom) => audience(whom, event, before, after));
  // Whatever ends a mission, everybody it concerned hears of it.
  const ended = before !== undefined && before.status !== after.status ? concernedParties(before) : [];
  return [...new Set([...told, ...ended].filter((organisation) => organisation !== undefined))].filter(
    (organisation) => organisation !== event.sender,
  );
};

const isConcerned = (state: MissionState, organisation: string): boolean =>
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

/** Requester and coordinator see every Task of the mission, others those they own or asked for. */
export const mayReadTask = (task: TaskState, state: MissionState, organisation: string): boolean =>
  [state.requester, state.coordinator, task.owner, task.asker].includes(organisation);
