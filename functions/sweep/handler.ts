import { setTimeout as wait } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { openDeliveryQueue, openLogs } from '../../adapters/wiring.ts';
import { HubClosed } from '../../core/mission/errors.ts';
import { removeIdleMissions } from '../../core/delivery/idle-missions.ts';
import { sweep } from '../../core/delivery/sweep.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';
import { instrumented } from '../shared/telemetry/instrumented-ports.ts';
import { withErrorBoundary } from '../shared/telemetry/error-boundary.ts';

const opened = openLogs();
const logs = { ...opened, missions: instrumented(opened.missions) };
const queue = openDeliveryQueue();

/** A schedule cannot fire more often than once a minute, so each run looks again: a deadline that passed is told within seconds. */
const restMilliseconds = 2_000;

/** A run goes on until the next one has surely begun, and keeps so much of its time to finish its last pass and to tidy up. */
const reserveMilliseconds = 15_000;

/** One look at what is due. What cannot be reached now is looked for again: a deadline that passes must not wait for the next run. */
const look = async (timeLeft: () => number): Promise<'more' | 'nothing more' | 'closed'> => {
  try {
    const directory = await logs.directory();
    const swept = await sweep(
      { ...logs, directory, queue, now: Date.now },
      timeLeft,
      (obligation, error, correlationId) =>
        log('OBLIGATION_UNPAID', { ...obligation, correlationId, ...kindOf(error) }),
      (obligation, correlationId) => log('OBLIGATION_PAID', { ...obligation, correlationId }),
    );
    if (swept.paid + swept.failed > 0)
      log('SWEPT', { paid: swept.paid, failed: swept.failed, stalled: swept.stalled, more: swept.more });
    // A full batch of which something was paid is followed by the next at once.
    return swept.more && swept.paid > 0 ? 'more' : 'nothing more';
  } catch (error) {
    if (error instanceof HubClosed) return 'closed';
    log('STORAGE_UNAVAILABLE', kindOf(error));
    return 'nothing more';
  }
};

/** More than so many are counted as so many: the alarm asks only whether there are any. */
const mostCounted = 100;

/** The alarms on dead letters and on a sweeper that stands read this line, so it is said also when there are none. */
const countDeadLetters = async (): Promise<void> => {
  const { items } = await logs.deadLetters.list(mostCounted);
  log('DEAD_LETTERS', { count: items.length, since: items[0]?.completedAt });
};

/** Pays what is owed and overdue, and keeps looking until its minute is over; last it counts what was given up, and drops missions that rest from the heads. */
export const handler = withErrorBoundary(async (_event: unknown, context: Context): Promise<void> => {
  const timeLeft = (): number => context.getRemainingTimeInMillis();
  let seen: Awaited<ReturnType<typeof look>> = 'more';
  while (timeLeft() > reserveMilliseconds) {
    seen = await look(timeLeft);
    if (seen !== 'more') await wait(restMilliseconds);
  }
  // Without a count the alarm rings: nobody forgets a hub that is closed.
  if (seen === 'closed') {
    log('HUB_CLOSED', {});
    return;
  }
  await countDeadLetters();
  await removeIdleMissions({ ...logs, now: Date.now }, timeLeft, (retirement, error) =>
    log('OBLIGATION_UNPAID', { kind: 'rest', ...retirement, ...kindOf(error) }),
  );
});
