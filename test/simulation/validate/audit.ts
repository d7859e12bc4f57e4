import { reconcile } from '../../../core/audit/reconcile/reconcile.ts';
import type { LoggedEntry, ReconcilePorts } from '../../../core/audit/reconcile/logged.ts';
import { partiesIn } from '../../memory/reconcile.ts';
import { directory } from '../../support/messages.ts';
import { appendTimes, creationTimes, entryKey, type Facts, fanOutTimes } from './facts.ts';
import type { OnViolation } from './invariants.ts';

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Clocks are wrong by up to an hour here: the auditor gets the times at which things happened. */
const withTrueTimes = (ports: ReconcilePorts, { world }: Facts): ReconcilePorts => {
  const { history } = world;
  const [createdAt, appendedAt, completedAt] = [creationTimes(world), appendTimes(world), fanOutTimes(world)];
  // A request may be paused for half an hour between its two writes.
  const unsteady = new Set([...history.turnedOff, ...history.filterChanges].map(({ subscription }) => subscription));
  const trueEntry = (entry: LoggedEntry): LoggedEntry => {
    const key = entryKey(entry.mission, entry.number);
    const completed = completedAt.get(key);
    const { fanOutCompletedAt: _stated, ...rest } = entry;
    return {
      ...rest,
      receivedAt: iso(appendedAt.get(key) ?? 0),
      ...(completed === undefined ? {} : { fanOutCompletedAt: iso(completed) }),
    };
  };
  return {
    ...ports,
    survey: async (since) => {
      const { missions, subscriptions } = await ports.survey(since);
      return {
        missions,
        subscriptions: subscriptions.map((one) => {
          const created = createdAt.get(one.id);
          return {
            ...one,
            createdAt: iso(created ?? 0),
            ...(created === undefined || unsteady.has(one.id) ? { filterChangedAt: iso(world.scheduler.now()) } : {}),
          };
        }),
      };
    },
    log: async function* (mission) {
      for await (const entries of ports.log(mission)) yield entries.map(trueEntry);
    },
  };
};

/** The auditor that operators run (`npm run hub -- reconcile`), after every run of the simulation. */
export const auditorFindsNothing = async (facts: Facts, violated: OnViolation): Promise<void> => {
  const ports = await facts.world.stores.reconcile(partiesIn(directory));
  const { findings, unreadable } = await reconcile(withTrueTimes(ports, facts));
  if (unreadable > 0) violated('the auditor finds nothing', `it cannot read ${unreadable} entries`);
  for (const { kind, mission, entry, event, organisation, at } of findings)
    violated(
      'the auditor finds nothing',
      `${kind}: ${mission.slice(0, 4)}#${entry} ${event} ${organisation ?? ''} ${at ?? ''}`,
    );
};
