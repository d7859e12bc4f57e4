import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** AWS Signature Version 4 (AWS, "Create a signed AWS API request"), for every service that the hub calls. */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** Lower-case hexadecimal. */
export const sha256 = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** `20260203T101500Z`, the basic form of ISO 8601. Its first eight characters are the day. */
export const basicTime = (date: Date | number | string): string => {
  const iso = new Date(date).toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
};

/** What a signing key is for: `20260203/eu-north-1/s3/aws4_request`. */
export const scopeOf = (time: string, region: string, service: string): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`;

/** A key object: with the bytes of the key, Node.js takes ten times as long to make an HMAC. */
const derived = (key: KeyObject, text: string): KeyObject =>
  createSecretKey(createHmac('sha256', key).update(text).digest());

export const signingKey = (secret: string, scope: string): KeyObject =>
  scope.split('/').reduce(derived, createSecretKey(`AWS4${secret}`, 'utf8'));

const canonicalValue = (value: string): string => (/\s/.test(value) ? value.replaceAll(/\s+/g, ' ').trim() : value);

interface CanonicalRequest {
  readonly method: string;
  /** Encoded as the service wants it. */
  readonly path: string;
  /** Encoded, and in order. */
  readonly query: string;
  /** Those that are signed, in any order; names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** `sha256` of the body. */
  readonly bodyDigest: string;
}

/** The header `authorization` of a request that is sent at `time` (`basicTime`). `key`: that of the scope (`signingKey`). */
export const authorization = (
  { method, path, query, headers, bodyDigest }: CanonicalRequest,
  {
    accessKeyId,
    key,
    time,
    scope,
  }: { readonly accessKeyId: string; readonly key: KeyObject; readonly time: string; readonly scope: string },
): string => {
  const sorted = [...headers.keys()].sort();
  const names = sorted.join(';');
  const lines = sorted.map((name) => `${name}:${canonicalValue(headers.get(name) ?? '')}\n`).join('');
  const canonical = `${method}\n${path}\n${query}\n${lines}\n${names}\n${bodyDigest}`;
  const signature = createHmac('sha256', key)
    .update(`${algorithm}\n${time}\n${scope}\n${sha256(canonical)}`)
    .digest('hex');
  return `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
};
