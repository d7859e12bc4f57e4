import type { Provenance } from 'fhir/r4.d.ts';
import { isRefusal, type Refusal, refuse } from '../../../schemas/faults.ts';
import { guidelineOf, type Guidelines } from '../../../schemas/guideline.ts';
import { parseAddress } from '../../../schemas/identifiers.ts';
import { mayReadAnnouncement } from '../../mission/announcement.ts';
import type { MissionLog, StoredEntry } from '../../mission/mission-log.ts';
import type { Notifications } from '../../delivery/notifications.ts';
import type { Caller, Shown } from '../../audit/access-log.ts';
import { mayReadEntry, seesNoPerson } from '../../mission/access-rules.ts';
import { leads, type MissionState } from '../../mission/state.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import { searchset } from '../../fhir/searchset.ts';
import { provenance } from './provenance.ts';
import { pageHeaders, historyPage } from './html-page.ts';
import { seesReceiptsOf } from './recipients.ts';
import type { HistoryReader } from './telling.ts';
import { notFound, openMission } from '../mission.ts';
import { pageSize, type Search, shownOf, unknownParameter } from '../search.ts';

/** The story of a mission: who did what when on which ground, and who was told. One `Provenance` for each entry of its log. */
export interface HistoryPorts {
  readonly missions: MissionLog;
  readonly notifications: Notifications;
  readonly guidelines: Guidelines;
}

export interface History {
  readonly outcome: 'found';
  /** A FHIR Bundle, or the text of an HTML page. */
  readonly resource: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly shows: readonly Shown[];
}

/** Entries read at once: each holds a whole message. */
const entriesAtOnce = 25;

/** The last entry up to which a party knows all of the mission: who handed on the coordination, until it did. */
const knowsAllUntil = (last: StoredEntry, caller: Caller): number => {
  if (seesNoPerson(caller.role)) return 0;
  const { organisation } = caller;
  if (leads(last.state, organisation)) return Number.POSITIVE_INFINITY;
  const led = last.state.tasks.filter((task) => task.kind === 'coordination' && task.owner === organisation);
  return Math.max(0, ...led.map((task) => task.changedBy));
};

/** The reader of one entry. */
const readerIn = (last: StoredEntry, caller: Caller): ((entry: StoredEntry) => HistoryReader) => {
  const until = knowsAllUntil(last, caller);
  return ({ number }) => ({ organisation: caller.organisation, role: caller.role, leads: number <= until });
};

/** Whether the reader may read the message itself, at `Bundle/{mission}.{entry}`. */
const mayReadMessage = (entry: StoredEntry, current: MissionState, { organisation, role }: Caller): boolean =>
  role === 'quality' ||
  mayReadEntry(entry, current, organisation, role) ||
  mayReadAnnouncement(entry, current, organisation);

/** The entries of a mission that the reader is told of, from one to another, each as a `Provenance`. */
const historyEntriesOf = async (
  ports: HistoryPorts,
  last: StoredEntry,
  caller: Caller,
  from: number,
  to: number,
  view: Viewpoint,
) => {
  const readerOf = readerIn(last, caller);
  const mayRead = (entry: StoredEntry): boolean => mayReadMessage(entry, last.state, caller);
  const log = await ports.missions.entries(last.mission, Math.max(1, from - 1), to);
  const seen = log.filter((entry) => entry.number >= from && (readerOf(entry).leads || mayRead(entry)));
  const told = seen.flatMap((entry) =>
    entry.notified.filter(({ organisation }) => seesReceiptsOf(readerOf(entry), entry, organisation)),
  );
  const notifications = told.length === 0 ? [] : await ports.notifications.readAll(told);
  return seen.map((entry) => {
    const before = log.find(({ number }) => number === entry.number - 1)?.state;
    return provenance(
      {
        entry,
        notifications: notifications.filter((note) => note.entry === entry.number),
        readable: mayRead(entry),
        ...(before === undefined ? {} : { before }),
      },
      readerOf(entry),
      guidelineOf(ports.guidelines, entry.state.guideline ?? ''),
      view,
    );
  });
};

/** The entry that a Provenance tells of. */
const partOfEntry = ({ id = '' }: Provenance): string => String(parseAddress(id)?.entry);

const remarkFor = (last: StoredEntry, caller: Caller): string | undefined => {
  const { role } = caller;
  if (role === 'quality') return 'Shown without persons and free text.';
  if (seesNoPerson(role)) return 'Shown are the messages that concern you, without persons and free text.';
  return knowsAllUntil(last, caller) >= last.number
    ? undefined
    : 'Shown are the messages that concern you; the mission may hold others.';
};

