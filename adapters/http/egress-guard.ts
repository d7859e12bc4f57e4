import { lookup as systemLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Which addresses the hub sends patient data to: public https, and what the operators of the hub allow by name (docs/endpoints.md). */

// One list per family: Node holds an IPv4 address also against IPv6 networks, as ::ffff:a.b.c.d, and ::/3 would block them all.
const blocked = { ipv4: new BlockList(), ipv6: new BlockList() };
// IANA special-purpose registries (RFC 6890 and successors): nothing of these is a partner on the internet.
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure's host, on a public address: metadata and keys as on 169.254.169.254.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  // 6to4 relays.
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  blocked.ipv4.addSubnet(network, prefix, 'ipv4');
}
// Only global unicast (2000::/3) is public. Outside are what carries an IPv4 address (::/96, ::ffff:0:0/96, ::ffff:0:0:0/96, 64:ff9b::/96,
// 64:ff9b:1::/48), 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
for (const [network, prefix] of [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  // IETF protocol assignments: Teredo, benchmarks, ORCHID and others.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4.
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
] as const) {
  blocked.ipv6.addSubnet(network, prefix, 'ipv6');
}

/** The eight groups of an IPv6 address. */
const groupsOf = (address: string): readonly number[] => {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const first = numbers(head);
  if (tail === undefined) return first;
  const last = numbers(tail);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
};

/** An interface identifier that holds an IPv4 address, `[00|02]00:5efe:a.b.c.d`, under whatever prefix (RFC 5214 6.1). */
const isIsatap = (address: string): boolean => {
  const [, , , , upper = 0, lower] = groupsOf(address);
  return lower === 0x5efe && (upper & 0xfcff) === 0;
};

/** Whether an IP address, as text, may be a partner's. One with a zone (`%eth0`) is of this machine's network. */
export const isPublicAddress = (address: string): boolean => {
  if (address.includes('%')) return false;
  switch (isIP(address)) {
    case 4:
      return !blocked.ipv4.check(address, 'ipv4');
    case 6:
      return !blocked.ipv6.check(address, 'ipv6') && !isIsatap(address);
    default:
      return false;
  }
};

/** `https://partner.example:8443` as its origin; nothing if it is more or less than one. */
const originOf = (text: string): URL | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isOrigin = url.href === `${url.origin}/` && !/[?#]$/.test(text);
  return isOrigin && /^https?:$/.test(url.protocol) ? url : undefined;
};

/** `http://localhost:*` allows every port of a host, `https://partner.example:8443` one origin. An entry that is neither allows nothing. */
export const allowList = (text: string): ((url: URL) => boolean) => {
  const entries = text.split(',').map((entry) => entry.trim());
  const origins = new Set(entries.flatMap((entry) => originOf(entry)?.origin ?? []));
  const hosts = new Set(
    entries.flatMap((entry) => {
      const host = entry.endsWith(':*') ? originOf(entry.slice(0, -2)) : undefined;
      // A port before the star would be ignored silently.
      return host === undefined || /:\d+:\*$/.test(entry) ? [] : `${host.protocol}//${host.hostname}`;
    }),
  );
  return (url) => origins.has(url.origin) || hosts.has(`${url.protocol}//${url.hostname}`);
};

/** Names that are of one machine or network, or of none (RFC 6761, 6762, 7686, 8375, 9476), and those of cloud metadata. */
const privateName =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|test|invalid|onion|alt|arpa|metadata\.goog|metadata\.tencentyun\.com)$/;

/** Blanks, control and format characters, and backslashes: URL parsers drop or convert them, so the address that is called is not the one that is read. */
const unclear = /[\s\\\p{C}\p{Z}]/u;

/** Why an endpoint is refused, or nothing if it may be used. The address its name has is looked at when it is called. */
export const refusalOf = (endpoint: string, isAllowed: (url: URL) => boolean): string | undefined => {
  if (unclear.test(endpoint)) return 'has a blank, a backslash, or a control or format character';
  if (!URL.canParse(endpoint)) return 'is not a URL';
  // A URL parser also takes "https:partner.example" and "https:/partner.example".
  if (!/^https?:\/\//i.test(endpoint)) return 'is not https';
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '') return 'carries a user name or password';
  if (isAllowed(url)) return undefined;
  if (url.protocol !== 'https:') return 'is not https';
  if (url.port !== '') return 'names a port of its own';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'is not a public address';
  const name = host.replace(/\.$/, '');
  return name.includes('.') && !privateName.test(name) ? undefined : 'is not a public host name';
};

/** A failed look-up because of where the name leads. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** Asks for all addresses of a name, as `dns.lookup` does. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A look-up for `https.request` that gives public addresses only: the connection goes to one of the very addresses that were checked.
 * A name with a public and another address is refused as a whole.
 */
export const guardedLookup =
  (resolve: Resolve = systemLookup, isPublic: (address: string) => boolean = isPublicAddress): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublic(address)))
        return callback(new AddressRefused('the name leads to an address that is not public'), []);
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
