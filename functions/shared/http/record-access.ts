import { missionNamed, recordAccess } from '../../../core/audit/record.ts';
import type { Access, AccessLog, Reading, Shown } from '../../../core/audit/access-log.ts';
import type { Clock } from '../../../core/mission/clock.ts';
import type { Party } from '../../../core/mission/state.ts';
import { isRefusal, type Refusal } from '../../../schemas/faults.ts';
import { type Request, systemOf } from './request.ts';
import { log } from '../telemetry/log.ts';

/** A read that is not answered yet. */
export interface Read<Found> {
  readonly request: Request;
  readonly correlationId: string;
  readonly caller: Party;
  readonly reading: Reading;
  /** What was asked for, as it was written: an id, or the value of a search parameter. */
  readonly asked: string;
  readonly result: Found | Refusal;
}

/** What the record of a refusal names: the mission of the id that was asked for, whether or not it exists. */
const refusedOf = (asked: string): readonly Shown[] => {
  const mission = missionNamed(asked.replace(/^.*\//, ''));
  return mission === undefined ? [] : [{ mission, exercise: false, relation: [], parts: [] }];
};

/**
 * Records a read and returns its result. Throws if it cannot be recorded: then nothing is answered. A refusal is recorded the
 * same way whether the mission exists or not, so that the time of the answer does not show that either.
 */
export const recorded = async <Found extends { readonly outcome: 'found'; readonly shows: readonly Shown[] }>(
  ports: { readonly accesses: AccessLog } & Clock,
  { request, correlationId, caller, reading, asked, result }: Read<Found>,
): Promise<Found | Refusal> => {
  const isRefused = isRefusal(result);
  // Other refusals are about the request itself: nothing was read.
  if (isRefused && result.faults[0].code !== 'not-found') return result;
  const access: Access = {
    at: new Date(ports.now()).toISOString(),
    organisation: caller.organisation,
    role: caller.role,
    ...systemOf(request),
    reading,
    outcome: isRefused ? 'refused' : 'shown',
    missions: isRefused ? refusedOf(asked) : result.shows,
    request: correlationId,
  };
  const record = await recordAccess(ports.accesses, access);
  // A second witness of the record: write access to the table does not give access to this log.
  if (record !== undefined) {
    const { chain, number, digest } = record;
    log('READ_RECORDED', { chain, number, digest, reading });
  }
  return result;
};
