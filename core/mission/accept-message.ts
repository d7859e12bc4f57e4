import { defined } from '../../schemas/defined.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import { fingerprintOf, fingerprintPositions } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/messages/message.ts';
import { decide, missionOf } from './decide.ts';
import type { DecisionContext } from './decision.ts';
import type { MissionLog, StoredEntry } from './mission-log.ts';
import { activeSince } from './idle.ts';
import type { Entry, MissionState, Party } from './state.ts';

/** In the log. `again`: it was there before, and the answer is the one given then. */
export interface Accepted {
  readonly outcome: 'accepted';
  readonly entry: Entry;
  readonly again: boolean;
  /** Its recipients are not all known to be told. */
  readonly fanOutPending: boolean;
  /** The mission as the message found it; nothing if it opened it, or was there before. */
  readonly before?: MissionState;
}

/** Races a message may lose before the sender is asked to come again. */
const maxRaces = 10;

/** Entries whose fingerprint stands in the state; it holds those of the newest entries, one each. */
const entriesWith = async (
  log: MissionLog,
  last: StoredEntry,
  fingerprints: string,
  fingerprint: string,
): Promise<readonly StoredEntry[]> => {
  const found: StoredEntry[] = [];
  const forgotten = last.number - fingerprints.length / fingerprint.length;
  for (const position of fingerprintPositions(fingerprints, fingerprint)) {
    const number = forgotten + position + 1;
    const entry = number === last.number ? last : await log.entry(last.mission, number);
    if (entry !== undefined) found.push(entry);
  }
  return found;
};

/**
 * FHIR R4 messaging 2.4.2 (absence of reliable messaging): the same message again gets its first answer, however late;
 * an id, of message or Bundle, with another content is an error.
 */
const seenBefore = async (
  log: MissionLog,
  last: StoredEntry,
  message: Message,
  sender: Party,
): Promise<Accepted | Refusal | undefined> => {
  const { organisation } = sender;
  const sameMessage = await entriesWith(
    log,
    last,
    last.state.messageFingerprints,
    fingerprintOf(organisation, message.id),
  );
  const first = sameMessage.find((entry) => entry.sender === organisation && entry.messageId === message.id);
  if (first !== undefined) {
    return first.digest === message.digest
      ? { outcome: 'accepted', entry: first, again: true, fanOutPending: first.fanOutPending }
      : refuse('message-id-reused', 'Bundle.entry[0].resource.id');
  }
  if (message.bundleId === undefined) return undefined;
  const sameBundle = await entriesWith(
    log,
    last,
    last.state.bundleFingerprints,
    fingerprintOf(organisation, 'Bundle', message.bundleId),
  );
  return sameBundle.some((entry) => entry.sender === organisation && entry.bundleId === message.bundleId)
    ? refuse('bundle-id-reused', 'Bundle.id')
    : undefined;
};

/** The earliest entry that may still owe: its own number if the entry before it owed nothing when read. */
const pendingFrom = (last: StoredEntry | undefined, number: number): number =>
  last?.fanOutPending === true ? last.pendingFrom : number;

interface AcceptConditions {
  /** Milliseconds until the sweeper takes over the fan-out. */
  readonly fanOutDueIn?: number;
  /** Asked once, when all else is in order, for a message that opens a mission or ends its rest: the refusal, if it has to wait. */
  readonly keptFromWaking?: () => Promise<Refusal | undefined>;
}

/**
 * Accepts a message: one consistent read, the mission's rules, one conditional put.
 * Whoever loses the race for a number reads again and decides again, because the state may have changed.
 */
export const acceptMessage = async (
  log: MissionLog,
  message: Message,
  circumstances: Omit<DecisionContext, 'now'>,
  now: () => number,
  { fanOutDueIn = 10_000, keptFromWaking }: AcceptConditions = {},
): Promise<Accepted | Refusal> => {
  const mission = missionOf(message, circumstances.sender);
  let toAsk = keptFromWaking;
  for (let race = 0; race < maxRaces; race += 1) {
    const last = await log.last(mission);
    const before = last === undefined ? undefined : await seenBefore(log, last, message, circumstances.sender);
    if (before !== undefined) return before;
    const at = now();
    const decided = decide(last?.state, message, { ...circumstances, now: new Date(at).toISOString() });
    if (decided.outcome === 'refused') return decided;
    const { number } = decided.entry;
    const entry: Entry = {
      ...decided.entry,
      pendingFrom: pendingFrom(last, number),
      activeSince: activeSince(last, number, at),
    };
    if (entry.activeSince === number) {
      const kept = await toAsk?.();
      if (kept !== undefined) return kept;
      toAsk = undefined;
    }
    const appended = await log.append(entry, new Date(at + fanOutDueIn).toISOString());
    if (appended === 'too-large')
      return refuse(
        'too-large',
        undefined,
        'with what the mission already carries it does not fit; send less, or large parts by reference',
      );
    if (appended === 'appended')
      return { outcome: 'accepted', entry, again: false, fanOutPending: true, ...defined({ before: last?.state }) };
  }
  return refuse('contended');
};
