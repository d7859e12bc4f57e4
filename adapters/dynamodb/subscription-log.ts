import { GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { SubscriptionLog } from '../../core/delivery/subscription-log.ts';
import type {
  Notification,
  NotificationStatus,
  NumberGap,
  Subscriber,
  Subscription,
  SubscriptionFilter,
  SubscriptionStatus,
} from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import {
  batchGet,
  deadLetterShard,
  holds,
  isConditionFailed,
  isItemTooLarge,
  keys,
  obligationShards,
  owed,
  pack,
  rangeOf,
  reach,
  type Table,
  unpack,
} from './table.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** What the subscriber and the hub agreed on; the rest of a head changes with every call and event. */
type Settings = Omit<
  Subscription,
  'status' | 'revision' | 'lastNumber' | 'gaps' | 'failures' | 'failingSince' | 'retryAt' | 'error'
>;

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];
const notificationStatuses: readonly NotificationStatus[] = ['pending', 'delivered', 'failed'];

/** A status that only a newer release knows: what it has not settled is owed; of what it has, nobody here knows that it arrived. */
const statusIn = ({ status, obligation }: Record<string, unknown>): NotificationStatus =>
  notificationStatuses.find((known) => known === status) ??
  (obligationShards.some((shard) => shard === obligation) ? 'pending' : 'failed');

const gapsIn = (value: unknown): readonly NumberGap[] | undefined =>
  typeof value === 'string' ? JSON.parse(value) : undefined;

export const storedSubscription = (item: Record<string, unknown>): Subscription => {
  const settings: Settings = unpack(item['packed']);
  return {
    ...settings,
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

const settingsOf = (subscription: Subscription): Settings => {
  const {
    status: _status,
    revision: _revision,
    lastNumber: _number,
    gaps: _gaps,
    failures: _failures,
    failingSince: _since,
    retryAt: _retry,
    error: _error,
    ...settings
  } = subscription;
  return settings;
};

export const storedNotification = (item: Record<string, unknown>): Notification => ({
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
    warned: item['warned'] === true ? true : undefined,
    redrivenAt: text(item['redrivenAt']),
    discardedAt: text(item['discardedAt']),
    lastAttemptAt: text(item['lastAttemptAt']),
    lastAnswer: text(item['lastAnswer']),
    completedAt: text(item['completedAt']),
  }),
});

/** The condition that a head's status is still the one that was read; one that only a newer release knows was read as an error. */
const isAsSeen = ({ status }: Pick<Subscription, 'status'>): string =>
  status === 'error' ? 'NOT #status IN (:requested, :active, :off)' : '#status = :seen';
const namesSeen = ({ status }: Pick<Subscription, 'status'>): Readonly<Record<string, string>> =>
  status === 'error' ? { ':requested': 'requested', ':active': 'active', ':off': 'off' } : { ':seen': status };

