/** Dates of searches (R4 search.html 3.1.1.4.7): each is the range of instants that its precision leaves open. */

const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof prefixes)[number];

/** Instants from `low` on and before `high`, milliseconds since 1970. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export interface AskedDate extends Range {
  readonly prefix: Prefix;
}

// In a query, a plus sign that is not encoded is a blank.
const zone = '(?<zone>Z|(?<sign>[+ -])(?<zoneHours>\\d\\d):(?<zoneMinutes>\\d\\d))?';
const time = `T(?<hour>\\d\\d):(?<minute>\\d\\d)(?::(?<second>\\d\\d)(?:\\.(?<fraction>\\d{1,9}))?)?${zone}`;
const form = new RegExp(
  `^(?<prefix>${prefixes.join('|')})?(?<year>\\d{4})(?:-(?<month>\\d\\d)(?:-(?<day>\\d\\d)(?:${time})?)?)?$`,
);

const minuteMs = 60_000;

/** `Date.UTC` takes the years 0 to 99 as 1900 to 1999. */
const utc = (year: number, month: number, day: number, hour = 0, minute = 0): number =>
  new Date(0).setUTCFullYear(year, month - 1, day) + hour * 60 * minuteMs + minute * minuteMs;

const isWithin = (value: number | undefined, least: number, most: number): boolean =>
  value === undefined || (value >= least && value <= most);

/** The fraction of a second: whole milliseconds, and how many of them its digits leave open. */
const fractionOf = (digits: string): Range => {
  const low = Number(digits.padEnd(3, '0').slice(0, 3));
  return { low, high: low + Math.max(1, 10 ** (3 - digits.length)) };
};

const rangeOf = (groups: Readonly<Record<string, string | undefined>>): Range | undefined => {
  const numberIn = (name: string): number | undefined =>
    groups[name] === undefined ? undefined : Number(groups[name]);
  const year = numberIn('year') ?? 0;
  const [month, day, hour, minute, second] = ['month', 'day', 'hour', 'minute', 'second'].map(numberIn);
  const daysOfMonth = new Date(utc(year, (month ?? 1) + 1, 0)).getUTCDate();
  const isReal =
    isWithin(month, 1, 12) &&
    isWithin(day, 1, daysOfMonth) &&
    isWithin(hour, 0, 23) &&
    isWithin(minute, 0, 59) &&
    // 60: a leap second.
    isWithin(second, 0, 60) &&
    isWithin(numberIn('zoneHours'), 0, 14) &&
    isWithin(numberIn('zoneMinutes'), 0, 59);
  if (!isReal) return undefined;
  if (month === undefined) return { low: utc(year, 1, 1), high: utc(year + 1, 1, 1) };
  if (day === undefined) return { low: utc(year, month, 1), high: utc(year, month + 1, 1) };
  if (hour === undefined || minute === undefined)
    return { low: utc(year, month, day), high: utc(year, month, day + 1) };
  const offset = ((numberIn('zoneHours') ?? 0) * 60 + (numberIn('zoneMinutes') ?? 0)) * minuteMs;
  const start = utc(year, month, day, hour, minute) + (groups['sign'] === '-' ? offset : -offset);
  if (second === undefined) return { low: start, high: start + minuteMs };
  const { fraction } = groups;
  const within = fraction === undefined ? { low: 0, high: 1000 } : fractionOf(fraction);
  return { low: start + second * 1000 + within.low, high: start + second * 1000 + within.high };
};

/** Reads a prefix and a date; `undefined` if it is none. `now`: milliseconds, for `ap`. */
export const dateIn = (text: string, now: number): AskedDate | undefined => {
  const groups = form.exec(text)?.groups;
  const range = groups === undefined ? undefined : rangeOf(groups);
  if (groups === undefined || range === undefined) return undefined;
  const prefix = prefixes.find((one) => one === groups['prefix']) ?? 'eq';
  if (prefix !== 'ap') return { prefix, ...range };
  // Approximately: a tenth of the time between the date and now, as R4 recommends.
  const slack = Math.abs(now - range.low) / 10;
  return { prefix, low: range.low - slack, high: range.high + slack };
};

/** Whether the range of an element is what the prefix asks for. */
export const isAsked = ({ prefix, ...asked }: AskedDate, { low, high }: Range): boolean => {
  const isInside = low >= asked.low && high <= asked.high;
  switch (prefix) {
    case 'eq':
      return isInside;
    case 'ne':
      return !isInside;
    case 'gt':
      return high > asked.high;
    case 'ge':
      return high > asked.high || isInside;
    case 'lt':
      return low < asked.low;
    case 'le':
      return low < asked.low || isInside;
    case 'sa':
      return low >= asked.high;
    case 'eb':
      return high <= asked.low;
    case 'ap':
      return low < asked.high && high > asked.low;
  }
};
