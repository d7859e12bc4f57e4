import type { Communication } from 'fhir/r4.d.ts';
import { isRefusal, type Refusal } from '../../schemas/faults.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import type { Notifications } from '../delivery/notifications.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadEntry } from '../mission/access-rules.ts';
import { leads, type MissionState } from '../mission/state.ts';
import { missingReceipt, receipt } from '../fhir/communication.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { openMission } from './mission.ts';
import { type Placed, type Rows, searchAnswer, takePage, wrongCursor } from './search/page.ts';
import { finds, missionIn, type Search } from './search/read-search.ts';
import { shownOf } from './shown.ts';

/**
 * Requester and coordinator see every receipt of the entries that they may read, the quality system every receipt: there is no person
 * in them. Others see those of their own messages and their own.
 */
const maySee = (entry: StoredEntry, state: MissionState, recipient: string, caller: Caller): boolean => {
  return (
    caller.role === 'quality' ||
    recipient === caller.organisation ||
    entry.sender === caller.organisation ||
    (leads(state, caller.organisation) && mayReadEntry(entry, state, caller.organisation, caller.role))
  );
};

/** Entries that are read at once. */
const entriesAtOnce = 25;

/** A receipt, and the number of its entry. */
interface Row {
  readonly entry: number;
  readonly resource: Communication;
}

/** The place of a receipt: its entry, then its id. */
const placeOf = ({ entry, resource }: Row): string => `${entry}:${resource.id ?? ''}`;

const placeForm = /^(?<entry>[1-9]\d{0,6}):(?<id>[\w.-]{1,64})$/;

const byId = ({ resource: one }: Row, { resource: other }: Row): number => ((one.id ?? '') < (other.id ?? '') ? -1 : 1);

/** `GET Communication?part-of=ServiceRequest/{mission}`: the receipts of each message, in the order of the mission. */
export const searchReceipts = async (
  ports: { readonly missions: MissionLog; readonly notifications: Notifications },
  caller: Caller,
  search: Search<'Communication'>,
  viewpoint: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] } | Refusal> => {
  const mission = missionIn(search, 'part-of');
  if (typeof mission !== 'string') return mission;
  if (search.cursor !== undefined && !placeForm.test(search.cursor)) return wrongCursor;
  const last = await openMission(ports.missions, caller, mission);
  if (isRefusal(last)) return last;

  const receiptsOf = async (entries: readonly StoredEntry[]): Promise<readonly Row[]> => {
    const visible = entries.flatMap((entry) =>
      entry.notified.filter(({ organisation }) => maySee(entry, last.state, organisation, caller)),
    );
    const notifications = await ports.notifications.readAll(visible);
    return entries.flatMap((entry) =>
      [
        ...notifications.filter((note) => note.entry === entry.number).map((note) => receipt(entry, note, viewpoint)),
        ...[
          ...entry.withoutSubscription.map((organisation) => ({ organisation, why: 'no-subscription' as const })),
          ...entry.notParties.map((organisation) => ({ organisation, why: 'not-a-party' as const })),
        ]
          .filter(({ organisation }) => maySee(entry, last.state, organisation, caller))
          .map(({ organisation, why }) => missingReceipt(entry, organisation, why, viewpoint)),
      ]
        .map((resource): Row => ({ entry: entry.number, resource }))
        .sort(byId),
    );
  };
  const rows: Rows<Row> = async function* (cursor) {
    const { entry, id = '' } = placeForm.exec(cursor ?? '')?.groups ?? {};
    const start = entry === undefined ? 1 : Number(entry);
    for (let from = start; from <= last.number; from += entriesAtOnce) {
      const to = Math.min(last.number, from + entriesAtOnce - 1);
      const found = await receiptsOf(await ports.missions.entries(mission, from, to));
      const after = found.filter((row) => row.entry > start || (row.resource.id ?? '') > id);
      yield after.map((row): Placed<Row> => ({ row, place: placeOf(row) }));
    }
  };
  const page = await takePage(search, rows, ({ resource }) =>
    finds(search, {
      'part-of': [mission],
      _id: [{ value: resource.id ?? '' }],
      _lastUpdated: resource.meta?.lastUpdated ?? '',
    }),
  );
  if (isRefusal(page)) return page;
  const listed = page.rows.map(({ resource }) => ({ resource, path: `Communication/${resource.id ?? ''}` }));
  const parts = [...new Set(page.rows.map(({ entry }) => String(entry)))];
  return {
    outcome: 'found',
    resource: searchAnswer(search, page, listed, viewpoint),
    shows: [shownOf(last.state, caller, parts)],
  };
};
