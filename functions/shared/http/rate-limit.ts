import type { Budget, RequestBudgets, Spender, Spent } from '../../../adapters/dynamodb/rate-limits.ts';
import { kindOf, log } from '../telemetry/log.ts';

/** Counts a request. What cannot be counted goes on: no limit may keep a message about a mission out because the hub cannot count. */
export const rateLimited = async <Of extends Budget>(
  budgets: RequestBudgets<Of>,
  { parent, client }: Spender,
  budget: Of,
): Promise<Spent | undefined> => {
  try {
    const spent = await budgets.spend({ parent, client }, budget);
    // Said once in a window, by the first request that is too many; the others are refused without a word from here.
    if (spent.count === spent.most + 1) log('CLIENT_LIMITED', { sender: parent, client, budget, most: spent.most });
    return spent;
  } catch (error) {
    log('REQUEST_NOT_COUNTED', kindOf(error));
    return undefined;
  }
};
