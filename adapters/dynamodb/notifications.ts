import { GetCommand, PutCommand } from './commands.ts';
import type {
  Notification,
  Notifications,
  NotificationStatus,
  WaitForSlot,
} from '../../core/delivery/notifications.ts';
import { defined } from '../../schemas/defined.ts';
import { count, type Item, text } from './attributes.ts';
import { isOfKind, obligationAt } from './shards.ts';
import { batchGet, holds, keys, newestOf, queryUntil, rangeOf, type Table, updateIf } from './table.ts';
import { reach } from '../transient-faults.ts';

const statuses: readonly NotificationStatus[] = ['pending', 'delivered', 'failed'];

/** A status that only a newer release knows: `pending` while its delivery is due, otherwise `failed`, since this release cannot know that it arrived. */
const statusIn = ({ status, obligation }: Item): NotificationStatus =>
  statuses.find((known) => known === status) ?? (isOfKind('pending', obligation) ? 'pending' : 'failed');

/** Only the hub writes it, so its shape is trusted. */
const waitIn = (value: unknown): WaitForSlot | undefined => (typeof value === 'string' ? JSON.parse(value) : undefined);

export const storedNotification = (item: Item): Notification => ({
  subscription: text(item['subscription']) ?? '',
  number: count(item['number']),
  organisation: text(item['organisation']) ?? '',
  mission: text(item['mission']) ?? '',
  entry: count(item['entry']),
  writtenAt: text(item['writtenAt']) ?? '',
  status: statusIn(item),
  attempts: count(item['attempts']),
  ...defined({
    previous: typeof item['previous'] === 'number' ? item['previous'] : undefined,
    firstTriedAt: text(item['firstTriedAt']),
    rejectedFor: typeof item['rejectedFor'] === 'number' ? item['rejectedFor'] : undefined,
    waiting: waitIn(item['waiting']),
    warned: item['warned'] === true ? true : undefined,
    redrivenAt: text(item['redrivenAt']),
    discardedAt: text(item['discardedAt']),
    lastAttemptAt: text(item['lastAttemptAt']),
    lastAnswer: text(item['lastAnswer']),
    completedAt: text(item['completedAt']),
  }),
});

/** The number of an item of the log; 0 of none. */
const numberIn = ({ sk }: Item): number => Number(/^NOTE#(\d+)$/.exec(text(sk) ?? '')?.[1] ?? 0);

/** A restored hub begins its numbers with an item that is no notification. */
const isNotification = ({ mission }: Item): boolean => mission !== undefined;

/** Notifications on DynamoDB: one item each. */
export const notifications = (table: Table): Notifications => {
  const { client, name: TableName } = table;

  const read = async (subscription: string, number: number): Promise<Notification | undefined> => {
    const answer = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.notification(subscription, number), ConsistentRead: true })),
    );
    return answer.Item === undefined ? undefined : { ...storedNotification(answer.Item), number };
  };

  /** The notification that has the number: nothing removes one. */
  const existing = async (subscription: string, number: number): Promise<Notification> => {
    const found = await read(subscription, number);
    if (found === undefined) throw new Error(`notification ${subscription}.${number} is not stored`);
    return found;
  };

  return {
    async newest(subscription) {
      const { pk } = keys.notification(subscription, 0);
      return numberIn((await newestOf(table, pk, 'NOTE#')) ?? {});
    },

    async taken(subscription, after, limit) {
      const query = {
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: {
          ':pk': keys.notification(subscription, after).pk,
          ':from': keys.notification(subscription, after + 1).sk,
          ':to': 'NOTE#~',
        },
      };
      return queryUntil(table, query, limit, (item) => ({
        number: numberIn(item),
        ...defined({
          mission: text(item['mission']),
          entry: typeof item['entry'] === 'number' ? item['entry'] : undefined,
        }),
      }));
    },

    async append(notification, dueAt) {
      const { subscription, number } = notification;
      const key = keys.notification(subscription, number);
      const isWritten = await holds(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: { ...key, ...obligationAt(table, 'pending', key, dueAt), ...notification },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      );
      return isWritten ? notification : existing(subscription, number);
    },

    read,

    async readAll(wanted) {
      const items = await batchGet(
        table,
        wanted.map((one) => keys.notification(one.subscription, one.number)),
      );
      const found = items.map(storedNotification);
      return wanted.flatMap(
        (one) => found.find((note) => note.subscription === one.subscription && note.number === one.number) ?? [],
      );
    },

    async range(subscription, from, to) {
      if (to < from) return [];
      const items = await rangeOf(table, keys.notification(subscription, from), keys.notification(subscription, to));
      return items.filter(isNotification).map(storedNotification);
    },

    async record(subscription, number, { at, answer, status, called, firstTriedAt, rejectedFor, warned, dueAt }) {
      const key = keys.notification(subscription, number);
      // A notification that was given up is a dead letter, until an operator redrives or discards it.
      const deadLetter = status === 'failed' ? obligationAt(table, 'failed', key, at) : undefined;
      await updateIf(table, {
        key,
        set: {
          status,
          lastAttemptAt: at,
          lastAnswer: answer,
          firstTriedAt,
          rejectedFor,
          warned: warned === true ? true : undefined,
          completedAt: status === 'pending' ? undefined : at,
          obligation: deadLetter?.obligation,
          dueAt: deadLetter?.dueAt ?? (status === 'pending' ? dueAt : undefined),
        },
        compute: { attempts: '#attempts + :calls' },
        remove: [
          ...(status === 'delivered' ? ['obligation', 'dueAt'] : []),
          ...(rejectedFor === undefined ? ['rejectedFor'] : []),
          'waiting',
        ],
        // A late duplicate changes no complete delivery. A status that only a newer release knows may be pending still.
        // The SDK repeats a call whose answer is lost: an attempt is counted once.
        when:
          '(#status = :pending OR (attribute_exists(obligation) AND NOT #status IN (:delivered, :failed)))' +
          ' AND NOT (#lastAttemptAt = :set_lastAttemptAt AND #lastAnswer = :set_lastAnswer)',
        values: {
          calls: called ? 1 : 0,
          pending: 'pending',
          delivered: 'delivered',
          failed: 'failed',
        },
      });
    },

    async noteWait(subscription, number, { waiting, dueAt, warned }) {
      await updateIf(table, {
        key: keys.notification(subscription, number),
        set: {
          waiting: waiting === undefined ? undefined : JSON.stringify(waiting),
          dueAt,
          warned: warned ? true : undefined,
        },
        when: '#status = :pending',
        values: { pending: 'pending' },
      });
    },
  };
};
