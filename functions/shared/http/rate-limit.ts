import type { Budget, RequestBudgets, Spender, Spent } from '../../../adapters/dynamodb/rate-limits.ts';
import { kindOf, log } from '../telemetry/log.ts';

/** Counts a request. If it cannot be counted it is let through: a hub that cannot count must not refuse a message about a mission. */
export const countRequest = async <Of extends Budget>(
  budgets: RequestBudgets<Of>,
  { parent, client }: Spender,
  budget: Of,
): Promise<Spent | undefined> => {
  try {
    const spent = await budgets.spend({ parent, client }, budget);
    // Logged once in a window, for the first request over the limit.
    if (spent.count === spent.most + 1) log('CLIENT_LIMITED', { sender: parent, client, budget, most: spent.most });
    return spent;
  } catch (error) {
    log('REQUEST_NOT_COUNTED', kindOf(error));
    return undefined;
  }
};
