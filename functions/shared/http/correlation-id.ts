/** The id by which everything that follows from one request is found in the logs of all systems it passes. */

/** A request as API Gateway hands it to the authorizer and to the functions. */
interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>> | null;
  readonly requestContext: { readonly requestId: string };
}

export const headerIn = ({ headers }: Pick<Asked, 'headers'>, wanted: string): string | undefined =>
  Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === wanted)?.[1];

/** RFC 9562 with its version and variant, or a trace id (W3C Trace Context 3.2.2.3). */
const form = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

/** Eleven digits that begin with a day and a month of birth, as national, D-, H- and synthetic numbers have them: day + 40, month + 40, 65 or 80. */
const birthNumbers = /(?=((?:[04][1-9]|[1256]\d|[37][01])(?:[048][1-9]|[159][0-2]|6[6-9]|7[0-7])\d{7}))/g;
/** The weights of both control digits, which are themselves the last of each: a sum is 0 modulo 11. */
const controls = [
  [3, 7, 6, 1, 8, 9, 4, 5, 2, 1],
  [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1],
];
const isNationalNumber = (digits: string): boolean =>
  controls.every((weights) => weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0) % 11 === 0);

/** What is random has letters, and no digit too often. A person's number that is padded has few letters or much of one digit, or is told by its control digits. */
const couldHoldPerson = (id: string): boolean => {
  // Half a trace id: a system whose own has 64 bits pads it (W3C Trace Context 3.2.2.3).
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
 * The caller's: the first that is a UUID or trace id among `X-Correlation-Id`, `X-Request-Id` (FHIR R4 http.html#custom) and
 * the trace id of `traceparent`. The hub's own id of the request if there is none, or if a person's number could stand in it:
 * by chance so it is with 6 random UUIDs in 10 000.
 */
export const correlationOf = (request: Asked): string =>
  [
    headerIn(request, 'x-correlation-id'),
    headerIn(request, 'x-request-id'),
    traceOf(headerIn(request, 'traceparent')),
  ].find((given) => given !== undefined && form.test(given) && !couldHoldPerson(given)) ??
  request.requestContext.requestId;
