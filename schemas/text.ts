/** Names and free text of senders: compared, cut and shown without a difference that a person cannot see. */

/** Control, format and other invisible characters: two names that differ in them look the same. */
const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const allInvisible = new RegExp(invisible, 'gu');

/** Whether a text has a character that a person cannot see, other than a blank. */
export const hasInvisible = (text: string): boolean => invisible.test(text);

/** Whether a text has a letter: a full stop or a dash explains nothing. */
export const hasLetters = (text: string): boolean => /\p{L}/u.test(text);

/**
 * The form in which names are stored and compared (call signs, numbers of incidents and cases): Unicode NFC, without blanks at
 * the ends, each run of blanks as one. Messages and searches use the same function.
 */
export const comparable = (name: string): string => name.normalize('NFC').trim().replaceAll(/\s+/gu, ' ');

/** A call sign as it is stored and compared: `comparable`, in upper case. */
export const comparableCallSign = (sign: string): string => comparable(comparable(sign).toUpperCase());

/**
 * The form in which persons' names are compared: without case, punctuation, invisible characters and the order of the words,
 * because systems write `Kari Hansen` and `Hansen, Kari`.
 */
export const comparablePerson = (name: string): string =>
  comparable(name.replaceAll(allInvisible, '').toLowerCase())
    .split(/[\s,.;\p{Pd}]+/u)
    .filter((word) => word !== '')
    .sort()
    .join(' ');

let segmenter: Intl.Segmenter | undefined;

/** A text of at most `most` UTF-16 units. It ends between characters as people see them, so that no half of one is stored. */
export const cut = (text: string, most: number): string => {
  if (text.length <= most) return text;
  // Created on first use: most texts are short.
  segmenter ??= new Intl.Segmenter();
  const end = segmenter.segment(text).containing(most)?.index ?? most;
  // One character that is longer than the limit has no such place: an unpaired surrogate is avoided.
  return end > 0 ? text.slice(0, end) : text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
};

/** A name as it is shown: without invisible characters, and cut between characters. `undefined` if no letter or digit is left. */
export const shownName = (text: string | undefined, most: number): string | undefined => {
  const name = comparable((text ?? '').replaceAll(/\p{Cc}/gu, ' ').replaceAll(allInvisible, ''));
  return /[\p{L}\p{N}]/u.test(name) ? cut(name, most).trimEnd() : undefined;
};
