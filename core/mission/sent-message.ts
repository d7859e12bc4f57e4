import { resourceAddress } from '../../schemas/identifiers.ts';
import { isObject, listOf, parseLossless } from '../../schemas/json/json.ts';
import { resolverOf } from '../../schemas/reading/resolver.ts';
import type { Entry } from './state.ts';

/** Resources as they were sent, read from an entry's text without loss. */

export interface SentEntry {
  readonly index: number;
  readonly fullUrl?: string;
  readonly resourceType: string;
  /** The `Bundle.entry` with every member as it was sent. */
  readonly whole: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

const sentIn = (bundle: Readonly<Record<string, unknown>>): readonly SentEntry[] =>
  listOf(bundle['entry']).flatMap((whole, index) => {
    if (!isObject(whole)) return [];
    const { resource, fullUrl } = whole;
    if (!isObject(resource) || typeof resource['resourceType'] !== 'string') return [];
    return [
      {
        index,
        whole,
        resource,
        resourceType: resource['resourceType'],
        ...(typeof fullUrl === 'string' ? { fullUrl } : {}),
      },
    ];
  });

type Read = (place: number) => Readonly<Record<string, unknown>>;

/** What was read of an entry's text so far. */
interface Reading {
  readonly bundle: Readonly<Record<string, unknown>>;
  sent?: readonly SentEntry[];
  /** Gives the resources as the hub returns them. */
  read?: Read;
}

/** Of entries that are in memory: description, picture and content of one notification read the same texts. */
const readings = new WeakMap<Pick<Entry, 'text'>, Reading>();

const readingOf = (entry: Pick<Entry, 'text'>): Reading => {
  const known = readings.get(entry);
  if (known !== undefined) return known;
  const bundle = parseLossless(entry.text);
  if (!isObject(bundle)) throw new Error('the text of an entry is not a Bundle');
  const reading: Reading = { bundle };
  readings.set(entry, reading);
  return reading;
};

export const sentBundle = (entry: Pick<Entry, 'text'>): Readonly<Record<string, unknown>> => readingOf(entry).bundle;

export const sentEntries = (entry: Pick<Entry, 'text'>): readonly SentEntry[] => {
  const reading = readingOf(entry);
  return (reading.sent ??= sentIn(reading.bundle));
};

/** The value with every reference replaced by what `readdressed` gives for it. What has no reference is not copied. */
const readdress = (value: unknown, readdressed: (reference: string) => string): unknown => {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => readdress(item, readdressed));
    return items.every((item, at) => item === value[at]) ? value : items;
  }
  if (!isObject(value)) return value;
  const changed = Object.keys(value).flatMap((key): [string, unknown][] => {
    const member = value[key];
    const shown =
      key === 'reference' && typeof member === 'string' ? readdressed(member) : readdress(member, readdressed);
    return shown === member ? [] : [[key, shown]];
  });
  return changed.length === 0 ? value : { ...value, ...Object.fromEntries(changed) };
};

/** Makes the resources of a message readable outside its Bundle: references that are valid only in it become addresses. */
const makeReader = ({ mission, number }: Pick<Entry, 'mission' | 'number'>, sent: readonly SentEntry[]): Read => {
  const { resolve } = resolverOf(sent);
  const addressAt = (reference: string, index: number): string => {
    // A contained resource stays in its container.
    if (reference.startsWith('#')) return reference;
    const resolution = resolve({ reference }, { index });
    if (resolution.outcome === 'unresolved') return resolution.url ?? reference;
    const target = resolution.outcome === 'found' ? sent[resolution.found.index] : undefined;
    return target === undefined
      ? reference
      : `${target.resourceType}/${resourceAddress(mission, number, target.index)}`;
  };
  const readable = new Map<number, Readonly<Record<string, unknown>>>();
  return (place) => {
    const known = readable.get(place);
    if (known !== undefined) return known;
    const shown = readdress(sent[place]?.resource, (reference) => addressAt(reference, place));
    const resource = isObject(shown) ? shown : {};
    readable.set(place, resource);
    return resource;
  };
};

const readerOf = (entry: Pick<Entry, 'mission' | 'number' | 'text'>): Read =>
  (readingOf(entry).read ??= makeReader(entry, sentEntries(entry)));

/** A sent resource as the hub returns it: references inside the message become addresses at the hub. */
export const readableResource = (
  entry: Pick<Entry, 'mission' | 'number' | 'text'>,
  index: number,
): Readonly<Record<string, unknown>> | undefined => {
  const sent = sentEntries(entry);
  const place = sent.findIndex((one) => one.index === index);
  return place === -1 ? undefined : readerOf(entry)(place);
};

/** All sent resources as the hub returns them, each made when it is first read. */
export const readableEntries = (
  entry: Pick<Entry, 'mission' | 'number' | 'text'>,
): readonly (Pick<SentEntry, 'index' | 'resourceType'> & { readonly read: () => SentEntry['resource'] })[] => {
  const readable = readerOf(entry);
  return sentEntries(entry).map(({ index, resourceType }, place) => ({
    index,
    resourceType,
    read: () => readable(place),
  }));
};
