import { defined } from '../defined.ts';
import { moment, type Reference, reference as referenceSchema } from '../fhir/datatypes.ts';
import { isObject } from '../json/json.ts';
import { cut, shownName } from '../text.ts';
import type { Ask, MessageType, Pointer, Stated } from '../messages/message-type.ts';
import type { Found, Resolution, Resolver } from './resolver.ts';

/** What a message that opens a Task asks for, so that the receiver's worklist shows it. */

/** Characters. The ask is copied into the state of the mission; the whole text stays in the message. */
const longestWords = 500;
const longestName = 100;

/** References that a Task of the worklist repeats. */
const mostPointers = 10;

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** The resource with an address that a reference leads to. One contained in the focus has none. */
const pointerTo = (resolution: Resolution, focus: Found): Pointer | undefined => {
  if (resolution.outcome === 'at-hub') return { type: resolution.type, id: resolution.id };
  if (resolution.outcome !== 'found' || resolution.found.index === focus.index) return undefined;
  return { type: String(resolution.found.resource['resourceType']), index: resolution.found.index };
};

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const isBlank = (text: string | undefined): boolean => text === undefined || text.trim() === '';

/** An element that states a place or patient, and what it means. */
interface Said {
  readonly reference: Reference;
  readonly resolution: Resolution;
}

/** Nothing if the element is missing or has no value. */
const saidIn = (value: unknown, focus: Found, { resolve }: Resolver): Said | undefined => {
  const read = referenceSchema.safeParse(value);
  if (!read.success) return isObject(value) ? { reference: {}, resolution: { outcome: 'unresolved' } } : undefined;
  const reference = read.data;
  const texts = [reference.reference, reference.identifier?.value, shownName(reference.display, longestName)];
  return texts.every(isBlank) ? undefined : { reference, resolution: resolve(reference, focus) };
};

/** An identifier that is short enough for a worklist. */
const shownIdentifier = ({ identifier = {} }: Reference): Stated['identifier'] => {
  const { system = '', value = '' } = identifier;
  if (isBlank(value) || value.length > longestName || system.length > longestName) return undefined;
  return { value, ...(isBlank(system) ? {} : { system }) };
};

/** What can be shown by neither address, identifier nor name is read in the focus. So is what the focus contains or leads nowhere. */
const statedBy = ({ reference, resolution }: Said, focus: Found, name: string | undefined): Stated => {
  const identifier = shownIdentifier(reference);
  const isWords = isBlank(reference.reference) && resolution.outcome !== 'found';
  const inFocus = { type: String(focus.resource['resourceType']), index: focus.index };
  const isShown = isWords && (identifier !== undefined || name !== undefined);
  return defined({
    pointer: pointerTo(resolution, focus) ?? (isShown ? undefined : inFocus),
    identifier,
    display: name,
  });
};

const readPatient = (value: unknown, focus: Found, resolver: Resolver): Stated | undefined => {
  const said = saidIn(value, focus, resolver);
  if (said === undefined) return undefined;
  // A Patient with an address says itself who it is.
  if (said.resolution.outcome === 'found' && said.resolution.found.index !== focus.index)
    return defined({ pointer: pointerTo(said.resolution, focus) });
  return statedBy(said, focus, shownName(said.reference.display, longestName));
};

/** The name of a place for people: its own, its address, or what the reference says. */
const placeName = ({ reference, resolution }: Said): string | undefined => {
  const place = resolution.outcome === 'found' ? resolution.found.resource : {};
  const address = isObject(place['address']) ? textIn(place['address']['text']) : undefined;
  return [textIn(place['name']), address, reference.display, textIn(place['description'])]
    .map((text) => shownName(text, longestName))
    .find((name) => name !== undefined);
};

/** The place that the hub routes by (`readPlace`), otherwise the first that is stated. */
const readPlaceAsked = (
  values: readonly unknown[],
  focus: Found,
  resolver: Resolver,
  chosen: Found | undefined,
): Stated | undefined => {
  const all = values.flatMap((value) => saidIn(value, focus, resolver) ?? []);
  const said = all.find(({ resolution }) => resolution.outcome === 'found' && resolution.found === chosen) ?? all[0];
  return said === undefined ? undefined : statedBy(said, focus, placeName(said));
};

const wordsOf = (resource: Readonly<Record<string, unknown>>): string | undefined => {
  const notes = list(resource['note']).map((note) => (isObject(note) ? textIn(note['text']) : undefined));
  const words = [textIn(resource['description']), textIn(resource['patientInstruction']), ...notes]
    .flatMap((text) => text?.trim() ?? [])
    .filter((text) => text !== '')
    .join('\n');
  return words === '' ? undefined : cut(words, longestWords);
};

const inputsOf = (resource: Readonly<Record<string, unknown>>): readonly unknown[] =>
  list(resource['input']).map((input) => (isObject(input) ? input['valueReference'] : undefined));

const limitOf = (resource: Readonly<Record<string, unknown>>): string | undefined => {
  const { restriction } = resource;
  const period = isObject(restriction) ? restriction['period'] : undefined;
  const end = isObject(period) ? textIn(period['end']) : undefined;
  const isTime = end !== undefined && (moment.safeParse(end).success || /^\d{4}-\d{2}-\d{2}$/.test(end));
  return isTime ? end : undefined;
};

/** Whether messages of a type ask a party something, or describe what is asked. */
export const asks = ({ focus, opens, mission }: MessageType): boolean =>
  opens !== undefined || mission === 'reviews' || focus?.resource === 'ServiceRequest';

/**
 * What the resource in focus asks: its words, place, patient, reasons and inputs, and the sender's time limit.
 * `place`: the Location that the hub routes by.
 */
export const readAsk = (focus: Found, resolver: Resolver, place?: Found): Ask => {
  const { resource } = focus;
  const places = resource['resourceType'] === 'Task' ? list(resource['location']) : list(resource['locationReference']);
  const patient = resource['resourceType'] === 'Task' ? resource['for'] : resource['subject'];
  const others = [...list(resource['reasonReference']), ...inputsOf(resource), ...list(resource['supportingInfo'])]
    .flatMap((one) => pointerTo(resolver.resolve(referenceSchema.safeParse(one).data, focus), focus) ?? [])
    .slice(0, mostPointers);
  return defined({
    type: String(resource['resourceType']),
    words: wordsOf(resource),
    place: readPlaceAsked(places, focus, resolver, place),
    patient: readPatient(patient, focus, resolver),
    refersTo: others.length === 0 ? undefined : others,
    limit: resource['resourceType'] === 'Task' ? limitOf(resource) : undefined,
  });
};
