import type { Provenance } from 'fhir/r4.d.ts';
import { defined } from '../../../schemas/defined.ts';
import { isRefusal, type Refusal } from '../../../schemas/faults.ts';
import { parseAddress } from '../../../schemas/identifiers.ts';
import type { Caller, Shown } from '../../audit/access-log.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import { seesNoPerson } from '../../mission/access-rules.ts';
import type { StoredEntry } from '../../mission/mission-log.ts';
import { notFound, openMission } from '../mission.ts';
import { pageAddress, remark, type Rows, searchAnswer, takePage, wrongCursor } from '../search/page.ts';
import { finds, missionIn, type Search } from '../search/read-search.ts';
import { shownOf } from '../shown.ts';
import { historyPage, pageHeaders } from './html-page.ts';
import { type HistoryPorts, seesAllUntil, visibleEntries } from './visible-entries.ts';

/** The history of a mission: one `Provenance` for each entry of its log, as a FHIR searchset or as an HTML page. */
export interface History {
  readonly outcome: 'found';
  /** A FHIR resource, or the text of an HTML page. */
  readonly resource: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly shows: readonly Shown[];
}

type ProvenanceSearch = Search<'Provenance'>;

/** Entries read at once: each holds a whole message. */
const entriesAtOnce = 25;

const entryNumberOf = ({ id = '' }: Provenance): string => String(parseAddress(id)?.entry);

/** What the HTML page says of entries that it does not show. */
const remarkFor = (last: StoredEntry, caller: Caller): string | undefined => {
  const { role } = caller;
  if (role === 'quality') return 'Shown without persons and free text.';
  if (seesNoPerson(role)) return 'Only the messages that concern you are shown, without persons and free text.';
  return seesAllUntil(last, caller) >= last.number
    ? undefined
    : 'Only the messages that concern you are shown. The mission may have others.';
};

/** What is said of numbers that the log does not have. Every reader learns it: an entry may have concerned the reader. */
const missingText = (numbers: readonly number[]): string | undefined => {
  if (numbers.length === 0) return undefined;
  const [one] = numbers;
  const what = numbers.length === 1 ? `message ${one}` : `the messages ${numbers.join(', ')}`;
  return `Not complete: the log of this mission does not have ${what}. The hub never removes a message. Inform the operators of the hub.`;
};

const pageFormats: readonly string[] = ['html', 'text/html'];

/** Whether the caller wants the HTML page: by `_format` if it is given, else by the `Accept` header. */
const wantsPage = ({ format }: ProvenanceSearch, accept: string): boolean => {
  return format === undefined ? /\btext\/html\b/i.test(accept) : pageFormats.includes(format.toLowerCase());
};

/** The entries that the caller may see, as they are read. Their place is their number. Notes numbers that the log does not have. */
const rowsOf = (
  ports: HistoryPorts,
  last: StoredEntry,
  caller: Caller,
  view: Viewpoint,
  missing: Set<number>,
): Rows<Provenance> =>
  async function* (cursor) {
    for (let from = Number(cursor ?? 0) + 1; from <= last.number; from += entriesAtOnce) {
      const to = Math.min(last.number, from + entriesAtOnce - 1);
      const found = await visibleEntries(ports, last, caller, { from, to }, view);
      for (const number of found.missing) missing.add(number);
      yield found.shown.map((row) => ({ row, place: entryNumberOf(row) }));
    }
  };

const readAt = async (
  ports: HistoryPorts,
  caller: Caller,
  mission: string,
  search: ProvenanceSearch,
  view: Viewpoint,
  path: string,
  accept: string,
): Promise<History | Refusal> => {
  if (search.cursor !== undefined && !/^[1-9]\d{0,6}$/.test(search.cursor)) return wrongCursor;
  const last = await openMission(ports.missions, caller, mission);
  if (isRefusal(last)) return last;

  const asPage = wantsPage(search, accept);
  // The HTML page is printed and filed: it is complete unless the caller asks for a part.
  const isWhole = asPage && !search.used.some(([name]) => name === '_count');
  const missing = new Set<number>();
  const page = await takePage(
    isWhole ? { ...search, count: last.number } : search,
    rowsOf(ports, last, caller, view, missing),
    (one) =>
      finds(search, {
        target: [mission],
        _id: [{ value: one.id ?? '' }],
        _lastUpdated: one.recorded,
      }),
  );
  if (isRefusal(page)) return page;

  const end = Number(page.next ?? last.number);
  const gaps = missingText([...missing].filter((number) => number <= end));
  const shows = [shownOf(last.state, caller, page.rows.map(entryNumberOf))];
  if (asPage) {
    const text = historyPage({
      mission,
      exercise: last.exercise,
      entries: page.rows,
      ...defined({
        remark: remarkFor(last, caller),
        gaps,
        next: page.next === undefined ? undefined : `${view.base}/${pageAddress(search, page.next, path)}`,
      }),
    });
    return { outcome: 'found', resource: text, headers: pageHeaders, shows };
  }
  const listed = page.rows.map((resource) => ({ resource, path: `Provenance/${resource.id ?? ''}` }));
  const remarks = gaps === undefined ? [] : [remark('incomplete', gaps)];
  return { outcome: 'found', resource: searchAnswer(search, page, [...listed, ...remarks], view, path), shows };
};

/** `GET ServiceRequest/{mission}/$history`. */
export const readHistory = (
  ports: HistoryPorts,
  caller: Caller,
  mission: string,
  search: ProvenanceSearch,
  view: Viewpoint,
  accept = '',
): Promise<History | Refusal> =>
  readAt(ports, caller, mission, search, view, `ServiceRequest/${mission}/$history`, accept);

/** `GET Provenance?target=ServiceRequest/{mission}`: the same as a FHIR search. */
export const searchHistory = async (
  ports: HistoryPorts,
  caller: Caller,
  search: ProvenanceSearch,
  view: Viewpoint,
  accept = '',
): Promise<History | Refusal> => {
  const mission = missionIn(search, 'target');
  return typeof mission === 'string' ? readAt(ports, caller, mission, search, view, search.type, accept) : mission;
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
  const {
    shown: [resource],
  } = await visibleEntries(ports, last, caller, { from: entry, to: entry }, view);
  return resource === undefined
    ? notFound
    : { outcome: 'found', resource, shows: [shownOf(last.state, caller, [String(entry)])] };
};
