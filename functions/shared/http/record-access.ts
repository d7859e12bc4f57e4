import { missionNamed, recordAccess } from '../../../core/audit/record.ts';
import type { Access, AccessLog, Reading, Shown } from '../../../core/audit/access-log.ts';
import type { Party } from '../../../core/mission/state.ts';
import { isRefusal, type Refusal } from '../../../schemas/faults.ts';
import { type Request, systemOf } from './request.ts';
import { log } from '../telemetry/log.ts';

/** A read before it is answered. */
export interface Read<Found> {
  readonly request: Request;
  readonly correlationId: string;
  readonly caller: Party;
  readonly reading: Reading;
  /** What was asked for, as it was written: an id, or the value of a search parameter. */
  readonly asked: string;
  readonly result: Found | Refusal;
}

/** What a refusal is recorded of: that of a mission's number, whether or not there is such a mission. */
const refusedOf = (asked: string): readonly Shown[] => {
  const mission = missionNamed(asked.replace(/^.*\//, ''));
  return mission === undefined ? [] : [{ mission, exercise: false, relation: [], parts: [] }];
};

/**
 * Records a read and hands on its result: what cannot be recorded is not answered. A refusal is recorded the same way for a
 * mission that there is and one that there is not, so that the time it takes tells nothing either.
 */
export const recorded = async <Found extends { readonly outcome: 'found'; readonly shows: readonly Shown[] }>(
  accesses: AccessLog,
  { request, correlationId, caller, reading, asked, result }: Read<Found>,
): Promise<Found | Refusal> => {
  const isRefused = isRefusal(result);
  // Other refusals are of the question: nothing was looked at.
  if (isRefused && result.faults[0].code !== 'not-found') return result;
  const access: Access = {
    at: new Date().toISOString(),
    organisation: caller.organisation,
    role: caller.role,
    ...systemOf(request),
    reading,
    outcome: isRefused ? 'refused' : 'shown',
    missions: isRefused ? refusedOf(asked) : result.shows,
    request: correlationId,
  };
  const record = await recordAccess(accesses, access);
  // A second place that says what was recorded, which nobody who can write to the table can change.
  if (record !== undefined) log('READ_RECORDED', { chain: record.chain, number: record.number, digest: record.digest });
  return result;
};
