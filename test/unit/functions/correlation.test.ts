import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { correlationOf } from '../../../functions/edge/correlation.ts';

const requestId = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef';
const asked = (headers: Readonly<Record<string, string>>): string =>
  correlationOf({ headers, requestContext: { requestId } });

const uuid = randomUUID();
const other = randomUUID();
const trace = `4b${randomBytes(15).toString('hex')}`;

describe('The correlation id of a request', () => {
  test.each([
    ['a UUID', { 'x-correlation-id': uuid }, uuid],
    ['a UUID in capitals, however the header is spelt', { 'X-CORRELATION-ID': uuid.toUpperCase() }, uuid.toUpperCase()],
    ['a trace id', { 'X-Correlation-Id': trace }, trace],
    ['the request id, if there is no other (FHIR R4)', { 'X-Request-Id': uuid }, uuid],
    ['the correlation id before the request id', { 'X-Request-Id': other, 'X-Correlation-Id': uuid }, uuid],
    ['the trace of a traceparent', { traceparent: `00-${trace}-00f067aa0ba902b7-01` }, trace],
    ['the trace of a traceparent to come', { traceparent: `cc-${trace}-00f067aa0ba902b7-01-more` }, trace],
    [
      'the correlation id before the trace',
      { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-correlation-id': uuid },
      uuid,
    ],
  ])('is %s', (_what, headers, id) => expect(asked(headers)).toBe(id));

  test.each([
    ['nothing', {}],
    ['a name', { 'X-Correlation-Id': 'kari.nordmann' }],
    ['a national number', { 'X-Correlation-Id': '01018612345' }],
    ['a national number in the form of a UUID', { 'X-Correlation-Id': '00000000-0000-0000-0000-001018612345' }],
    ['a national number in the form of a trace id', { 'X-Correlation-Id': '01018612345'.padStart(32, '0') }],
    ['a national number with zeros after it', { 'X-Correlation-Id': '01018612345'.padEnd(32, '0') }],
    ['a trace id of zeros', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` }],
    ['a UUID and more', { 'X-Correlation-Id': `${uuid} 01018612345` }],
    ['a UUID in a second line', { 'X-Correlation-Id': `x\n${uuid}` }],
    ['a traceparent of a version that may not be', { traceparent: `ff-${trace}-00f067aa0ba902b7-01` }],
    ['a name, though there is a trace', { 'X-Correlation-Id': 'kari', traceparent: `00-${trace}-00f067aa0ba902b7-01` }],
  ])("is the hub's own id of the request, if the caller gives %s", (_what, headers) =>
    expect(asked(headers)).toBe(requestId),
  );
});
