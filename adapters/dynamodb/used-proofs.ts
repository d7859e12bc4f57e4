import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  GetItemCommand,
  type GetItemCommandOutput,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { Unavailable } from '../../core/mission/errors.ts';
import { reach } from '../transient-faults.ts';
import type { LeanTable } from './lean-table.ts';

/** The proofs that were used, each by its digest, until they have expired. */
export interface UsedProofs {
  /** Stores a proof as used; `false`: it was used before. `until`: seconds since 1970. Throws `Unavailable`. */
  readonly use: (digest: string, until: number) => Promise<boolean>;
}

const keyOf = (digest: string) => ({ pk: { S: `PROOF#${digest}` }, sk: { S: 'USED' } });

/** A table with either client of the SDK. */
interface Readable {
  readonly client: { send(command: GetItemCommand): Promise<GetItemCommandOutput> };
  readonly name: string;
}

/** Whether a proof was used, by its digest. It does not use the proof. Throws `Unavailable`. */
export const proofLookup =
  ({ client, name: TableName }: Readable) =>
  async (digest: string): Promise<boolean> => {
    const { Item } = await reach(() =>
      client.send(new GetItemCommand({ TableName, Key: keyOf(digest), ConsistentRead: true })),
    );
    return Item !== undefined;
  };

export const usedProofs = ({ client, name: TableName }: LeanTable): UsedProofs => {
  return {
    use: async (digest, until) => {
      const attempt = { S: randomUUID() };
      try {
        await client.send(
          new PutItemCommand({
            TableName,
            // `expiresAt` is the table's TTL attribute.
            Item: {
              ...keyOf(digest),
              expiresAt: { N: String(Math.ceil(until)) },
              usedBy: attempt,
            },
            // The SDK repeats a put whose answer was lost; that put finds its own item, which is no replay.
            ConditionExpression: 'attribute_not_exists(pk) OR usedBy = :attempt',
            ExpressionAttributeValues: { ':attempt': attempt },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw new Unavailable(error instanceof Error ? error.name : 'unknown', { cause: error });
      }
    },
  };
};
