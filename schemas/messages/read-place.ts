import type { z } from 'zod';
import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { location as locationSchema } from '../fhir/resources.ts';
import { judgePlace } from '../fhir/service-area.ts';
import { type Parsed, parseWith } from '../fhir/zod-faults.ts';
import { isObject } from '../json/json.ts';
import { municipalityExtension } from '../names.ts';
import type { BundleIndex, Found } from './bundle-index.ts';
import { resourcePath } from './fhir-paths.ts';
import type { MessageType, Position } from './message-type.ts';

/** Position and municipality that the Locations of a message give. */
export interface Whereabouts {
  readonly position?: Position;
  readonly municipality?: string;
}

/** A resource that may be a Location, and its FHIRPath. */
interface Place {
  readonly base: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

const positionFaults = (position: Position, base: string): readonly Fault[] => {
  switch (judgePlace(position)) {
    case 'inside':
      return [];
    case 'swapped':
      return [{ code: 'swapped-coordinates', at: `${base}.position` }];
    case 'outside':
      return [{ code: 'impossible-coordinates', at: `${base}.position` }];
  }
};

/** Municipality number on `Address.district`, four digits (extension no-basis-municipalitycode, Volven 3402). */
const municipalityOf = ({ address }: z.output<typeof locationSchema>): string | undefined => {
  const code = address?._district?.extension?.find(({ url }) => url === municipalityExtension)?.valueCoding?.code;
  return code !== undefined && /^\d{4}$/.test(code) ? code : undefined;
};

const placeAt = ({ index, resource }: Found): Place => ({ base: resourcePath(index), resource });

/** The contained resources of a resource, by id (R4 references). */
const containedIn = ({ index, resource }: Found): ReadonlyMap<unknown, readonly Place[]> => {
  const list: readonly unknown[] = Array.isArray(resource['contained']) ? resource['contained'] : [];
  const places = list.flatMap((one, at) =>
    isObject(one) ? [{ base: `${resourcePath(index)}.contained[${at}]`, resource: one }] : [],
  );
  return Map.groupBy(places, (place) => place.resource['id']);
};

/** What an element of the focus resource references: contained resources and entries of the Bundle, each once. */
const placesIn = (element: unknown, focus: Found, index: BundleIndex): readonly Place[] => {
  const contained = containedIn(focus);
  const references = new Set(
    (Array.isArray(element) ? element : [element]).filter(isObject).map((one) => one['reference']),
  );
  return [...references].flatMap((reference) => {
    if (typeof reference !== 'string') return [];
    if (reference.startsWith('#')) return contained.get(reference.slice(1)) ?? [];
    const found = index.resolve({ reference });
    return found === undefined ? [] : [placeAt(found)];
  });
};

/** The first position and the first municipality of the Locations that the focus resource leads to. */
export const readPlace = (type: MessageType, focus: Found, index: BundleIndex): Parsed<Whereabouts> => {
  const wanted = type.focus?.location;
  if (wanted === undefined) return { ok: true, value: {} };
  const places = wanted.element === 'self' ? [placeAt(focus)] : placesIn(focus.resource[wanted.element], focus, index);
  const faults: Fault[] = [];
  const found: Whereabouts[] = [];
  for (const { base, resource } of places.filter((place) => place.resource['resourceType'] === 'Location')) {
    const location = parseWith(locationSchema, resource, base);
    if (location.ok) {
      const position = location.value.position === undefined ? undefined : defined(location.value.position);
      found.push(defined({ position, municipality: municipalityOf(location.value) }));
      if (position !== undefined) faults.push(...positionFaults(position, base));
    } else faults.push(...location.faults);
  }
  if (faults.length > 0) return { ok: false, faults };
  const position = found.find((one) => one.position !== undefined)?.position;
  if (position === undefined && wanted.required) {
    const at = `${resourcePath(focus.index)}.${wanted.element}`;
    const detail = 'must reference a Location in the Bundle that has a position';
    return { ok: false, faults: [{ code: 'missing-field', at, detail }] };
  }
  const municipality = found.find((one) => one.municipality !== undefined)?.municipality;
  return { ok: true, value: defined({ position, municipality }) };
};
