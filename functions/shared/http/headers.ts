/** A request as API Gateway sends it, to the authorizer and to the functions. */
export interface WithHeaders {
  readonly headers: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
}

/** The values of all lines of a header; `name` in lower case, however the request spells it. */
export const headersOf = ({ headers, multiValueHeaders }: WithHeaders, name: string): readonly string[] =>
  Object.entries(multiValueHeaders ?? headers ?? {})
    .filter(([given]) => given.toLowerCase() === name)
    .flatMap(([, values]) => values ?? []);

/** The value of a header. Several lines are one list (RFC 9110, 5.3): which of them another reader would take is not guessed. */
export const headerOf = (request: WithHeaders, name: string): string | undefined => {
  const lines = headersOf(request, name);
  return lines.length === 0 ? undefined : lines.join(', ');
};
