import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type {
  Notification,
  NotificationStatus,
  Subscriber,
  Subscription,
  SubscriptionFilter,
  SubscriptionLog,
  SubscriptionStatus,
} from '../../mission/ports.ts';
import { defined } from '../../schemas/defined.ts';
import { batchGet, holds, isConditionFailed, keys, owed, pack, rangeOf, reach, type Table, unpack } from './table.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

type Settings = Omit<Subscription, 'status' | 'lastNumber' | 'error'>;

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];
const notificationStatuses: readonly NotificationStatus[] = ['pending', 'delivered', 'failed'];

export const storedSubscription = (item: Record<string, unknown>): Subscription => {
  const settings: Settings = unpack(item['packed']);
  return {
    ...settings,
    status: statuses.find((status) => status === item['status']) ?? 'error',
    lastNumber: count(item['lastNumber']),
    ...defined({ error: text(item['error']) }),
  };
};

export const storedNotification = (item: Record<string, unknown>): Notification => ({
  subscription: text(item['subscription']) ?? '',
  number: count(item['number']),
  organisation: text(item['organisation']) ?? '',
  mission: text(item['mission']) ?? '',
  entry: count(item['entry']),
  writtenAt: text(item['writtenAt']) ?? '',
  status: notificationStatuses.find((status) => status === item['status']) ?? 'pending',
  attempts: count(item['attempts']),
  ...defined({
    previous: typeof item['previous'] === 'number' ? item['previous'] : undefined,
    lastAttemptAt: text(item['lastAttemptAt']),
    lastAnswer: text(item['lastAnswer']),
    settledAt: text(item['settledAt']),
  }),
});

