import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { keys } from '../adapters/dynamodb/table.ts';
import { uuidOf } from '../schemas/identifiers.ts';
import { inBatches } from '../schemas/in-batches.ts';

/** DynamoDB takes so many items in one call. */
const itemsOfCall = 25;

/** Calls at the same time. */
const width = 4;

/** What a subscription has of a mission: its place, a delivered notification, and an entry without content. */
const itemsOf = (subscription: string, organisation: string, number: number): readonly object[] => {
  const mission = uuidOf('bench', subscription, String(number));
  const at = '2026-01-01T12:00:00.000Z';
  const notification = {
    subscription,
    number,
    organisation,
    mission,
    entry: 1,
    writtenAt: at,
    status: 'delivered',
    attempts: 1,
    firstTriedAt: at,
    lastAttemptAt: at,
    lastAnswer: 'HTTP 200',
    completedAt: at,
  };
  return [
    { ...keys.place(subscription, mission), entry: 1, number },
    { ...keys.notification(subscription, number), ...notification },
    { ...keys.entry(mission, 1), event: 'mission-request', receivedAt: at },
  ];
};

/** Writes missions of which a new subscription was notified, as if the hub had done it long ago. */
export const storeNotified = async (
  tableName: string,
  { subscription, organisation, missions }: { subscription: string; organisation: string; missions: number },
): Promise<void> => {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient());
  const perCall = Math.floor(itemsOfCall / 3);
  const calls = Array.from({ length: Math.ceil(missions / perCall) }, (_, index) => index * perCall);
  await inBatches(calls, width, async (first) => {
    const numbers = Array.from({ length: Math.min(perCall, missions - first) }, (_, index) => first + index + 1);
    let open: object[] = numbers
      .flatMap((number) => itemsOf(subscription, organisation, number))
      .map((Item) => ({ PutRequest: { Item } }));
    while (open.length > 0) {
      const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems: { [tableName]: open } }));
      open = UnprocessedItems?.[tableName] ?? [];
    }
  });
  client.destroy();
};
