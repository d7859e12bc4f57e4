import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { leanConfiguration, logger, traceHeader, userAgent, without } from '../aws/lean-client.ts';
import type { TimeLimits } from '../aws/request-handler.ts';
import type { CallOptions, TableCommand } from './commands.ts';

/** A client of DynamoDB that sends commands with plain values (`commands.ts`). */
export interface TableClient extends Pick<DynamoDBClient, 'config' | 'middlewareStack' | 'destroy'> {
  readonly send: <Output>(command: TableCommand<Output>, options?: CallOptions) => Promise<Output>;
}

export const tableClient = (sdk: DynamoDBClient): TableClient => ({
  config: sdk.config,
  middlewareStack: sdk.middlewareStack,
  destroy: () => sdk.destroy(),
  send: (command, options) => command.sendWith(sdk, options),
});

/** A client without the work that the hub has no use for. Region, endpoint and credentials are those of the environment. */
export const openDynamoDb = (limits: TimeLimits): DynamoDBClient => {
  const client: DynamoDBClient = new DynamoDBClient(
    leanConfiguration(limits, {
      credentials: () => client.config.credentials(),
      region: () => client.config.region(),
      service: 'dynamodb',
    }),
  );
  return without(client, logger, userAgent, traceHeader);
};
