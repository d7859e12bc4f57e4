import { isRefusal, type Refusal } from '../../schemas/faults.ts';
import { type Address, parseAddress } from '../../schemas/identifiers.ts';
import { mayReadPrearrivalBeforeDiversion } from '../mission/diversion.ts';
import { descriptionEntries } from '../mission/description.ts';
import { loadEntries } from '../mission/sources.ts';
import type { MissionLog, StoredEntry } from '../mission/mission-log.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { mayReadEntry, mayReadReadiness, seesNoPerson } from '../mission/access-rules.ts';
import type { MissionState } from '../mission/state.ts';
import { markedAsExercise } from '../fhir/exercise.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { readableResource, sentBundle } from '../mission/sent-message.ts';
import { deIdentifiedBundle, deIdentifyEntries } from '../fhir/de-identify.ts';
import { notFound, openMission } from './mission.ts';
import { shownOf } from './shown.ts';

type Resource = Readonly<Record<string, unknown>>;

type Found = { readonly outcome: 'found'; readonly resource: Resource; readonly shows: readonly Shown[] };

/** An entry that the caller may read, with the current state of its mission; without state if it is in no mission. */
interface Opened {
  readonly entry: StoredEntry;
  readonly current?: MissionState;
}

const openEntry = async (missions: MissionLog, caller: Caller, address: Address): Promise<Opened | Refusal> => {
  const { mission, entry: number } = address;
  const last = await openMission(missions, caller, mission);
  if (isRefusal(last)) {
    const report = await missions.entry(mission, number);
    return report?.state.readiness !== undefined && mayReadReadiness(report, caller.organisation, caller.role)
      ? { entry: report }
      : notFound;
  }
  const entry = number === last.number ? last : await missions.entry(mission, number);
  const mayRead =
    entry !== undefined &&
    (caller.role === 'quality' ||
      mayReadEntry(entry, last.state, caller.organisation, caller.role) ||
      mayReadPrearrivalBeforeDiversion(entry, last.state, caller.organisation));
  return mayRead ? { entry, current: last.state } : notFound;
};

/**
 * `GET Bundle/{mission}.{entry}`: a message as it was accepted, and `GET {type}/{mission}.{entry}.{index}`: one resource of it.
 * Roles that may not see persons get it without persons and free text.
 */
export const readSent = async (
  missions: MissionLog,
  caller: Caller,
  type: string,
  id: string,
  view: Viewpoint,
): Promise<Found | Refusal> => {
  const address = parseAddress(id);
  if (address === undefined || (address.index === undefined && type !== 'Bundle')) return notFound;
  const opened = await openEntry(missions, caller, address);
  if (isRefusal(opened)) return opened;
  const { entry, current } = opened;
  const { index } = address;
  const part = [entry.number, ...(index === undefined ? [] : [index])].join('.');
  const shows = current === undefined ? [] : [shownOf(current, caller, [part])];
  if (seesNoPerson(caller.role)) {
    const sources = await loadEntries(missions, entry, descriptionEntries(entry.state));
    const reading = { role: caller.role, entry, sources };
    if (index === undefined) return { outcome: 'found', resource: deIdentifiedBundle(reading, view), shows };
    const shown = deIdentifyEntries(reading, view).find((one) => one.index === index);
    return shown?.resourceType === type ? { outcome: 'found', resource: shown.resource, shows } : notFound;
  }
  if (index === undefined) return { outcome: 'found', resource: sentBundle(entry), shows };
  const resource = readableResource(entry, index);
  return resource?.['resourceType'] === type
    ? { outcome: 'found', resource: { ...(entry.exercise ? markedAsExercise(resource) : resource), id }, shows }
    : notFound;
};
