import type { Provenance } from 'fhir/r4.d.ts';
import { defined } from '../../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../../schemas/faults.ts';
import { parseAddress } from '../../../schemas/identifiers.ts';
import type { Caller, Shown } from '../../audit/access-log.ts';
import type { Viewpoint } from '../../fhir/fhir.ts';
import { searchset } from '../../fhir/searchset.ts';
import { seesNoPerson } from '../../mission/access-rules.ts';
import type { StoredEntry } from '../../mission/mission-log.ts';
import { notFound, openMission } from '../mission.ts';
import { pageSize, type Search, shownOf, unknownParameter } from '../search.ts';
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

/** Entries read at once: each holds a whole message. */
const entriesAtOnce = 25;

/** The address of the request: its path, and the parameters that name the mission, as the caller gave them. */
interface HistoryAddress {
  readonly path: string;
  readonly named: readonly [string, string][];
}

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

const pageFormats: readonly string[] = ['html', 'text/html'];

/** Whether the caller wants the HTML page: by `_format` if it is given, else by the `Accept` header. */
const wantsPage = (search: Search, accept: string): boolean => {
  const format = search.get('_format');
  return format === undefined ? /\btext\/html\b/i.test(accept) : pageFormats.includes(format.toLowerCase());
};

const readAt = async (
  ports: HistoryPorts,
  caller: Caller,
  mission: string,
  search: Search,
  view: Viewpoint,
  address: HistoryAddress,
  accept: string,
): Promise<History | Refusal> => {
  const unknown = unknownParameter(search, ['_count', '_cursor', '_format'], 'a history takes _count and _format');
  if (unknown !== undefined) return unknown;
  const count = pageSize(search);
  if (typeof count !== 'number') return count;
  const cursor = search.get('_cursor') ?? '1';
  if (!/^[1-9]\d{0,6}$/.test(cursor))
    return refuse('unknown-search', 'http._cursor', 'follow the link `next` of the page before');
  const last = await openMission(ports.missions, caller, mission);
  if (isRefusal(last)) return last;

  const from = Number(cursor);
  const asPage = wantsPage(search, accept);
  // The HTML page is printed and filed: it is complete unless the caller asks for a part.
  const isWhole = asPage && !search.has('_count');
  const to = isWhole ? last.number : Math.min(last.number, from + Math.min(count, entriesAtOnce) - 1);
  const entries: Provenance[] = [];
  for (let first = from; first <= to; first += entriesAtOnce) {
    const range = { from: first, to: Math.min(to, first + entriesAtOnce - 1) };
    entries.push(...(await visibleEntries(ports, last, caller, range, view)));
  }

  const shows = [shownOf(last.state, caller, entries.map(entryNumberOf))];
  const asked = [...search].filter(([name]) => name !== '_cursor');
  const addressOf = (more: readonly [string, string][]): string => {
    const parameters = new URLSearchParams([...address.named, ...more]);
    return parameters.size === 0 ? address.path : `${address.path}?${parameters.toString()}`;
  };
  const next = to < last.number ? addressOf([...asked, ['_cursor', String(to + 1)]]) : undefined;
  if (asPage) {
    const page = historyPage({
      mission,
      exercise: last.exercise,
      entries,
      ...defined({
        remark: remarkFor(last, caller),
        next: next === undefined ? undefined : `${view.base}/${next}`,
      }),
    });
    return { outcome: 'found', resource: page, headers: pageHeaders, shows };
  }
  const listed = entries.map((resource) => ({ resource, path: `Provenance/${resource.id ?? ''}` }));
  return { outcome: 'found', resource: searchset(addressOf(asked), next, listed, view), shows };
};

/** `GET ServiceRequest/{mission}/$history`. */
export const readHistory = (
  ports: HistoryPorts,
  caller: Caller,
  mission: string,
  search: Search,
  view: Viewpoint,
  accept = '',
): Promise<History | Refusal> =>
  readAt(ports, caller, mission, search, view, { path: `ServiceRequest/${mission}/$history`, named: [] }, accept);

/** `GET Provenance?target=ServiceRequest/{mission}`: the same as a FHIR search. */
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
  return readAt(ports, caller, mission, rest, view, { path: 'Provenance', named: [['target', target]] }, accept);
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
  const [resource] = await visibleEntries(ports, last, caller, { from: entry, to: entry }, view);
  return resource === undefined
    ? notFound
    : { outcome: 'found', resource, shows: [shownOf(last.state, caller, [String(entry)])] };
};
