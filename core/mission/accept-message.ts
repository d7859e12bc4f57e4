import { defined } from '../../schemas/defined.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import { headerPath } from '../../schemas/reading/fhir-paths.ts';
import { firstDifference } from '../../schemas/reading/message-identity.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { decide, missionOf } from './decide.ts';
import type { DecisionContext } from './decision.ts';
import { entryAfter } from './log-entry.ts';
import { entriesLike, keepOldFingerprints } from './known-messages.ts';
import type { MissionLog, StoredEntry } from './mission-log.ts';
import type { Entry, MissionState, Party } from './state.ts';

/** The message is in the log. */
export interface Accepted {
  readonly outcome: 'accepted';
  readonly entry: Entry;
  /** It was in the log before: the answer is the one given then. */
  readonly repeated: boolean;
  /** The entry with the result of its fan-out, if it was in the log before. */
  readonly stored?: StoredEntry;
  /** The fan-out is not known to be complete. */
  readonly fanOutPending: boolean;
  /** State of the mission before the message. Nothing if the message opened it or was in the log before. */
  readonly before?: MissionState;
}

/** Numbers that a message may lose to others before the sender is asked to retry. */
const maxAttempts = 10;

/** Names where the message differs from the stored one: after a timeout the sender must learn that the first one was accepted. */
const idReused = ({ mission, number, text }: StoredEntry, message: Message): Refusal => ({
  outcome: 'refused',
  faults: [
    {
      code: 'message-id-reused',
      at: `${headerPath}.id`,
      and: firstDifference(text, message.text),
      detail: `the first message is stored, as version ${number} of ${mission}; expression names the first place that differs`,
    },
  ],
});

/**
 * The answer to a message that has been sent before (FHIR R4 messaging 2.4.2, absence of reliable messaging): the same message
 * gets its first answer, however late; the id of a message or Bundle with another content is refused.
 */
const seenBefore = async (
  log: MissionLog,
  last: StoredEntry,
  message: Message,
  sender: Party,
): Promise<Accepted | Refusal | undefined> => {
  const { organisation } = sender;
  const alike = (await entriesLike(log, last, message, organisation)).filter((entry) => entry.sender === organisation);
  const first = alike.find(({ messageId }) => messageId === message.id);
  if (first === undefined)
    return message.bundleId !== undefined && alike.some(({ bundleId }) => bundleId === message.bundleId)
      ? refuse('bundle-id-reused', 'Bundle.id')
      : undefined;
  return first.digest === message.digest
    ? { outcome: 'accepted', entry: first, stored: first, repeated: true, fanOutPending: first.fanOutPending }
    : idReused(first, message);
};

interface AcceptConditions {
  /** Milliseconds until the sweeper takes over the fan-out. */
  readonly fanOutDueIn?: number;
}

/**
 * Accepts a message: one consistent read, the mission's rules, one conditional put. In a log that is longer than the window, one
 * more read and two more writes, however long it is.
 * If another message takes the number, it reads and decides again, because the state may have changed.
 */
export const acceptMessage = async (
  log: MissionLog,
  message: Message,
  circumstances: Omit<DecisionContext, 'now'>,
  now: () => number,
  { fanOutDueIn = 10_000 }: AcceptConditions = {},
): Promise<Accepted | Refusal> => {
  const mission = missionOf(message, circumstances.sender);
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const last = await log.last(mission);
    const before = last === undefined ? undefined : await seenBefore(log, last, message, circumstances.sender);
    if (before !== undefined) return before;
    const at = now();
    const decided = decide(last?.state, message, { ...circumstances, now: new Date(at).toISOString() });
    if (decided.outcome === 'refused') return decided;
    const entry = entryAfter(last, decided.entry, log.window);
    if (last !== undefined) await keepOldFingerprints(log, last);
    const appended = await log.append(entry, new Date(at + fanOutDueIn).toISOString());
    if (appended === 'too-large')
      return refuse(
        'too-large',
        undefined,
        'does not fit beside what the mission already carries: send less, or send large parts by reference',
      );
    if (appended === 'appended')
      return { outcome: 'accepted', entry, repeated: false, fanOutPending: true, ...defined({ before: last?.state }) };
  }
  return refuse('contended');
};
