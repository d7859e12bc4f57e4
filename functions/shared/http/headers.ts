/** A request as API Gateway sends it, to the authorizer and to the functions. */
export interface WithHeaders {
  readonly headers: Readonly<Record<string, string | undefined>> | null;
}

/** The value of a header; `name` in lower case, however the request spells it. */
export const headerOf = ({ headers }: WithHeaders, name: string): string | undefined =>
  Object.entries(headers ?? {}).find(([given]) => given.toLowerCase() === name)?.[1];
