import { timeOf } from '../../schemas/fhir/datatypes.ts';

/** Times, durations and free text in a form for people. */

let formatter: Intl.DateTimeFormat | undefined;

/** Created on first use: it takes 10 ms, and most functions never format a time. */
const norwegianTime = (): Intl.DateTimeFormat => {
  formatter ??= new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Oslo',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  });
  return formatter;
};

/** A time on a Norwegian clock: `8 January 2026, 08:31:10 (UTC+01:00)`. */
export const momentText = (text: string): string => {
  const at = timeOf(text);
  if (Number.isNaN(at)) return text;
  const parts = new Map(
    norwegianTime()
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  // `Date` has no leap seconds (FHIR R4 allows them): the digits of the sender are shown.
  const second = /:60(?:\.\d+)?(?=[Z+-])/.test(text) ? '60' : part('second');
  const zone = part('timeZoneName').replace('GMT', 'UTC');
  return `${part('day')} ${part('month')} ${part('year')}, ${part('hour')}:${part('minute')}:${second} (${zone})`;
};

/** The time between two moments: `3 min 12 s`. */
export const durationText = (from: string, to: string): string => {
  const seconds = Math.round(Math.abs(timeOf(to) - timeOf(from)) / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return first === -1
    ? '0 s'
    : parts
        .slice(first)
        .map(([count, unit]) => `${count} ${unit}`)
        .join(' ');
};

/** Control characters are not allowed in XHTML. Those that change the direction of writing could make one text look like another. */
const forbiddenInText = /[\p{Cc}\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Free text made safe for XHTML. */
export const escapeXhtml = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(forbiddenInText, ' ')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
