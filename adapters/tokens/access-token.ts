import { type JWTPayload, jwtVerify } from 'jose';
import { scopes } from '../../schemas/scopes.ts';
import { issuerKeys } from './issuer-keys.ts';
import { algorithms, blaming } from './jwt.ts';
import { TokenRefused } from './refused.ts';

/** Claims of a HelseID access token about the caller. */
export interface AccessToken {
  /** Organisation number of the legal entity. */
  readonly parent: string;
  /** Organisation number of one of its units. HelseID does not verify it: the directory must know it. */
  readonly child?: string;
  /** Organisation number of the supplier whose system serves several organisations. */
  readonly supplier?: string;
  /** For the log; never for access control. */
  readonly client: string;
  /** Scopes of the hub, without the audience before them, separated by spaces. */
  readonly scope: string;
  /** Thumbprint of the key that the token is bound to (RFC 9449, 6.1). */
  readonly thumbprint?: string;
}

/** Seconds by which two clocks may differ. */
const leeway = 5;

const organisationClaim = (claims: JWTPayload, name: string): string | undefined => {
  const value = claims[`helseid://claims/client/claims/${name}`];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^\d{9}$/.test(value)) throw new TokenRefused('no-organisation');
  return value;
};

/** The client id is logged and shown to the parties of a mission: one of another form, such as a person's number, is not repeated. */
const isClientId = (client: string): boolean => /^(?!\d{11}$)[\w.:/-]{1,128}$/.test(client);

/** HelseID gives scopes as a list, RFC 9068 as a text. */
const scopeOf = ({ scope }: JWTPayload, audience: string): string => {
  const given = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : [];
  const before = `${audience}/`;
  return given
    .flatMap((one: unknown) => (typeof one === 'string' && one.startsWith(before) ? [one.slice(before.length)] : []))
    .filter((one) => Object.hasOwn(scopes, one))
    .join(' ');
};

const thumbprintOf = ({ cnf }: JWTPayload): string | undefined => {
  if (cnf === undefined) return undefined;
  const thumbprint = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? cnf.jkt : undefined;
  // Bound in a way that is not checked here, as to a TLS certificate.
  if (typeof thumbprint !== 'string') throw new TokenRefused('bound');
  return thumbprint;
};

const isAccessTokenType = (typ: unknown): boolean =>
  typeof typ === 'string' && ['at+jwt', 'jwt'].includes(typ.toLowerCase().replace(/^application\//, ''));

/**
 * Verifies access tokens by HelseID's rules for APIs: signature by one of the issuer's published keys, pinned algorithms,
 * `typ`, issuer, the hub as the only audience, `exp` and `nbf`. Throws `TokenRefused` for a token that is not acceptable, and
 * another error if it cannot be verified.
 */
export const accessTokenVerifier = (
  issuer: string,
  audience: string,
  now: () => number = Date.now,
): ((token: string) => Promise<AccessToken>) => {
  const keys = issuerKeys(issuer, now);
  return async (token) => {
    const { payload, protectedHeader } = await blaming(() =>
      jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        requiredClaims: ['exp'],
        clockTolerance: leeway,
        currentDate: new Date(now()),
      }),
    );
    if (!isAccessTokenType(protectedHeader.typ)) throw new TokenRefused('wrong-type');
    // Another API that the token is also for could pass it on.
    if ([payload.aud].flat().length !== 1) throw new TokenRefused('wrong-audience');
    const parent = organisationClaim(payload, 'orgnr_parent');
    if (parent === undefined) throw new TokenRefused('no-organisation');
    const child = organisationClaim(payload, 'orgnr_child');
    const supplier = organisationClaim(payload, 'orgnr_supplier');
    const thumbprint = thumbprintOf(payload);
    const client = payload['client_id'];
    return {
      parent,
      client: typeof client === 'string' && isClientId(client) ? client : 'unknown',
      scope: scopeOf(payload, audience),
      ...(child === undefined ? {} : { child }),
      ...(supplier === undefined ? {} : { supplier }),
      ...(thumbprint === undefined ? {} : { thumbprint }),
    };
  };
};
