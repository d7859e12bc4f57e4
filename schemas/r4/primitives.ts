import { isCalendarDay } from '../fhir/datatypes.ts';

/** The primitive types of FHIR R4 (2.24.0.1) as JSON has them. */

/** What is wrong with a value, without the value; nothing if it is valid. */
export type PrimitiveCheck = (value: unknown) => string | undefined;

/** XML, the other form of FHIR, cannot carry these characters; R4 forbids them in a string. */
// oxlint-disable-next-line no-control-regex -- these are the characters that it looks for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

const kindOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

const numeric: ReadonlySet<string> = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);
const dated: ReadonlySet<string> = new Set(['date', 'dateTime', 'instant']);

/** How each type is written, for the reader of a warning. */
const forms: Readonly<Record<string, string>> = {
  base64Binary: 'must be base64 (RFC 4648), complete groups of four characters',
  code: 'must be a code: no blank at its beginning or end, no two blanks in a row',
  date: 'must be a date: YYYY, YYYY-MM or YYYY-MM-DD',
  dateTime: 'must be a dateTime: YYYY, YYYY-MM, YYYY-MM-DD, or date and time with seconds and zone',
  id: 'must be an id: 1 to 64 letters (A-Z, a-z), digits, "-" or "."',
  instant: 'must be an instant: date and time with seconds and zone',
  integer: 'must be a whole number from -2147483648 to 2147483647',
  oid: 'must be an OID: urn:oid: and numbers separated by dots',
  positiveInt: 'must be a whole number from 1 to 2147483647',
  time: 'must be a time: hh:mm:ss, without a zone',
  unsignedInt: 'must be a whole number from 0 to 2147483647',
  uuid: 'must be a UUID: urn:uuid: and lower-case letters',
  xhtml: 'must be one div element of XHTML',
};

const int32 = { least: -2_147_483_648, most: 2_147_483_647 } as const;

/** The regular expressions let every month have 31 days. */
const isRealDay = (text: string): boolean => text.length < 10 || isCalendarDay(text);

/** Padding is at the end only, which R4's expression does not say. */
const isPadded = (text: string): boolean => {
  const at = text.indexOf('=');
  return at === -1 || /^={1,2}[ \t\n\r]*$/.test(text.slice(at));
};

/** Whether the Narrative is parsed as XHTML is for its readers to decide: only its frame is checked. */
const isDiv = (text: string): boolean => {
  const inner = text.trim();
  return /^<(?:[A-Za-z][\w-]*:)?div[\s/>]/.test(inner) && /(?:<\/(?:[A-Za-z][\w-]*:)?div\s*>|\/>)$/.test(inner);
};

const numberCheck = (type: string, form: RegExp): PrimitiveCheck => {
  const isInteger = type !== 'decimal';
  const complaint = forms[type] ?? 'is beyond the range of numbers';
  return (value) => {
    if (typeof value !== 'number') return `must be a number (${type}), not ${kindOf(value)}`;
    if (isInteger && (value < int32.least || value > int32.most)) return complaint;
    return form.test(String(value)) ? undefined : complaint;
  };
};

const furtherCheck = (type: string): ((text: string) => boolean) | undefined => {
  if (dated.has(type)) return isRealDay;
  if (type === 'base64Binary') return isPadded;
  return type === 'xhtml' ? isDiv : undefined;
};

const stringCheck = (type: string, form: RegExp | undefined): PrimitiveCheck => {
  const further = furtherCheck(type);
  const complaint = forms[type] ?? `must be a ${type}: no blanks`;
  return (value) => {
    if (typeof value !== 'string') return `must be a string (${type}), not ${kindOf(value)}`;
    if (value === '') return 'must not be empty: leave it out';
    if (control.test(value)) return 'has a control character';
    if (form?.test(value) === false) return complaint;
    if (further?.(value) === false) return dated.has(type) ? 'is not a day of the calendar' : complaint;
    return undefined;
  };
};

/** Any text is allowed by this expression of the definitions. */
const anything = '[^]+';

/** The check of a primitive type with the regular expression that R4 defines; `''` if it defines none. */
export const checkOf = (type: string, source: string): PrimitiveCheck => {
  if (type === 'boolean')
    return (value) =>
      typeof value === 'boolean' ? undefined : `must be true or false (boolean), not ${kindOf(value)}`;
  const form = source === '' || source === anything ? undefined : new RegExp(`^(?:${source})$`);
  return numeric.has(type) ? numberCheck(type, form ?? /^/) : stringCheck(type, form);
};
