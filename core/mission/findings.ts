import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { plausible } from './plausible-times.ts';
import type { KnownFinding, MissionEvent, MissionState } from './state.ts';

/** Findings that the state names. The oldest above this number are only in their messages. */
const mostFindings = 50;

/** The newest finding of each key after an event. Without a time, or with one in the future, it was found when it was received. */
export const findingsAfter = (
  before: MissionState['findings'],
  { facts, number, receivedAt }: MissionEvent,
): MissionState['findings'] => {
  if (facts.findings === undefined) return before;
  const received = Date.parse(receivedAt);
  const known = new Map((before ?? []).map((finding) => [finding.key, finding]));
  for (const { index, key, at } of facts.findings) {
    const time = at === undefined || timeOf(at) > received + plausible.clockSkew ? received : timeOf(at);
    const earlier = known.get(key);
    if (earlier !== undefined && Date.parse(earlier.at) > time) continue;
    known.set(key, { entry: number, index, key, at: new Date(time).toISOString() });
  }
  const byTime = (one: KnownFinding, other: KnownFinding): number => one.at.localeCompare(other.at);
  return [...known.values()].toSorted(byTime).slice(-mostFindings);
};