/** Each subscription of a party is one attribute of the party's item, so that one read finds them all. */
const attributeOf = (subscription: string): string => `subscription ${subscription}`;
const subscriptionIn = (attribute: string): string | undefined => /^subscription (.+)$/.exec(attribute)?.[1];

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The subscription log on DynamoDB: a head item that numbers, and one item per notification, the receipt. */
export const subscriptionLog = (table: Table): SubscriptionLog => {
  const { client, name: TableName } = table;

  /** The head after a failed condition: the same entry asked again, or one that was passed. */
  const numberedBefore = async (
    subscription: string,
    mission: string,
    entry: number,
  ): ReturnType<SubscriptionLog['number']> => {
    const answer = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.subscription(subscription), ConsistentRead: true })),
    );
    const { seqOf, numberOf, previousOf } = answer.Item ?? {};
    const seq = isMap(seqOf) ? seqOf[mission] : undefined;
    const number = isMap(numberOf) ? numberOf[mission] : undefined;
    if (seq !== entry || typeof number !== 'number') return 'passed';
    const previous = count(isMap(previousOf) ? previousOf[mission] : undefined);
    return { number, ...(previous === 0 ? {} : { previous }) };
  };

  const heads = async (ids: readonly string[]): Promise<readonly Subscription[]> =>
    (await batchGet(table, ids.map(keys.subscription))).map(storedSubscription);

  return {
    async create(subscription, dueAt) {
      const { status, lastNumber, error: _none, ...settings } = subscription;
      const key = keys.subscription(subscription.id);
      const head = {
        ...key,
        ...owed(key, dueAt),
        status,
        lastNumber,
        packed: pack(settings),
        numberOf: {},
        seqOf: {},
        previousOf: {},
      };
      await reach(() =>
        client.send(new PutCommand({ TableName, Item: head, ConditionExpression: 'attribute_not_exists(pk)' })),
      );
      if (status === 'off') return;
      // Last, so that a crash in between leaves a head that nobody was promised and no event finds.
      await reach(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: keys.subscribers(subscription.organisation),
            UpdateExpression: 'SET #subscription = :filter',
            ExpressionAttributeNames: { '#subscription': attributeOf(subscription.id) },
            ExpressionAttributeValues: { ':filter': JSON.stringify(subscription.filter) },
          }),
        ),
      );
    },

    async subscription(id) {
      const answer = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.subscription(id), ConsistentRead: true })),
      );
      return answer.Item === undefined ? undefined : storedSubscription(answer.Item);
    },

    async subscriptionsOf(organisation) {
      const answer = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.subscribers(organisation), ConsistentRead: true })),
      );
      const ids = Object.keys(answer.Item ?? {}).flatMap((attribute) => subscriptionIn(attribute) ?? []);
      return (await heads(ids)).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    },

    async setStatus(id, status, error) {
      const set = 'SET #status = :status';
      const written = await holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: keys.subscription(id),
            UpdateExpression:
              error === undefined ? `${set} REMOVE #error, owes, dueAt` : `${set}, #error = :error REMOVE owes, dueAt`,
            // What was turned off stays off, whatever a handshake under way still says.
            ConditionExpression: status === 'off' ? 'attribute_exists(pk)' : 'attribute_exists(pk) AND #status <> :off',
            ExpressionAttributeNames: { '#status': 'status', '#error': 'error' },
            ExpressionAttributeValues: defined({
              ':status': status,
              ':error': error,
              ':off': status === 'off' ? undefined : 'off',
            }),
          }),
        ),
      );
      if (status !== 'off' || !written) return;
      const subscription = await heads([id]);
      for (const { organisation } of subscription) {
        await reach(() =>
          client.send(
            new UpdateCommand({
              TableName,
              Key: keys.subscribers(organisation),
              UpdateExpression: 'REMOVE #subscription',
              ExpressionAttributeNames: { '#subscription': attributeOf(id) },
            }),
          ),
        );
      }
    },

    async subscribers(organisations) {
      const items = await batchGet(table, organisations.map(keys.subscribers));
      return items.flatMap((item) => {
        const organisation = String(item['pk']).slice('PARTY#'.length);
        return Object.entries(item).flatMap(([attribute, value]): Subscriber[] => {
          const id = subscriptionIn(attribute);
          if (id === undefined || typeof value !== 'string') return [];
          const filter: SubscriptionFilter = JSON.parse(value);
          return [{ id, organisation, filter }];
        });
      });
    },

    async number(subscription, mission, entry) {
      try {
        const answer = await reach(() =>
          client.send(
            new UpdateCommand({
              TableName,
              Key: keys.subscription(subscription),
              UpdateExpression:
                'SET previousOf.#mission = if_not_exists(numberOf.#mission, :none), numberOf.#mission = lastNumber + :one, seqOf.#mission = :entry, lastNumber = lastNumber + :one',
              ConditionExpression:
                'attribute_exists(pk) AND (attribute_not_exists(seqOf.#mission) OR seqOf.#mission < :entry)',
              ExpressionAttributeNames: { '#mission': mission },
              ExpressionAttributeValues: { ':none': 0, ':one': 1, ':entry': entry },
              ReturnValues: 'UPDATED_NEW',
            }),
          ),
        );
        const { lastNumber, previousOf } = answer.Attributes ?? {};
        const previous = count(isMap(previousOf) ? previousOf[mission] : undefined);
        return { number: count(lastNumber), ...(previous === 0 ? {} : { previous }) };
      } catch (error) {
        if (isConditionFailed(error)) return numberedBefore(subscription, mission, entry);
        throw error;
      }
    },

    async write(notification, dueAt) {
      const key = keys.notification(notification.subscription, notification.number);
      await holds(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: { ...key, ...owed(key, dueAt), ...notification },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      );
    },

    async notification(subscription, number) {
      const answer = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.notification(subscription, number), ConsistentRead: true })),
      );
      return answer.Item === undefined ? undefined : storedNotification(answer.Item);
    },

    async notifications(wanted) {
      const found = (
        await batchGet(
          table,
          wanted.map((one) => keys.notification(one.subscription, one.number)),
        )
      ).map(storedNotification);
      return wanted.flatMap(
        (one) => found.find((note) => note.subscription === one.subscription && note.number === one.number) ?? [],
      );
    },

    async range(subscription, from, to) {
      if (to < from) return [];
      const items = await rangeOf(table, keys.notification(subscription, from), keys.notification(subscription, to));
      return items.map(storedNotification);
    },

    async record(subscription, number, attempt) {
      const isSettled = attempt.status !== 'pending';
      const set = 'SET #status = :status, attempts = attempts + :one, lastAttemptAt = :at, lastAnswer = :answer';
      await holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: keys.notification(subscription, number),
            UpdateExpression: isSettled ? `${set}, settledAt = :at REMOVE owes, dueAt` : `${set}, dueAt = :dueAt`,
            // A late duplicate never undoes what was settled.
            ConditionExpression: '#status = :pending',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: defined({
              ':status': attempt.status,
              ':one': 1,
              ':at': attempt.at,
              ':answer': attempt.answer,
              ':pending': 'pending',
              ':dueAt': isSettled ? undefined : attempt.dueAt,
            }),
          }),
        ),
      );
    },
  };
};
