import type { Subscriptions, SubscriptionStatus } from '../delivery/subscription.ts';
import { Unavailable } from '../mission/errors.ts';
import type { Reach } from '../fhir/organization.ts';
import { inBatches } from '../../schemas/in-batches.ts';

/** Subscriptions that are read at the same time. */
const width = 20;

const reachBy = (statuses: readonly SubscriptionStatus[]): Reach => {
  if (statuses.every((status) => status === 'off')) return 'none';
  if (statuses.includes('active')) return statuses.every((status) => status === 'active') ? 'active' : 'partial';
  return statuses.includes('error') ? 'error' : 'requested';
};

/**
 * Which of these parties the hub can reach by machine. One read finds their subscriptions, and one more reads each.
 * While storage is unavailable the result is empty: phone numbers can be read without it.
 */
export const reachOf = async (
  { subscriptions }: { readonly subscriptions: Subscriptions },
  organisations: readonly string[],
): Promise<ReadonlyMap<string, Reach>> => {
  try {
    const subscribers = organisations.length === 0 ? [] : await subscriptions.subscribers(organisations);
    const read = await inBatches(subscribers, width, ({ id }) => subscriptions.read(id));
    return new Map(
      organisations.map((organisation) => [
        organisation,
        reachBy(read.flatMap((one) => (one?.organisation === organisation ? [one.status] : []))),
      ]),
    );
  } catch (error) {
    if (error instanceof Unavailable) return new Map();
    throw error;
  }
};
