import type { DeadLetters } from '../../core/delivery/obligations.ts';
import type { SubscriptionLog } from '../../core/delivery/subscription-log.ts';
import type { Attempt, SubscriptionStatus } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';

/** Brings a subscription into a state without a call to its endpoint; no contact is owed after it. */
export const becomes = async (
  log: SubscriptionLog,
  id: string,
  status: SubscriptionStatus,
  error?: string,
): Promise<void> => {
  if (status === 'off') return log.turnOff(id);
  const seen = await log.subscription(id);
  if (seen === undefined) throw new Error(`there is no subscription ${id}`);
  await log.saveEndpointHealth(seen, { status, failures: 0, ...defined({ error }) });
};

/** An attempt that called the endpoint, the first if nothing else is said. */
export const attempted = (
  attempt: Pick<Attempt, 'at' | 'answer' | 'status'> & Partial<Omit<Attempt, 'at' | 'answer' | 'status'>>,
): Attempt => ({ called: true, firstTriedAt: attempt.at, ...attempt });

/** Numbers of the dead letters, those given up longest ago first. */
export const deadNumbers = async (deadLetters: DeadLetters): Promise<readonly number[]> =>
  (await deadLetters.list(1000)).items.map(({ number }) => number);
