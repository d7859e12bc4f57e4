import { GetCommand, PutCommand } from './commands.ts';
import {
  agreementOf,
  type FailedCall,
  type Listing,
  type ListingLimits,
  type NumberGap,
  type Subscriber,
  type Subscription,
  type SubscriptionAgreement,
  type Subscriptions,
  type SubscriptionStatus,
} from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import { hindranceOf } from '../../core/delivery/endpoint-speed.ts';
import type { SubscriptionFilter } from '../../schemas/subscription.ts';
import { count, type Item, text } from './attributes.ts';
import { obligationAt } from './shards.ts';
import { batchGet, keys, type Table, updateIf } from './table.ts';
import { pack, unpack } from '../packed.ts';
import { reach } from '../transient-faults.ts';

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];

const gapsIn = (value: unknown): readonly NumberGap[] | undefined =>
  typeof value === 'string' ? JSON.parse(value) : undefined;

/** Only the hub writes it, so its shape is trusted. */
const failedCallIn = (value: unknown): FailedCall | undefined =>
  typeof value === 'string' ? JSON.parse(value) : undefined;

/** The head item of a subscription. A status that only a newer release knows is read as `error`. */
export const storedSubscription = (item: Item): Subscription => {
  const agreement: SubscriptionAgreement = unpack(item['packed']);
  return {
    ...agreement,
    status: statuses.find((status) => status === item['status']) ?? 'error',
    revision: count(item['revision']),
    failures: count(item['failures']),
    ...defined({
      gaps: gapsIn(item['gaps']),
      failingSince: text(item['failingSince']),
      retryAt: text(item['retryAt']),
      rejectedSince: text(item['rejectedSince']),
      failedCall: failedCallIn(item['failedCall']),
      quickAnswersNeeded: typeof item['quickAnswersNeeded'] === 'number' ? item['quickAnswersNeeded'] : undefined,
      endedAt: text(item['endedAt']),
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

  const readHead = async (id: string): Promise<Item | undefined> =>
    (await reach(() => client.send(new GetCommand({ TableName, Key: keys.subscription(id), ConsistentRead: true }))))
      .Item;

  /** The item that lists the subscriptions of a party. */
  const list = async (organisation: string): Promise<Item> => {
    const answer = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.subscribers(organisation), ConsistentRead: true })),
    );
    return answer.Item ?? {};
  };

  const delist = ({ id, organisation }: Pick<Subscription, 'id' | 'organisation'>): Promise<unknown> =>
    updateIf(table, {
      key: keys.subscribers(organisation),
      remove: ['#subscription'],
      add: { listed: -1 },
      // The list and its count change together, and a repeated call counts once.
      when: 'attribute_exists(#subscription)',
      names: { subscription: attributeOf(id) },
    });

  /** Lists a new subscription among those of its party, and counts it, in one update. */
  const enlist = async (
    { id, organisation, filter }: Subscription,
    { most, listings }: ListingLimits,
  ): Promise<Listing> => {
    const isRoom = most === undefined ? [] : ['(attribute_not_exists(#listed) OR #listed < :most)'];
    const isAsSeen =
      listings === undefined ? [] : [listings === 0 ? 'attribute_not_exists(#listings)' : '#listings = :seen'];
    const isListed = await updateIf(table, {
      key: keys.subscribers(organisation),
      compute: { '#subscription': ':filter' },
      add: { listed: 1, listings: 1 },
      when: ['attribute_not_exists(#subscription)', ...isRoom, ...isAsSeen].join(' AND '),
      names: { subscription: attributeOf(id) },
      values: { filter: JSON.stringify(filter), most, seen: listings },
    });
    if (isListed) return 'listed';
    const found = await list(organisation);
    // The SDK repeats an update whose answer was lost.
    if (found[attributeOf(id)] !== undefined) return 'listed';
    return most !== undefined && count(found['listed']) >= most ? 'full' : 'changed';
  };

  /**
   * Lists the filter of a subscription that was changed. Head and list are two items, so the head is read again after the write: a
   * later change is not undone. A subscription that was ended meanwhile is not listed again.
   */
  const relist = async ({ id, organisation, filter, revision }: Subscription): Promise<void> => {
    await updateIf(table, {
      key: keys.subscribers(organisation),
      compute: { '#subscription': ':filter' },
      when: 'attribute_exists(#subscription)',
      names: { subscription: attributeOf(id) },
      values: { filter: JSON.stringify(filter) },
    });
    for (const head of await heads([id])) if (head.status !== 'off' && head.revision !== revision) await relist(head);
  };

  /** An ended subscription has an obligation until it is not listed any more. */
  const completeEnd = async (ended: Subscription): Promise<void> => {
    await delist(ended);
    await updateIf(table, {
      key: keys.subscription(ended.id),
      remove: ['obligation', 'dueAt'],
      when: '#status = :off',
      values: { off: 'off' },
    });
  };

  /** Ends the head, if `condition` holds. Sweepers complete the end if this process does not. */
  const endHead = (id: string, at: string, condition: string, values: Item = {}): Promise<boolean> => {
    const key = keys.subscription(id);
    return updateIf(table, {
      key,
      set: { status: 'off', ...obligationAt(table, 'pending', key, at) },
      // A repeated end keeps the first time.
      compute: { endedAt: 'if_not_exists(#endedAt, :at)' },
      remove: ['retryAt', 'unlisted'],
      when: `attribute_exists(pk) AND ${condition}`,
      values: { ...values, at },
    });
  };

  const turnOff = async (id: string, at: string, seen?: Pick<Subscription, 'revision'>): Promise<boolean> => {
    const exists =
      seen === undefined
        ? await endHead(id, at, 'attribute_exists(#status)')
        : await endHead(id, at, 'revision = :revision', { revision: seen.revision });
    if (exists) for (const head of await heads([id])) await completeEnd(head);
    return exists;
  };

  /**
   * Notes at the head that it is listed. Of this and the end of a head that is not, one holds: both are conditional writes of the
   * head. `false`: it was ended.
   */
  const confirmListed = async (subscription: Pick<Subscription, 'id' | 'organisation'>): Promise<boolean> => {
    const isConfirmed = await updateIf(table, {
      key: keys.subscription(subscription.id),
      remove: ['unlisted'],
      when: 'attribute_exists(pk) AND #status <> :off',
      values: { off: 'off' },
    });
    if (!isConfirmed) await delist(subscription);
    return isConfirmed;
  };

  return {
    async create(subscription, dueAt, limits = {}) {
      const { status, revision, failures } = subscription;
      const key = keys.subscription(subscription.id);
      const head = {
        ...key,
        ...obligationAt(table, 'pending', key, dueAt),
        status,
        revision,
        failures,
        packed: pack(agreementOf(subscription)),
        ...(status === 'off' ? {} : { unlisted: true }),
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
      if (status === 'off') return 'listed';
      // After a crash in between, the subscriber has no answer for this head and no event finds it: `completeListing` ends it.
      const listing = await enlist(subscription, limits);
      if (listing === 'listed') return (await confirmListed(subscription)) ? 'listed' : 'changed';
      await turnOff(subscription.id, subscription.createdAt);
      return listing;
    },

    async completeListing(id) {
      const answer = await readHead(id);
      if (answer === undefined) return false;
      const subscription = storedSubscription(answer);
      if (subscription.status === 'off') {
        await completeEnd(subscription);
        return false;
      }
      if (answer['unlisted'] !== true) {
        await relist(subscription);
        return true;
      }
      if ((await list(subscription.organisation))[attributeOf(id)] !== undefined) return confirmListed(subscription);
      // If it was confirmed meanwhile, it is listed.
      if (!(await endHead(id, subscription.createdAt, 'attribute_exists(unlisted)'))) return true;
      await completeEnd(subscription);
      return false;
    },

    async read(id) {
      const head = await readHead(id);
      return head === undefined ? undefined : storedSubscription(head);
    },

    async ofOrganisation(organisation) {
      const ids = Object.keys(await list(organisation)).flatMap((attribute) => subscriptionIn(attribute) ?? []);
      return (await heads(ids)).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    },

    async listings(organisation) {
      return count((await list(organisation))['listings']);
    },

    turnOff,

    async change(changed, handshakeDueAt) {
      const key = keys.subscription(changed.id);
      const revision = changed.revision + 1;
      const packed = pack(agreementOf(changed));
      const written = await updateIf(table, {
        key,
        ...(handshakeDueAt === undefined
          ? { set: { packed, revision } }
          : {
              set: {
                packed,
                revision,
                status: 'requested',
                failures: 0,
                ...obligationAt(table, 'pending', key, handshakeDueAt),
              },
              remove: ['failingSince', 'rejectedSince', 'retryAt', 'failedCall', 'quickAnswersNeeded'],
            }),
        when: 'revision = :seen AND #status <> :off',
        values: { seen: changed.revision, off: 'off' },
      });
      // After a crash in between, a repeated change finds another revision, reads it, and changes that.
      if (written) await relist({ ...changed, revision });
      return written;
    },

    async hindered(ids) {
      return new Map(
        (await heads(ids)).flatMap((head) => {
          const hindrance = hindranceOf(head);
          return hindrance === undefined ? [] : [[head.id, hindrance] as const];
        }),
      );
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
