import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { succeeded } from '../../../local/aws/event-sources.ts';
import type { Invoked } from '../../../local/aws/function-instance.ts';
import { allows } from '../../../local/aws/policy.ts';
import { proxyAnswer } from '../../../adapters/http/proxy-events.ts';
import { rateOf } from '../../../local/aws/schedules.ts';

describe('policy', () => {
  const arn = 'arn:aws:execute-api:eu-north-1:0:api/live/GET/fhir/Task/1';
  const statement = (Effect: 'Allow' | 'Deny', Resource: string, Action = 'execute-api:Invoke') => ({
    Effect,
    Action: [Action],
    Resource: [Resource],
  });
  const decide = (...Statement: readonly ReturnType<typeof statement>[]): boolean =>
    allows(Statement, 'execute-api:Invoke', arn);

  it('allows what it names, with * for any text and ? for one character', () => {
    expect(decide(statement('Allow', arn))).toBe(true);
    expect(decide(statement('Allow', '*'))).toBe(true);
    expect(decide(statement('Allow', 'arn:aws:execute-api:*:*:api/live/*'))).toBe(true);
    expect(decide(statement('Allow', 'arn:aws:execute-api:*:*:api/live/GET/fhir/Task/?'))).toBe(true);
    expect(decide(statement('Allow', '*', 'execute-api:*'))).toBe(true);
  });

  it('allows nothing that it does not name', () => {
    expect(decide()).toBe(false);
    expect(decide(statement('Allow', 'arn:aws:execute-api:*:*:api/live/POST/*'))).toBe(false);
    expect(decide(statement('Allow', 'arn:aws:execute-api:*:*:api/live/GET/fhir/Task/1?'))).toBe(false);
    expect(decide(statement('Allow', arn.replaceAll('/', '.')))).toBe(false);
    expect(decide(statement('Allow', '*', 'sqs:SendMessage'))).toBe(false);
  });

  it('allows only items whose partition keys match', () => {
    const table = 'arn:aws:dynamodb:eu-north-1:0:table/t';
    const only = {
      Effect: 'Allow',
      Action: ['dynamodb:PutItem'],
      Resource: [table],
      Condition: { leadingKeys: ['PROOF#*'] },
    } as const;
    const put = (...keys: readonly string[]): boolean =>
      allows([only], 'dynamodb:PutItem', table, { leadingKeys: keys });
    expect([put('PROOF#1'), put('MISSION#1'), put('PROOF#1', 'MISSION#1')]).toEqual([true, false, false]);
  });

  it('allows the use of a key only through the service that it names', () => {
    const key = 'arn:aws:kms:eu-north-1:0:key/k';
    const only = {
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: [key],
      Condition: { viaService: 'dynamodb.eu-north-1.amazonaws.com' },
    } as const;
    const via = (viaService?: string): boolean =>
      allows([only], 'kms:Decrypt', key, viaService === undefined ? {} : { viaService });
    expect([via('dynamodb.eu-north-1.amazonaws.com'), via('sqs.eu-north-1.amazonaws.com'), via()]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('denies what one statement denies, although another allows it', () => {
    expect(decide(statement('Allow', '*'), statement('Deny', '*/fhir/Task/*'))).toBe(false);
    expect(decide(statement('Deny', '*/POST/*'), statement('Allow', '*'))).toBe(true);
  });
});

describe('succeeded records of a batch', () => {
  const record = (messageId: string): SQSRecord => ({
    messageId,
    receiptHandle: messageId,
    body: '',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: '',
    awsRegion: '',
  });
  const records = ['a', 'b', 'c'].map(record);
  const done = (payload: unknown, partial = true): readonly string[] =>
    succeeded({ outcome: 'returned', payload: JSON.stringify(payload) }, records, partial).map(
      ({ messageId }) => messageId,
    );
  const failures = (...ids: readonly unknown[]): unknown => ({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });

  it('are all except those that failed', () => {
    expect(done(failures('b'))).toEqual(['a', 'c']);
    expect(done(failures('a', 'b', 'c'))).toEqual([]);
  });

  it('are all if the answer names no failure', () => {
    for (const answer of [failures(), {}, null, { batchItemFailures: null }])
      expect(done(answer)).toEqual(['a', 'b', 'c']);
    expect(done('anything', false)).toEqual(['a', 'b', 'c']);
  });

  it('are none if the answer is invalid', () => {
    for (const answer of [
      failures('unheard-of'),
      failures('a', ''),
      failures(null),
      'text',
      { batchItemFailures: 'a' },
    ]) {
      expect(done(answer)).toEqual([]);
    }
  });

  it('are none if the function failed', () => {
    const failed: Invoked = { outcome: 'failed', errorType: 'Error', errorMessage: '', trace: [] };
    expect(succeeded(failed, records, true)).toEqual([]);
    expect(succeeded(failed, records, false)).toEqual([]);
  });
});

describe('answer of a proxy integration', () => {
  it('is valid with a status only', () => {
    expect(proxyAnswer({ statusCode: 204 })).toEqual({
      status: 204,
      headers: [['content-type', 'application/json']],
      body: '',
    });
    expect(proxyAnswer({ statusCode: '200', body: 'x', headers: { A: 1 } })).toMatchObject({ status: 200, body: 'x' });
  });

  it('has each header once, the list with precedence over the single value', () => {
    const answer = proxyAnswer({
      statusCode: 200,
      headers: { 'x-a': 'single', 'X-B': 'b' },
      multiValueHeaders: { 'X-A': ['1', '2'] },
    });
    expect(answer?.headers).toEqual([
      ['x-a', '1'],
      ['x-a', '2'],
      ['x-b', 'b'],
      ['content-type', 'application/json'],
    ]);
  });

  it('is invalid without a valid status', () => {
    for (const malformed of [
      null,
      'text',
      1,
      [],
      {},
      { statusCode: 99 },
      { statusCode: 'ok' },
      { statusCode: 200, body: {} },
    ]) {
      expect(proxyAnswer(malformed)).toBeUndefined();
    }
  });
});

describe('rateOf', () => {
  it('reads a rate', () => {
    expect(rateOf('rate(1 minute)')).toBe(60_000);
    expect(rateOf('rate(5 minutes)')).toBe(300_000);
    expect(rateOf('rate(2 hours)')).toBe(7_200_000);
    expect(rateOf('rate(1 day)')).toBe(86_400_000);
  });

  it('reads nothing but a rate', () => {
    for (const expression of ['cron(0 0 * * ? *)', 'rate(1 week)', 'at(2030-01-01T00:00:00)', ''])
      expect(rateOf(expression)).toBeUndefined();
  });
});
