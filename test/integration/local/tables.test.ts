import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { createStack } from '../../../local/aws/stack.ts';
import { startTables } from '../../../local/aws/tables.ts';
import { readAssembly } from '../../../local/aws/template.ts';

const region = 'eu-north-1';

/** Megabytes of a folder. */
const sizeOf = async (folder: string): Promise<number> => {
  const files = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(folder, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
};

test('Items that are written and read repeatedly do not make the table grow', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  const { stackName, template } = await readAssembly('cdk.out');
  const stack = createStack({
    name: stackName,
    region,
    template,
    parameters: { TokenIssuer: 'http://localhost' },
    queueUrl: (name) => name,
  });
  const tables = await startTables({ folder, region, log: () => {} });
  const [TableName = ''] = await tables.create(stack);
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: tables.endpoint,
      region,
      credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded' },
    }),
  );
  const item = { pk: 'MISSION#1', sk: 'HEAD' };
  const rounds = 200;
  for (let round = 0; round < rounds; round += 1) {
    await client.send(new PutCommand({ TableName, Item: { ...item, packed: randomBytes(200_000) } }));
    await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': item.pk },
        Limit: 1,
      }),
    );
  }
  const used = await sizeOf(folder);
  await tables.close();
  await rm(folder, { recursive: true, force: true });
  // Each round wrote a fifth of a megabyte over the one before.
  expect(used).toBeLessThan((rounds * 0.2) / 2);
});
