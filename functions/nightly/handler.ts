import type { Context } from 'aws-lambda';
import type { PartyDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { anchorChains } from '../../core/audit/anchor-chains.ts';
import type { AnchorPorts } from '../../core/audit/anchors.ts';
import { HubClosed, Unavailable } from '../../core/mission/errors.ts';
import { withErrorBoundary } from '../shared/telemetry/error-boundary.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';

export interface NightlyDeps extends AnchorPorts {
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
}

/**
 * A nightly job. It keeps its own state and is called every quarter of an hour: it begins when it is due, and continues where
 * its earlier run stopped. It ends before its time is over. Throws `Unavailable`: the next call continues.
 */
type Job = (deps: NightlyDeps, timeLeft: () => number) => Promise<void>;

const anchor: Job = async (deps, timeLeft) => {
  await anchorChains(deps, {
    timeLeft,
    written: ({ anchor: number, digest, chains, complete }) =>
      log('CHAINS_ANCHORED', { number, chains, digest, more: !complete }),
  });
};

const jobs: readonly Job[] = [anchor];

/** Runs the nightly jobs that are due, one after the other. A job that fails does not keep the others from running. */
export const createHandler = (deps: NightlyDeps) =>
  withErrorBoundary(async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> => {
    const failed: unknown[] = [];
    for (const job of jobs)
      try {
        await deps.directory();
        await job(deps, () => context.getRemainingTimeInMillis());
      } catch (error) {
        if (error instanceof HubClosed) log('HUB_CLOSED', {});
        else if (error instanceof Unavailable) log('STORAGE_UNAVAILABLE', kindOf(error));
        else failed.push(error);
      }
    if (failed.length > 0) throw failed[0];
  });
