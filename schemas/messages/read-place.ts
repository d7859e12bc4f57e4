import type { z } from 'zod';
import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { location as locationSchema } from '../fhir/resources.ts';
import { judgePlace } from '../fhir/service-area.ts';
import { type Parsed, parseWith } from '../fhir/zod-faults.ts';
import { reference as referenceSchema } from '../fhir/datatypes.ts';
import { municipalityExtension } from '../names.ts';
import type { MessageType, Position } from './message-type.ts';
import type { Found, Resolver } from './resolver.ts';

/** Position and municipality that the Locations of a message give. */
export interface Whereabouts {
  readonly position?: Position;
  readonly municipality?: string;
}

const positionFaults = (position: Position, place: string): readonly Fault[] => {
  switch (judgePlace(position)) {
    case 'inside':
      return [];
    case 'swapped':
      return [{ code: 'swapped-coordinates', at: `${place}.position` }];
    case 'outside':
      return [{ code: 'impossible-coordinates', at: `${place}.position` }];
  }
};

/** Municipality number on `Address.district`, four digits (extension no-basis-municipalitycode, Volven 3402). */
const municipalityOf = ({ address }: z.output<typeof locationSchema>): string | undefined => {
  const code = address?._district?.extension?.find(({ url }) => url === municipalityExtension)?.valueCoding?.code;
  return code !== undefined && /^\d{4}$/.test(code) ? code : undefined;
};

/** What an element of the focus resource references, each once. */
const placesIn = (element: unknown, focus: Found, { resolve }: Resolver): readonly Found[] => {
  const references = (Array.isArray(element) ? element : [element]).flatMap(
    (one) => referenceSchema.safeParse(one).data ?? [],
  );
  return [
    ...new Set(
      references.flatMap((one) => {
        const resolution = resolve(one, focus);
        return resolution.outcome === 'found' ? [resolution.found] : [];
      }),
    ),
  ];
};

/** The first position and the first municipality of the Locations that the focus resource leads to. */
export const readPlace = (type: MessageType, focus: Found, resolver: Resolver): Parsed<Whereabouts> => {
  const wanted = type.focus?.location;
  if (wanted === undefined) return { ok: true, value: {} };
  const places = wanted.element === 'self' ? [focus] : placesIn(focus.resource[wanted.element], focus, resolver);
  const faults: Fault[] = [];
  const found: Whereabouts[] = [];
  for (const { at, resource } of places.filter((place) => place.resource['resourceType'] === 'Location')) {
    const location = parseWith(locationSchema, resource, at);
    if (location.ok) {
      const position = location.value.position === undefined ? undefined : defined(location.value.position);
      found.push(defined({ position, municipality: municipalityOf(location.value) }));
      if (position !== undefined) faults.push(...positionFaults(position, at));
    } else faults.push(...location.faults);
  }
  if (faults.length > 0) return { ok: false, faults };
  const position = found.find((one) => one.position !== undefined)?.position;
  if (position === undefined && wanted.required) {
    const at = `${focus.at}.${wanted.element}`;
    const detail = 'must reference a Location in the Bundle that has a position';
    return { ok: false, faults: [{ code: 'missing-field', at, detail }] };
  }
  const municipality = found.find((one) => one.municipality !== undefined)?.municipality;
  return { ok: true, value: defined({ position, municipality }) };
};