const pageFormats: readonly string[] = ['html', 'text/html'];

/** Whether a page for people is wanted: by `_format`, else by what is accepted. */
const wantsPage = (search: Search, accept: string): boolean => {
  const format = search.get('_format');
  return format === undefined ? /\btext\/html\b/i.test(accept) : pageFormats.includes(format.toLowerCase());
};

/** `address`: the path and the parameters that name the mission, as the reader gave them. */
const tell = async (
  ports: HistoryPorts,
  caller: Caller,
  mission: string,
  search: Search,
  view: Viewpoint,
  address: { readonly path: string; readonly named: readonly [string, string][] },
  accept: string,
): Promise<History | Refusal> => {
  const unknown = unknownParameter(search, ['_count', '_cursor', '_format'], 'a story takes _count and _format');
  if (unknown !== undefined) return unknown;
  const count = pageSize(search);
  if (typeof count !== 'number') return count;
  const cursor = search.get('_cursor') ?? '1';
  if (!/^[1-9]\d{0,6}$/.test(cursor))
    return refuse('unknown-search', 'http._cursor', 'follow the link of the page before');
  const last = await openMission(ports.missions, caller, mission);
  if (isRefusal(last)) return last;

  const from = Number(cursor);
  const asPage = wantsPage(search, accept);
  // A page for people is whole unless they ask for a part: it is printed and put on file.
  const isWhole = asPage && !search.has('_count');
  const to = isWhole ? last.number : Math.min(last.number, from + Math.min(count, entriesAtOnce) - 1);
  const chapters = [];
  for (let first = from; first <= to; first += entriesAtOnce)
    chapters.push(
      ...(await historyEntriesOf(ports, last, caller, first, Math.min(to, first + entriesAtOnce - 1), view)),
    );

  const shows = [shownOf(last.state, caller, chapters.map(partOfEntry))];
  const asked = [...search].filter(([name]) => name !== '_cursor');
  const addressOf = (more: readonly [string, string][]): string => {
    const parameters = new URLSearchParams([...address.named, ...more]);
    return parameters.size === 0 ? address.path : `${address.path}?${parameters.toString()}`;
  };
  const next = to < last.number ? addressOf([...asked, ['_cursor', String(to + 1)]]) : undefined;
  if (asPage) {
    const remark = remarkFor(last, caller);
    const page = historyPage({
      mission,
      exercise: last.exercise,
      chapters,
      ...(remark === undefined ? {} : { remark }),
      ...(next === undefined ? {} : { next: `${view.base}/${next}` }),
    });
    return { outcome: 'found', resource: page, headers: pageHeaders, shows };
  }
  const listed = chapters.map((resource) => ({ resource, path: `Provenance/${resource.id ?? ''}` }));
  return { outcome: 'found', resource: searchset(addressOf(asked), next, listed, view), shows };
};

/** `GET ServiceRequest/{mission}/$history`: a searchset of Provenances in the order of the log, or a page for people. */
export const readHistory = (
  ports: HistoryPorts,
  caller: Caller,
  mission: string,
  search: Search,
  view: Viewpoint,
  accept = '',
): Promise<History | Refusal> =>
  tell(ports, caller, mission, search, view, { path: `ServiceRequest/${mission}/$history`, named: [] }, accept);

/** `GET Provenance?target=ServiceRequest/{mission}`: the same, as a FHIR search. */
export const searchHistory = async (
  ports: HistoryPorts,
  caller: Caller,
  search: Search,
  view: Viewpoint,
  accept = '',
): Promise<History | Refusal> => {
  const target = search.get('target');
  const mission = target?.replace(/^(?:.*\/)?ServiceRequest\//, '');
  if (target === undefined || mission === undefined)
    return refuse('unknown-search', 'http.target', 'give target=ServiceRequest/<mission>');
  const rest = new Map([...search].filter(([name]) => name !== 'target'));
  return tell(ports, caller, mission, rest, view, { path: 'Provenance', named: [['target', target]] }, accept);
};

/** `GET Provenance/{mission}.{entry}`. */
export const readProvenance = async (
  ports: HistoryPorts,
  caller: Caller,
  id: string,
  view: Viewpoint,
): Promise<History | Refusal> => {
  const address = parseAddress(id);
  if (address === undefined || address.index !== undefined) return notFound;
  const { mission, entry } = address;
  const last = await openMission(ports.missions, caller, mission);
  if (isRefusal(last)) return last;
  const [resource] = await historyEntriesOf(ports, last, caller, entry, entry, view);
  return resource === undefined
    ? notFound
    : { outcome: 'found', resource, shows: [shownOf(last.state, caller, [String(entry)])] };
};