/** Each subscription of a party is one attribute of the party's item, so that one read finds them all. */
const attributeOf = (subscription: string): string => `subscription ${subscription}`;
const subscriptionIn = (attribute: string): string | undefined => /^subscription (.+)$/.exec(attribute)?.[1];

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The subscription log on DynamoDB: a head item that numbers, and one item per notification, the receipt. */
export const subscriptionLog = (table: Table): SubscriptionLog => {
  const { client, name: TableName } = table;

  /** What the head says of an entry: its number, that it was passed, or its mark, if the mission has no place there. */
  const numberedBefore = async (
    subscription: string,
    mission: string,
    entry: number,
  ): Promise<
    { readonly number: number; readonly previous?: number } | { readonly forgotThrough: number } | 'passed'
  > => {
    const answer = await reach(() =>
      client.send(new GetCommand({ TableName, Key: keys.subscription(subscription), ConsistentRead: true })),
    );
    if (answer.Item === undefined) return 'passed';
    const { seqOf, numberOf, previousOf, forgotThrough } = answer.Item;
    const seq = isMap(seqOf) ? seqOf[mission] : undefined;
    const number = isMap(numberOf) ? numberOf[mission] : undefined;
    if (seq === undefined) return { forgotThrough: count(forgotThrough) };
    if (seq !== entry || typeof number !== 'number') return 'passed';
    const previous = count(isMap(previousOf) ? previousOf[mission] : undefined);
    return { number, ...(previous === 0 ? {} : { previous }) };
  };

  const heads = async (ids: readonly string[]): Promise<readonly Subscription[]> =>
    (await batchGet(table, ids.map(keys.subscription))).map(storedSubscription);

  const delist = async ({ id, organisation }: Pick<Subscription, 'id' | 'organisation'>): Promise<void> => {
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
  };

  /** Notes the subscription, with its filter, among those of its party. Two items: whoever changed or ended it meanwhile is not undone. */
  const enlist = async (subscription: Subscription): Promise<void> => {
    const { id, organisation, filter, revision } = subscription;
    await reach(() =>
      client.send(
        new UpdateCommand({
          TableName,
          Key: keys.subscribers(organisation),
          UpdateExpression: 'SET #subscription = :filter',
          ExpressionAttributeNames: { '#subscription': attributeOf(id) },
          ExpressionAttributeValues: { ':filter': JSON.stringify(filter) },
        }),
      ),
    );
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
        ...owed(key, dueAt),
        status,
        revision,
        lastNumber,
        failures,
        packed: pack(settingsOf(subscription)),
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
      // Last, so that a crash in between leaves a head that nobody was promised and no event finds.
      await enlist(subscription);
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

    async saveEndpointHealth(seen, { status, failures, failingSince, error, retryAt, dueAt }) {
      const key = keys.subscription(seen.id);
      const obligation = dueAt === undefined ? undefined : owed(key, dueAt);
      const set = defined({
        status,
        failures,
        failingSince,
        error,
        retryAt,
        obligation: obligation?.obligation,
        dueAt: obligation?.dueAt,
      });
      const names = ['status', 'failures', 'failingSince', 'error', 'retryAt', 'obligation', 'dueAt'];
      const gone = names.filter((name) => !(name in set));
      return holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: key,
            UpdateExpression: [
              `SET ${Object.keys(set)
                .map((name) => `#${name} = :${name}`)
                .join(', ')}`,
              ...(gone.length === 0 ? [] : [`REMOVE ${gone.map((name) => `#${name}`).join(', ')}`]),
            ].join(' '),
            // The outage too: a call repeated by the client library must not end another one.
            ConditionExpression: `${isAsSeen(seen)} AND #status <> :off AND revision = :revision AND ${seen.failingSince === undefined ? 'attribute_not_exists(#failingSince)' : '#failingSince = :since'}`,
            ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
            ExpressionAttributeValues: {
              ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
              ...namesSeen(seen),
              ':off': 'off',
              ':revision': seen.revision,
              ...(seen.failingSince === undefined ? {} : { ':since': seen.failingSince }),
            },
          }),
        ),
      );
    },

    async countFailure({ id, revision }, error, at) {
      try {
        const answer = await reach(() =>
          client.send(
            new UpdateCommand({
              TableName,
              Key: keys.subscription(id),
              UpdateExpression:
                'SET failures = failures + :one, failingSince = if_not_exists(failingSince, :at), #error = :error',
              ConditionExpression: '#status = :active AND revision = :revision',
              ExpressionAttributeNames: { '#status': 'status', '#error': 'error' },
              ExpressionAttributeValues: {
                ':one': 1,
                ':at': at,
                ':error': error,
                ':active': 'active',
                ':revision': revision,
              },
              ReturnValues: 'UPDATED_NEW',
            }),
          ),
        );
        const { failures, failingSince } = answer.Attributes ?? {};
        return { failures: count(failures), failingSince: text(failingSince) ?? at };
      } catch (failure) {
        if (isConditionFailed(failure)) return undefined;
        throw failure;
      }
    },

    async claimProbe({ id, revision, retryAt }, until) {
      return holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: keys.subscription(id),
            UpdateExpression: 'SET retryAt = :until',
            ConditionExpression: `${isAsSeen({ status: 'error' })} AND retryAt = :retryAt AND revision = :revision`,
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: {
              ...namesSeen({ status: 'error' }),
              ':until': until,
              ':retryAt': retryAt ?? '',
              ':revision': revision,
            },
          }),
        ),
      );
    },

    async turnOff(id) {
      const isThere = await holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: keys.subscription(id),
            UpdateExpression: 'SET #status = :off REMOVE obligation, dueAt, retryAt',
            ConditionExpression: 'attribute_exists(pk)',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: { ':off': 'off' },
          }),
        ),
      );
      if (!isThere) return;
      for (const head of await heads([id])) await delist(head);
    },

    async change(changed, contactDueAt) {
      const key = keys.subscription(changed.id);
      const anew =
        contactDueAt === undefined
          ? undefined
          : { ...owed(key, contactDueAt), status: 'requested' as const, failures: 0 };
      const written = await holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: key,
            UpdateExpression:
              anew === undefined
                ? 'SET packed = :packed, revision = :next'
                : 'SET packed = :packed, revision = :next, #status = :status, failures = :failures, obligation = :obligation, dueAt = :dueAt REMOVE failingSince, retryAt, #error',
            ConditionExpression: 'revision = :seen AND #status <> :off',
            ExpressionAttributeNames: defined({
              '#status': 'status',
              '#error': anew === undefined ? undefined : 'error',
            }),
            ExpressionAttributeValues: defined({
              ':packed': pack(settingsOf(changed)),
              ':seen': changed.revision,
              ':next': changed.revision + 1,
              ':off': 'off',
              ':status': anew?.status,
              ':failures': anew?.failures,
              ':obligation': anew?.obligation,
              ':dueAt': anew?.dueAt,
            }),
          }),
        ),
      );
      // Whoever asks again after a crash in between finds another revision, reads it, and asks anew.
      if (written) await enlist({ ...changed, revision: changed.revision + 1 });
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

    async number(subscription, mission, entry, asOf) {
      try {
        const answer = await reach(() =>
          client.send(
            new UpdateCommand({
              TableName,
              Key: keys.subscription(subscription),
              UpdateExpression:
                'SET previousOf.#mission = if_not_exists(numberOf.#mission, :none), numberOf.#mission = lastNumber + :one, seqOf.#mission = :entry, lastNumber = lastNumber + :one',
              ConditionExpression:
                'attribute_exists(pk) AND (seqOf.#mission < :entry OR (attribute_not_exists(seqOf.#mission) AND (attribute_not_exists(forgotThrough) OR forgotThrough < :asOf)))',
              ExpressionAttributeNames: { '#mission': mission },
              ExpressionAttributeValues: { ':none': 0, ':one': 1, ':entry': entry, ':asOf': asOf },
              ReturnValues: 'UPDATED_NEW',
            }),
          ),
        );
        const { lastNumber, previousOf } = answer.Attributes ?? {};
        const previous = count(isMap(previousOf) ? previousOf[mission] : undefined);
        return { number: count(lastNumber), ...(previous === 0 ? {} : { previous }) };
      } catch (error) {
        if (isConditionFailed(error)) return numberedBefore(subscription, mission, entry);
        if (isItemTooLarge(error)) return 'full';
        throw error;
      }
    },

    async numbered(subscription, mission, entry) {
      const before = await numberedBefore(subscription, mission, entry);
      return typeof before === 'object' && 'number' in before ? before : undefined;
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
      const key = keys.notification(subscription, number);
      const isSettled = attempt.status !== 'pending';
      const sets = [
        '#status = :status',
        'attempts = attempts + :calls',
        'firstTriedAt = if_not_exists(firstTriedAt, :firstTriedAt)',
        'lastAttemptAt = :at',
        'lastAnswer = :answer',
        ...(attempt.warned === true ? ['warned = :warned'] : []),
        ...(isSettled ? ['completedAt = :at'] : ['dueAt = :dueAt']),
        // Given up it is a dead letter, until somebody looks at it.
        ...(attempt.status === 'failed' ? ['obligation = :dead', 'dueAt = :at'] : []),
      ];
      await holds(() =>
        client.send(
          new UpdateCommand({
            TableName,
            Key: key,
            UpdateExpression: `SET ${sets.join(', ')}${attempt.status === 'delivered' ? ' REMOVE obligation, dueAt' : ''}`,
            // A late duplicate never undoes what was settled; what only a newer release names otherwise is still owed.
            ConditionExpression:
              '#status = :pending OR (attribute_exists(obligation) AND NOT #status IN (:delivered, :failed))',
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: defined({
              ':status': attempt.status,
              ':calls': attempt.called ? 1 : 0,
              ':firstTriedAt': attempt.firstTriedAt,
              ':at': attempt.at,
              ':answer': attempt.answer,
              ':warned': attempt.warned === true ? true : undefined,
              ':pending': 'pending',
              ':delivered': 'delivered',
              ':failed': 'failed',
              ':dueAt': isSettled ? undefined : attempt.dueAt,
              ':dead': attempt.status === 'failed' ? deadLetterShard : undefined,
            }),
          }),
        ),
      );
    },
  };
};
