import { type CallReport, callWords, reasonCodeOf } from '../../schemas/call-result.ts';
import { taskKinds } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import type { Refusal } from '../../schemas/faults.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { entryAddress } from '../../schemas/identifiers.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { type Accepted, acceptMessage } from './accept-message.ts';
import type { Directory } from './directory.ts';
import { Unavailable } from './errors.ts';
import { hubMessage, type Reason } from './hub-message-bundle.ts';
import type { MissionLog } from './mission-log.ts';
import { type Entry, hub, type MissionState, type TaskState } from './state.ts';
import { momentText } from './text.ts';

/** The messages that the hub itself writes into a mission, to alert people that they must phone a party. */

/** Roles that people are alerted about. An observer or a quality system that was not notified delays nobody. */
const mustBeReached = ['local-amk', 'amk-la', 'operator', 'hospital'] as const;

/** Why a party was not notified of an entry. Its code, not its text, is part of the message's id. */
export type Cause =
  | { readonly code: 'no-subscription' | 'answers-slowly' | 'not-called' }
  /** `lastCall`: what the last call came to. `outage`: when the endpoint stopped answering, ISO 8601. */
  | { readonly code: 'endpoint-down'; readonly lastCall?: CallReport; readonly outage?: string }
  | { readonly code: 'gave-up'; readonly lastCall?: CallReport };

const lastCallText = ({ result, at }: CallReport): string =>
  `the last call, at ${momentText(at)}, ${callWords(result)}`;

/** Causes as people read them. */
const causeText = (cause: Cause): string => {
  switch (cause.code) {
    case 'no-subscription':
      return 'no subscription';
    case 'answers-slowly':
      return 'its system answers slowly, and earlier calls are still in progress';
    case 'not-called':
      return 'the hub has not called its system yet';
    case 'endpoint-down':
    case 'gave-up':
      return cause.lastCall === undefined ? 'no call was made' : lastCallText(cause.lastCall);
  }
};

/** Causes as machines read them; nothing if no call was made. */
const reasonOf = (cause: Cause): Reason | undefined => {
  const code = 'lastCall' in cause ? cause.lastCall && reasonCodeOf(cause.lastCall.result) : cause.code;
  return code === undefined || code === 'endpoint-down' || code === 'gave-up'
    ? undefined
    : { code, text: causeText(cause) };
};

const outageOf = (cause: Cause): string | undefined => (cause.code === 'endpoint-down' ? cause.outage : undefined);

/** How often people are alerted of a cause: once in the mission, once in an outage, or for each entry. */
const occurrenceOf = (cause: Cause, entry: number): string => {
  switch (cause.code) {
    case 'no-subscription':
      return cause.code;
    case 'answers-slowly':
    case 'not-called':
      return String(entry);
    case 'endpoint-down':
    case 'gave-up':
      return outageOf(cause) ?? String(entry);
  }
};

/** Nobody has acknowledged a Task in time, or a decision that was deferred has not been made. */
export const overdueMessage = (
  state: MissionState,
  task: TaskState,
  deadline: string,
  directory: Directory,
): Message => {
  const owner = directory.partyOf(task.owner)?.name ?? task.owner;
  const ask = task.cancelRequested === true ? 'This resource is not needed any more' : taskKinds[task.kind];
  const by = momentText(deadline);
  const text =
    task.status === 'on-hold'
      ? `${owner} deferred the decision until ${by} and has not decided.`
      : `Nobody at ${owner} has acknowledged by ${by}: ${ask}.`;
  return hubMessage(
    state,
    {
      event: 'acknowledgement-overdue',
      identity: [task.id, deadline],
      reference: `Task/${task.id}`,
      facts: { task: task.id, answer: 'overdue', deadline },
      organisation: task.owner,
      text,
      due: deadline,
    },
    directory,
  );
};

type MissedEntry = Pick<Entry, 'mission' | 'number' | 'event' | 'sender' | 'state'>;

/** Whether people must phone a recipient that misses an entry. */
export const concernsPeople = (
  entry: Pick<MissedEntry, 'event' | 'state'>,
  organisation: string,
  directory: Directory,
): boolean => {
  const role = directory.partyOf(organisation)?.role;
  // The recipients of a hub message are those who should phone. If one of them misses it, the others have it.
  if (knownMessageType(entry.event).relation === 'hub') return false;
  // Nobody waits for the readiness of a resource.
  if (entry.state.readiness !== undefined) return false;
  return mustBeReached.some((one) => one === role);
};

/** Whether people need not be alerted that a party missed an entry. */
const needsNoAlert = (entry: MissedEntry, organisation: string, cause: Cause, directory: Directory): boolean => {
  if (!concernsPeople(entry, organisation, directory)) return true;
  const isRepeated = cause.code === 'gave-up' || outageOf(cause) !== undefined;
  return !isRepeated && entry.state.unreachable?.[organisation] !== undefined;
};

/** Alerts people that a party was not notified of an entry; `undefined` if they need no alert. */
export const unreachableMessage = (
  entry: MissedEntry,
  organisation: string,
  cause: Cause,
  directory: Directory,
): Message | undefined => {
  if (needsNoAlert(entry, organisation, cause, directory)) return undefined;
  const name = directory.partyOf(organisation)?.name ?? organisation;
  const missed = `"${knownMessageType(entry.event).title}" (message ${entry.number} of the mission)`;
  const outage = outageOf(cause);
  const text =
    cause.code === 'gave-up'
      ? `${name} was not notified of ${missed}. The hub stopped trying: ${causeText(cause)}.`
      : `${name} cannot be reached by machine (${causeText(cause)}) and was not notified of ${missed}.`;
  return hubMessage(
    entry.state,
    {
      event: cause.code === 'gave-up' ? 'delivery-failed' : 'party-unreachable',
      identity: [organisation, occurrenceOf(cause, entry.number)],
      reference: `Bundle/${entryAddress(entry.mission, entry.number)}`,
      facts: { undelivered: { organisation, entry: entry.number, sender: entry.sender, ...defined({ outage }) } },
      organisation,
      text,
      ...defined({ reason: reasonOf(cause) }),
    },
    directory,
  );
};

/** Refusals that say nothing about the message itself: the hub must write it later. */
const retriedLater: readonly string[] = ['contended', 'too-large'];

interface WriteOptions {
  /** Of the entry that the message follows from. */
  readonly correlationId?: string;
  /** Milliseconds until the sweeper takes over the fan-out; 0 if the caller does not fan out. */
  readonly fanOutDueIn?: number;
}

/**
 * Writes a message of the hub into its mission. The same message again is written once; the mission's rules refuse it when it
 * has become pointless. Throws `Unavailable` if the mission's log cannot take it now: the obligation stays, and the sweeper retries.
 */
export const writeHubMessage = async (
  ports: { readonly missions: MissionLog; readonly directory: Directory; readonly now: () => number },
  message: Message,
  { correlationId, fanOutDueIn }: WriteOptions = {},
): Promise<Accepted | Refusal> => {
  const written = await acceptMessage(
    ports.missions,
    message,
    // It opens no Task and carries no code of a guideline: any version is right.
    { sender: hub, directory: ports.directory, guidelines: firstGuidelines, origin: defined({ correlationId }) },
    ports.now,
    defined({ fanOutDueIn }),
  );
  if (written.outcome === 'refused' && written.faults.some(({ code }) => retriedLater.includes(code)))
    throw new Unavailable(`the log of mission ${message.mission ?? ''} cannot take ${message.type.event} now`);
  return written;
};
