import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { AccessLog, AccessRecord, Caller, Shown } from '../audit/access-log.ts';
import { leads } from '../mission/state.ts';
import { auditEvent } from '../fhir/audit-event.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { type Listed, searchset } from '../fhir/searchset.ts';
import { notFound, openMission } from './mission.ts';
import { pageSize, type Search, shownOf, unknownParameter } from './search.ts';

/** Records that are read for one page: a chain of lists names many missions, and few of its records name this one. */
const recordsOfPage = 2000;

const recordsAtOnce = 100;

/** Start of a page: the chain, empty for the mission's own, and the number in it. */
interface Place {
  readonly chain: string;
  readonly number: number;
}

interface Cursor extends Place {
  /** Later records are left out, since reading the log adds a record to it. */
  readonly until: string;
}

const cursorIn = (text: string): Cursor | undefined => {
  const [, until, chain, number] = /^([\d:.TZ-]{24})~([\w.-]{0,60})~([1-9]\d{0,8})$/.exec(text) ?? [];
  return until === undefined || chain === undefined || number === undefined
    ? undefined
    : { until, chain, number: Number(number) };
};

interface Found {
  readonly record: AccessRecord;
  readonly shown: Shown;
}

/** What a record has of the mission, unless the record is left out. */
const saidOf = (record: AccessRecord, mission: string, until: string): readonly Found[] =>
  record.access.at > until
    ? []
    : record.access.missions.filter((shown) => shown.mission === mission).map((shown) => ({ record, shown }));

/** The reads of a mission from a place on, chain by chain, up to a limit, and the start of the next page. */
const readsFrom = async (
  log: AccessLog,
  mission: string,
  { until, ...start }: Cursor,
  count: number,
): Promise<{ readonly found: readonly Found[]; readonly next?: Place }> => {
  const chains = ['', ...(await log.chainsNaming(mission))].filter((chain) => chain >= start.chain);
  const found: Found[] = [];
  let looked = 0;
  for (const chain of chains) {
    let number = chain === start.chain ? start.number : 1;
    for (;;) {
      const records = await log.range(chain === '' ? mission : chain, number, recordsAtOnce);
      for (const record of records) {
        found.push(...saidOf(record, mission, until));
        number = record.number + 1;
        looked += 1;
        if (found.length >= count || looked >= recordsOfPage) return { found, next: { chain, number } };
      }
      if (records.length < recordsAtOnce) break;
    }
  }
  return { found };
};

const advice = 'give entity=ServiceRequest/<mission>';

/**
 * `GET AuditEvent?entity=ServiceRequest/{mission}`: the reads of a mission, with organisation, role and time. Reads of the
 * mission itself come first, then by day lists that showed it and reads that were refused. Only for requester and coordinator:
 * they keep the patient's record and answer the patient.
 */
export const searchAccesses = async (
  ports: { readonly missions: MissionLog; readonly accesses: AccessLog; readonly now: () => number },
  caller: Caller,
  search: Search,
  view: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] } | Refusal> => {
  const unknown = unknownParameter(search, ['entity', '_count', '_cursor', '_format'], advice);
  if (unknown !== undefined) return unknown;
  const entity = search.get('entity');
  const mission = entity?.replace(/^(?:.*\/)?ServiceRequest\//, '');
  if (entity === undefined || mission === undefined) return refuse('unknown-search', 'http.entity', advice);
  const count = pageSize(search);
  if (typeof count !== 'number') return count;
  const given = search.get('_cursor');
  const start =
    given === undefined ? { until: new Date(ports.now()).toISOString(), chain: '', number: 1 } : cursorIn(given);
  if (start === undefined) return refuse('unknown-search', 'http._cursor', 'follow the link of the page before');
  const last = isMissionId(mission) ? await openMission(ports.missions, caller, mission) : notFound;
  if (isRefusal(last) || !leads(last.state, caller.organisation)) return notFound;

  const { found, next } = await readsFrom(ports.accesses, mission, start, count);
  const asked = [...search].filter(([name]) => name !== '_cursor');
  const addressOf = (more: readonly [string, string][]): string =>
    `AuditEvent?${new URLSearchParams([...asked, ...more]).toString()}`;
  const listed = found.map(({ record, shown }): Listed => {
    const resource = auditEvent(record, shown, view);
    return { resource, path: `AuditEvent/${resource.id ?? ''}` };
  });
  const following =
    next === undefined ? undefined : addressOf([['_cursor', `${start.until}~${next.chain}~${next.number}`]]);
  return {
    outcome: 'found',
    resource: searchset(addressOf([]), following, listed, view),
    shows: [shownOf(last.state, caller, [])],
  };
};
