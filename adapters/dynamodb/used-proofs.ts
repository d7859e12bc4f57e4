import { randomUUID } from 'node:crypto';
import { GetCommand, PutCommand } from './commands.ts';
import { Unavailable } from '../../core/mission/errors.ts';
import { reach } from '../transient-faults.ts';
import type { UsedProofs } from '../used-proofs.ts';
import { isConditionFailed, type Key, type Table } from './table.ts';

const keyOf = (digest: string): Key => ({ pk: `PROOF#${digest}`, sk: 'USED' });

/** Whether a proof was used, by its digest. It does not use the proof. Throws `Unavailable`. */
export const proofLookup =
  ({ client, name: TableName }: Pick<Table, 'client' | 'name'>) =>
  async (digest: string): Promise<boolean> => {
    const { Item } = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keyOf(digest), ConsistentRead: true })),
    );
    return Item !== undefined;
  };

export const usedProofs = ({ client, name: TableName }: Pick<Table, 'client' | 'name'>): UsedProofs => {
  return {
    use: async (digest, until) => {
      const attempt = randomUUID();
      try {
        await client.send(
          new PutCommand({
            TableName,
            // `expiresAt` is the table's TTL attribute.
            Item: {
              ...keyOf(digest),
              expiresAt: Math.ceil(until),
              usedBy: attempt,
            },
            // The SDK repeats a put whose answer was lost; that put finds its own item, which is no replay.
            ConditionExpression: 'attribute_not_exists(pk) OR usedBy = :attempt',
            ExpressionAttributeValues: { ':attempt': attempt },
          }),
        );
        return true;
      } catch (error) {
        if (isConditionFailed(error)) return false;
        throw new Unavailable(error instanceof Error ? error.name : 'unknown', { cause: error });
      }
    },
  };
};
