import { roles, type Role } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { destinationPath, receiverPath } from '../../schemas/reading/fhir-paths.ts';
import { updatesDescription } from '../../schemas/reading/description.ts';
import type { MessageType } from '../../schemas/messages/message-type.ts';
import type { Message } from '../../schemas/reading/message.ts';
import type { Directory } from './directory.ts';
import { leads, type MissionState, type Party, type TaskState } from './state.ts';

/** The parties that a message makes owners of Tasks or observers of the mission. */

/** The one receiver of a message that opens a Task, of the role that owns such Tasks. */
const addressee = (type: MessageType, message: Message, directory: Directory): Party | Refusal => {
  const [only, second] = message.destinations;
  const wanted = type.opens?.owner ?? 'amk-la';
  if (only === undefined)
    return refuse('missing-field', destinationPath, `must name the party that is asked (${roles[wanted]}) as receiver`);
  if (second !== undefined)
    return refuse('wrong-field', destinationPath, 'must name one party: send one message for each party that is asked');
  const party = directory.partyOf(only);
  if (party === undefined) return refuse('unknown-organisation', receiverPath(0));
  return party.role === wanted
    ? party
    : refuse('wrong-field', receiverPath(0), `must be of the role ${wanted}, but the directory says ${party.role}`);
};

/** The AMK LA that a mission is requested of: the receiver, or else the one that covers the place. */
const firstCoordinator = (message: Message, directory: Directory): Party | Refusal => {
  if (message.destinations.length > 0) return addressee(message.type, message, directory);
  const { municipality } = message.facts;
  if (municipality === undefined)
    return refuse(
      'no-coordinator',
      destinationPath,
      'name the AMK LA as receiver, or give the municipality of the place (Location.address._district)',
    );
  return (
    directory.coordinatorFor(municipality) ??
    refuse('no-coordinator', destinationPath, `no AMK LA covers the municipality ${municipality}`)
  );
};

/**
 * The owner of the Task that a message opens: the receiver, the hospital it diverts to, or the AMK LA that reviews.
 * Nothing if it opens none.
 */
export const newOwnerOf = (
  message: Message,
  task: TaskState | undefined,
  before: MissionState | undefined,
  directory: Directory,
): Party | Refusal | undefined => {
  const { type, facts } = message;
  if (type.mission === 'opens') return firstCoordinator(message, directory);
  if (before === undefined) return undefined;
  if (type.opens !== undefined && (task === undefined || type.mission === 'forwards')) {
    const owner = addressee(type, message, directory);
    return type.mission === 'forwards' && !isRefusal(owner) && owner.organisation === before.coordinator
      ? refuse('wrong-field', receiverPath(0), 'must be another AMK LA than the one that coordinates')
      : owner;
  }
  if (facts.divertedTo !== undefined) return directory.partyOf(facts.divertedTo);
  return type.mission === 'reviews'
    ? (directory.partyOf(before.coordinator) ?? refuse('unknown-organisation', destinationPath))
    : undefined;
};

/** Organisation numbers of receivers that become observers, because the requester or the coordinator addresses them. */
export const newObservers = (
  message: Message,
  before: MissionState | undefined,
  sender: Party,
  directory: Directory,
): readonly string[] => {
  const { invites } = message.type;
  if (invites === undefined || before === undefined || !leads(before, sender.organisation)) return [];
  return [...new Set(message.destinations)].filter(
    (organisation) =>
      directory.partyOf(organisation)?.role === invites && before.observers?.includes(organisation) !== true,
  );
};

/** Roles that see the missions of others in a large event. */
const coordinating: readonly Role[] = ['local-amk', 'amk-la'];

/**
 * Receivers to which the requester or the coordinator opens the large event: AMK and AMK LA without a part in the mission, in an
 * update that states the event.
 */
export const sharesIncidentWith = (
  { type, facts, destinations }: Message,
  before: MissionState | undefined,
  sender: Party,
  directory: Directory,
): readonly string[] => {
  if (!updatesDescription(type) || facts.incident === undefined || before === undefined) return [];
  if (!leads(before, sender.organisation)) return [];
  return [...new Set(destinations)].filter((organisation) => {
    const role = directory.partyOf(organisation)?.role;
    return role !== undefined && coordinating.includes(role) && !leads(before, organisation);
  });
};
