import { timeOf } from '../../schemas/fhir/datatypes.ts';

/** How times, durations and texts are put before people. */

let made: Intl.DateTimeFormat | undefined;

/** Made when it is first asked for: it takes 10 ms, and most functions never put a time into words. */
const norwegian = (): Intl.DateTimeFormat => {
  made ??= new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Oslo',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  });
  return made;
};

/** A moment as a Norwegian clock shows it: `8 January 2026, 08:31:10 (UTC+01:00)`. */
export const momentWords = (text: string): string => {
  const at = timeOf(text);
  if (Number.isNaN(at)) return text;
  const parts = new Map(
    norwegian()
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const zone = part('timeZoneName').replace('GMT', 'UTC');
  return `${part('day')} ${part('month')} ${part('year')}, ${part('hour')}:${part('minute')}:${part('second')} (${zone})`;
};

/** The time between two moments: `3 min 12 s`. */
export const durationWords = (from: string, to: string): string => {
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

/** Control characters are not allowed in XHTML, and those that turn the direction of writing could make a text look like another. */
const notText = /[\p{Cc}\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as it stands in XHTML, whatever somebody wrote. */
export const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(notText, ' ')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
