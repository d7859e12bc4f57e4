import type { Context } from 'aws-lambda';
import { openDeliveryQueue, openLogs } from '../../adapters/hub.ts';
import { sweep } from '../../mission/sweep.ts';
import { kindOf, log } from '../edge/log.ts';

const logs = openLogs();
const queue = openDeliveryQueue();

/** Every minute: pays what is owed and overdue, until nothing is left or the time is. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const timeLeft = (): number => context.getRemainingTimeInMillis();
  for (;;) {
    const swept = await sweep({ ...logs, queue, now: Date.now }, timeLeft, (obligation, error) =>
      log('error', 'OBLIGATION_UNPAID', { ...obligation, ...kindOf(error) }),
    );
    log('info', 'SWEPT', { paid: swept.paid, failed: swept.failed, more: swept.more });
    // A batch of which nothing could be paid would be met again at once.
    if (!swept.more || swept.paid === 0 || timeLeft() < 10_000) return;
  }
};
