import { isAge, isBirthDate, isGestationalAge } from './birth.ts';
import type { HubFacts } from './hub-facts.ts';
import { isKnownUnit } from './known-codes.ts';

/** Times and numbers of de-identified resources: as fine as the use needs, and never fine enough for a birth date. */

const dayMilliseconds = 24 * 60 * 60_000;

/** Findings of the days before the mission keep their day. An earlier day may be a birth date. */
const beforeMilliseconds = 2 * dayMilliseconds;

/** Appointments and deferrals lie within a year. */
const afterMilliseconds = 366 * dayMilliseconds;

/** Years. Of older people neither the age nor a year is shown: they are few. */
const oldest = 89;

const timeForm =
  /^(?<year>\d{4})(-(?<month>0[1-9]|1[0-2])(-(?<day>0[1-9]|[12]\d|3[01])(T(?<clock>([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60))(?<fraction>\.\d{1,9})?(?<zone>Z|[+-](0\d|1[0-4]):(00|15|30|45)))?)?)?$/;

/**
 * What is shown of a FHIR date, dateTime or instant: near the mission as it was written, to the millisecond; of an earlier
 * one the year; nothing of what is far ahead or more than 89 years ago.
 */
export const shownTime = (value: unknown, { openedAt, receivedAt }: HubFacts): string | undefined => {
  const groups = typeof value === 'string' ? timeForm.exec(value)?.groups : undefined;
  if (groups === undefined) return undefined;
  const { year = '', month, day, clock, fraction = '', zone } = groups;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  const isWhole = clock !== undefined && zone !== undefined;
  const text = isWhole ? `${date}T${clock}${fraction.slice(0, 4)}${zone}` : date;
  const at = Date.parse(isWhole ? text.replace(':60', ':59') : `${date}T12:00:00Z`);
  if (day !== undefined && at > Date.parse(receivedAt) + afterMilliseconds) return undefined;
  if (day !== undefined && at >= Date.parse(openedAt) - beforeMilliseconds) return text;
  const thisYear = new Date(receivedAt).getUTCFullYear();
  return Number(year) >= thisYear - oldest && Number(year) <= thisYear + 1 ? year : undefined;
};

/** Time of a finding or treatment: the day of it if the message is about a birth. */
export const shownClinicalTime = (value: unknown, facts: HubFacts): string | undefined => {
  const shown = shownTime(value, facts);
  return facts.isBirth ? shown?.slice(0, 10) : shown;
};

export interface Bound {
  /** Digits after the decimal point, at most. */
  readonly decimals: number;
  /** Digits in all, at most. */
  readonly digits: number;
  /** The first absolute value that is not shown. */
  readonly below: number;
}

/** Measured values. Phone numbers, dates and identity numbers have more digits. */
const measured: Bound = { decimals: 3, digits: 6, below: 100_000 };

/**
 * A number with few digits: a longer fraction is rounded, a larger number is not shown. A number in the bounds keeps its
 * text, because `7.40` says how it was measured.
 */
export const shownNumber = (value: unknown, { decimals, digits, below }: Bound = measured): unknown => {
  if (typeof value !== 'number' && !JSON.isRawJSON(value)) return undefined;
  const text = JSON.stringify(value);
  const number = Number(text);
  if (!(Math.abs(number) < below)) return undefined;
  const [whole = '', fraction = ''] = text.split('.');
  const isPlain = /^-?\d+(\.\d+)?$/.test(text);
  const kept = Math.min(decimals, digits - String(Math.trunc(Math.abs(number))).length);
  return isPlain && whole.length <= digits && fraction.length <= kept ? value : Number(number.toFixed(kept));
};

/** Seconds of a unit of time. A year and a month have their average length. */
const unitSeconds: ReadonlyMap<string, number> = new Map([
  ['ms', 0.001],
  ['s', 1],
  ['min', 60],
  ['h', 3600],
  ['d', 86_400],
  ['wk', 7 * 86_400],
  ['mo', 30.4375 * 86_400],
  ['a', 365.25 * 86_400],
]);

/** Seconds. A longer time in fine units may be an age, and gives the birth date with the time of the finding. */
const longestFineSeconds = 2 * 86_400;

interface Quantity {
  readonly value: unknown;
  readonly comparator?: unknown;
  readonly system?: string;
  readonly code?: string;
}

const ucum = 'http://unitsofmeasure.org';

const oldAge: Quantity = { comparator: '>', value: oldest, system: ucum, code: 'a' };

/** A time span under a code: ages in whole years or months, from 90 years on as `> 89`; other spans of more than two days not. */
const shownSpan = (quantity: Quantity, unit: string, concept: unknown): Quantity | undefined => {
  if (isGestationalAge(concept)) return quantity;
  const number = Number(JSON.stringify(quantity.value));
  const seconds = Math.abs(number) * (unitSeconds.get(unit) ?? 0);
  if (seconds >= (oldest + 1) * 365.25 * 86_400) return oldAge;
  if (unit === 'a' || unit === 'mo') return { ...quantity, value: Math.floor(number) };
  return seconds > longestFineSeconds || isAge(concept) ? undefined : quantity;
};

/** A value with its unit, under the concept of which it is the value. */
export const shownQuantity = (
  sent: Readonly<Record<string, unknown>>,
  concept: unknown,
  comparator: unknown,
): Quantity | undefined => {
  const number = shownNumber(sent['value']);
  if (number === undefined || isBirthDate(concept)) return undefined;
  const { system, code, unit } = sent;
  const bare: Quantity = { value: number, ...(comparator === undefined ? {} : { comparator }) };
  if (code === undefined && unit === undefined) return isAge(concept) ? undefined : bare;
  if (system !== ucum || typeof code !== 'string' || !isKnownUnit(code)) return undefined;
  const quantity: Quantity = { ...bare, system, code };
  if (unitSeconds.has(code)) return shownSpan(quantity, code, concept);
  return isAge(concept) ? undefined : quantity;
};

/** A whole number under a concept. */
export const shownInteger = (value: unknown, concept: unknown): unknown => {
  const isHidden = isBirthDate(concept) || isAge(concept);
  return isHidden ? undefined : shownNumber(value, { ...measured, decimals: 0 });
};
