import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, type JWK, jwtVerify, type JWTPayload } from 'jose';
import { digestOf } from '../../schemas/identifiers.ts';
import { algorithms, blaming } from './jwt.ts';
import { TokenRefused } from './refused.ts';

/** DPoP proofs (RFC 9449): the sender of a token holds the key that the token is bound to, and has signed this request. */

/** Seconds by which `iat` may lie before and after now. */
export interface ProofWindow {
  readonly back: number;
  readonly ahead: number;
}

/** The request that a proof must be for. */
export interface ProvenRequest {
  readonly method: string;
  /** Absolute URL as partners write it. */
  readonly url: string;
  /** The same, by the names of other entrances. */
  readonly otherUrls?: readonly string[];
}

/** A valid proof. Whether it was used before is checked elsewhere (`used-proofs.ts`). */
export interface Proof {
  /** Of key and `jti`; reveals neither. */
  readonly digest: string;
  /** Thumbprint of the key (RFC 7638). */
  readonly thumbprint: string;
  readonly issuedAt: number;
  /** Digest of the access token that it goes with. */
  readonly ath: unknown;
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const publicKeyIn = (proof: string): JWK => {
  const key: unknown = decodeProtectedHeader(proof).jwk;
  if (typeof key !== 'object' || key === null) throw new TokenRefused('wrong-key');
  if (privateMembers.some((member) => member in key)) throw new TokenRefused('private-key-in-proof');
  return { ...key };
};

/**
 * One spelling of a URL: scheme and host in lower case, no default port, no dot segments, no query and no fragment
 * (RFC 9449, 4.3), and `%24` is `$`: both reach the same operation. `undefined` for what is no such URL.
 */
export const canonicalUrl = (text: unknown): string | undefined => {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  try {
    const path = url.pathname.split('/').map((part) => encodeURIComponent(decodeURIComponent(part)));
    return `${url.protocol}//${url.host}${path.join('/')}`;
  } catch {
    return undefined;
  }
};

const isNumericDate = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const checkTime = (issuedAt: number, { back, ahead }: ProofWindow, now: number): void => {
  if (issuedAt < now / 1000 - back) throw new TokenRefused('stale-proof');
  if (issuedAt > now / 1000 + ahead) throw new TokenRefused('future-proof');
};

const checked = (payload: JWTPayload): { readonly jti: string; readonly issuedAt: number } => {
  const { jti, iat } = payload;
  if (typeof jti !== 'string' || jti === '' || !isNumericDate(iat)) throw new TokenRefused('missing-claim');
  return { jti, issuedAt: iat };
};

/** Verifies a proof for a request (RFC 9449, 4.3, but for token and replay). Throws `TokenRefused`. */
export const verifyProof = async (
  proof: string,
  { method, url, otherUrls = [] }: ProvenRequest,
  window: ProofWindow,
  now: number,
): Promise<Proof> => {
  // No other system is called, so every failure is a fault of the proof.
  const { payload, thumbprint } = await blaming(async () => {
    const verified = await jwtVerify(proof, async ({ alg }) => importJWK(publicKeyIn(proof), alg), {
      algorithms,
      typ: 'dpop+jwt',
      clockTolerance: window.ahead,
      currentDate: new Date(now),
    });
    return { payload: verified.payload, thumbprint: await calculateJwkThumbprint(publicKeyIn(proof)) };
  }, 'malformed');
  const { jti, issuedAt } = checked(payload);
  if (payload['htm'] !== method) throw new TokenRefused('wrong-method');
  const address = canonicalUrl(payload['htu']);
  if (address === undefined || ![url, ...otherUrls].some((one) => address === canonicalUrl(one)))
    throw new TokenRefused('wrong-address');
  checkTime(issuedAt, window, now);
  return { thumbprint, issuedAt, ath: payload['ath'], digest: digestOf(JSON.stringify([thumbprint, jti])) };
};

/** That a proof goes with this access token, and that the token is bound to the proof's key (RFC 9449, 4.3, 12). */
export const checkBinding = ({ ath, thumbprint }: Proof, token: string, boundTo: string): void => {
  if (ath !== createHash('sha256').update(token).digest('base64url')) throw new TokenRefused('other-token');
  if (thumbprint !== boundTo) throw new TokenRefused('other-key');
};
