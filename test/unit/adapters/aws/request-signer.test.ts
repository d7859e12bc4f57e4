import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { requestSigner } from '../../../../adapters/aws/request-signer.ts';

interface Signed {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

interface Circumstances {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  readonly at: Date;
  readonly text: string;
  readonly userAgent: string;
}

/** A request as the SDK's own client signs it. */
const signedBySdk = async ({ region, at, text, userAgent, sessionToken, ...keys }: Circumstances): Promise<Signed> => {
  vi.setSystemTime(at);
  let sent: Signed | undefined;
  const client = new DynamoDBClient({
    region,
    credentials: { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) },
    customUserAgent: userAgent,
    requestHandler: {
      handle: async (request: Signed) => {
        sent = request;
        return { response: { statusCode: 200, headers: {}, body: Buffer.from('{}') } };
      },
    },
  });
  await client.send(
    new PutItemCommand({ TableName: 'table', Item: { pk: { S: text }, bytes: { B: Buffer.from(text) } } }),
  );
  if (sent === undefined) throw new Error('the client sent nothing');
  return sent;
};

const unsigned = ({ headers, ...request }: Signed): Signed => {
  const { authorization: _signature, 'x-amz-date': _date, 'x-amz-content-sha256': _digest, ...rest } = headers;
  return { ...request, headers: rest };
};

const signerFor = ({ region, accessKeyId, secretAccessKey, sessionToken }: Circumstances) =>
  requestSigner({
    credentials: async () => ({ accessKeyId, secretAccessKey, sessionToken }),
    region: async () => region,
    service: 'dynamodb',
  });

const circumstances = fc.record({
  accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/),
  secretAccessKey: fc.stringMatching(/^[A-Za-z0-9/+]{40}$/),
  sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{1,300}$/), { nil: undefined }),
  region: fc.constantFrom('eu-north-1', 'eu-west-1', 'us-east-1'),
  at: fc.date({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  userAgent: fc.constantFrom('hub', 'hub  with   blanks', ' hub '),
});

const fixed: Circumstances = {
  accessKeyId: 'AKIDEXAMPLE000000000',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-north-1',
  at: new Date('2026-02-03T10:15:00.250Z'),
  text: 'Ålesund',
  userAgent: 'hub',
};

describe('the request signer', () => {
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterAll(() => {
    vi.useRealTimers();
  });

  test('signs as the signer of the SDK does', async () => {
    await fc.assert(
      fc.asyncProperty(circumstances, async (given) => {
        const sent = await signedBySdk(given);
        const again = await signerFor(given).sign(unsigned(sent), { signingDate: given.at });
        expect(again.headers).toEqual(sent.headers);
      }),
      { numRuns: 60 },
    );
  });

  test('signs a request again for another attempt, at another time', async () => {
    const sent = unsigned(await signedBySdk(fixed));
    const signer = signerFor(fixed);
    const before = structuredClone(sent.headers);
    const first = await signer.sign(sent, { signingDate: fixed.at });
    const second = await signer.sign(first, { signingDate: new Date(fixed.at.getTime() + 86_400_000) });
    expect(sent.headers).toEqual(before);
    expect(second.headers['x-amz-date']).toBe('20260204T101500Z');
    expect(second.headers['authorization']).toContain('/20260204/eu-north-1/dynamodb/aws4_request');
    expect(await signer.sign(second, { signingDate: fixed.at })).toEqual(first);
  });

  test('signs with new credentials as soon as there are some', async () => {
    const sent = unsigned(await signedBySdk(fixed));
    let secretAccessKey = 'first';
    const signer = requestSigner({
      credentials: async () => ({ accessKeyId: 'AKID', secretAccessKey }),
      region: async () => 'eu-north-1',
      service: 'dynamodb',
    });
    const signatureOf = async (): Promise<string | undefined> =>
      (await signer.sign(sent, { signingDate: fixed.at })).headers['authorization'];
    const first = await signatureOf();
    secretAccessKey = 'second';
    expect(await signatureOf()).not.toBe(first);
    secretAccessKey = 'first';
    expect(await signatureOf()).toBe(first);
  });

  test('signs for the region and the service that the endpoint names', async () => {
    const sent = unsigned(await signedBySdk(fixed));
    const { headers } = await signerFor(fixed).sign(sent, {
      signingDate: fixed.at,
      signingRegion: 'us-east-1',
      signingService: 'sqs',
    });
    expect(headers['authorization']).toContain('/20260203/us-east-1/sqs/aws4_request, SignedHeaders=');
  });

  test.each([{ path: '/table' }, { method: 'GET' }, { query: { Action: 'x' } }])('refuses %j', async (change) => {
    const sent = unsigned(await signedBySdk(fixed));
    await expect(signerFor(fixed).sign({ ...sent, ...change })).rejects.toThrow('Only requests "POST /"');
  });
});
