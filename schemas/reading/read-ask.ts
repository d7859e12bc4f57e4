import { defined } from '../defined.ts';
import { moment, reference as referenceSchema } from '../fhir/datatypes.ts';
import { isObject } from '../json/json.ts';
import { cut, shownName } from '../text.ts';
import type { Ask, MessageType, Pointer } from '../messages/message-type.ts';
import type { Found, Resolver } from './resolver.ts';

/** What a message that opens a Task asks for, so that the receiver's worklist shows it. */

/** Characters. The ask is copied into the state of the mission; the whole text stays in the message. */
const longestWords = 500;
const longestName = 100;

/** References that a Task of the worklist repeats. */
const mostPointers = 10;

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** The resource that a reference leads to; nothing for one contained in the focus, which has no address. */
const pointerTo = (value: unknown, focus: Found, { resolve }: Resolver): Pointer | undefined => {
  const resolution = resolve(referenceSchema.safeParse(value).data, focus);
  if (resolution.outcome === 'at-hub') return { type: resolution.type, id: resolution.id };
  if (resolution.outcome !== 'found' || resolution.found.index === focus.index) return undefined;
  return { type: String(resolution.found.resource['resourceType']), index: resolution.found.index };
};

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The name of a place for people: its own, its address, or what the reference says. */
const placeName = (value: unknown, focus: Found, { resolve }: Resolver): string | undefined => {
  const read = referenceSchema.safeParse(value).data;
  const resolution = resolve(read, focus);
  const place = resolution.outcome === 'found' ? resolution.found.resource : {};
  const address = isObject(place['address']) ? textIn(place['address']['text']) : undefined;
  return [textIn(place['name']), address, read?.display, textIn(place['description'])]
    .map((text) => shownName(text, longestName))
    .find((name) => name !== undefined);
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

/** What the resource in focus asks: its words, place, patient, reasons and inputs, and the sender's time limit. */
export const readAsk = (focus: Found, resolver: Resolver): Ask => {
  const { resource } = focus;
  const places = resource['resourceType'] === 'Task' ? list(resource['location']) : list(resource['locationReference']);
  const patient = resource['resourceType'] === 'Task' ? resource['for'] : resource['subject'];
  const others = [...list(resource['reasonReference']), ...inputsOf(resource), ...list(resource['supportingInfo'])]
    .flatMap((one) => pointerTo(one, focus, resolver) ?? [])
    .slice(0, mostPointers);
  return defined({
    type: String(resource['resourceType']),
    words: wordsOf(resource),
    place: pointerTo(places[0], focus, resolver),
    placeName: placeName(places[0], focus, resolver),
    patient: pointerTo(patient, focus, resolver),
    refersTo: others.length === 0 ? undefined : others,
    limit: resource['resourceType'] === 'Task' ? limitOf(resource) : undefined,
  });
};
