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

/** The Tasks that an event concerns: the one it changed, then the one it opened. */
export const tasksConcerned = (
  event: Pick<MissionEvent, 'number' | 'facts'>,
  after: MissionState,
): readonly TaskState[] => {
  const changed = taskOf(after, event.facts.task);
  return [
    ...(changed === undefined ? [] : [changed]),
    ...after.tasks.filter((task) => task.openedBy === event.number && task.id !== changed?.id),
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
      // After a forwarding the asker is the AMK LA that forwarded, but the requester still waits for the decision.
      return [task?.asker, ...(task?.kind === 'coordination' ? [after.requester] : [])];
    case 'operator-of-task':
      return [taskOf(after, task?.partOf)?.owner];
    case 'hospitals-of-task':
      return (before ?? after).tasks
        .filter((one) => one.kind === 'prearrival' && !isFinal(one) && one.partOf === task?.id)
        .map((one) => one.owner);
    case 'all-parties':
      // A cancellation must reach the parties whose Tasks it ends.
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

/**
 * Organisation numbers to notify of an accepted message, each once. Never its sender, and never the party that it reports as
 * unreachable.
 */
export const recipientsOf = (
  event: MissionEvent,
  before: MissionState | undefined,
  after: MissionState,
  directory: Directory,
): readonly string[] => {
  const notified = knownMessageType(event.event).notifies.flatMap((whom) =>
    audience(whom, event, before, after, directory),
  );
  // Every party that the mission concerned is notified of its end.
  const ended = before !== undefined && before.status !== after.status ? concernedParties(before) : [];
  return [...new Set([...notified, ...ended].filter((organisation) => organisation !== undefined))].filter(
    (organisation) => organisation !== event.sender && organisation !== event.facts.undelivered?.organisation,
  );
};
