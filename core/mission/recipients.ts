import type { Role } from '../../schemas/codes.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Audience } from '../../schemas/messages/message-type.ts';
import type { Directory } from './directory.ts';
import {
  concernedParties,
  hub,
  isFinal,
  type MissionEvent,
  type MissionState,
  taskOf,
  type TaskState,
} from './state.ts';

/** The Tasks that an event is about: the one it moved, then the one it opened. */
export const tasksConcerned = (event: MissionEvent, after: MissionState): readonly TaskState[] => {
  const moved = taskOf(after, event.facts.task);
  return [
    ...(moved === undefined ? [] : [moved]),
    ...after.tasks.filter((task) => task.openedBy === event.number && task.id !== moved?.id),
  ];
};

const numbersOf = (directory: Directory, role: Role): readonly string[] =>
  directory.partiesOf(role).map(({ organisation }) => organisation);

const audience = (
  whom: Audience,
  event: MissionEvent,
  before: MissionState | undefined,
  after: MissionState,
  directory: Directory,
): readonly (string | undefined)[] => {
  const [task] = tasksConcerned(event, after);
  switch (whom) {
    case 'requester':
      return [after.requester];
    case 'coordinator':
      return [after.coordinator];
    case 'task-owner':
      return [task?.owner];
    case 'new-owner':
      return [event.owner];
    case 'task-asker':
      // Whoever forwarded a mission, the decision on it is still asked for by the requester.
      return [task?.asker, ...(task?.kind === 'coordination' ? [after.requester] : [])];
    case 'operator-of-task':
      return [taskOf(after, task?.partOf)?.owner];
    case 'hospitals-of-task':
      return (before ?? after).tasks
        .filter((one) => one.kind === 'prearrival' && !isFinal(one) && one.partOf === task?.id)
        .map((one) => one.owner);
    case 'all-parties':
      // Those concerned before are told too: a cancellation must reach whom it lets go.
      return [...(before === undefined ? [] : concernedParties(before)), ...concernedParties(after)];
    case 'every-amk-la':
      return numbersOf(directory, 'amk-la');
    case 'quality':
      return numbersOf(directory, 'quality');
    case 'sender-of-undelivered': {
      const sender = event.facts.undelivered?.sender;
      return [sender === hub.organisation ? after.requester : sender];
    }
  }
};

/** Organisation numbers of those who must be told of an accepted message, each once, never its sender and never who cannot be reached. */
export const recipientsOf = (
  event: MissionEvent,
  before: MissionState | undefined,
  after: MissionState,
  directory: Directory,
): readonly string[] => {
  const told = knownMessageType(event.event).notifies.flatMap((whom) =>
    audience(whom, event, before, after, directory),
  );
  // Whatever ends a mission, everybody it concerned hears of it.
  const ended = before !== undefined && before.status !== after.status ? concernedParties(before) : [];
  return [...new Set([...told, ...ended].filter((organisation) => organisation !== undefined))].filter(
    (organisation) => organisation !== event.sender && organisation !== event.facts.undelivered?.organisation,
  );
};
