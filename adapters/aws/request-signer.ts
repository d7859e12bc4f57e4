import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/**
 * Signs requests with AWS Signature Version 4 (AWS, "Create a signed AWS API request"), with the result of the SDK's own signer.
 * The SDK derives its signing key again for every request; the key changes only with the credentials and the day.
 */

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

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

const algorithm = 'AWS4-HMAC-SHA256';
const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** A key object: with the bytes of the key, Node.js takes ten times as long to make an HMAC. */
const derived = (key: KeyObject, text: string): KeyObject =>
  createSecretKey(createHmac('sha256', key).update(text).digest());

const signingKey = (secret: string, parts: readonly string[]): KeyObject =>
  parts.reduce(derived, createSecretKey(`AWS4${secret}`, 'utf8'));

/** `20260203T101500Z`, the basic form of ISO 8601. */
const basicTime = (date: Date | number | string): string => {
  const iso = new Date(date).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
};

const canonicalValue = (value: string): string => (/\s/.test(value) ? value.replaceAll(/\s+/g, ' ').trim() : value);

/** Only what this hub sends: `POST /` without a query. */
const checkTarget = ({ method, path, query = {} }: Signable): void => {
  if (method !== 'POST' || path !== '/' || Object.keys(query).length > 0)
    throw new Error(
      'Only requests "POST /" without a query can be signed: the endpoint of an AWS service is an origin',
    );
};

export const requestSigner = ({ credentials, region, service: ownService }: SignerParts) => {
  let known: { readonly secret: string; readonly scope: string; readonly key: KeyObject } | undefined;
  const keyOf = (secret: string, day: string, place: string, service: string): KeyObject => {
    const scope = `${day}/${place}/${service}`;
    if (known?.scope !== scope || known.secret !== secret)
      known = { secret, scope, key: signingKey(secret, [day, place, service, 'aws4_request']) };
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
      const day = time.slice(0, 8);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.headers)) if (!replaced.test(name)) headers[name] = value;
      const bodyDigest = sha256(request.body ?? '');
      headers['x-amz-content-sha256'] = bodyDigest;
      if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
      headers['x-amz-date'] = time;

      const signed = new Map<string, string>();
      for (const [name, value] of Object.entries(headers)) {
        const lower = name.toLowerCase();
        if (!unsigned.test(lower)) signed.set(lower, canonicalValue(value));
      }
      const sorted = [...signed.keys()].sort();
      const names = sorted.join(';');
      const lines = sorted.map((name) => `${name}:${signed.get(name)}\n`).join('');
      const canonical = `POST\n/\n\n${lines}\n${names}\n${bodyDigest}`;
      const scope = `${day}/${place}/${signingService}/aws4_request`;
      const signature = createHmac('sha256', keyOf(secretAccessKey, day, place, signingService))
        .update(`${algorithm}\n${time}\n${scope}\n${sha256(canonical)}`)
        .digest('hex');
      headers['authorization'] =
        `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
      return { ...request, headers };
    },
  };
};
