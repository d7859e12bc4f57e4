import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { plausible } from './plausible-times.ts';
import { fingerprintOf } from '../../schemas/identifiers.ts';
import type { KnownFinding, MissionEvent, MissionState } from './state.ts';

/** Findings that the state names. The oldest above this number are only in their messages. */
const mostFindings = 50;

/**
 * The newest finding of each key after an event. Without a time, or with one in the future, it was found when it was received.
 * A finding that is void replaces none; it removes itself if it is the newest.
 */
export const findingsAfter = (
  before: MissionState['findings'],
  { facts, number, sender, receivedAt }: MissionEvent,
): MissionState['findings'] => {
  if (facts.findings === undefined) return before;
  const received = Date.parse(receivedAt);
  const known = new Map((before ?? []).map((finding) => [finding.key, finding]));
  for (const { index, at, isVoid, ...finding } of facts.findings) {
    const key = finding.ofSender === true ? fingerprintOf(sender, finding.key) : finding.key;
    const name = fingerprintOf(sender, finding.name);
    const time = at === undefined || timeOf(at) > received + plausible.clockSkew ? received : timeOf(at);
    const earlier = known.get(key);
    if (isVoid === true) {
      if (earlier?.name === name) known.delete(key);
      continue;
    }
    if (earlier !== undefined && Date.parse(earlier.at) > time) continue;
    known.set(key, { entry: number, index, key, name, at: new Date(time).toISOString() });
  }
  const byTime = (one: KnownFinding, other: KnownFinding): number => one.at.localeCompare(other.at);
  return [...known.values()].toSorted(byTime).slice(-mostFindings);
};
