import { authorization, basicTime, type Credentials, scopeOf, sha256, signingKey } from '../aws/signature.ts';

/** Signs one request to S3 (AWS, "Authenticating Requests: Using the Authorization Header"). */

export interface SignedRequest {
  readonly method: 'GET' | 'PUT';
  readonly url: URL;
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `encodeURIComponent`, and the characters that AWS encodes besides. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** All headers of the request, with its signature. `now`: milliseconds since the epoch; S3 refuses 15 minutes of difference. */
export const signed = (
  { method, url, headers, body }: SignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  { region, now }: { readonly region: string; readonly now: number },
): Readonly<Record<string, string>> => {
  const time = basicTime(now);
  const scope = scopeOf(time, region, 's3');
  const bodyDigest = sha256(body);
  const all: Readonly<Record<string, string>> = {
    ...headers,
    host: url.host,
    'x-amz-content-sha256': bodyDigest,
    'x-amz-date': time,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
  const path = decodeURIComponent(url.pathname).split('/').map(encoded).join('/');
  return {
    ...all,
    authorization: authorization(
      { method, path, query, headers: new Map(Object.entries(all)), bodyDigest },
      { accessKeyId, key: signingKey(secretAccessKey, scope), time, scope },
    ),
  };
};
