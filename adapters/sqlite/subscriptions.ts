import { hindranceOf } from '../../core/delivery/endpoint-speed.ts';
import {
  agreementOf,
  type Listing,
  type ListingLimits,
  type Subscriber,
  type Subscription,
  type SubscriptionAgreement,
  type Subscriptions,
  type SubscriptionStatus,
} from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import type { Database, Row } from './database.ts';
import { integer, json, list, optionalInteger, optionalText, text } from './rows.ts';

const statuses: readonly SubscriptionStatus[] = ['requested', 'active', 'error', 'off'];

/** The schema allows no other status. */
const statusIn = (value: Row[string]): SubscriptionStatus => statuses.find((status) => status === value) ?? 'error';

export const storedSubscription = (row: Row): Subscription => {
  const agreement: SubscriptionAgreement = json(row['agreement']);
  return {
    ...agreement,
    status: statusIn(row['status']),
    revision: integer(row['revision']),
    failures: integer(row['failures']),
    ...defined({
      gaps: json(row['gaps']),
      failingSince: optionalText(row['failing_since']),
      rejectedSince: optionalText(row['rejected_since']),
      failedCall: json(row['failed_call']),
      retryAt: optionalText(row['retry_at']),
      quickAnswersNeeded: optionalInteger(row['quick_answers_needed']),
      endedAt: optionalText(row['ended_at']),
    }),
  };
};

/**
 * Subscriptions on SQLite: one row each. Those of an organisation that are not off are found by an index, so its list cannot differ
 * from the rows. `listings` counts what an organisation has created.
 */
export const subscriptions = (database: Database): Subscriptions => {
  const insert = database.statement(
    `INSERT INTO subscriptions (id, organisation, status, revision, agreement, failures, ended_at, due_at)
     VALUES ($id, $organisation, $status, $revision, $agreement, $failures, $endedAt, $dueAt)
     ON CONFLICT DO NOTHING`,
  );
  const isSame = database.statement(
    'SELECT 1 FROM subscriptions WHERE id = $id AND agreement = $agreement AND status = $status AND due_at = $dueAt',
  );
  const one = database.statement('SELECT * FROM subscriptions WHERE id = $id');
  const severalById = database.statement('SELECT * FROM subscriptions WHERE id IN (SELECT value FROM json_each($ids))');
  const listed = database.statement(
    `SELECT * FROM subscriptions WHERE organisation = $organisation AND status <> 'off'`,
  );
  const listedOfAll = database.statement(
    `SELECT id, organisation, agreement ->> '$.filter' AS filter FROM subscriptions
     WHERE status <> 'off' AND organisation IN (SELECT value FROM json_each($organisations))`,
  );
  const countListed = database.statement(
    `SELECT count(*) AS listed FROM subscriptions WHERE organisation = $organisation AND status <> 'off'`,
  );
  const listingsOf = database.statement('SELECT listings FROM listings WHERE organisation = $organisation');
  const countListing = database.statement(
    `INSERT INTO listings (organisation, listings) VALUES ($organisation, 1)
     ON CONFLICT DO UPDATE SET listings = listings + 1`,
  );
  const end = database.statement(
    `UPDATE subscriptions SET status = 'off', ended_at = coalesce(ended_at, $at), due_at = NULL, retry_at = NULL
     WHERE id = $id AND revision = coalesce($revision, revision)`,
  );
  const setAgreement = database.statement(
    `UPDATE subscriptions SET agreement = $agreement, revision = revision + 1
     WHERE id = $id AND revision = $revision AND status <> 'off'`,
  );
  const setAgreementAndHandshake = database.statement(
    `UPDATE subscriptions SET agreement = $agreement, revision = revision + 1, status = 'requested', failures = 0,
       failing_since = NULL, rejected_since = NULL, failed_call = NULL, retry_at = NULL, quick_answers_needed = NULL,
       due_at = $dueAt
     WHERE id = $id AND revision = $revision AND status <> 'off'`,
  );

  const listings = (organisation: string): number => integer(listingsOf.get({ organisation })?.['listings']);

  /** Whether a new subscription may be listed among those of its organisation. */
  const listingFor = ({ organisation }: Subscription, limits: ListingLimits): Listing => {
    const before = integer(countListed.get({ organisation })?.['listed']);
    if (limits.most !== undefined && before >= limits.most) return 'full';
    if (limits.listings !== undefined && limits.listings !== listings(organisation)) return 'changed';
    return 'listed';
  };

  const insertAs = (subscription: Subscription, dueAt: string | undefined, more: Partial<Subscription>): boolean => {
    const { id, organisation, status, revision, failures, endedAt } = { ...subscription, ...more };
    const agreement = JSON.stringify(agreementOf(subscription));
    return insert.run({ id, organisation, status, revision, agreement, failures, endedAt, dueAt }) > 0;
  };

  const isThere = (subscription: Subscription, dueAt: string): boolean => {
    const { id, status } = subscription;
    return isSame.get({ id, status, agreement: JSON.stringify(agreementOf(subscription)), dueAt }) !== undefined;
  };

  return {
    create(subscription, dueAt, limits = {}) {
      return database.write(() => {
        // A repeated call finds what it has stored.
        if (isThere(subscription, dueAt)) return 'listed';
        const listing = subscription.status === 'off' ? 'listed' : listingFor(subscription, limits);
        const isStored =
          listing === 'listed'
            ? insertAs(subscription, dueAt, {})
            : insertAs(subscription, undefined, { status: 'off', endedAt: subscription.createdAt });
        if (!isStored) throw new Error(`there is a subscription ${subscription.id}`);
        if (listing === 'listed' && subscription.status !== 'off')
          countListing.run({ organisation: subscription.organisation });
        return listing;
      });
    },

    /** Row and list are one here, so a listing is never half done. */
    async completeListing(id) {
      const row = one.get({ id });
      return row !== undefined && row['status'] !== 'off';
    },

    async read(id) {
      const row = one.get({ id });
      return row === undefined ? undefined : storedSubscription(row);
    },

    async ofOrganisation(organisation) {
      return listed
        .all({ organisation })
        .map(storedSubscription)
        .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
    },

    async listings(organisation) {
      return listings(organisation);
    },

    turnOff(id, at, seen) {
      return database.write(() => end.run({ id, at, revision: seen?.revision }) > 0);
    },

    change(changed, handshakeDueAt) {
      const { id, revision } = changed;
      const agreement = JSON.stringify(agreementOf(changed));
      return database.write(
        () =>
          (handshakeDueAt === undefined
            ? setAgreement.run({ id, revision, agreement })
            : setAgreementAndHandshake.run({ id, revision, agreement, dueAt: handshakeDueAt })) > 0,
      );
    },

    async hindered(ids) {
      return new Map(
        severalById.all({ ids: list(ids) }).flatMap((row) => {
          const hindrance = hindranceOf(storedSubscription(row));
          return hindrance === undefined ? [] : [[text(row['id']), hindrance] as const];
        }),
      );
    },

    async subscribers(organisations) {
      return listedOfAll.all({ organisations: list(organisations) }).map(
        ({ id, organisation, filter }): Subscriber => ({
          id: text(id),
          organisation: text(organisation),
          filter: json(filter),
        }),
      );
    },
  };
};
