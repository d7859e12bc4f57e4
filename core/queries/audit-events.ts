import { isRefusal, type Refusal } from '../../schemas/faults.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import type { AccessLog, AccessRecord, Caller, Shown } from '../audit/access-log.ts';
import { leads } from '../mission/state.ts';
import { accessId, auditEvent } from '../fhir/audit-event.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import type { Listed } from '../fhir/searchset.ts';
import { notFound, openMission } from './mission.ts';
import { type Placed, type Rows, searchAnswer, takePage, wrongCursor } from './search/page.ts';
import { finds, missionIn, type Search } from './search/read-search.ts';
import { shownOf } from './shown.ts';

const recordsAtOnce = 100;

/** Place of a record: its chain, empty for the mission's own, and its number in it. */
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

/** A record, and what it has of the mission: nothing, if it is about others or too late. */
interface Row {
  readonly record: AccessRecord;
  readonly shown: Shown | undefined;
}

/** The records of a mission's chain after a place, then those of every chain that names it. Few of the latter may be about it. */
const readsFrom = async function* (
  log: AccessLog,
  mission: string,
  until: string,
  after: Place | undefined,
): AsyncIterable<readonly Placed<Row>[]> {
  const chains = ['', ...(await log.chainsNaming(mission))].filter((chain) => chain >= (after?.chain ?? ''));
  for (const chain of chains) {
    let number = chain === after?.chain ? after.number + 1 : 1;
    for (;;) {
      const records = await log.range(chain === '' ? mission : chain, number, recordsAtOnce);
      yield records.map((record) => ({
        row: {
          record,
          shown: record.access.at > until ? undefined : record.access.missions.find((one) => one.mission === mission),
        },
        place: `${until}~${chain}~${record.number}`,
      }));
      number += records.length;
      if (records.length < recordsAtOnce) break;
    }
  }
};

/**
 * `GET AuditEvent?entity=ServiceRequest/{mission}`: the reads of a mission, with organisation, role and time. Reads of the
 * mission itself come first, then by day lists that showed it and reads that were refused. Only for requester and coordinator:
 * they keep the patient's record and answer the patient.
 */
export const searchAccesses = async (
  ports: { readonly missions: MissionLog; readonly accesses: AccessLog; readonly now: () => number },
  caller: Caller,
  search: Search<'AuditEvent'>,
  view: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown; readonly shows: readonly Shown[] } | Refusal> => {
  const mission = missionIn(search, 'entity');
  if (typeof mission !== 'string') return mission;
  const start = search.cursor === undefined ? { until: new Date(ports.now()).toISOString() } : cursorIn(search.cursor);
  if (start === undefined) return wrongCursor;
  const last = isMissionId(mission) ? await openMission(ports.missions, caller, mission) : notFound;
  if (isRefusal(last) || !leads(last.state, caller.organisation)) return notFound;

  const rows: Rows<Row> = (after) => readsFrom(ports.accesses, mission, start.until, cursorIn(after ?? ''));
  const page = await takePage(
    search,
    rows,
    ({ record, shown }) =>
      shown !== undefined &&
      finds(search, {
        entity: [mission],
        _id: [{ value: accessId(record, shown) }],
        _lastUpdated: record.access.at,
      }),
  );
  if (isRefusal(page)) return page;
  const listed = page.rows.flatMap(({ record, shown }): readonly Listed[] =>
    shown === undefined
      ? []
      : [{ resource: auditEvent(record, shown, view), path: `AuditEvent/${accessId(record, shown)}` }],
  );
  return {
    outcome: 'found',
    resource: searchAnswer(search, page, listed, view),
    shows: [shownOf(last.state, caller, [])],
  };
};
