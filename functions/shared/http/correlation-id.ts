import { headerOf, type WithHeaders } from './headers.ts';

/** The correlation id: with it, all that follows from one request is found in the logs of all systems. */

interface IdentifiedRequest extends WithHeaders {
  readonly requestContext: { readonly requestId: string };
}

/** RFC 9562 with its version and variant, or a trace id (W3C Trace Context 3.2.2.3). */
const form = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

/** Eleven digits that begin with day and month of birth. D-, H- and synthetic numbers add 40 to the day, or 40, 65 or 80 to the month. */
const birthNumbers = /(?=((?:[04][1-9]|[1256]\d|[37][01])(?:[048][1-9]|[159][0-2]|6[6-9]|7[0-7])\d{7}))/g;
/** The weights for both control digits; the last weight of each is for the control digit itself. A valid sum is 0 modulo 11. */
const controls = [
  [3, 7, 6, 1, 8, 9, 4, 5, 2, 1],
  [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1],
];
const isNationalNumber = (digits: string): boolean =>
  controls.every((weights) => weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0) % 11 === 0);

/**
 * Whether the id could contain the national identity number of a person. A random id has letters, and no digit too often. A
 * padded number has few letters, or one digit many times, or shows by its control digits.
 */
const couldHoldPerson = (id: string): boolean => {
  // A system with trace ids of 64 bits pads them with zeros (W3C Trace Context 3.2.2.3).
  const digits = id
    .replaceAll('-', '')
    .toLowerCase()
    .replace(/^0{16}/, '');
  return (
    !/[a-f].*[a-f]/.test(digits) ||
    [...new Set(digits)].some((digit) => digits.split(digit).length > 10) ||
    [...digits.matchAll(birthNumbers)].some(([, found = '']) => isNationalNumber(found))
  );
};

/** W3C Trace Context 3.2: version, trace id, parent id, flags. */
const traceOf = (traceparent: string | undefined): string | undefined =>
  /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/.exec(traceparent ?? '')?.[1];

/**
 * The caller's id: the first UUID or trace id among `X-Correlation-Id`, `X-Request-Id` (FHIR R4 http.html#custom) and the trace
 * id of `traceparent`. If there is none, or if it could contain a national identity number, the hub's own id of the request.
 * By chance, 6 random UUIDs in 10 000 look as if they contained one.
 */
export const correlationOf = (request: IdentifiedRequest): string =>
  [
    headerOf(request, 'x-correlation-id'),
    headerOf(request, 'x-request-id'),
    traceOf(headerOf(request, 'traceparent')),
  ].find((given) => given !== undefined && form.test(given) && !couldHoldPerson(given)) ??
  request.requestContext.requestId;
