import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { type ParsedReference, parseReference } from '../fhir/addresses.ts';
import type { MessageEntry } from '../fhir/resources.ts';
import { isObject } from '../json/json.ts';
import { contradiction } from './contradiction.ts';
import { fullUrlPath, headerPath, resourcePath } from './fhir-paths.ts';

/**
 * What must hold for the entries of a Bundle before anything in them is read (R4 bundle.html 2.36.4): each has one name of its own.
 */

interface Place {
  readonly entry: MessageEntry;
  readonly index: number;
  /** `entry.fullUrl`, parsed. */
  readonly url?: ParsedReference;
}

const wrongUrl = (index: number, detail: string): Fault => ({ code: 'wrong-field', at: fullUrlPath(index), detail });

/** `fullUrl` is absolute, without a version (bdl-8), and agrees with the type and id of the resource. */
const urlFaults = ({ entry: { resource }, index, url }: Place): readonly Fault[] => {
  if (url === undefined) return [];
  if (url.form !== 'restful' && url.form !== 'absolute')
    return [
      wrongUrl(index, 'must be an absolute URI: urn:uuid: and a UUID, or the URL of the resource at your server'),
    ];
  if (url.form === 'absolute') return [];
  if (url.version !== undefined) return [wrongUrl(index, 'must not name a version: remove /_history/ and the version')];
  const at = { at: fullUrlPath(index) };
  if (url.type !== resource.resourceType)
    return [contradiction(at, { at: `${resourcePath(index)}.resourceType` }, 'They name different resource types.')];
  return resource['id'] === undefined || resource['id'] === url.id
    ? []
    : [
        contradiction(
          at,
          { at: `${resourcePath(index)}.id` },
          'They name different resources: a URL ends with the id.',
        ),
      ];
};

const versionOf = ({ entry: { resource } }: Place): unknown =>
  isObject(resource['meta']) ? resource['meta']['versionId'] : undefined;

/** Two versions of a resource may have one name (bdl-7): a reference with a version can mean only one of them. */
const areVersions = (one: Place, other: Place): boolean =>
  versionOf(one) !== undefined && versionOf(other) !== undefined && versionOf(one) !== versionOf(other);

/** The names of an entry, by which references find it: its URL, and its type and id at its server. */
const namesOf = ({
  entry: { resource },
  url,
}: Place): readonly { readonly name: string; readonly of: 'url' | 'id' }[] => {
  const { id } = resource;
  const root = url?.form === 'restful' ? url.root : '';
  return [
    ...(url?.form === 'restful' || url?.form === 'absolute' ? [{ name: url.url, of: 'url' as const }] : []),
    ...(typeof id === 'string' ? [{ name: `${root} ${resource.resourceType}/${id}`, of: 'id' as const }] : []),
  ];
};

const repeatedNames = (places: readonly Place[]): readonly Fault[] => {
  const known = new Map<string, Place[]>();
  return places.flatMap((place) => {
    const faults = namesOf(place).flatMap(({ name, of }): readonly Fault[] => {
      const others = known.get(name) ?? [];
      known.set(name, [...others, place]);
      const twin = others.find((other) => !areVersions(other, place));
      if (twin === undefined) return [];
      const pathOf = ({ index }: Place) => ({ at: of === 'url' ? fullUrlPath(index) : `${resourcePath(index)}.id` });
      const detail =
        'Two resources have one name, so a reference to it could mean either (R4 bdl-7). Give each its own.';
      return [contradiction(pathOf(twin), pathOf(place), detail)];
    });
    // The same URL mostly means the same id, too.
    return faults.slice(0, 1);
  });
};

const secondHeaders = (places: readonly Place[]): readonly Fault[] =>
  places
    .filter(({ entry, index }) => index > 0 && entry.resource.resourceType === 'MessageHeader')
    .map(({ index }) =>
      contradiction(
        { at: headerPath },
        { at: resourcePath(index) },
        'A message has one MessageHeader: send two messages.',
      ),
    );

/** Faults of the entries. */
export const bundleFaults = (entries: readonly MessageEntry[]): readonly Fault[] => {
  const places = entries.map((entry, index): Place => {
    const { fullUrl } = entry;
    return { entry, index, ...defined({ url: fullUrl === undefined ? undefined : parseReference(fullUrl) }) };
  });
  return [...secondHeaders(places), ...places.flatMap(urlFaults), ...repeatedNames(places)];
};
