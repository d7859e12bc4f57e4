import type { KeyObject } from 'node:crypto';
import { authorization, basicTime, type Credentials, scopeOf, sha256, signingKey } from './signature.ts';

/**
 * Signs the requests of the SDK's clients (signature.ts), with the result of the SDK's own signer.
 * The SDK derives its signing key again for every request; the key changes only with the credentials and the day.
 */

interface Signable {
  readonly method: string;
  readonly path: string;
  readonly query?: object | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface SigningOptions {
  readonly signingDate?: Date | number | string;
  readonly signingRegion?: string;
  readonly signingService?: string;
}

/** What a signer is made of. The SDK refreshes the credentials before they expire. */
export interface SignerParts {
  readonly credentials: () => Promise<Credentials>;
  readonly region: () => Promise<string>;
  readonly service: string;
}

/** Headers that are not signed, because a proxy may change them. */
const unsigned =
  /^(?:authorization|cache-control|connection|expect|from|keep-alive|max-forwards|pragma|referer|te|trailer|transfer-encoding|upgrade|user-agent|x-amzn-trace-id|proxy-.*|sec-.*)$/;

/** Headers of an earlier signature. */
const replaced = /^(?:authorization|date|x-amz-date|x-amz-security-token)$/i;

/** Only what this hub sends: `POST /` without a query. */
const checkTarget = ({ method, path, query = {} }: Signable): void => {
  if (method !== 'POST' || path !== '/' || Object.keys(query).length > 0)
    throw new Error(
      'Only requests "POST /" without a query can be signed: the endpoint of an AWS service is an origin',
    );
};

export const requestSigner = ({ credentials, region, service: ownService }: SignerParts) => {
  let known: { readonly secret: string; readonly scope: string; readonly key: KeyObject } | undefined;
  const keyOf = (secret: string, scope: string): KeyObject => {
    if (known?.scope !== scope || known.secret !== secret) known = { secret, scope, key: signingKey(secret, scope) };
    return known.key;
  };

  return {
    /** Returns the signed request; the given one is not changed, so that it can be signed again for another attempt. */
    sign: async <Request extends Signable>(
      request: Request,
      { signingDate = Date.now(), signingRegion, signingService = ownService }: SigningOptions = {},
    ): Promise<Request> => {
      checkTarget(request);
      const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
      const place = signingRegion ?? (await region());
      const time = basicTime(signingDate);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.headers)) if (!replaced.test(name)) headers[name] = value;
      const bodyDigest = sha256(request.body ?? '');
      headers['x-amz-content-sha256'] = bodyDigest;
      if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
      headers['x-amz-date'] = time;

      const signed = new Map<string, string>();
      for (const [name, value] of Object.entries(headers)) {
        const lower = name.toLowerCase();
        if (!unsigned.test(lower)) signed.set(lower, value);
      }
      const scope = scopeOf(time, place, signingService);
      headers['authorization'] = authorization(
        { method: 'POST', path: '/', query: '', headers: signed, bodyDigest },
        { accessKeyId, key: keyOf(secretAccessKey, scope), time, scope },
      );
      return { ...request, headers };
    },
  };
};
