import { parseReference } from '../fhir/addresses.ts';
import type { Reference } from '../fhir/datatypes.ts';
import { isObject, listOf } from '../json/json.ts';
import { resourcePath } from './fhir-paths.ts';

type Resource = Readonly<Record<string, unknown>>;

/** An entry of a Bundle. */
interface Enclosed {
  readonly fullUrl?: string | undefined;
  readonly resource: Resource;
}

/** A resource of the message: an entry, or a resource contained in one. */
export interface Found {
  /** Index of the entry. */
  readonly index: number;
  /** FHIRPath. */
  readonly at: string;
  readonly resource: Resource;
}

/** What a reference means. */
export type Resolution =
  | { readonly outcome: 'found'; readonly found: Found }
  /** A resource of the hub, by its type and id. The Bundle does not have it. */
  | { readonly outcome: 'at-hub'; readonly type: string; readonly id: string }
  /** It can mean any of these, two at least. */
  | { readonly outcome: 'ambiguous'; readonly candidates: readonly Found[] }
  /** It names a resource that is neither in the Bundle nor at the hub. `url`: of a resource at another server. */
  | { readonly outcome: 'unresolved'; readonly url?: string }
  /** It has neither a reference nor an identifier: at most a name for people. */
  | { readonly outcome: 'nothing' };

/** Where a reference stands: in an entry, or in a resource contained in it. */
export type Origin = Pick<Found, 'index'>;

/** Of a reference in the MessageHeader. */
export const inHeader: Origin = { index: 0 };

/**
 * Resolves the references of one message, for everything that reads it (R4 references.html 2.3.0, bundle.html 2.36.4.1).
 * Spelling does not matter (`addresses.ts`).
 *
 * - `#id` is contained in the entry in which the reference stands; `#` is that entry.
 * - An absolute reference is the entry with this `fullUrl`.
 * - A relative reference belongs to the server of its own entry's `fullUrl`. If that is no RESTful URL, the reference is the only
 *   entry with this type and id.
 * - With a version, `meta.versionId` must not be another.
 * - Without `reference`: the only entry with this `identifier`.
 * - What the Bundle does not have is at the hub if it is below the hub's base URL, or relative in an entry without a server.
 */
export interface Resolver {
  readonly resolve: (reference: Reference | undefined, origin: Origin) => Resolution;
}

/** Lists of resources by a key. */
type Register = ReadonlyMap<string, readonly Found[]>;

const registerOf = (named: readonly (readonly [name: string, found: Found])[]): Register => {
  const register = new Map<string, Found[]>();
  for (const [name, found] of named) {
    const known = register.get(name);
    if (known === undefined) register.set(name, [found]);
    else known.push(found);
  }
  return register;
};

/** Registers are made when they are first needed: most messages need only the first. */
const lazy = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const versionOf = ({ resource }: Found): string | undefined =>
  isObject(resource['meta']) ? textOf(resource['meta']['versionId']) : undefined;

const identifierKey = (type: string, system: string, value: string): string => JSON.stringify([type, system, value]);

/** The identifiers of a resource as keys, with its type and without. */
const identifierKeys = ({ resource }: Found): readonly string[] => [
  ...new Set(
    listOf(resource['identifier']).flatMap((identifier) => {
      const [system, value] = isObject(identifier) ? [textOf(identifier['system']), textOf(identifier['value'])] : [];
      if (system === undefined || value === undefined) return [];
      return [String(resource['resourceType']), ''].map((type) => identifierKey(type, system, value));
    }),
  ),
];

const resolutionOf = (found: readonly Found[]): Resolution | undefined => {
  const [only, second] = found;
  if (only === undefined) return undefined;
  return second === undefined ? { outcome: 'found', found: only } : { outcome: 'ambiguous', candidates: found };
};

const unresolved: Resolution = { outcome: 'unresolved' };

