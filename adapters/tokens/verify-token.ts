import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';

/** Who calls, from a HelseID access token: the child organisation if the token names one, else the parent. */
export interface Identity {
  readonly organisation: string;
  readonly parent: string;
  readonly client: string;
  readonly scope: string;
}

const claims = z.object({
  'helseid://claims/client/claims/orgnr_parent': z.string().regex(/^\d{9}$/),
  'helseid://claims/client/claims/orgnr_child': z
    .string()
    .regex(/^\d{9}$/)
    .optional(),
  client_id: z.string().optional(),
  scope: z.union([z.string(), z.array(z.string())]).optional(),
});

/** The token is not acceptable: expired, foreign, malformed or without an organisation. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
}

const identityOf = (payload: JWTPayload): Identity => {
  // A token bound to a key is worth nothing without the proof (RFC 9449 7.1), which is not checked here yet.
  if (payload['cnf'] !== undefined) throw new TokenRefused('the token is bound to a key (DPoP)');
  const read = claims.safeParse(payload);
  if (!read.success) throw new TokenRefused('the token names no organisation');
  const parent = read.data['helseid://claims/client/claims/orgnr_parent'];
  const { scope } = read.data;
  return {
    organisation: read.data['helseid://claims/client/claims/orgnr_child'] ?? parent,
    parent,
    client: read.data.client_id ?? payload.sub ?? 'unknown',
    scope: Array.isArray(scope) ? scope.join(' ') : (scope ?? ''),
  };
};

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

type KeySet = ReturnType<typeof createRemoteJWKSet>;

const keySetOf = async (issuer: string): Promise<KeySet> => {
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(3_000),
  });
  if (!answer.ok) throw new Error(`the token issuer answers its discovery document with HTTP ${answer.status}`);
  const document = discovery.parse(await answer.json());
  if (document.issuer !== issuer)
    throw new Error('the token issuer calls itself by another name than the one configured');
  return createRemoteJWKSet(new URL(document.jwks_uri), {
    cacheMaxAge: 600_000,
    cooldownDuration: 5_000,
    timeoutDuration: 3_000,
  });
};

const isTokensFault = (error: unknown): boolean =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid) &&
  error.code !== 'ERR_JOSE_GENERIC';

/**
 * Verifies OIDC access tokens as HelseID issues them: signature by the issuer's published keys, issuer, audience, expiry.
 * Throws `TokenRefused` for a bad token and another error when the issuer cannot be asked.
 */
export const tokenVerifier = (issuer: string, audience: string): ((token: string) => Promise<Identity>) => {
  let keys: Promise<KeySet> | undefined;
  return async (token) => {
    keys ??= keySetOf(issuer);
    const keySet = await keys.catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    try {
      const { payload } = await jwtVerify(token, keySet, {
        issuer,
        audience,
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
        requiredClaims: ['exp'],
        clockTolerance: 10,
      });
      return identityOf(payload);
    } catch (error) {
      if (isTokensFault(error)) throw new TokenRefused('the token is not acceptable', { cause: error });
      throw error;
    }
  };
};
