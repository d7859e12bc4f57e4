import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startQueues } from '../../local/queues.ts';
import { createStack } from '../../local/stack.ts';
import { startTables } from '../../local/tables.ts';
import { readAssembly } from '../../local/template.ts';

/** The stack's own table and queues on dynalite and fauxqs, without its functions. */
export interface EmbeddedAws {
  readonly tableName: string;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  readonly close: () => Promise<void>;
}

const region = 'eu-north-1';

/** Points the AWS SDK of this process at the embedded services, as the host does for the functions. */
export const startEmbeddedAws = async (): Promise<EmbeddedAws> => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  const { stackName, template } = await readAssembly('cdk.out');
  const queues = await startQueues({ region });
  const tables = await startTables({ folder, region, log: () => {} });
  const stack = createStack({
    name: stackName,
    region,
    template,
    parameters: { TokenIssuer: 'http://localhost' },
    queueUrl: queues.url,
  });
  const [tableName = ''] = await tables.create(stack);
  const urls = [...(await queues.create(stack)).values()];
  Object.assign(process.env, {
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'embedded',
    AWS_SECRET_ACCESS_KEY: 'embedded',
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
  });
  const isDeadLetters = (url: string): boolean => /dead/i.test(url);
  return {
    tableName,
    queueUrl: urls.find((url) => !isDeadLetters(url)) ?? '',
    deadLetterUrl: urls.find(isDeadLetters) ?? '',
    close: async () => {
      await tables.close();
      await queues.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
