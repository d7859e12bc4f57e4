import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bucket, openBucket } from '../../../../adapters/s3/bucket.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';

interface Answer {
  readonly status: number;
  readonly body?: string;
}

let server: Server;
let bucket: Bucket;
let answers: Answer[];
let requests: {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}[];

beforeAll(async () => {
  server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body: await text(request) });
      const { status, body = '' } = answers.shift() ?? { status: 500 };
      response.writeHead(status);
      response.end(body);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  bucket = openBucket({
    name: 'a-bucket',
    region: async () => 'eu-north-1',
    credentials: async () => ({ accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' }),
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
  });
});
beforeEach(() => {
  answers = [];
  requests = [];
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

describe('bucket', () => {
  test('adds an object with a checksum, on condition that there is none, signed with all headers', async () => {
    answers = [{ status: 200 }];
    expect(await bucket.add('2026-a.jsonl', 'a text\n')).toBe('added');
    const [request] = requests;
    expect(request).toMatchObject({ method: 'PUT', url: '/a-bucket/2026-a.jsonl', body: 'a text\n' });
    expect(request?.headers).toMatchObject({
      'if-none-match': '*',
      'content-md5': createHash('md5').update('a text\n').digest('base64'),
      'x-amz-security-token': 'token',
      authorization: expect.stringContaining('content-md5;content-type;host;if-none-match;x-amz-content-sha256'),
    });
  });

  test.each([
    [{ status: 412 }, 'exists'],
    [{ status: 409 }, Unavailable],
    [{ status: 503, body: '<Error><Code>SlowDown</Code></Error>' }, Unavailable],
    [{ status: 500 }, Unavailable],
    [
      { status: 403, body: '<Error><Code>AccessDenied</Code><Message>who you are</Message></Error>' },
      '403 AccessDenied',
    ],
  ])('takes the answer %j to an added object as %s', async (answer, expected) => {
    answers = [answer];
    const adding = bucket.add('a.jsonl', 'a text');
    if (expected === 'exists') expect(await adding).toBe(expected);
    else if (typeof expected === 'string') await expect(adding).rejects.toThrow(new RegExp(`${expected}$`));
    else await expect(adding).rejects.toThrow(expected);
  });

  test('lists all objects, page by page', async () => {
    const page = (keys: readonly string[], next = ''): string =>
      `<?xml version="1.0"?><ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('')}${next}</ListBucketResult>`;
    answers = [
      { status: 200, body: page(['a', 'b'], '<NextContinuationToken>1/x+y==</NextContinuationToken>') },
      { status: 200, body: page(['c']) },
    ];
    expect(await bucket.list('')).toEqual(['a', 'b', 'c']);
    expect(requests.map(({ url }) => new URL(url, 'http://x').searchParams.get('continuation-token'))).toEqual([
      null,
      '1/x+y==',
    ]);
  });

  test('reads an object, or says that it may not', async () => {
    answers = [
      { status: 200, body: 'a text' },
      { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' },
    ];
    expect(await bucket.read('a')).toBe('a text');
    await expect(bucket.read('b')).rejects.toThrow('404 NoSuchKey');
  });

  test('is unavailable if nobody answers', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const address = gone.address();
    gone.close();
    const nobody = openBucket({
      name: 'a-bucket',
      region: async () => 'eu-north-1',
      credentials: async () => ({ accessKeyId: 'key', secretAccessKey: 'secret' }),
      endpoint: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    });
    await expect(nobody.add('a', 'a text')).rejects.toThrow(Unavailable);
  });
});
