import { defined } from '../../schemas/defined.ts';
import { guidelineOf, type Guidelines } from '../../schemas/guideline.ts';
import { fingerprintsIn } from '../../schemas/identifiers.ts';
import { parseReference } from '../../schemas/fhir/addresses.ts';
import { canonicalText, isObject } from '../../schemas/json/json.ts';
import { readJson } from '../../schemas/json/strict-json.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { canonicalBase } from '../../schemas/names.ts';
import { readMessage } from '../../schemas/reading/read-message.ts';
import { evolve, foldVersion } from '../mission/evolve.ts';
import { bundleFingerprint, messageFingerprint } from '../mission/known-messages.ts';
import { underGuideline } from '../mission/new-entry.ts';
import { sealOfEntry } from '../mission/seal.ts';
import type { Entry, MissionState } from '../mission/state.ts';

/** Verification of a mission's log: nothing is trusted because it is in the table. */

/** An entry as the table has it. */
export interface RecordedEntry {
  /** By its key. */
  readonly mission: string;
  readonly number: number;
  /** Nothing if it cannot be unpacked. */
  readonly content: Omit<Entry, 'seal'> | undefined;
  readonly digest: string;
  /** Attributes beside the content that repeat a part of it. */
  readonly beside: Readonly<Record<string, unknown>>;
}

/** An entry whose content can be read. */
export interface ReadableEntry extends RecordedEntry {
  readonly content: Omit<Entry, 'seal'>;
}

const isReadable = (entry: RecordedEntry): entry is ReadableEntry => entry.content !== undefined;

/** Something outside of the log that names an entry of it. */
export interface Trace {
  readonly entry: number;
  /** What names it: `a receipt`, `a Task of a worklist`. */
  readonly by: string;
}

export type MissionFault =
  /** Entries are missing that later ones follow. */
  | { readonly kind: 'removed'; readonly from: number; readonly to: number }
  /** Entries are missing at the end: something else names the last of them. */
  | { readonly kind: 'shortened'; readonly from: number; readonly to: number; readonly by: string }
  /** The content of the entry is not what was written. */
  | { readonly kind: 'changed'; readonly number: number }
  /** The entry after it was written after another entry than the stored one. */
  | { readonly kind: 'replaced'; readonly number: number }
  /** An attribute beside the content says something else. */
  | { readonly kind: 'beside'; readonly number: number; readonly attribute: string }
  /** What the hub understood is not what the text says. */
  | { readonly kind: 'unlike-text'; readonly number: number; readonly what: readonly string[] }
  /** The state is not the fold of the entries up to it. */
  | { readonly kind: 'unlike-fold'; readonly number: number }
  /** A repetition of its message would not be recognised. */
  | { readonly kind: 'forgotten'; readonly number: number }
  /** Only another release can read it. */
  | { readonly kind: 'unreadable'; readonly number: number };

/** Parts of an entry that follow from its text. */
type Read = Pick<Entry, 'event' | 'messageId' | 'exercise' | 'digest' | 'facts'> &
  Partial<Pick<Entry, 'bundleId' | 'focusIndex'>>;

/** Servers that the references in a value name. */
const serversIn = function* (value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* serversIn(one);
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const reference = key === 'reference' && typeof member === 'string' ? parseReference(member) : undefined;
    if (reference?.form === 'restful') yield reference.root;
    yield* serversIn(member);
  }
};

/** Base URLs that the hub may have had when it read a text: a reference to what is at the hub, such as a party, may name it. */
const basesIn = (text: string): readonly string[] => {
  const json = readJson(text);
  return [canonicalBase, ...new Set(json.ok ? serversIn(json.value) : [])];
};

const readingsOf = function* ({ text, state }: ReadableEntry['content'], guidelines: Guidelines): Generator<Read> {
  for (const base of basesIn(text)) {
    const message = readMessage(text, { base, partiesAt: () => [] });
    if (message.outcome === 'refused') continue;
    const { type, id, bundleId, focusIndex, exercise, digest, facts } = message;
    yield {
      event: type.event,
      messageId: id,
      exercise,
      digest,
      facts: underGuideline(facts, guidelineOf(guidelines, state.guideline ?? '')),
      ...defined({ bundleId, focusIndex }),
    };
  }
};

const parts = ['event', 'messageId', 'bundleId', 'focusIndex', 'exercise', 'digest', 'facts'] as const;

/** The hub makes these of its own messages from what it knows, not by reading the text. */
const notReadOfHub: readonly string[] = ['focusIndex', 'digest', 'facts'];

/** The parts of an entry that do not follow from its text. */
const unlikeText = (content: ReadableEntry['content'], guidelines: Guidelines): readonly string[] => {
  const isOfHub = catalogue.find(({ event }) => event === content.event)?.relation === 'hub';
  let least: readonly string[] = ['text'];
  for (const read of readingsOf(content, guidelines)) {
    const unlike = parts.filter(
      (part) =>
        !(isOfHub && notReadOfHub.includes(part)) && canonicalText([read[part]]) !== canonicalText([content[part]]),
    );
    if (unlike.length === 0) return [];
    if (least[0] === 'text' || unlike.length < least.length) least = unlike;
  }
  return least;
};

