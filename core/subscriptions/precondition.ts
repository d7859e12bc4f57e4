import { type Refusal, refuse } from '../../schemas/faults.ts';
import { type Subscription, versionOf } from '../delivery/subscription.ts';

/** Versions, as in `ETag`; `any` is `*`. */
export type Versions = readonly string[] | 'any';

/** The conditions of a request that changes a subscription (RFC 9110, 13.1). */
export interface Precondition {
  readonly ifMatch?: Versions;
  readonly ifNoneMatch?: Versions;
}

const includes = (versions: Versions, version: string): boolean => versions === 'any' || versions.includes(version);

/** The refusal of a request whose condition the subscription does not meet. It carries the version as it is now. */
export const unmetPrecondition = (
  { ifMatch, ifNoneMatch }: Precondition,
  subscription: Subscription,
): Refusal | undefined => {
  const version = versionOf(subscription);
  if (ifMatch !== undefined && !includes(ifMatch, version))
    return refuse('version-conflict', 'http.If-Match', undefined, version);
  return ifNoneMatch !== undefined && includes(ifNoneMatch, version)
    ? refuse('version-conflict', 'http.If-None-Match', 'a subscription with this version exists', version)
    : undefined;
};
