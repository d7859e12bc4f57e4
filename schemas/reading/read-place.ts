import type { z } from 'zod';
import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { reference as referenceSchema } from '../fhir/datatypes.ts';
import { location as locationSchema } from '../fhir/resources.ts';
import { judgePlace, kilometresBetween } from '../fhir/service-area.ts';
import { type Parsed, parseWith } from '../fhir/zod-faults.ts';
import { municipalityExtension, systems } from '../names.ts';
import { mostOfKind, type Warning } from '../warnings.ts';
import { contradiction } from './contradiction.ts';
import type { MessageType, Position } from '../messages/message-type.ts';
import type { Found, Resolver } from './resolver.ts';
import { adviceOnSystem } from '../messages/system-names.ts';

/** Position and municipality of the one place that the hub routes by. */
export interface Whereabouts {
  readonly position?: Position;
  /** Of this very position. */
  readonly municipality?: string;
}

/** The place that a message gives. */
export interface ReadPlace {
  readonly whereabouts: Whereabouts;
  /** The Location with the position. */
  readonly location?: Found;
  readonly warnings: readonly Warning[];
}

/**
 * Kilometres. Locations of one mission within this distance are one scene, such as the patient's place and the landing site;
 * farther apart, the hub cannot know to which of them a crew is asked to fly.
 */
const sceneKilometres = 10;

const positionFaults = (position: Position, at: string): readonly Fault[] => {
  switch (judgePlace(position)) {
    case 'inside':
      return [];
    case 'swapped':
      return [{ code: 'swapped-coordinates', at }];
    case 'outside':
      return [{ code: 'impossible-coordinates', at }];
  }
};

/** Municipality number on `Address.district`, four digits (extension no-basis-municipalitycode, Volven 3402). */
const municipalityOf = ({ address }: z.output<typeof locationSchema>, at: string): Parsed<string | undefined> => {
  const faults: Fault[] = [];
  const numbers: { readonly code: string; readonly at: string }[] = [];
  (address?._district?.extension ?? []).forEach(({ url, valueCoding }, index) => {
    const place = `${at}.address._district.extension[${index}]`;
    const wrong = (element: string, detail: string): void =>
      void faults.push({ code: 'wrong-field', at: `${place}.${element}`, detail });
    if (url !== municipalityExtension) {
      const advice = adviceOnSystem(url);
      if (advice !== undefined) wrong('url', advice);
      return;
    }
    if (valueCoding === undefined) {
      const detail = `is missing: give the municipality number as Coding, system ${systems.municipality}`;
      faults.push({ code: 'missing-field', at: `${place}.valueCoding`, detail });
      return;
    }
    const { system = systems.municipality, code } = valueCoding;
    const advice = adviceOnSystem(system);
    if (advice !== undefined) wrong('valueCoding.system', advice);
    if (system !== systems.municipality || code === undefined) return;
    if (/^\d{4}$/.test(code)) numbers.push({ code, at: `${place}.valueCoding.code` });
    else wrong('valueCoding.code', 'is not a municipality number: give four digits, e.g. 3411');
  });
  if (faults.length > 0) return { ok: false, faults };
  const [first] = numbers;
  const other = numbers.find(({ code }) => code !== first?.code);
  return first === undefined || other === undefined
    ? { ok: true, value: first?.code }
    : { ok: false, faults: [contradiction(first, other, 'A place is in one municipality.')] };
};

/** Reads a Location with its place. */
const readLocation = ({ resource, at }: Found): Parsed<Whereabouts> => {
  const location = parseWith(locationSchema, resource, at);
  if (!location.ok) return location;
  const position = location.value.position === undefined ? undefined : defined(location.value.position);
  const municipality = municipalityOf(location.value, at);
  const faults = [
    ...(position === undefined ? [] : positionFaults(position, `${at}.position`)),
    ...(municipality.ok ? [] : municipality.faults),
  ];
  return faults.length > 0 || !municipality.ok
    ? { ok: false, faults }
    : { ok: true, value: defined({ position, municipality: municipality.value }) };
};

/** References to places, in the order in which the sender gives them. */
interface Places {
  readonly locations: readonly Found[];
  /** References that lead to no Location of the Bundle. `before`: number of Locations that come before it. */
  readonly lost: readonly { readonly at: string; readonly before: number }[];
  readonly faults: readonly Fault[];
}

