import { taskKinds } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import type { Refusal } from '../../schemas/faults.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { digestOf, entryAddress, uuidOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/messages/read-message.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Facts } from '../../schemas/messages/message-type.ts';
import { canonicalBase, exerciseCode, systems } from '../../schemas/names.ts';
import { type Accepted, acceptMessage } from './accept-message.ts';
import { momentWords } from './words.ts';
import type { MissionLog } from './mission-log.ts';
import type { Directory } from './directory.ts';
import { Unavailable } from './errors.ts';
import { type Entry, hub, type MissionState, type TaskState } from './state.ts';

/**
 * What the hub itself says in a mission: that somebody must be phoned. Each message is a FHIR message as any other.
 * Its id follows from what it is about, so that said twice it is written once.
 */

/** These must be reached; an observer or a quality system that cannot be told keeps nobody waiting. */
const mustBeReached = ['local-amk', 'amk-la', 'operator', 'hospital'] as const;

/** Why a party cannot be reached that has never asked to be told. */
export const noSubscription = 'no subscription';
/** Or whose subscription has no room for another mission. */
export const cannotBeNumbered = 'its subscription holds too many missions that have not ended';

interface Call {
  readonly event: 'acknowledgement-overdue' | 'delivery-failed' | 'party-unreachable';
  /** What the message is about, in names that make its id. */
  readonly about: readonly string[];
  readonly reference: string;
  readonly facts: Facts;
  /** Organisation number of the party to phone. */
  readonly phone: string;
  /** What has happened, without whom to phone. */
  readonly words: string;
  /** ISO 8601: when it should have happened. */
  readonly due?: string;
}

const compose = (
  { mission, exercise, urgency }: Pick<MissionState, 'mission' | 'exercise' | 'urgency'>,
  call: Call,
  directory: Directory,
): Message => {
  const type = knownMessageType(call.event);
  const id = uuidOf(call.event, mission, ...call.about);
  const urn = (name: string): string => `urn:uuid:${uuidOf(name, id)}`;
  const party = directory.partyOf(call.phone);
  const name = party?.name ?? call.phone;
  const number = party?.phone === undefined ? 'the directory has no number' : party.phone;
  const label = exercise ? { meta: { security: [{ system: systems.actReason, code: exerciseCode }] } } : {};
  const text = JSON.stringify({
    resourceType: 'Bundle',
    id: uuidOf('Bundle', id),
    ...label,
    type: 'message',
    entry: [
      {
        fullUrl: urn('MessageHeader'),
        resource: {
          resourceType: 'MessageHeader',
          id,
          eventCoding: { system: systems.event, code: call.event, display: type.title },
          source: { name: hub.name, endpoint: `${canonicalBase}/$process-message` },
          focus: [
            { reference: urn('CommunicationRequest'), type: 'CommunicationRequest' },
            { type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } },
          ],
        },
      },
      {
        fullUrl: urn('CommunicationRequest'),
        resource: {
          resourceType: 'CommunicationRequest',
          status: 'active',
          category: [{ coding: [{ system: systems.event, code: call.event, display: type.title }] }],
          priority: urgency,
          medium: [
            {
              coding: [
                {
                  system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationMode',
                  code: 'PHONE',
                  display: 'telephone',
                },
              ],
            },
          ],
          about: [
            { reference: `ServiceRequest/${mission}`, type: 'ServiceRequest' },
            { reference: call.reference, type: call.reference.split('/')[0] },
          ],
          payload: [{ contentString: `${exercise ? 'EXERCISE. ' : ''}${call.words} Phone ${name}: ${number}.` }],
          ...defined({ occurrenceDateTime: call.due }),
          recipient: [{ reference: urn('Organization'), type: 'Organization', display: name }],
        },
      },
      {
        fullUrl: urn('Organization'),
        resource: {
          resourceType: 'Organization',
          id: call.phone,
          identifier: [{ system: systems.organisationNumber, value: call.phone }],
          name,
          ...(party?.phone === undefined ? {} : { telecom: [{ system: 'phone', value: party.phone }] }),
        },
      },
    ],
  });
  return {
    outcome: 'read',
    type,
    id,
    bundleId: uuidOf('Bundle', id),
    mission,
    destinations: [],
    claims: [],
    exercise,
    facts: call.facts,
    focusIndex: 1,
    text,
    // Numbers in the directory may change between two tries: it is the same message nevertheless.
    digest: digestOf(id),
  };
};