/** Whether the fingerprints of an entry are those of the entry before and its own, without the oldest ones. */
const carriesFingerprints = (before: ReadableEntry | undefined, { content }: ReadableEntry): boolean => {
  const { sender, messageId, bundleId, fingerprints, number } = content;
  const expected = {
    messages: (before?.content.fingerprints.messages ?? '') + messageFingerprint(sender, messageId),
    bundles: (before?.content.fingerprints.bundles ?? '') + bundleFingerprint(sender, bundleId),
  };
  const [messages, bundles] = [fingerprintsIn(fingerprints.messages), fingerprintsIn(fingerprints.bundles)];
  return (
    messages.length > 0 &&
    messages.length <= number &&
    messages.length === bundles.length &&
    expected.messages.endsWith(fingerprints.messages) &&
    expected.bundles.endsWith(fingerprints.bundles)
  );
};

/** Fingerprints that are kept beside the log, with the numbers of their entries. */
export type KeptFingerprints = ReadonlyMap<string, ReadonlySet<number>>;

const isKept = (kept: KeptFingerprints, { number, content: { sender, messageId, bundleId } }: ReadableEntry): boolean =>
  kept.get(messageFingerprint(sender, messageId))?.has(number) === true &&
  (bundleId === undefined || kept.get(bundleFingerprint(sender, bundleId))?.has(number) === true);

const isAsWritten = ({ mission, number, content, digest }: ReadableEntry): boolean =>
  content.mission === mission &&
  content.number === number &&
  sealOfEntry(content) === digest &&
  (number > 1 || content.previous === '');

/** The fault between an entry and the one before it. */
const faultBetween = (
  before: ReadableEntry | undefined,
  { number, content: { previous } }: ReadableEntry,
): MissionFault | undefined => {
  const expected = (before?.number ?? 0) + 1;
  if (number > expected) return { kind: 'removed', from: expected, to: number - 1 };
  return before === undefined || previous === before.digest ? undefined : { kind: 'replaced', number: before.number };
};

const besideFaults = ({ number, content, beside }: ReadableEntry): readonly MissionFault[] =>
  Object.entries(beside)
    .filter(([attribute, value]) => value !== Reflect.get(content, attribute))
    .map(([attribute]) => ({ kind: 'beside', number, attribute }));

interface Folded {
  readonly state: MissionState | undefined;
  readonly fault?: MissionFault;
}

/** The state after an entry, and whether the entry carries it. Nothing is folded across a gap: the stored state is taken there. */
const folded = (before: Folded | undefined, isAfterGap: boolean, { number, content }: ReadableEntry): Folded => {
  if (isAfterGap) return { state: content.state };
  try {
    const state = evolve(before?.state, content);
    const isUnlike = content.fold === foldVersion && canonicalText(state) !== canonicalText(content.state);
    return { state, ...(isUnlike ? { fault: { kind: 'unlike-fold', number } } : {}) };
  } catch {
    return { state: content.state, fault: { kind: 'unreadable', number } };
  }
};

/** What a log is compared with. */
export interface MissionEvidence {
  readonly guidelines: Guidelines;
  readonly kept: KeptFingerprints;
  readonly traces: readonly Trace[];
}

export interface VerifiedMission {
  readonly entries: number;
  readonly faults: readonly MissionFault[];
}

/** All faults of a mission's log. The entries come in order, as they are stored; they are not kept. */
export const verifyMission = async (
  entries: AsyncIterable<RecordedEntry>,
  { guidelines, kept, traces }: MissionEvidence,
): Promise<VerifiedMission> => {
  const faults: MissionFault[] = [];
  const notKept: number[] = [];
  let count = 0;
  let before: ReadableEntry | undefined;
  let newest = 0;
  let fold: Folded | undefined;
  for await (const entry of entries) {
    count += 1;
    newest = entry.number;
    if (!isReadable(entry)) {
      faults.push({ kind: 'changed', number: entry.number });
      continue;
    }
    const { number, content } = entry;
    const between = faultBetween(before, entry);
    const isAfterGap = between?.kind === 'removed';
    fold = folded(fold, isAfterGap, entry);
    const unlike =
      content.fold === foldVersion && fold.fault?.kind !== 'unreadable' ? unlikeText(content, guidelines) : [];
    const found: readonly (MissionFault | undefined)[] = [
      between,
      isAsWritten(entry) ? undefined : { kind: 'changed', number },
      ...besideFaults(entry),
      unlike.length === 0 ? undefined : { kind: 'unlike-text', number, what: unlike },
      fold.fault,
      isAfterGap || carriesFingerprints(before, entry) ? undefined : { kind: 'forgotten', number },
    ];
    faults.push(...found.filter((fault) => fault !== undefined));
    if (!isKept(kept, entry)) notKept.push(number);
    before = entry;
  }
  const dropped = (before?.number ?? 0) - fingerprintsIn(before?.content.fingerprints.messages ?? '').length;
  for (const number of notKept) if (number <= dropped) faults.push({ kind: 'forgotten', number });
  const highest = traces.reduce((one, other) => (other.entry > one.entry ? other : one), { entry: 0, by: '' });
  if (highest.entry > newest) faults.push({ kind: 'shortened', from: newest + 1, to: highest.entry, by: highest.by });
  return { entries: count, faults };
};
