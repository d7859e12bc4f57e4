/** The addresses of the API. Partners call its public one; VPC endpoints without private DNS have names of their own. */
export interface Entrances {
  /** Base URL of the API, as partners write it. */
  readonly base: string;
  /** Base URLs of the other entrances, from the hub's settings. */
  readonly otherBases: readonly string[];
}

interface Called {
  readonly requestContext: { readonly domainName?: string | undefined };
}

/**
 * The base URLs that a caller may have written for this request: the public one, which a proxy in front of the API has too, and that of
 * the entrance by which API Gateway got the request. Only names in the hub's settings count, so a made-up `Host` header adds none.
 */
export const basesOf = (
  { requestContext: { domainName } }: Called,
  { base, otherBases }: Entrances,
): readonly [string, ...string[]] => {
  const name = domainName?.toLowerCase();
  return [base, ...otherBases.filter((other) => new URL(other).host === name)];
};
