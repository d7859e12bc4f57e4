import { lookup as resolveName } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Which addresses the hub sends patient data to: public https, and what the operators of the hub allow by name. */

const blocked = new BlockList();
// IANA special-purpose registries (RFC 6890 and successors): nothing of these is a partner on the internet.
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  blocked.addSubnet(network, prefix, 'ipv4');
}
// Only global unicast (2000::/3) is public, and of that not the ranges that carry an IPv4 address inside or document examples.
for (const [network, prefix] of [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  blocked.addSubnet(network, prefix, 'ipv6');
}

export const isPublicAddress = (address: string): boolean => {
  const family = isIP(address);
  if (family === 0) return false;
  return !blocked.check(address, family === 6 ? 'ipv6' : 'ipv4');
};

/** `http://localhost:*` allows every port of a host, `https://partner.example:8443` one origin. */
export const allowList = (text: string): ((url: URL) => boolean) => {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return (url) =>
    entries.some((entry) =>
      entry.endsWith(':*') ? `${url.protocol}//${url.hostname}:*` === entry : url.origin === entry,
    );
};

/** Why an endpoint is refused, or nothing if it may be used. The address its name has is looked at again when it is called. */
export const refusalOf = (endpoint: string, isAllowed: (url: URL) => boolean): string | undefined => {
  if (!URL.canParse(endpoint)) return 'is not a URL';
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '') return 'carries a user name or password';
  if (isAllowed(url)) return undefined;
  if (url.protocol !== 'https:') return 'is not https';
  if (url.port !== '') return 'names a port of its own';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPublicAddress(host) ? undefined : 'is not a public address';
  return host.includes('.') && !/(^|\.)(localhost|local|internal|localdomain)\.?$/i.test(host)
    ? undefined
    : 'is not a public host name';
};

/** A failed look-up because of where the name leads. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** A look-up for `https.request` that gives only public addresses: the connection goes to the very address that was checked. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    const [first] = addresses;
    if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address)))
      return callback(new AddressRefused('the name leads to an address that is not public'), []);
    return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};
