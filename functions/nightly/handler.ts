import type { Context } from 'aws-lambda';
import type { PartyDirectory } from '../../adapters/party-directory.ts';
import { anchorChains } from '../../core/audit/anchor-chains.ts';
import type { AnchorPorts } from '../../core/audit/anchors.ts';
import { type NightlyReconcilePorts, reconcileNightly } from '../../core/audit/reconcile/nightly.ts';
import { defined } from '../../schemas/defined.ts';
import { HubClosed, Unavailable } from '../../core/mission/errors.ts';
import { withErrorBoundary } from '../shared/telemetry/error-boundary.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';

export interface NightlyDeps extends AnchorPorts, NightlyReconcilePorts {
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

/** Findings that are logged one by one; all are counted. */
const mostLogged = 100;

const compareReceipts: Job = (deps, timeLeft) =>
  reconcileNightly(deps, timeLeft, (result, more) => {
    const { missions, notifications, found, findings, notKnown, unreadable, slowest } = result;
    for (const { kind, mission, entry, event, organisation, at } of findings.slice(0, mostLogged))
      log('RECEIPTS_DIFFER', { kind, mission, entry, event, ...defined({ organisation, notification: at }) });
    log('RECEIPTS_COMPARED', {
      missions,
      notifications,
      missing: found.missing + found['subscription-missing'],
      unexpected: found.unexpected,
      differing: Object.values(found).reduce((sum, count) => sum + count, 0),
      unknown: notKnown + unreadable,
      more,
      ...(slowest === undefined ? {} : { slowest: Math.round(slowest.milliseconds / 1000) }),
    });
  });

const jobs: readonly Job[] = [anchor, compareReceipts];

/** Runs the nightly jobs that are due, one after the other. A job that fails does not keep the others from running. */
export const createHandler = (deps: NightlyDeps) =>
  withErrorBoundary(async (_event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<void> => {
    const failed: unknown[] = [];
    const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
      try {
        await work();
        return true;
      } catch (error) {
        if (error instanceof HubClosed) log('HUB_CLOSED', {});
        else if (error instanceof Unavailable) log('STORAGE_UNAVAILABLE', kindOf(error));
        else failed.push(error);
        return false;
      }
    };
    // A closed hub does nothing.
    if (await attempt(deps.directory))
      for (const job of jobs) await attempt(() => job(deps, () => context.getRemainingTimeInMillis()));
    if (failed.length > 0) throw failed[0];
  });
