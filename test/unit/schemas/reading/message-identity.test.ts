import { readdirSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstDifference, messageDigest } from '../../../../schemas/reading/message-identity.ts';
import { exampleText } from '../../../support/examples.ts';

type Json = Record<string, unknown>;

const exampleNames: readonly string[] = readdirSync(new URL('../../../../partner/examples', import.meta.url)).filter(
  (name) => name.endsWith('.json'),
);

const bundle = {
  resourceType: 'Bundle',
  id: 'envelope',
  type: 'message',
  timestamp: '2026-11-30T20:00:00.000Z',
  entry: [
    { fullUrl: 'urn:uuid:1', resource: { resourceType: 'MessageHeader', id: '1' } },
    {
      fullUrl: 'urn:uuid:2',
      resource: {
        resourceType: 'Location',
        meta: { profile: ['p'] },
        position: { latitude: '60.92710', longitude: '10' },
      },
    },
  ],
};

/** The message with numbers as they are written in the text. */
const text = (change: (message: typeof bundle & Json) => unknown = () => undefined): string => {
  const message = structuredClone(bundle);
  change(message);
  return JSON.stringify(message).replaceAll(/"(latitude|longitude)":"([^"]*)"/g, '"$1":$2');
};

const position = (latitude: string) => (message: typeof bundle) => {
  Object.assign(message.entry[1]?.resource.position ?? {}, { latitude });
};

describe('messageDigest', () => {
  test.each<[string, (message: typeof bundle & Json) => unknown]>([
    ['another Bundle.id', (message) => Object.assign(message, { id: 'other' })],
    ['another Bundle.timestamp', (message) => Object.assign(message, { timestamp: '2026-11-30T20:00:10Z' })],
    ['no Bundle.timestamp', (message) => Reflect.deleteProperty(message, 'timestamp')],
    ['a signature of the Bundle', (message) => Object.assign(message, { signature: { data: 'x' } })],
    [
      'the time at which a server stored a resource, and its version there',
      (message) =>
        Object.assign(message.entry[0]?.resource ?? {}, {
          meta: { lastUpdated: '2026-11-30T20:00:00Z', versionId: '7' },
        }),
    ],
    ['a latitude without its last zero', position('60.9271')],
    ['a latitude with an exponent', position('6.0927100e1')],
  ])('is the same for %s', (_what, change) => expect(messageDigest(text(change))).toBe(messageDigest(text())));

  test.each<[string, (message: typeof bundle & Json) => unknown]>([
    ['another latitude', position('60.9272')],
    ['a latitude with a digit that a double does not hold', position('60.92710000000000000001')],
    ['a latitude of the south', position('-60.92710')],
    ['another MessageHeader.id', (message) => Object.assign(message.entry[0]?.resource ?? {}, { id: '2' })],
    ['another profile', (message) => Object.assign(message.entry[1]?.resource.meta ?? {}, { profile: ['q'] })],
    ['another order of entries', (message) => message.entry.reverse()],
    ['one more entry', (message) => Object.assign(message, { entry: [...message.entry, message.entry[0]] })],
    ['an exercise', (message) => Object.assign(message, { meta: { security: [{ code: 'HTEST' }] } })],
  ])('differs for %s', (_what, change) => expect(messageDigest(text(change))).not.toBe(messageDigest(text())));

  test.each(exampleNames)('is the same for %s as JavaScript writes it again with a new envelope', (name) => {
    const first = exampleText(name);
    const again = JSON.stringify({ ...JSON.parse(first), id: 'again', timestamp: '2026-11-30T23:59:59Z' }, null, 3);
    expect(messageDigest(again)).toBe(messageDigest(first));
  });

  test('compares numbers by their value, with any number of digits', () => {
    const number = fc.tuple(
      fc.constantFrom('', '-'),
      fc.bigInt({ min: 1n, max: 10n ** 40n }),
      fc.integer({ min: -30, max: 30 }),
    );
    const written = (digits: string): string => `{"entry":[{"n":${digits}}]}`;
    fc.assert(
      fc.property(number, fc.nat({ max: 20 }), ([sign, digits, power], zeros) => {
        const plain = `${sign}${digits}e${power}`;
        const padded = `${sign}${digits}${'0'.repeat(zeros)}E${power - zeros}`;
        const fraction = `${sign}${digits}.${'0'.repeat(zeros + 1)}e${power >= 0 ? '+' : ''}${power}`;
        expect(messageDigest(written(padded))).toBe(messageDigest(written(plain)));
        expect(messageDigest(written(fraction))).toBe(messageDigest(written(plain)));
        const next = `${sign}${digits + 1n}e${power}`;
        expect(messageDigest(written(next))).not.toBe(messageDigest(written(plain)));
      }),
    );
  });

  test.each([
    ['zeros before another digit', (length: number) => `1.${'0'.repeat(length)}1`],
    ['zeros at the end', (length: number) => `1.${'0'.repeat(length)}`],
    ['digits of an exponent', (length: number) => `1e${'9'.repeat(length)}`],
  ])('takes linear time for many %s', (_what, make) => {
    const start = performance.now();
    messageDigest(`{"entry":[{"n":${make(900_000)}}]}`);
    // Quadratic time would be minutes.
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('firstDifference', () => {
  test.each<[string, (message: typeof bundle & Json) => unknown]>([
    ['Bundle.entry[1]', position('60.9272')],
    ['Bundle.entry[0]', (message) => message.entry.reverse()],
    ['Bundle.entry[1]', (message) => message.entry.pop()],
    ['Bundle', (message) => Object.assign(message, { meta: { security: [] } })],
  ])('is %s, and nothing that the sender wrote', (path, change) =>
    expect(firstDifference(text(), text(change))).toBe(path),
  );
});
