import { afterAll } from 'vitest';
import { deliveryDesk } from '../../adapters/dynamodb/delivery-desk.ts';
import { openLogs } from '../../adapters/hub.ts';
import { portContract } from '../support/contract.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../support/embedded-aws.ts';

let aws: EmbeddedAws | undefined;

afterAll(async () => {
  await aws?.close();
});

portContract('DynamoDB', async () => {
  aws = await startEmbeddedAws();
  const logs = openLogs(aws.tableName);
  return { ...logs, desk: deliveryDesk(logs.table, logs.missions) };
});
