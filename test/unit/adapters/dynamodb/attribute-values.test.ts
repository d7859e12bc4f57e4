import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand as SdkGet, PutCommand as SdkPut } from '@aws-sdk/lib-dynamodb';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributeValues, plainValues } from '../../../../adapters/dynamodb/attribute-values.ts';
import { tableClient } from '../../../../adapters/dynamodb/client.ts';
import { GetCommand, PutCommand } from '../../../../adapters/dynamodb/commands.ts';

/** A client whose requests are kept, and that answers each with the same text. */
const clientThat = (answer: string) => {
  const bodies: string[] = [];
  const client = new DynamoDBClient({
    region: 'eu-north-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: {
      handle: async ({ body }: { readonly body: string | Uint8Array }) => {
        bodies.push(typeof body === 'string' ? body : new TextDecoder().decode(body));
        return { response: { statusCode: 200, headers: {}, body: Buffer.from(answer) } };
      },
    },
  });
  return { client, bodies };
};

const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_ ]{0,12}$/);
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((value) => value + 0),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'grapheme' }),
    number,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 4 }).map((texts) => new Set(texts)),
    fc.uniqueArray(fc.maxSafeInteger(), { minLength: 1, maxLength: 4 }).map((numbers) => new Set(numbers)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));
const item = fc.dictionary(
  name,
  fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: fc.constant(undefined) }),
  {
    maxKeys: 6,
    noNullPrototype: true,
  },
);

describe('the commands with plain values', () => {
  test('write what the document client of the SDK writes', async () => {
    await fc.assert(
      fc.asyncProperty(item, async (Item) => {
        const { client, bodies } = clientThat('{}');
        const sdk = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
        const input = {
          TableName: 'table',
          Item,
          ConditionExpression: 'x = :x',
          ExpressionAttributeValues: { ':x': 1 },
        };
        await sdk.send(new SdkPut(input));
        await tableClient(client).send(new PutCommand(input));
        const [expected, found] = bodies.map((body) => JSON.parse(body));
        expect(found).toEqual(expected);
      }),
    );
  });

  test('read what the document client of the SDK reads', async () => {
    await fc.assert(
      fc.asyncProperty(item, async (stored) => {
        const { client, bodies } = clientThat('{}');
        await tableClient(client).send(new PutCommand({ TableName: 'table', Item: stored }));
        const answering = clientThat(JSON.stringify({ Item: JSON.parse(bodies[0] ?? '').Item })).client;
        const input = { TableName: 'table', Key: { pk: 'a' } };
        const expected = await DynamoDBDocumentClient.from(answering).send(new SdkGet(input));
        expect(await tableClient(answering).send(new GetCommand(input))).toEqual({ Item: expected.Item });
      }),
    );
  });

  test('read what they wrote', () => {
    fc.assert(
      fc.property(item, (stored) => {
        const written = Object.fromEntries(Object.entries(stored).filter(([, one]) => one !== undefined));
        expect(plainValues(attributeValues(stored))).toEqual(written);
      }),
    );
  });

  test.each([
    ['a number that is no number', Number.NaN],
    ['a number without an end', Number.POSITIVE_INFINITY],
    ['a number that is not exact', 2 ** 53],
    ['a date', new Date(0)],
    ['an empty set', new Set()],
    ['a set of texts and numbers', new Set(['a', 1])],
    ['a set of bytes', new Set([Buffer.from('a')])],
    ['a map', new Map([['a', 1]])],
    ['a symbol', Symbol('a')],
    ['a big number', 1n],
  ])('refuse %s', (_what, refused) => {
    expect(() => attributeValues({ refused })).toThrow();
    expect(() => attributeValues({ in: { a: [refused] } })).toThrow();
  });

  test.each([{ BS: [Buffer.from('a')] }, { NS: ['9007199254740993'] }, { N: '9007199254740993' }])(
    'refuse to read %j',
    (stored) => {
      expect(() => plainValues({ stored })).toThrow();
    },
  );
});
