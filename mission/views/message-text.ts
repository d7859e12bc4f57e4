import { resourceAddress } from '../../schemas/identifiers.ts';
import { isObject, parseLossless } from '../../schemas/json.ts';
import type { Entry } from '../state.ts';

/** What was sent, read from an entry's text without loss. */

export interface SentEntry {
  readonly index: number;
  readonly fullUrl?: string;
  readonly resourceType: string;
  /** The whole `Bundle.entry`, every member as it was sent. */
  readonly whole: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

export const sentBundle = (entry: Pick<Entry, 'text'>): Readonly<Record<string, unknown>> => {
  const bundle = parseLossless(entry.text);
  if (!isObject(bundle)) throw new Error('an entry of the log holds no Bundle');
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
const addressesOf = (entry: Pick<Entry, 'mission' | 'number' | 'text'>): ReadonlyMap<string, string> => {
  const addresses = new Map<string, string>();
  for (const { index, fullUrl, resourceType, resource } of sentEntries(entry)) {
    const address = `${resourceType}/${resourceAddress(entry.mission, entry.number, index)}`;
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

/** A sent resource as it is read at the hub: references inside the message lead to where their targets can be read. */
export const readableResource = (
  entry: Pick<Entry, 'mission' | 'number' | 'text'>,
  index: number,
): Readonly<Record<string, unknown>> | undefined => {
  const sent = sentEntries(entry).find((one) => one.index === index);
  if (sent === undefined) return undefined;
  const readable = readdress(sent.resource, addressesOf(entry));
  return isObject(readable) ? readable : undefined;
};