/** A resolver for the entries of a message. `base`: base URL of the hub, normalised; without it, nothing is at the hub. */
export const resolverOf = (entries: readonly Enclosed[], base?: string): Resolver => {
  const places = entries.map(({ resource }, index): Found => ({ index, at: resourcePath(index), resource }));
  const urls = entries.map(({ fullUrl }) => (fullUrl === undefined ? undefined : parseReference(fullUrl)));

  const byUrl = lazy(() =>
    registerOf(
      places.flatMap((place): readonly [string, Found][] => {
        const url = urls[place.index];
        return url?.form === 'restful' || url?.form === 'absolute' ? [[url.url, place]] : [];
      }),
    ),
  );
  const byName = lazy(() =>
    registerOf(
      places.flatMap((place): readonly [string, Found][] => {
        const url = urls[place.index];
        const id = textOf(place.resource['id']) ?? (url?.form === 'restful' ? url.id : undefined);
        return id === undefined ? [] : [[`${String(place.resource['resourceType'])}/${id}`, place]];
      }),
    ),
  );
  const byIdentifier = lazy(() =>
    registerOf(places.flatMap((place) => identifierKeys(place).map((key): [string, Found] => [key, place]))),
  );
  const contained = new Map<number, Register>();
  const containedIn = (index: number): Register => {
    const known = contained.get(index);
    if (known !== undefined) return known;
    const register = registerOf(
      listOf(places[index]?.resource['contained']).flatMap((resource, number): [string, Found][] =>
        isObject(resource) && typeof resource['id'] === 'string'
          ? [[resource['id'], { index, at: `${resourcePath(index)}.contained[${number}]`, resource }]]
          : [],
      ),
    );
    contained.set(index, register);
    return register;
  };

  const versions = (found: readonly Found[] | undefined, version: string | undefined): readonly Found[] => {
    if (found === undefined || version === undefined) return found ?? [];
    const exact = found.filter((one) => versionOf(one) === version);
    return exact.length > 0 ? exact : found.filter((one) => versionOf(one) === undefined);
  };

  const resolveUrl = (url: string, version?: string): Resolution | undefined =>
    resolutionOf(versions(byUrl().get(url), version));

  const resolveRelative = (type: string, id: string, version: string | undefined, origin: Origin): Resolution => {
    const own = urls[origin.index];
    const root = own?.form === 'restful' ? own.root : undefined;
    const named = byName().get(`${type}/${id}`) ?? [];
    if (root === undefined)
      return (
        resolutionOf(versions(named, version)) ??
        (base === undefined || named.length > 0 ? unresolved : { outcome: 'at-hub', type, id })
      );
    // An entry without a server may be meant from every server.
    const homeless = named.filter(({ index }) => urls[index]?.form !== 'restful');
    const url = `${root}/${type}/${id}`;
    return resolveUrl(url, version) ?? resolutionOf(versions(homeless, version)) ?? { outcome: 'unresolved', url };
  };

  const resolveText = (text: string, origin: Origin): Resolution => {
    const parsed = parseReference(text);
    switch (parsed.form) {
      case 'contained': {
        const container = places[origin.index];
        const inside = parsed.id === '' ? container && [container] : containedIn(origin.index).get(parsed.id);
        return resolutionOf(inside ?? []) ?? unresolved;
      }
      case 'relative':
        return resolveRelative(parsed.type, parsed.id, parsed.version, origin);
      case 'restful': {
        const { url, root, type, id, version } = parsed;
        return resolveUrl(url, version) ?? (root === base ? { outcome: 'at-hub', type, id } : unresolved);
      }
      case 'absolute':
        return resolveUrl(parsed.url) ?? unresolved;
      case 'none':
        return unresolved;
    }
  };

  const resolve: Resolver['resolve'] = (reference, origin) => {
    if (reference?.reference !== undefined) return resolveText(reference.reference, origin);
    const { system, value } = reference?.identifier ?? {};
    if (value === undefined) return { outcome: 'nothing' };
    const key = identifierKey(reference?.type ?? '', system ?? '', value);
    return resolutionOf(byIdentifier().get(key) ?? []) ?? unresolved;
  };

  return { resolve };
};

/** A resolver that notes the resources that it has found: what the hub reads of a message. */
export const noting = ({
  resolve,
}: Resolver): Resolver & { readonly found: ReadonlySet<Found>; note(found: Found): void } => {
  const found = new Set<Found>();
  return {
    found,
    note: (one) => void found.add(one),
    resolve: (reference, origin) => {
      const resolution = resolve(reference, origin);
      if (resolution.outcome === 'found') found.add(resolution.found);
      return resolution;
    },
  };
};
