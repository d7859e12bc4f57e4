/** The proofs that were used, each by its digest, until they have expired. */
export interface UsedProofs {
  /** Stores a proof as used; `false`: it was used before. `until`: seconds since 1970. Throws `Unavailable`. */
  readonly use: (digest: string, until: number) => Promise<boolean>;
}
