import { digestOf } from '../identifiers.ts';
import { isObject, listOf, parseLossless } from '../json/json.ts';

/**
 * Whether two texts under one `MessageHeader.id` are the same message (ADR 39). A client that sends again after a timeout often
 * writes the message again: with a new envelope, other key order and white space, other escapes, or numbers as a double writes
 * them. None of this says anything else about the mission. Every other difference does.
 */

/** What a client makes for each sending: R4 calls them properties of the Bundle, not of the message (2.4.2, Bundle). */
const envelope = new Set(['id', 'timestamp', 'signature']);

/** What a server sets when it stores or serves a resource. */
const bookkeeping = new Set(['lastUpdated', 'versionId']);

/** Digits of an exponent up to which it is computed with, exactly. No measurement has more. */
const longestExponent = 15;

/** Where the zeros at the end of the digits begin. A pattern that is searched from every zero would take quadratic time. */
const endOfSignificant = (digits: string): number => {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return end;
};

/** A decimal by its value: `1`, `1.0` and `10e-1` are one number. Exact for any number of digits, in linear time. */
const numberText = (source: string): string => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const end = endOfSignificant(digits);
  if (end === 0) return '0';
  if (exponent.length > longestExponent) return source;
  const power = Number(exponent) - fraction.length + digits.length - end;
  return `${sign}${digits.slice(0, end)}e${power}`;
};

const isNumber = (value: unknown): boolean => typeof value === 'number' || JSON.isRawJSON(value);

/** The text by which values are compared. `meta` of a resource is compared without what servers set. */
const comparable = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(comparable).join(',')}]`;
  if (isNumber(value)) return numberText(JSON.stringify(value));
  if (!isObject(value)) return JSON.stringify(value);
  const isResource = value['resourceType'] !== undefined;
  let members = '';
  for (const name of Object.keys(value).sort()) {
    const member = isResource && name === 'meta' ? withoutBookkeeping(value[name]) : value[name];
    if (member !== undefined) members += `${JSON.stringify(name)}:${comparable(member)},`;
  }
  return `{${members}}`;
};

const without = (value: Readonly<Record<string, unknown>>, names: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name.replace(/^_/, ''))));

/** `meta` without what servers set; nothing if nothing is left. */
const withoutBookkeeping = (meta: unknown): unknown => {
  if (!isObject(meta)) return meta;
  const said = without(meta, bookkeeping);
  return Object.keys(said).length === 0 ? undefined : said;
};

const saidIn = (text: string): unknown => {
  const bundle = parseLossless(text);
  return isObject(bundle) ? without(bundle, envelope) : bundle;
};

/** Digest of what a message says: equal for the same message, however a client writes it again. `text` is JSON. */
export const messageDigest = (text: string): string => digestOf(comparable(saidIn(text)));

const entriesOf = (bundle: unknown): readonly unknown[] => (isObject(bundle) ? listOf(bundle['entry']) : []);

/**
 * The FHIRPath of the first `Bundle.entry` in which two messages differ; `Bundle` if they differ elsewhere. No deeper: names of
 * elements are the sender's words.
 */
export const firstDifference = (one: string, other: string): string => {
  const [before, now] = [entriesOf(saidIn(one)), entriesOf(saidIn(other))];
  const at = Array.from({ length: Math.max(before.length, now.length) }).findIndex(
    (_, index) => comparable(before[index] ?? null) !== comparable(now[index] ?? null),
  );
  return at === -1 ? 'Bundle' : `Bundle.entry[${at}]`;
};
