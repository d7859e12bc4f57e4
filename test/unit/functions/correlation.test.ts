import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { correlationOf } from '../../../functions/shared/http/correlation-id.ts';

const requestId = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef';
const idFor = (headers: Readonly<Record<string, string>>): string =>
  correlationOf({ headers, requestContext: { requestId } });

const uuid = '6f3b1d0e-4c2a-4b7e-9a55-0d8c7e1f2a34';
const other = 'b7a9e1c4-03fd-4e1b-8c6e-5ad2f09b7c1e';
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

/** The first numbers of a day, with their control digits: number the individuals, and keep those whose control digits are digits. */
const numbersOf = (born: string): readonly string[] =>
  Array.from({ length: 20 }, (_, individual) => `${born}${String(100 + individual)}`).flatMap((nine) => {
    const control = (digits: string, weights: readonly number[]): number =>
      (11 - (weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0) % 11)) % 11;
    const first = control(nine, [3, 7, 6, 1, 8, 9, 4, 5, 2]);
    const second = control(`${nine}${first}`, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    return first > 9 || second > 9 ? [] : [`${nine}${first}${second}`];
  });

describe('correlationOf', () => {
  test.each([
    ['a UUID', { 'x-correlation-id': uuid }, uuid],
    [
      'a UUID in capitals, with any spelling of the header',
      { 'X-CORRELATION-ID': uuid.toUpperCase() },
      uuid.toUpperCase(),
    ],
    ['a trace id', { 'X-Correlation-Id': trace }, trace],
    ['the request id, if there is no other (FHIR R4)', { 'X-Request-Id': uuid }, uuid],
    ['the correlation id before the request id', { 'X-Request-Id': other, 'X-Correlation-Id': uuid }, uuid],
    [
      'a trace id of 64 bits, padded',
      { 'X-Correlation-Id': 'a3ce929d0e0e4736'.padStart(32, '0') },
      'a3ce929d0e0e4736'.padStart(32, '0'),
    ],
    ['the request id, if the correlation id is empty', { 'X-Correlation-Id': '', 'X-Request-Id': uuid }, uuid],
    ['the request id, if the correlation id is a name', { 'X-Correlation-Id': 'kari', 'X-Request-Id': uuid }, uuid],
    [
      'the trace, if the other two are not usable',
      { 'X-Correlation-Id': 'kari', 'X-Request-Id': '1', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
      trace,
    ],
    ['the trace of a traceparent', { traceparent: `00-${trace}-00f067aa0ba902b7-01` }, trace],
    ['the trace of a traceparent to come', { traceparent: `cc-${trace}-00f067aa0ba902b7-01-more` }, trace],
    [
      'the correlation id before the trace',
      { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-correlation-id': uuid },
      uuid,
    ],
  ])('takes %s', (_what, headers, id) => expect(idFor(headers)).toBe(id));

  test.each([
    ['nothing', {}],
    ['a name', { 'X-Correlation-Id': 'kari.nordmann' }],
    ['a national number', { 'X-Correlation-Id': '01018612345' }],
    ['a national number in the form of a UUID', { 'X-Correlation-Id': '00000000-0000-0000-0000-001018612345' }],
    ['a national number in the form of a trace id', { 'X-Correlation-Id': '01018612345'.padStart(32, '0') }],
    ['a national number with zeros after it', { 'X-Correlation-Id': '01018612345'.padEnd(32, '0') }],
    [
      'a national number in a UUID with version and variant',
      { 'X-Correlation-Id': '00000000-0000-4000-8000-001019012345' },
    ],
    ['the same with a variant that is a letter', { 'X-Correlation-Id': '00000000-0000-4000-a000-001019012345' }],
    ['a national number at the start of a UUID', { 'X-Correlation-Id': '01019012-3450-4000-8000-000000000000' }],
    ['a national number after other digits', { 'X-Correlation-Id': '12345678-1234-4123-8123-001019012345' }],
    ['a national number after one letter', { 'X-Correlation-Id': 'ffffffff-ffff-4fff-bfff-f01019012345' }],
    ['a phone number in the form of a UUID', { 'X-Correlation-Id': '00000000-0000-4000-8000-004791234567' }],
    ['a national number in the request id', { 'X-Request-Id': '00000000-0000-4000-8000-001019012345' }],
    ['a national number in a padded trace id of 64 bits', { 'X-Correlation-Id': `${'0'.repeat(16)}1234501019012345` }],
    ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['a UUID and more', { 'X-Correlation-Id': `${uuid} 01018612345` }],
    ['a UUID in a second line', { 'X-Correlation-Id': `x\n${uuid}` }],
    ['a traceparent of a version that may not be', { traceparent: `ff-${trace}-00f067aa0ba902b7-01` }],
  ])("takes the hub's own id of the request, if the caller gives %s", (_what, headers) =>
    expect(idFor(headers)).toBe(requestId),
  );

  test.each([
    ['born on a day', '010190'],
    ['a D-number', '410190'],
    ['an H-number', '014190'],
    ['a synthetic one of a register', '018190'],
    ['another synthetic one', '016690'],
    ['a D-number of a synthetic person', '718190'],
  ])('never takes a national number with its control digits, even in a random id: %s', (_what, born) => {
    const numbers = numbersOf(born);
    expect(numbers.length).toBeGreaterThan(9);
    for (const number of numbers) {
      expect(idFor({ 'X-Correlation-Id': `6f3b1d0e-4c2a-4b7e-9a55-d${number}` })).toBe(requestId);
      expect(idFor({ 'X-Correlation-Id': `6f3b1d0e4c2a4b7e${number}9a55d` })).toBe(requestId);
    }
  });

  test('takes nearly every random UUID of a caller', () => {
    const drawn = Array.from({ length: 20_000 }, () => randomUUID());
    const refused = drawn.filter((id) => idFor({ 'X-Correlation-Id': id }) === requestId);
    // About twelve are expected; forty are practically impossible.
    expect(refused.length, refused.join(' ')).toBeLessThan(40);
  });
});
