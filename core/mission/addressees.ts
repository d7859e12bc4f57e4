import { roles } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import type { MessageType } from '../../schemas/messages/message-type.ts';
import { destinationAt } from './fhir-paths.ts';
import type { Directory } from './directory.ts';
import { leads, type MissionState, type Party, type TaskState } from './state.ts';

/** Whom a message asks, and whom it makes party to the mission. */

/** The party a new Task is for: exactly one destination, known, of the right role. */
const addressee = (type: MessageType, message: Message, directory: Directory): Party | Refusal => {
  const [only, second] = message.destinations;
  const wanted = type.opens?.owner ?? 'amk-la';
  if (only === undefined)
    return refuse('missing-field', destinationAt, `must name the party that is asked (${roles[wanted]}) as receiver`);
  if (second !== undefined)
    return refuse('wrong-field', destinationAt, 'must name one party: send one message for each party that is asked');
  const party = directory.partyOf(only);
  if (party === undefined) return refuse('unknown-organisation', `${destinationAt}[0].receiver`);
  return party.role === wanted
    ? party
    : refuse(
        'wrong-field',
        `${destinationAt}[0].receiver`,
        `must be of the role ${wanted}, but the directory says ${party.role}`,
      );
};

/** The AMK LA that is asked: the one addressed, else the one that covers the place. */
export const firstCoordinator = (type: MessageType, message: Message, directory: Directory): Party | Refusal => {
  if (message.destinations.length > 0) return addressee(type, message, directory);
  const { municipality } = message.facts;
  if (municipality === undefined)
    return refuse(
      'no-coordinator',
      destinationAt,
      'name the AMK LA as receiver, or give the municipality of the place (Location.address._district)',
    );
  return (
    directory.coordinatorFor(municipality) ??
    refuse('no-coordinator', destinationAt, `no AMK LA covers the municipality ${municipality}`)
  );
};

/** A hospital that a message names beside the one that is asked. */
export const wrongHospital = (
  number: string | undefined,
  task: TaskState | undefined,
  at: string,
  directory: Directory,
): Refusal | undefined => {
  if (number === undefined) return undefined;
  const hospital = directory.partyOf(number);
  if (hospital === undefined) return refuse('unknown-organisation', `${at}.output`);
  if (hospital.role !== 'hospital')
    return refuse('wrong-field', `${at}.output`, `must be a hospital, but the directory says ${hospital.role}`);
  return task?.kind === 'prearrival' && number === task.owner
    ? refuse('wrong-field', `${at}.output`, 'must be another hospital than the one the patient was to come to')
    : undefined;
};

/** Whom a message asks for something new: the party it addresses, the hospital it diverts to, the AMK LA that reviews. */
export const newOwner = (
  message: Message,
  task: TaskState | undefined,
  before: MissionState,
  directory: Directory,
): Party | Refusal | undefined => {
  const { type, facts } = message;
  if (type.opens !== undefined && (task === undefined || type.mission === 'forwards')) {
    const owner = addressee(type, message, directory);
    return type.mission === 'forwards' && !isRefusal(owner) && owner.organisation === before.coordinator
      ? refuse('wrong-field', `${destinationAt}[0].receiver`, 'must be another AMK LA than the one that coordinates')
      : owner;
  }
  if (facts.divertedTo !== undefined) return directory.partyOf(facts.divertedTo);
  return type.mission === 'reviews'
    ? (directory.partyOf(before.coordinator) ?? refuse('unknown-organisation', destinationAt))
    : undefined;
};

/** Observers that who leads the mission addresses become party to it. */
export const invited = (
  message: Message,
  before: MissionState,
  { sender, directory }: { readonly sender: Party; readonly directory: Directory },
): readonly string[] => {
  const { invites } = message.type;
  if (invites === undefined || !leads(before, sender.organisation)) return [];
  return [...new Set(message.destinations)].filter(
    (organisation) =>
      directory.partyOf(organisation)?.role === invites && before.observers?.includes(organisation) !== true,
  );
};
