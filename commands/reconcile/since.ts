import { moment } from '../../schemas/fhir/datatypes.ts';

const units = { h: 3_600_000, d: 86_400_000 } as const;

/** `24h`, `7d` or a date with time and zone, as ISO 8601 in UTC; `undefined` if it is neither. */
export const sinceOf = (text: string, now: number): string | undefined => {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(now - Number(count) * (unit === 'd' ? units.d : units.h)).toISOString();
  const stated = moment.safeParse(text).success ? Date.parse(text) : Number.NaN;
  return Number.isNaN(stated) ? undefined : new Date(stated).toISOString();
};
