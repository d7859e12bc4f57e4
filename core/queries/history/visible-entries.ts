import type { Provenance } from 'fhir/r4.d.ts';
import { defined } from '../../../schemas/defined.ts';
import { guidelineOf, type Guidelines } from '../../../schemas/guideline.ts';
import type { Caller } from '../../audit/access-log.ts';
import type { Notifications } from '../../delivery/notifications.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import { mayReadEntry, seesNoPerson } from '../../mission/access-rules.ts';
import { mayReadPrearrivalBeforeDiversion } from '../../mission/diversion.ts';
import type { MissionLog, StoredEntry } from '../../mission/mission-log.ts';
import { leads, type MissionState } from '../../mission/state.ts';
import type { HistoryReader } from './history-entry.ts';
import { provenance } from './provenance.ts';
import { seesReceiptsOf } from './receipts.ts';

/** Which entries of a mission's history a caller sees, and as which kind of reader. */

export interface HistoryPorts {
  readonly missions: MissionLog;
  readonly notifications: Notifications;
  readonly guidelines: Guidelines;
}

/**
 * Number of the last entry up to which the caller sees the whole mission: no limit for requester and coordinator,
 * the entry that moved the coordination for an earlier coordinator, 0 for everyone else.
 */
export const seesAllUntil = (last: StoredEntry, caller: Caller): number => {
  if (seesNoPerson(caller.role)) return 0;
  const { organisation } = caller;
  if (leads(last.state, organisation)) return Number.POSITIVE_INFINITY;
  const led = last.state.tasks.filter((task) => task.kind === 'coordination' && task.owner === organisation);
  return Math.max(0, ...led.map((task) => task.changedBy));
};

/** Whether the caller may read the message itself, at `Bundle/{mission}.{entry}`. */
const mayReadMessage = (entry: StoredEntry, current: MissionState, { organisation, role }: Caller): boolean =>
  role === 'quality' ||
  mayReadEntry(entry, current, organisation, role) ||
  mayReadPrearrivalBeforeDiversion(entry, current, organisation);

export interface VisibleEntries {
  readonly shown: readonly Provenance[];
  /** Numbers that the log must have and does not have: entries are never removed, so somebody has removed them from the table. */
  readonly missing: readonly number[];
}

/** The entries from `from` to `to` that the caller may see, each as a `Provenance`. */
export const visibleEntries = async (
  ports: HistoryPorts,
  last: StoredEntry,
  caller: Caller,
  { from, to }: { readonly from: number; readonly to: number },
  view: Viewpoint,
): Promise<VisibleEntries> => {
  const until = seesAllUntil(last, caller);
  const readerOf = ({ number }: StoredEntry): HistoryReader => ({
    organisation: caller.organisation,
    role: caller.role,
    leads: number <= until,
  });
  const mayRead = (entry: StoredEntry): boolean => mayReadMessage(entry, last.state, caller);
  // Also the entry before the first one: its state is needed to say what the first one changed.
  const log = await ports.missions.entries(last.mission, Math.max(1, from - 1), to);
  const visible = log.filter((entry) => entry.number >= from && (readerOf(entry).leads || mayRead(entry)));
  const notified = visible.flatMap((entry) =>
    entry.notified.filter(({ organisation }) => seesReceiptsOf(readerOf(entry), entry, organisation)),
  );
  const notifications = notified.length === 0 ? [] : await ports.notifications.readAll(notified);
  const stored = new Set(log.map(({ number }) => number));
  const missing = Array.from({ length: Math.max(0, to - from + 1) }, (_none, index) => from + index).filter(
    (number) => !stored.has(number),
  );
  const shown = visible.map((entry) =>
    provenance(
      {
        entry,
        notifications: notifications.filter((one) => one.entry === entry.number),
        readable: mayRead(entry),
        ...defined({ before: log.find(({ number }) => number === entry.number - 1)?.state }),
      },
      readerOf(entry),
      guidelineOf(ports.guidelines, entry.state.guideline ?? ''),
      view,
    ),
  );
  return { shown, missing };
};
