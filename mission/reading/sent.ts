import { isRefusal, type Refusal } from '../../schemas/faults.ts';
import { type Address, parseAddress } from '../../schemas/identifiers.ts';
import type { Caller, MissionLog, StoredEntry } from '../ports.ts';
import { mayReadEntry } from '../routing.ts';
import { readableResource, sentBundle } from '../views/message-text.ts';
import { notFound, openMission } from './mission.ts';

type Found = { readonly outcome: 'found'; readonly resource: Readonly<Record<string, unknown>> };

const openEntry = async (missions: MissionLog, caller: Caller, address: Address): Promise<StoredEntry | Refusal> => {
  const last = await openMission(missions, caller, address.mission);
  if (isRefusal(last)) return last;
  const entry = address.entry === last.number ? last : await missions.entry(address.mission, address.entry);
  return entry !== undefined && mayReadEntry(entry, last.state, caller.organisation, caller.role) ? entry : notFound;
};

/** `GET Bundle/{mission}.{entry}`: a message as it was accepted, and `GET {type}/{mission}.{entry}.{index}`: one resource of it. */
export const readSent = async (
  missions: MissionLog,
  caller: Caller,
  type: string,
  id: string,
): Promise<Found | Refusal> => {
  const address = parseAddress(id);
  if (address === undefined || (address.index === undefined && type !== 'Bundle')) return notFound;
  const entry = await openEntry(missions, caller, address);
  if (isRefusal(entry)) return entry;
  if (address.index === undefined) return { outcome: 'found', resource: sentBundle(entry) };
  const resource = readableResource(entry, address.index);
  return resource?.['resourceType'] === type ? { outcome: 'found', resource: { ...resource, id } } : notFound;
};
