import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/**
 * The table with the small client of the SDK only. The authorizer starts with every new instance of the API, and every request
 * waits for it.
 */
export interface LeanTable {
  readonly client: DynamoDBClient;
  readonly name: string;
}

export const openLeanTable = (name: string): LeanTable => ({
  name,
  client: new DynamoDBClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true },
  }),
});
