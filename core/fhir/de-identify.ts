import type { Role } from '../../schemas/codes.ts';
import { entryAddress, resourceAddress } from '../../schemas/identifiers.ts';
import { isObject } from '../../schemas/json/json.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import { isModified } from '../../schemas/reading/modifiers.ts';
import { exerciseCode, systems } from '../../schemas/names.ts';
import { seesNoPerson } from '../mission/access-rules.ts';
import { type Entry, hub } from '../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';
import { readableEntries } from '../mission/sent-message.ts';
import { hubFactsOf } from './hub-facts.ts';
import { coding, membersOf, redacted, type Resource } from './kept-elements.ts';
import { allowLists, hubId, meta } from './de-identification-allow-list.ts';

/**
 * De-identification for roles that may not see persons (`seesNoPerson`): an allow-list. An element that is not listed here
 * is not shown. A code is shown only if its system and form are listed, a reference only if it leads to a resource of the
 * hub. So no name, number or free text of a sender is shown, in whatever element it was written.
 */

/** Security labels of what is shown without persons. */
export const deIdentifiedSecurity = (exercise: boolean) => ({
  security: [...(securityOf(exercise).security ?? []), redacted],
});

const securityLabels = (sent: Resource): readonly unknown[] => {
  const labels = isObject(sent['meta']) ? sent['meta']['security'] : undefined;
  return Array.isArray(labels) ? labels : [];
};

const isExercise = (sent: Resource): boolean =>
  securityLabels(sent)
    .filter(isObject)
    .some(({ system, code }) => system === systems.actReason && code === exerciseCode);

/** For whom a resource is de-identified, and in which entry of the mission it is shown. */
export interface DeIdentifiedReading {
  readonly role: Role;
  readonly entry: Entry;
  /** The entries that describe the mission, if the reader has them. */
  readonly sources?: readonly Entry[];
}

/**
 * A resource of the hub, or of a message under the hub's id, without persons and free text; `undefined` if nothing of its
 * type is shown.
 */
export const deIdentify = (sent: unknown, { role, entry, sources }: DeIdentifiedReading): Resource | undefined => {
  // Without the modifier, the rest would say another thing.
  if (!isObject(sent) || isModified(sent)) return undefined;
  const facts = hubFactsOf(entry, sources);
  const type = String(sent['resourceType']);
  const allowList = Object.hasOwn(allowLists, type) ? allowLists[type] : undefined;
  if (allowList === undefined) return undefined;
  const elements = { ...allowList.elements, ...(role === 'observer' ? allowList.place : {}) };
  const kept = membersOf(sent, elements, facts);
  const complete = allowList.complete === undefined ? kept : allowList.complete(kept, sent);
  return complete === undefined
    ? undefined
    : {
        resourceType: type,
        ...membersOf(sent, { id: hubId }, facts),
        meta: { ...membersOf(sent['meta'], meta, facts), ...deIdentifiedSecurity(entry.exercise || isExercise(sent)) },
        ...complete,
      };
};

/** A resource as a role sees it. */
export const seenBy = <Shown>(resource: Shown, reading: DeIdentifiedReading): Shown | Resource | undefined =>
  seesNoPerson(reading.role) ? deIdentify(resource, reading) : resource;

/** Codes of a PractitionerRole: the kind of health worker, without the person. */
export const codedRoles = (role: Resource): readonly { readonly system: string; readonly code: string }[] => {
  const concepts: readonly unknown[] = Array.isArray(role['code']) ? role['code'] : [];
  return concepts
    .flatMap((one) => (isObject(one) && Array.isArray(one['coding']) ? one['coding'] : []))
    .flatMap((one: unknown) => coding(one) ?? []);
};

interface DeIdentifiedEntry {
  readonly index: number;
  readonly resourceType: string;
  readonly fullUrl: string;
  readonly resource: Resource;
}

/**
 * What is shown of a message: its header in the hub's words, and the resources of the types that are shown, under the
 * ids by which they are read at the hub.
 */
export const deIdentifyEntries = (reading: DeIdentifiedReading, view: Viewpoint): readonly DeIdentifiedEntry[] => {
  const { entry } = reading;
  const { mission, number } = entry;
  const resources = readableEntries(entry).flatMap(({ index, resourceType, read }): readonly DeIdentifiedEntry[] => {
    const sent = read();
    const id = resourceAddress(mission, number, index);
    // Of what the sender wrote in meta only the label of an exercise counts.
    const resource = deIdentify({ ...sent, id, meta: { security: securityLabels(sent) } }, reading);
    return resource === undefined
      ? []
      : [{ index, resourceType, fullUrl: `${view.base}/${resourceType}/${id}`, resource }];
  });
  const type = knownMessageType(entry.event);
  const id = resourceAddress(mission, number, 0);
  const focus = resources.find(({ index }) => index === entry.focusIndex);
  const header = {
    resourceType: 'MessageHeader',
    id,
    meta: deIdentifiedSecurity(entry.exercise),
    eventCoding: { system: systems.event, code: eventCodeOf(type), display: type.title },
    sender: organisationReference(entry.sender, view),
    source: { name: hub.name, endpoint: `${view.base}/$process-message` },
    focus: [
      ...(focus === undefined ? [] : [{ reference: focus.fullUrl, type: focus.resourceType }]),
      ...(entry.state.readiness === undefined
        ? [{ type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } }]
        : []),
    ],
  };
  return [
    { index: 0, resourceType: 'MessageHeader', fullUrl: `${view.base}/MessageHeader/${id}`, resource: header },
    ...resources.filter(({ index }) => index !== 0),
  ];
};

/** A message as it is shown to roles that may not see persons. */
export const deIdentifiedBundle = (reading: DeIdentifiedReading, view: Viewpoint): Resource => ({
  resourceType: 'Bundle',
  id: entryAddress(reading.entry.mission, reading.entry.number),
  meta: { lastUpdated: reading.entry.receivedAt, ...deIdentifiedSecurity(reading.entry.exercise) },
  type: 'message',
  timestamp: reading.entry.receivedAt,
  entry: deIdentifyEntries(reading, view).map(({ fullUrl, resource }) => ({ fullUrl, resource })),
});