/** Nobody has acknowledged an ask in time, or what was deferred has not been decided. */
export const overdueMessage = (
  state: MissionState,
  task: TaskState,
  deadline: string,
  directory: Directory,
): Message => {
  const owner = directory.partyOf(task.owner)?.name ?? task.owner;
  const ask = task.cancelRequested === true ? 'This resource is not needed any more' : taskKinds[task.kind];
  const by = momentWords(deadline);
  const words =
    task.status === 'on-hold'
      ? `${owner} deferred the decision until ${by} and has not decided.`
      : `Nobody at ${owner} has acknowledged by ${by}: ${ask}.`;
  const call: Call = {
    event: 'acknowledgement-overdue',
    about: [task.id, deadline],
    reference: `Task/${task.id}`,
    facts: { task: task.id, answer: 'overdue', deadline },
    phone: task.owner,
    words,
    due: deadline,
  };
  return compose(state, call, directory);
};

type Undelivered = Pick<Entry, 'mission' | 'number' | 'event' | 'sender' | 'state'>;

/**
 * A party was not told of an entry, and why. Nothing to say of the hub's own messages (who did not get them was to phone,
 * and the others were told), of readiness, which nobody waits for, and of parties that need not be reached.
 */
export const unreachableMessage = (
  event: 'delivery-failed' | 'party-unreachable',
  entry: Undelivered,
  organisation: string,
  why: string,
  directory: Directory,
  outage?: string,
): Message | undefined => {
  const type = knownMessageType(entry.event);
  const party = directory.partyOf(organisation);
  const silent =
    type.relation === 'hub' ||
    entry.state.readiness !== undefined ||
    !mustBeReached.some((role) => role === party?.role) ||
    (event === 'party-unreachable' && outage === undefined && entry.state.unreachable?.[organisation] !== undefined);
  if (silent) return undefined;
  const name = party?.name ?? organisation;
  const words =
    event === 'delivery-failed'
      ? `${name} has not been told of "${type.title}" (message ${entry.number} of the mission): the hub has given up, last answer: ${why}.`
      : `${name} cannot be reached by machine (${why}) and does not know of "${type.title}" (message ${entry.number} of the mission).`;
  const onceInMission = why === noSubscription || why === cannotBeNumbered ? why : undefined;
  const call: Call = {
    event,
    // Without a subscription nothing changes from message to message: people are told once.
    about: [
      organisation,
      onceInMission ?? (event === 'party-unreachable' ? outage : undefined) ?? String(entry.number),
    ],
    reference: `Bundle/${entryAddress(entry.mission, entry.number)}`,
    facts: { undelivered: { organisation, entry: entry.number, sender: entry.sender, ...defined({ outage }) } },
    phone: organisation,
    words,
  };
  return compose(entry.state, call, directory);
};

/** The hub could not get a word in now: its message must be said all the same. */
const comesAgain: readonly string[] = ['contended', 'too-large'];

/**
 * Writes a message of the hub into its mission, unless that has been done or the mission's rules say that it has become pointless.
 * `correlationId`: of the entry it follows from. Throws `Unavailable` if the mission's log would not take it: whoever owes it keeps owing it.
 */
export const writeHubMessage = async (
  ports: { readonly missions: MissionLog; readonly directory: Directory; readonly now: () => number },
  message: Message,
  correlationId?: string,
  patienceMilliseconds?: number,
): Promise<Accepted | Refusal> => {
  const said = await acceptMessage(
    ports.missions,
    message,
    // It asks nothing and carries no code of the guideline: any version will do.
    { sender: hub, directory: ports.directory, guidelines: firstGuidelines, origin: defined({ correlationId }) },
    ports.now,
    defined({ patienceMilliseconds }),
  );
  if (said.outcome === 'refused' && said.faults.some(({ code }) => comesAgain.includes(code)))
    throw new Unavailable(
      `the hub's ${message.type.event} of mission ${message.mission ?? ''} found no place in the log`,
    );
  return said;
};
