/** The id by which everything that follows from one request is found in the logs of all systems it passes. */

/** A request as API Gateway hands it to the authorizer and to the functions. */
interface Asked {
  readonly headers: Readonly<Record<string, string | undefined>> | null;
  readonly requestContext: { readonly requestId: string };
}

export const headerIn = ({ headers }: Pick<Asked, 'headers'>, wanted: string): string | undefined =>
  Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === wanted)?.[1];

/** RFC 9562 with its version and variant, or a trace id (W3C Trace Context 3.2.2.3) that is not mostly zeros: nothing that a person's number or name could stand in. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const traceId = /^(?!0{20}|.{12}0{20})[0-9a-f]{32}$/i;

/** W3C Trace Context 3.2: version, trace id, parent id, flags. */
const traceOf = (traceparent: string | undefined): string | undefined =>
  /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/.exec(traceparent ?? '')?.[1];

/**
 * The caller's, from `X-Correlation-Id`, else `X-Request-Id` (FHIR R4 http.html#custom), else the trace id of `traceparent`;
 * one that is no UUID or trace id is not used. The hub's own id of the request if there is none.
 */
export const correlationOf = (request: Asked): string => {
  const given =
    headerIn(request, 'x-correlation-id') ??
    headerIn(request, 'x-request-id') ??
    traceOf(headerIn(request, 'traceparent'));
  return given !== undefined && (uuid.test(given) || traceId.test(given)) ? given : request.requestContext.requestId;
};
