import { setTimeout as wait } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { openDeliveryQueue, openLogs } from '../../adapters/hub.ts';
import { retire } from '../../mission/retire.ts';
import { sweep } from '../../mission/sweep.ts';
import { kindOf, log } from '../edge/log.ts';

const logs = openLogs();
const queue = openDeliveryQueue();

/** A schedule cannot fire more often than once a minute, so each run looks again every few seconds. */
const restMilliseconds = 5_000;

/** The next run starts when this one ends: it leaves in time, with its last pass finished. */
const reserveMilliseconds = 8_000;

/** Pays what is owed and overdue, and keeps looking until its minute is over; last it tidies up after missions that are over. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const timeLeft = (): number => context.getRemainingTimeInMillis();
  while (timeLeft() > reserveMilliseconds) {
    const swept = await sweep({ ...logs, queue, now: Date.now }, timeLeft, (obligation, error) =>
      log('error', 'OBLIGATION_UNPAID', { ...obligation, ...kindOf(error) }),
    );
    if (swept.paid + swept.failed > 0)
      log('info', 'SWEPT', { paid: swept.paid, failed: swept.failed, more: swept.more });
    // A full batch of which something was paid is followed by the next at once.
    if (!swept.more || swept.paid === 0) await wait(restMilliseconds);
  }
  await retire({ ...logs, now: Date.now });
};
