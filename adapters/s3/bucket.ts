import { createHash } from 'node:crypto';
import { Unavailable } from '../../core/mission/errors.ts';
import type { Table } from '../dynamodb/table.ts';
import { isTransient } from '../transient-faults.ts';
import type { Credentials } from '../aws/signature.ts';
import { signed, type SignedRequest } from './signature.ts';

/** A bucket, as a function or an operator uses it: three calls, so the AWS SDK's client for S3 is not needed (ADR 48). */
export interface Bucket {
  /** Adds an object. Never replaces one: `exists` if there is one with this name. Throws `Unavailable`. */
  add(key: string, text: string): Promise<'added' | 'exists'>;
  /** Names of all objects that begin so, in order. */
  list(prefix: string): Promise<readonly string[]>;
  read(key: string): Promise<string>;
}

interface BucketSettings {
  readonly name: string;
  readonly region: () => Promise<string>;
  readonly credentials: () => Promise<Credentials>;
  /** Of another service than AWS: `AWS_ENDPOINT_URL_S3`. */
  readonly endpoint?: string | undefined;
}

/** An answer of S3 that is no success. Its text is not kept: it may repeat the request. */
class BucketRefused extends Error {
  override readonly name = 'BucketRefused';

  constructor(what: string, status: number, code: string) {
    super(`${what} was answered ${status}${code === '' ? '' : ` ${code}`}`);
  }
}

const timeLimitMilliseconds = 30_000;

/** The text of an element in S3's XML. Names of anchors and bucket have no character that XML escapes. */
const elements = (xml: string, name: string): readonly string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text);

export const openBucket = (settings: BucketSettings): Bucket => {
  const { name, credentials, endpoint } = settings;

  const call = async (
    { method, headers = {}, body = '' }: Partial<SignedRequest>,
    key: string,
    search: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number; readonly text: string }> => {
    const region = await settings.region();
    const base = endpoint === undefined ? `https://${name}.s3.${region}.amazonaws.com/` : `${endpoint}/${name}/`;
    const url = new URL(`${base}${key}`);
    for (const [parameter, value] of Object.entries(search)) url.searchParams.set(parameter, value);
    const request = { method: method ?? 'GET', url, headers, body };
    try {
      const answer = await fetch(url, {
        method: request.method,
        headers: signed(request, await credentials(), { region, now: Date.now() }),
        signal: AbortSignal.timeout(timeLimitMilliseconds),
        ...(body === '' ? {} : { body }),
      });
      const text = await answer.text();
      // 409: another request to the same name is under way.
      if (answer.status >= 500 || answer.status === 429 || answer.status === 409)
        throw new Unavailable(`S3 answered ${answer.status}`);
      return { status: answer.status, text };
    } catch (error) {
      if (isTransient(error)) throw new Unavailable('S3', { cause: error });
      throw error;
    }
  };

  const refused = (what: string, { status, text }: { readonly status: number; readonly text: string }): never => {
    throw new BucketRefused(what, status, elements(text, 'Code')[0] ?? '');
  };

  return {
    async add(key, text) {
      const answer = await call(
        {
          method: 'PUT',
          headers: {
            'content-type': 'application/x-ndjson',
            // S3 requires one of its checksums for what Object Lock retains.
            'content-md5': createHash('md5').update(text).digest('base64'),
            'if-none-match': '*',
          },
          body: text,
        },
        key,
      );
      if (answer.status === 200) return 'added';
      return answer.status === 412 ? 'exists' : refused('Adding an object', answer);
    },

    async list(prefix) {
      const names: string[] = [];
      let token: string | undefined;
      do {
        const answer = await call({}, '', {
          'list-type': '2',
          prefix,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        });
        if (answer.status !== 200) return refused('Listing the bucket', answer);
        names.push(...elements(answer.text, 'Key'));
        [token] = elements(answer.text, 'NextContinuationToken');
      } while (token !== undefined);
      return names;
    },

    async read(key) {
      const answer = await call({}, key);
      return answer.status === 200 ? answer.text : refused('Reading an object', answer);
    },
  };
};

/** A bucket in the region of a table, with the credentials that the table's client finds. */
export const bucketBeside = ({ client: { config } }: Table, name: string): Bucket =>
  openBucket({
    name,
    region: () => config.region(),
    credentials: () => config.credentials(),
    endpoint: process.env['AWS_ENDPOINT_URL_S3'],
  });
