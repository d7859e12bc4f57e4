import type { Fault } from '../faults.ts';
import { parseReference, uuidIn } from '../fhir/addresses.ts';
import { type MessageEntry, type MessageHeader, messageHeader } from '../fhir/resources.ts';
import { type Parsed, parseWith } from '../fhir/zod-faults.ts';
import { systems } from '../names.ts';
import { contradiction } from './contradiction.ts';
import { eventPath, headerPath } from './fhir-paths.ts';

const uriPath = `${headerPath}.eventUri`;

/** The id that a `fullUrl` gives: some encoders write the id of a resource only there. */
const idInUrl = (fullUrl: string | undefined): string | undefined => {
  const url = fullUrl === undefined ? undefined : parseReference(fullUrl);
  return url?.form === 'restful' ? url.id : uuidIn(fullUrl);
};

/** The hub knows events by their coding. A URI alone is not read; beside a coding it could mean another event. */
const eventFaults = ({ resource: { eventCoding, eventUri } }: MessageEntry): readonly Fault[] => {
  if (eventUri === undefined) return [];
  if (eventCoding !== undefined)
    return [contradiction({ at: eventPath }, { at: uriPath }, 'A message has one event: leave out eventUri.')];
  const detail = `is not read: give eventCoding with system ${systems.event} and the code`;
  return [{ code: 'missing-field', at: eventPath, detail: `is missing, and eventUri ${detail}` }];
};

/**
 * Reads the MessageHeader. Its id may be given by its `fullUrl` alone. An id beside a `urn:uuid:` counts: R4 allows them to differ
 * (Bundle.entry.fullUrl), and many clients renew only the id.
 */
export const readHeader = (first: MessageEntry): Parsed<MessageHeader> => {
  const { fullUrl, resource } = first;
  const id = resource['id'] ?? idInUrl(fullUrl);
  const faults = eventFaults(first);
  const header = parseWith(messageHeader, id === undefined ? resource : { ...resource, id }, headerPath);
  if (header.ok) return faults.length === 0 ? header : { ok: false, faults };
  // One fault for each place: the advice about the event is better than "is missing".
  const places = new Set(faults.map(({ at }) => at));
  return { ok: false, faults: [...faults, ...header.faults.filter(({ at }) => !places.has(at))] };
};
