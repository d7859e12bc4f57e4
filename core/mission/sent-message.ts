import { resourceAddress } from '../../schemas/identifiers.ts';
import { isObject, parseLossless } from '../../schemas/json/json.ts';
import type { Entry } from './state.ts';

/** What was sent, read from an entry's text without loss. */

export interface SentEntry {
  readonly index: number;
  readonly fullUrl?: string;
  readonly resourceType: string;
  /** The whole `Bundle.entry`, every member as it was sent. */
  readonly whole: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** What was parsed of entries that are still held: several views of one notification read the same text. */
const parsed = new WeakMap<Pick<Entry, 'text'>, Readonly<Record<string, unknown>>>();

export const sentBundle = (entry: Pick<Entry, 'text'>): Readonly<Record<string, unknown>> => {
  const known = parsed.get(entry);
  if (known !== undefined) return known;
  const bundle = parseLossless(entry.text);
  if (!isObject(bundle)) throw new Error('an entry of the log holds no Bundle');
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

/** Where each resource of a message can be read at the hub, by the names the message itself uses. */
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

/** A sent resource as it is read at the hub: references inside the message lead to where their targets can be read. */
export const readableResource = (
  entry: Pick<Entry, 'mission' | 'number' | 'text'>,
  index: number,
): Readonly<Record<string, unknown>> | undefined => {
  const sent = sentEntries(entry);
  const wanted = sent.find((one) => one.index === index);
  return wanted === undefined ? undefined : readable(wanted, addressesOf(entry, sent));
};

/** All sent resources, as they are read at the hub. */
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
