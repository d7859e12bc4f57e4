import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  agreementOf,
  type NumberGap,
  type Subscriber,
  type Subscription,
  type SubscriptionAgreement,
  type Subscriptions,
  type SubscriptionStatus,
} from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import type { SubscriptionFilter } from '../../schemas/subscription.ts';
import { count, type Item, text } from './attributes.ts';
import { batchGet, keys, obligationAt, pack, type Table, unpack, updateItem, updateIf } from './table.ts';
import { reach } from '../transient-faults.ts';

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];

const gapsIn = (value: unknown): readonly NumberGap[] | undefined =>
  typeof value === 'string' ? JSON.parse(value) : undefined;

/** The head item of a subscription. A status that only a newer release knows is read as `error`. */
export const storedSubscription = (item: Item): Subscription => {
  const agreement: SubscriptionAgreement = unpack(item['packed']);
  return {
    ...agreement,
    status: statuses.find((status) => status === item['status']) ?? 'error',
    revision: count(item['revision']),
    lastNumber: count(item['lastNumber']),
    failures: count(item['failures']),
    ...defined({
      gaps: gapsIn(item['gaps']),
      failingSince: text(item['failingSince']),
      retryAt: text(item['retryAt']),
      error: text(item['error']),
    }),
  };
};

/** Each subscription of a party is one attribute of the party's item, so that one read finds them all. */
const attributeOf = (subscription: string): string => `subscription ${subscription}`;
const subscriptionIn = (attribute: string): string | undefined => /^subscription (.+)$/.exec(attribute)?.[1];

/** Subscriptions on DynamoDB: a head item for each, and one item per party that lists those that are not off. */
export const subscriptions = (table: Table): Subscriptions => {
  const { client, name: TableName } = table;

  const heads = async (ids: readonly string[]): Promise<readonly Subscription[]> =>
    (await batchGet(table, ids.map(keys.subscription))).map(storedSubscription);

  const delist = ({ id, organisation }: Pick<Subscription, 'id' | 'organisation'>): Promise<unknown> =>
    updateItem(table, {
      key: keys.subscribers(organisation),
      remove: ['#subscription'],
      names: { subscription: attributeOf(id) },
    });

  /**
   * Lists the subscription, with its filter, among those of its party. Head and list are two items, so the head is read again
   * after the write: a change or an end in between is not undone.
   */
  const enlist = async (subscription: Subscription): Promise<void> => {
    const { id, organisation, filter, revision } = subscription;
    await updateItem(table, {
      key: keys.subscribers(organisation),
      compute: { '#subscription': ':filter' },
      names: { subscription: attributeOf(id) },
      values: { filter: JSON.stringify(filter) },
    });
    for (const head of await heads([id])) {
      if (head.status === 'off') await delist(head);
      else if (head.revision !== revision) await enlist(head);
    }
  };

  return {
    async create(subscription, dueAt) {
      const { status, revision, lastNumber, failures } = subscription;
      const key = keys.subscription(subscription.id);
      const head = {
        ...key,
        ...obligationAt(key, dueAt),
        status,
        revision,
        lastNumber,
        failures,
        packed: pack(agreementOf(subscription)),
        numberOf: {},
        seqOf: {},
        previousOf: {},
      };
      await reach(() =>
        client.send(
          new PutCommand({
            TableName,
            Item: head,
            // The SDK repeats a put whose answer was lost; the head that it finds then is this one, as it was put.
            ConditionExpression:
              'attribute_not_exists(pk) OR (packed = :packed AND #status = :status AND dueAt = :dueAt)',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: { ':packed': head.packed, ':status': status, ':dueAt': dueAt },
          }),
        ),
      );
      if (status === 'off') return;
      // Last: after a crash in between, the subscriber has no answer for this head and no event finds it.
      await enlist(subscription);
    },

    async read(id) {
      const answer = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.subscription(id), ConsistentRead: true })),
      );
      return answer.Item === undefined ? undefined : storedSubscription(answer.Item);
    },

    async ofOrganisation(organisation) {
      const answer = await reach(() =>
        client.send(new GetCommand({ TableName, Key: keys.subscribers(organisation), ConsistentRead: true })),
      );
      const ids = Object.keys(answer.Item ?? {}).flatMap((attribute) => subscriptionIn(attribute) ?? []);
      return (await heads(ids)).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    },

    async turnOff(id) {
      const exists = await updateIf(table, {
        key: keys.subscription(id),
        set: { status: 'off' },
        remove: ['obligation', 'dueAt', 'retryAt'],
        when: 'attribute_exists(pk)',
      });
      if (!exists) return;
      for (const head of await heads([id])) await delist(head);
    },

    async change(changed, handshakeDueAt) {
      const key = keys.subscription(changed.id);
      const revision = changed.revision + 1;
      const packed = pack(agreementOf(changed));
      const written = await updateIf(table, {
        key,
        ...(handshakeDueAt === undefined
          ? { set: { packed, revision } }
          : {
              set: { packed, revision, status: 'requested', failures: 0, ...obligationAt(key, handshakeDueAt) },
              remove: ['failingSince', 'retryAt', 'error'],
            }),
        when: 'revision = :seen AND #status <> :off',
        values: { seen: changed.revision, off: 'off' },
      });
      // After a crash in between, a repeated change finds another revision, reads it, and changes that.
      if (written) await enlist({ ...changed, revision });
      return written;
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
  };
};
