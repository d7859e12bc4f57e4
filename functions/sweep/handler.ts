import type { Context } from 'aws-lambda';
import type { PartyDirectory } from '../../adapters/party-directory.ts';
import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import { sweep, type SweepPorts } from '../../core/delivery/sweep.ts';
import { replan } from '../../core/delivery/wrong-clocks.ts';
import { HubClosed, Unavailable } from '../../core/mission/errors.ts';
import { withErrorBoundary } from '../shared/telemetry/error-boundary.ts';
import { instrumented } from '../shared/telemetry/instrumented-ports.ts';
import type { LogDetails } from '../../schemas/telemetry/log-messages.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';

export interface SweepDeps extends Omit<SweepPorts, 'directory'> {
  readonly deadLetters: DeadLetters;
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** A schedule fires at most once a minute. Within a run the sweeper looks again after this, so that people hear of a missed deadline within seconds. */
const restMilliseconds = 2_000;

/** A run keeps this much of its time to finish its last pass. Until then the next run has begun. */
const reserveMilliseconds = 15_000;

/** Counting stops here: the alarm asks only whether there are any. */
const mostCounted = 100;

const logFailed = (obligation: Omit<LogDetails<'OBLIGATION_FAILED'>, 'error'>, error: unknown): void => {
  if (error instanceof Unavailable) log('STORAGE_UNAVAILABLE', kindOf(error));
  log('OBLIGATION_FAILED', { ...obligation, ...kindOf(error) });
};

/** One pass. If storage cannot be reached the run goes on: a deadline that passes must not wait for the next run. */
const pass = async (deps: SweepDeps, timeLeft: () => number): Promise<'more' | 'nothing more' | 'closed'> => {
  try {
    const directory = await deps.directory();
    const swept = await sweep(
      { ...deps, directory },
      timeLeft,
      (obligation, error, correlationId) => logFailed({ ...obligation, correlationId }, error),
      (obligation, correlationId) => log('OBLIGATION_COMPLETED', { ...obligation, correlationId }),
    );
    if (swept.completed + swept.failed > 0)
      log('SWEPT', { completed: swept.completed, failed: swept.failed, stalled: swept.stalled, more: swept.more });
    // After a full batch in which something was completed the next pass follows at once.
    return swept.more && swept.completed > 0 ? 'more' : 'nothing more';
  } catch (error) {
    if (error instanceof HubClosed) return 'closed';
    log('STORAGE_UNAVAILABLE', kindOf(error));
    return 'nothing more';
  }
};

/** Once a run: work that a clock that was ahead has planned too late. */
const replanWork = async (deps: SweepDeps): Promise<void> => {
  try {
    for (const obligation of await replan(deps)) log('OBLIGATION_REPLANNED', { ...obligation });
  } catch (error) {
    log('STORAGE_UNAVAILABLE', kindOf(error));
  }
};

/** The alarm on late deliveries reads this line. */
const countUndelivered = async ({ obligations, now }: SweepDeps): Promise<void> => {
  const { count, since } = await obligations.undelivered();
  const age = since === undefined ? 0 : Math.max(0, Math.round((now() - Date.parse(since)) / 1000));
  log('UNDELIVERED', { pending: count, age });
};

/** The alarms on dead letters and on a sweeper that does not run read this line, so it is logged also for none. */
const countDeadLetters = async ({ deadLetters }: SweepDeps): Promise<void> => {
  const { items } = await deadLetters.list(mostCounted);
  log('DEAD_LETTERS', { count: items.length, since: items[0]?.completedAt });
};

/** Completes overdue obligations, pass after pass, for its minute. Then it counts what is undelivered and the dead letters. */
export const createHandler = (ports: SweepDeps) => {
  const deps = { ...ports, missions: instrumented(ports.missions) };
  return withErrorBoundary(
    async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> => {
      const timeLeft = (): number => context.getRemainingTimeInMillis();
      let result: Awaited<ReturnType<typeof pass>> = 'more';
      await replanWork(deps);
      while (timeLeft() > reserveMilliseconds) {
        result = await pass(deps, timeLeft);
        if (result !== 'more') await deps.wait(restMilliseconds);
      }
      // If the hub is closed, no count is logged and the alarm fires: nobody forgets a hub that is closed.
      if (result === 'closed') {
        log('HUB_CLOSED', {});
        return;
      }
      await countUndelivered(deps);
      await countDeadLetters(deps);
    },
  );
};