/** The elements that refer to a place. */
const placeElements: Readonly<Record<string, string>> = { ServiceRequest: 'locationReference', Task: 'location' };

const placesOf = (focus: Found, element: string, { resolve }: Resolver): Places => {
  const value = focus.resource[element];
  const path = `${focus.at}.${element}`;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const locations = new Set<Found>();
  const lost: { at: string; before: number }[] = [];
  const faults: Fault[] = [];
  list.forEach((one, index) => {
    // What is no reference at all is reported where the resource is read.
    const resolution = resolve(referenceSchema.safeParse(one).data, focus);
    const at = Array.isArray(value) ? `${path}[${index}]` : path;
    if (resolution.outcome === 'nothing') return;
    if (resolution.outcome === 'ambiguous') {
      const [first = { at }, second = { at }] = resolution.candidates;
      faults.push(contradiction(first, second, 'Both can be meant by one reference to a place.'));
    } else if (resolution.outcome === 'found' && resolution.found.resource['resourceType'] === 'Location')
      locations.add(resolution.found);
    else lost.push({ at, before: locations.size });
  });
  return { locations: [...locations], lost, faults };
};

const lostDetail = 'leads to no Location in the Bundle: send the Location, and refer to it by its fullUrl';

const warningsOf = ({ lost }: Places): readonly Warning[] =>
  lost.slice(0, mostOfKind).map(({ at }) => ({ code: 'unresolved-place', at, detail: lostDetail }));

/** The places of a scene. The first with a position counts; the others must not be somewhere else. */
const readScene = ({ locations, lost, faults }: Places): Parsed<Omit<ReadPlace, 'warnings'>> => {
  const all: Fault[] = [...faults];
  const found: (Whereabouts & { readonly at: string; readonly order: number; readonly location: Found })[] = [];
  locations.forEach((location, order) => {
    const read = readLocation(location);
    if (read.ok) found.push({ ...read.value, at: `${location.at}.position`, order, location });
    else all.push(...read.faults);
  });
  const [place, ...others] = found.filter(({ position }) => position !== undefined);
  // A place that comes first and leads nowhere could be the one that is meant.
  if (place !== undefined)
    for (const { at } of lost.filter(({ before }) => before <= place.order).slice(0, mostOfKind))
      all.push({ code: 'unresolved-reference', at, detail: lostDetail });
  const elsewhere = others.find(
    ({ position }) =>
      position !== undefined &&
      place?.position !== undefined &&
      kilometresBetween(place.position, position) > sceneKilometres,
  );
  if (place !== undefined && elsewhere !== undefined) {
    const detail = `They are more than ${sceneKilometres} km apart, so a crew could fly to either. Send only the places of one scene here.`;
    all.push(contradiction(place, elsewhere, detail));
  }
  if (all.length > 0) return { ok: false, faults: all };
  const { position, municipality, location } = place ?? {};
  return { ok: true, value: { whereabouts: defined({ position, municipality }), ...defined({ location }) } };
};

/** The place that the focus resource gives. A place that the type requires must have a position. */
export const readPlace = (type: MessageType, focus: Found, resolver: Resolver): Parsed<ReadPlace> => {
  const wanted = type.focus?.location;
  if (wanted?.element === 'self') {
    const read = readLocation(focus);
    return read.ok ? { ok: true, value: { whereabouts: read.value, warnings: [] } } : read;
  }
  const element = wanted?.element ?? placeElements[String(focus.resource['resourceType'])];
  if (element === undefined) return { ok: true, value: { whereabouts: {}, warnings: [] } };
  const places = placesOf(focus, element, resolver);
  // A type without a place reads none; its sender must know all the same that a reference leads nowhere.
  if (wanted === undefined) return { ok: true, value: { whereabouts: {}, warnings: warningsOf(places) } };
  const scene = readScene(places);
  if (!scene.ok) return scene;
  if (scene.value.whereabouts.position === undefined && wanted.required) {
    const [lost] = places.lost;
    if (lost !== undefined)
      return { ok: false, faults: [{ code: 'unresolved-reference', at: lost.at, detail: lostDetail }] };
    const detail = 'must reference a Location in the Bundle that has a position';
    return { ok: false, faults: [{ code: 'missing-field', at: `${focus.at}.${element}`, detail }] };
  }
  return { ok: true, value: { ...scene.value, warnings: warningsOf(places) } };
};
