import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import type { Notifications } from '../delivery/notifications.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadEntry } from '../mission/access-rules.ts';
import { leads, type MissionState } from '../mission/state.ts';
import { missingReceipt, receipt } from '../fhir/communication.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { type Listed, searchset } from '../fhir/searchset.ts';
import { openMission } from './mission.ts';
import { pageSize, type Search, shownOf, unknownParameter } from './search.ts';

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

/** Entries of one page of receipts: a page never ends in the middle of an entry. */
const entriesOfPage = 25;

/** `GET Communication?part-of=ServiceRequest/{mission}`: the receipts of each message, in the order of the mission. */
export const searchReceipts = async (
  ports: { readonly missions: MissionLog; readonly notifications: Notifications },
  caller: Caller,
  search: Search,
  viewpoint: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] } | Refusal> => {
  const advice = 'give part-of=ServiceRequest/<mission>';
  const unknown = unknownParameter(search, ['part-of', '_count', '_cursor', '_format'], advice);
  if (unknown !== undefined) return unknown;
  const mission = search.get('part-of')?.replace(/^ServiceRequest\//, '');
  if (mission === undefined) return refuse('unknown-search', 'http.part-of', advice);
  const count = pageSize(search);
  if (typeof count !== 'number') return count;
  const last = await openMission(ports.missions, caller, mission);
  if (isRefusal(last)) return last;

  const cursor = search.get('_cursor');
  const from = cursor === undefined ? 1 : Number(cursor);
  if (!Number.isInteger(from) || from < 1)
    return refuse('unknown-search', 'http._cursor', 'follow the link of the page before');
  const to = Math.min(last.number, from + Math.min(count, entriesOfPage) - 1);
  const entries = await ports.missions.entries(mission, from, to);
  const visible = entries.flatMap((entry) =>
    entry.notified.filter(({ organisation }) => maySee(entry, last.state, organisation, caller)),
  );
  const notifications = await ports.notifications.readAll(visible);

  const receiptsOf = (entry: StoredEntry): readonly Listed[] =>
    [
      ...notifications.filter((note) => note.entry === entry.number).map((note) => receipt(entry, note, viewpoint)),
      ...[
        ...entry.withoutSubscription.map((organisation) => ({ organisation, why: 'no-subscription' as const })),
        ...entry.notParties.map((organisation) => ({ organisation, why: 'not-a-party' as const })),
      ]
        .filter(({ organisation }) => maySee(entry, last.state, organisation, caller))
        .map(({ organisation, why }) => missingReceipt(entry, organisation, why, viewpoint)),
    ].map((resource) => ({ resource, path: `Communication/${resource.id}` }));
  const perEntry = entries.map((entry) => ({ number: String(entry.number), receipts: receiptsOf(entry) }));
  const listed = perEntry.flatMap(({ receipts }) => receipts);
  const parts = perEntry.filter(({ receipts }) => receipts.length > 0).map(({ number }) => number);
  const asked = new URLSearchParams([...search].filter(([name]) => name !== '_cursor'));
  const next =
    to < last.number
      ? `Communication?${new URLSearchParams([...asked, ['_cursor', String(to + 1)]]).toString()}`
      : undefined;
  return {
    outcome: 'found',
    resource: searchset(`Communication?${asked.toString()}`, next, listed, viewpoint),
    shows: [shownOf(last.state, caller, parts)],
  };
};
