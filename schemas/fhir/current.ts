import { timeOf } from './datatypes.ts';
import { isObject } from '../json/json.ts';

/** Names, numbers and addresses that no longer apply (R4 `Identifier.use`, `HumanName.use`, `Address.use`, `ContactPoint.use`). */

type Json = Readonly<Record<string, unknown>>;

/** Elements of these names are identifiers, names of persons, addresses or numbers to call. */
const elements = new Set(['identifier', 'requisition', 'name', 'address', 'telecom']);

const isTime = (text: string): boolean => text.includes('T');

/** Whether a moment of a FHIR dateTime, which may be a year, a month or a day, has passed. What cannot be read has. */
const hasPassed = (moment: unknown, now: string): boolean => {
  if (typeof moment !== 'string' || !/^\d{4}/.test(moment)) return true;
  const time = timeOf(moment);
  if (Number.isNaN(time)) return true;
  return isTime(moment) ? time < timeOf(now) : moment < new Date(timeOf(now)).toISOString().slice(0, moment.length);
};

const hasBegun = (moment: unknown, now: string): boolean => {
  if (typeof moment !== 'string' || Number.isNaN(timeOf(moment))) return false;
  return timeOf(moment) <= timeOf(now);
};

/** Whether a period contains a time, ISO 8601. Without a time, a period that has an end may be over. */
export const isInPeriod = (period: unknown, now: string | undefined): boolean => {
  if (period === undefined) return true;
  if (!isObject(period)) return false;
  const { start, end } = period;
  if (now === undefined) return end === undefined;
  return (end === undefined || !hasPassed(end, now)) && (start === undefined || hasBegun(start, now));
};

const isCurrent = (value: Json, now: string | undefined): boolean =>
  value['use'] !== 'old' && isInPeriod(value['period'], now);

const view = (value: unknown, now: string | undefined, applies: boolean): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => view(item, now, applies));
  if (!isObject(value)) return value;
  if (applies && !isCurrent(value, now)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, view(member, now, elements.has(name))]),
  );
};

/**
 * A copy of a message in which names, numbers and addresses that are old, ended or not yet valid are empty elements, so that no
 * reader takes one, and FHIRPaths stay. `text`: its JSON text. `now`: the time of the message.
 */
export const currentView = (message: Json, text: string, now: string | undefined): Json => {
  // Most messages have none: they are not copied. An escaped character could hide one.
  if (!/"(?:old|period)"|\\u/.test(text)) return message;
  const copy = view(message, now, false);
  return isObject(copy) ? copy : message;
};
