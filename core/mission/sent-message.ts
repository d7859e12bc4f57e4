import { resourceAddress } from '../../schemas/identifiers.ts';
import { isObject, parseLossless } from '../../schemas/json/json.ts';
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

/** Parsed texts of entries that are in memory: one notification reads the same text several times. */
const parsed = new WeakMap<Pick<Entry, 'text'>, Readonly<Record<string, unknown>>>();

export const sentBundle = (entry: Pick<Entry, 'text'>): Readonly<Record<string, unknown>> => {
  const known = parsed.get(entry);
  if (known !== undefined) return known;
  const bundle = parseLossless(entry.text);
  if (!isObject(bundle)) throw new Error('the text of an entry is not a Bundle');
  parsed.set(entry, bundle);
  return bundle;
};

export const sentEntries = (entry: Pick<Entry, 'text'>): readonly SentEntry[] => {
  const list = sentBundle(entry)['entry'];
  return (Array.isArray(list) ? list : []).flatMap((whole: unknown, index) => {
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
};

/** The address of each resource at the hub, by the names that the message uses for it. */
const addressesOf = (
  { mission, number }: Pick<Entry, 'mission' | 'number'>,
  sent: readonly SentEntry[],
): ReadonlyMap<string, string> => {
  const addresses = new Map<string, string>();
  for (const { index, fullUrl, resourceType, resource } of sent) {
    const address = `${resourceType}/${resourceAddress(mission, number, index)}`;
    for (const name of [
      fullUrl,
      typeof resource['id'] === 'string' ? `${resourceType}/${resource['id']}` : undefined,
    ]) {
      if (name !== undefined && !addresses.has(name)) addresses.set(name, address);
    }
  }
  return addresses;
};

const readdress = (value: unknown, addresses: ReadonlyMap<string, string>): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => readdress(item, addresses));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) =>
      key === 'reference' && typeof member === 'string'
        ? [key, addresses.get(member) ?? member]
        : [key, readdress(member, addresses)],
    ),
  );
};

const readable = (
  { resource }: SentEntry,
  addresses: ReadonlyMap<string, string>,
): Readonly<Record<string, unknown>> => {
  const shown = readdress(resource, addresses);
  return isObject(shown) ? shown : {};
};

/** A sent resource as the hub returns it: references inside the message become addresses at the hub. */
export const readableResource = (
  entry: Pick<Entry, 'mission' | 'number' | 'text'>,
  index: number,
): Readonly<Record<string, unknown>> | undefined => {
  const sent = sentEntries(entry);
  const wanted = sent.find((one) => one.index === index);
  return wanted === undefined ? undefined : readable(wanted, addressesOf(entry, sent));
};

/** All sent resources as the hub returns them. */
export const readableEntries = (
  entry: Pick<Entry, 'mission' | 'number' | 'text'>,
): readonly Pick<SentEntry, 'index' | 'resourceType' | 'resource'>[] => {
  const sent = sentEntries(entry);
  const addresses = addressesOf(entry, sent);
  return sent.map((one) => ({
    index: one.index,
    resourceType: one.resourceType,
    resource: readable(one, addresses),
  }));
};
