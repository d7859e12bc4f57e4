import { isRefusal, type Refusal } from '../../schemas/faults.ts';
import { type Address, parseAddress } from '../../schemas/identifiers.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import { mayReadAnnouncement } from '../announcement.ts';
import type { Caller, MissionLog, StoredEntry } from '../ports.ts';
import { mayReadEntry, seesNoPerson } from '../routing.ts';
import { markedAsExercise } from '../views/exercise.ts';
import type { Viewpoint } from '../views/fhir.ts';
import { readableResource, sentBundle } from '../views/message-text.ts';
import { personFreeBundle, personFreeEntries } from '../views/person-free.ts';
import { notFound, openMission } from './mission.ts';

type Found = { readonly outcome: 'found'; readonly resource: Readonly<Record<string, unknown>> };

/** What an operator reported of a resource concerns no mission: who was told of it may read it, and every AMK LA. */
const mayReadReadiness = (entry: StoredEntry, { organisation, role }: Caller): boolean =>
  !seesNoPerson(role) &&
  (entry.sender === organisation ||
    entry.recipients.includes(organisation) ||
    knownMessageType(entry.event).readableBy.includes(role));

const openEntry = async (missions: MissionLog, caller: Caller, address: Address): Promise<StoredEntry | Refusal> => {
  const { mission, entry: number } = address;
  const last = await openMission(missions, caller, mission);
  if (isRefusal(last)) {
    const report = await missions.entry(mission, number);
    return report?.state.readiness !== undefined && mayReadReadiness(report, caller) ? report : notFound;
  }
  const entry = number === last.number ? last : await missions.entry(mission, number);
  const mayRead =
    entry !== undefined &&
    (caller.role === 'quality' ||
      mayReadEntry(entry, last.state, caller.organisation, caller.role) ||
      mayReadAnnouncement(entry, last.state, caller.organisation));
  return mayRead ? entry : notFound;
};

/**
 * `GET Bundle/{mission}.{entry}`: a message as it was accepted, and `GET {type}/{mission}.{entry}.{index}`: one resource of it.
 * Those who see no person get what is left without persons and free text.
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
  const entry = await openEntry(missions, caller, address);
  if (isRefusal(entry)) return entry;
  const { index } = address;
  if (seesNoPerson(caller.role)) {
    if (index === undefined) return { outcome: 'found', resource: personFreeBundle(entry, caller.role, view) };
    const shown = personFreeEntries(entry, caller.role, view).find((one) => one.index === index);
    return shown?.resourceType === type ? { outcome: 'found', resource: shown.resource } : notFound;
  }
  if (index === undefined) return { outcome: 'found', resource: sentBundle(entry) };
  const resource = readableResource(entry, index);
  return resource?.['resourceType'] === type
    ? { outcome: 'found', resource: { ...(entry.exercise ? markedAsExercise(resource) : resource), id } }
    : notFound;
};
