import { fingerprintOf, fingerprintPositions, fingerprintsIn } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/reading/message.ts';
import type { MissionLog, StoredEntry } from './mission-log.ts';
import type { Entry, Fingerprints, MissionEvent } from './state.ts';

/**
 * How the log knows a message that it has. Each entry carries the fingerprints of the newest entries (the window). Those of an
 * older entry are kept beside the log, before the entry is appended that no longer carries them: every message of the log is in
 * the window of its last entry or kept, wherever a writer crashes or is paused.
 */

/** Entries whose fingerprints an entry carries: 3 KB. A mission up to this length is accepted into with one read and one write. */
export const fingerprintWindow = 256;

/** Stands for the Bundle id of a message without one. It is no fingerprint. */
const noBundleId = '........';

export const messageFingerprint = (sender: string, messageId: string): string => fingerprintOf(sender, messageId);

/** `noBundleId` for a message without one. */
export const bundleFingerprint = (sender: string, bundleId: string | undefined): string =>
  bundleId === undefined ? noBundleId : fingerprintOf(sender, 'Bundle', bundleId);

/** Fingerprints of entries, oldest first, of which the last one is `number`. */
const numbered = (fingerprints: string, number: number): readonly (readonly [number, string])[] => {
  const list = fingerprintsIn(fingerprints);
  return list.map((fingerprint, index) => [number - list.length + index + 1, fingerprint]);
};

/** The fingerprints that the entry after `last` carries. */
export const fingerprintsAfter = (
  last: Pick<Entry, 'fingerprints'> | undefined,
  { sender, messageId, bundleId }: Pick<MissionEvent, 'sender' | 'messageId' | 'bundleId'>,
  window: number,
): Fingerprints => {
  const newest = (all: string): string => fingerprintsIn(all).slice(-window).join('');
  return {
    messages: newest((last?.fingerprints.messages ?? '') + messageFingerprint(sender, messageId)),
    bundles: newest((last?.fingerprints.bundles ?? '') + bundleFingerprint(sender, bundleId)),
  };
};

/** Keeps the fingerprints that the entry after `last` does not carry. To be completed before that entry is appended. */
export const keepOldFingerprints = async (log: MissionLog, last: StoredEntry): Promise<void> => {
  const { messages, bundles } = last.fingerprints;
  const old = [messages, bundles].flatMap((all) => {
    const list = numbered(all, last.number);
    return list.slice(0, Math.max(0, list.length + 1 - log.window));
  });
  const kept = old.filter(([, fingerprint]) => fingerprint !== noBundleId);
  await Promise.all(kept.map(([number, fingerprint]) => log.keepFingerprint(last.mission, fingerprint, number)));
};

/** Entries that may have the id or the Bundle id of a message. A match of fingerprints decides nothing. */
export const entriesLike = async (
  log: MissionLog,
  last: StoredEntry,
  message: Pick<Message, 'id' | 'bundleId'>,
  sender: string,
): Promise<readonly StoredEntry[]> => {
  const { messages, bundles } = last.fingerprints;
  const ofMessage = messageFingerprint(sender, message.id);
  const ofBundle = bundleFingerprint(sender, message.bundleId);
  const carried = fingerprintsIn(messages).length;
  const inWindow = [
    ...fingerprintPositions(messages, ofMessage),
    ...(message.bundleId === undefined ? [] : fingerprintPositions(bundles, ofBundle)),
  ].map((position) => last.number - carried + position + 1);
  const kept =
    last.number <= carried
      ? []
      : await log.entriesKept(last.mission, message.bundleId === undefined ? [ofMessage] : [ofMessage, ofBundle]);
  const numbers = [...new Set([...kept, ...inWindow])];
  const found = await Promise.all(
    numbers.map((number) => (number === last.number ? Promise.resolve(last) : log.entry(last.mission, number))),
  );
  return found.filter((entry) => entry !== undefined);
};
