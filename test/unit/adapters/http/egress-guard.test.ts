import { describe, expect, test } from 'vitest';
import {
  allowList,
  AddressRefused,
  guardedLookup,
  isPublicAddress,
  refusalOf,
} from '../../../../adapters/http/egress-guard.ts';

const nothing = allowList('');

/** An IPv6 text with the IPv4 address in its last 32 bits. */
const carrying = (prefix: string, ipv4: string): string => {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${prefix}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
};

describe('isPublicAddress', () => {
  test.each([
    ['this network', ['0.0.0.0', '0.1.2.3']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1']],
    ['shared by a carrier', ['100.64.0.1', '100.100.100.200', '100.127.255.255']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    [
      'link-local and metadata',
      ['169.254.0.1', '169.254.169.254', '169.254.170.2', 'fe80::1', 'febf::1', 'fd00:ec2::254'],
    ],
    ['metadata on an address that looks public', ['168.63.129.16']],
    [
      'protocol assignments',
      ['192.0.0.1', '192.0.0.192', '192.31.196.1', '192.52.193.1', '192.175.48.1', '2620:4f:8000::1'],
    ],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
    ['benchmarks', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    [
      'multicast, reserved and broadcast',
      ['224.0.0.1', '239.1.2.3', '240.0.0.1', '255.255.255.255', 'ff02::1', 'ff0e::1'],
    ],
    ['unspecified', ['::']],
    ['unique local and site-local', ['fc00::1', 'fd12:3456::1', 'fec0::1']],
    ['discard only, segment routing', ['100::1', '100:0:0:1::1', '5f00::1']],
    ['Teredo, ORCHID', ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2', '2001:10::1', '2001:20::1']],
    ['outside global unicast', ['4000::1', '8000::1', 'e000::1', '1fff::1']],
    ['with a zone', ['fe80::1%eth0', '2606:2800:220:1::1%1']],
    ['no address at all', ['', 'partner.example', '1.2.3', '0x7f000001', '2606:2800::g']],
  ])('%s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  // Also of a public IPv4 address: a gateway decides where the packet ends, and no endpoint needs it.
  test.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '93.184.215.14'])(
    'refuses IPv6 addresses that carry %s',
    (ipv4) => {
      const forms = {
        compatible: `::${ipv4}`,
        mapped: `::ffff:${ipv4}`,
        'mapped, in hex': carrying('::ffff:', ipv4),
        translated: `::ffff:0:${ipv4}`,
        nat64: `64:ff9b::${ipv4}`,
        'local nat64': `64:ff9b:1::${ipv4}`,
        '6to4': `${carrying('2002:', ipv4)}::1`,
        '6to4 relay': '192.88.99.1',
        isatap: `2606:2800:220:1:0:5efe:${ipv4}`,
        'isatap of a global address': `2606:2800:220:1:200:5efe:${ipv4}`,
        'isatap, in hex': carrying('2a00:1450:4001:800:0:5efe:', ipv4),
        'isatap, shortened': carrying('2606::5efe:', ipv4),
      };
      expect(Object.entries(forms).filter(([, address]) => isPublicAddress(address))).toEqual([]);
    },
  );

  test('accepts public addresses, also next to a special range', () => {
    const addresses = [
      '1.1.1.1',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.1',
      '168.63.129.17',
      '169.253.255.255',
      '172.15.255.255',
      '172.32.0.0',
      '192.0.1.1',
      '192.88.98.1',
      '198.17.255.255',
      '198.20.0.0',
      '223.255.255.255',
      '2001:200::1',
      '2003::1',
      '2606:2800:220:1:248:1893:25c8:1946',
      '2a00:1450:4001:800::200e',
      // The marks of ISATAP in another place, or with another first group.
      '2606:2800:220:5efe::1',
      '2606:2800:220:1:400:5efe:7f00:1',
      '2606:2800:220:1:0:5eff:7f00:1',
    ];
    expect(addresses.filter((address) => !isPublicAddress(address))).toEqual([]);
  });
});

describe('refusalOf', () => {
  test.each([
    [
      'is not a URL',
      ['', 'partner.example', '/notify', 'https://', 'https://[::1', 'https://[fe80::1%25eth0]/', 'https://1.2.3.256/'],
    ],
    [
      'is not https',
      [
        'http://partner.example/',
        'ftp://partner.example/',
        'file:///etc/hosts',
        'data:,x',
        'javascript:0',
        'wss://partner.example/',
        'https:partner.example/',
        'https:/partner.example/',
      ],
    ],
    [
      'has a blank, a backslash, or a control or format character',
      [
        ' https://partner.example/',
        'https://partner.example/ ',
        'https://partner.example/a b',
        'https://partner .example/',
        'https://partner.example/\n',
        'https://part\tner.example/',
        'https://partner.example/\u0000',
        'https://partner.example/\u007f',
        'https://partner.example/\u00a0',
        'https://partner.example/\u00ad',
        'https://partner.example/\u200b',
        'https://partner.example/\u202e',
        'https://partner.example/\u2028',
        '\ufeffhttps://partner.example/',
        'https://partner.example\\@10.0.0.1/',
        'https:\\\\127.0.0.1\\',
      ],
    ],
    [
      'carries a user name or password',
      ['https://user@partner.example/', 'https://:word@partner.example/', 'https://partner.example:x@10.0.0.1/'],
    ],
    [
      'names a port of its own',
      ['https://partner.example:8443/', 'https://partner.example:80/', 'https://partner.example:0/'],
    ],
    [
      'is not a public address',
      [
        'https://127.0.0.1/',
        'https://127.1/',
        'https://127.0.0.1./',
        'https://0177.0.0.1/',
        'https://0x7f.0.0.1/',
        'https://0x7f000001/',
        'https://2130706433/',
        'https://017700000001/',
        'https://%31%32%37.0.0.1/',
        'https://１２７.0.0.1/',
        'https://①②⑦.⓪.⓪.①/',
        'https://127。0。0。1/',
        'https://0/',
        'https://10.0.0.1/',
        'https://169.254.169.254/latest/meta-data/',
        'https://[::]/',
        'https://[::1]/',
        'https://[::ffff:127.0.0.1]/',
        'https://[::FFFF:7F00:1]/',
        'https://[64:ff9b::a9fe:a9fe]/',
        'https://[2002:7f00:1::]/',
        'https://[2606:2800:220:1:0:5efe:10.0.0.1]/',
      ],
    ],
    [
      'is not a public host name',
      [
        'https://localhost/',
        'https://LOCALHOST/',
        'https://localhost./',
        'https://ⓛocalhost/',
        'https://a.localhost/',
        'https://intranet/',
        'https://intranet./',
        'https://hub.local/',
        'https://hub.Local./',
        'https://ip-10-0-0-1.eu-north-1.compute.internal/',
        'https://metadata.google.internal/',
        'https://metadata.goog/',
        'https://x。internal/',
        'https://host.localdomain/',
        'https://router.lan/',
        'https://printer.home.arpa/',
        'https://1.0.0.127.in-addr.arpa/',
        'https://hidden.onion/',
        'https://*/',
      ],
    ],
  ])('%s', (reason, endpoints) => {
    expect(endpoints.map((endpoint) => [endpoint, refusalOf(endpoint, nothing)])).toEqual(
      endpoints.map((endpoint) => [endpoint, reason]),
    );
  });

  test.each([
    'https://partner.example/notify?of=all',
    'https://partner.example:443/',
    'HTTPS://Partner.Example./',
    'https://localhost.partner.example/',
    'https://internal.partner.example/',
    'https://xn--lfttransport-ucb.example/',
    'https://lufttransport-ø.example/',
    'https://93.184.215.14/',
    'https://[2606:2800:220:1:248:1893:25c8:1946]/',
  ])('accepts %s', (endpoint) => {
    expect(refusalOf(endpoint, nothing)).toBeUndefined();
  });
});

describe('allowList', () => {
  const allows = (list: string, endpoint: string): boolean => refusalOf(endpoint, allowList(list)) === undefined;

  test('allows scheme, host and port of an origin', () => {
    const list = 'http://localhost:8080, https://partner.example:8443,http://[::1]:9000,http://10.0.0.7';
    expect(allows(list, 'http://localhost:8080/notify')).toBe(true);
    expect(allows(list, 'http://LOCALHOST:8080/notify')).toBe(true);
    expect(allows(list, 'https://partner.example:8443/')).toBe(true);
    expect(allows(list, 'http://[0:0::1]:9000/')).toBe(true);
    expect(allows(list, 'http://10.0.0.7:80/')).toBe(true);
    for (const endpoint of [
      'http://localhost:8081/',
      'http://localhost/',
      'https://localhost:8080/',
      'http://localhost.:8080/',
      'http://127.0.0.1:8080/',
      'https://partner.example:8444/',
      'http://partner.example:8443/',
      'https://a.partner.example:8443/',
      'http://10.0.0.7:8080/',
    ])
      expect(allows(list, endpoint), endpoint).toBe(false);
  });

  test('allows every port of a scheme and host with a star', () => {
    const list = 'http://localhost:*,http://[::1]:*';
    for (const endpoint of ['http://localhost/', 'http://localhost:1/', 'http://localhost:65535/', 'http://[::1]:7/'])
      expect(allows(list, endpoint), endpoint).toBe(true);
    for (const endpoint of ['https://localhost:1/', 'http://a.localhost:1/', 'http://127.0.0.1:1/'])
      expect(allows(list, endpoint), endpoint).toBe(false);
  });

  test('allows nothing with an entry that is neither', () => {
    for (const entry of [
      '',
      ',',
      '*',
      'null',
      'localhost:*',
      'http://*:*',
      'http://*',
      'http://localhost:80:*',
      'http://localhost:8080/path',
      'http://localhost:8080?',
      'http://user@localhost:8080',
      'file://localhost',
      'ftp://localhost:8080',
      'data:*',
    ])
      for (const endpoint of [
        'http://localhost/',
        'http://localhost:8080/',
        'http://localhost:8080/path',
        'file:///x',
        'data:,x',
        'ftp://localhost:8080/',
      ])
        expect(allows(entry, endpoint), `${entry} ${endpoint}`).toBe(false);
  });

  test('refuses an allowed host with a user in its URL', () => {
    expect(refusalOf('http://user@localhost:8080/', allowList('http://localhost:*'))).toBe(
      'carries a user name or password',
    );
  });
});

describe('guardedLookup', () => {
  const lookUp = (addresses: readonly string[], all: boolean): Promise<readonly [Error | null, unknown]> =>
    new Promise((resolve) => {
      const lookup = guardedLookup((_, options, callback) => {
        expect(options.all).toBe(true);
        callback(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      });
      lookup('partner.example', { all }, (error, found) => resolve([error, found]));
    });

  test('returns public addresses, all or the first', async () => {
    expect(await lookUp(['93.184.215.14', '2606:2800:220:1::1'], true)).toEqual([
      null,
      [
        { address: '93.184.215.14', family: 4 },
        { address: '2606:2800:220:1::1', family: 6 },
      ],
    ]);
    expect(await lookUp(['93.184.215.14', '2606:2800:220:1::1'], false)).toEqual([null, '93.184.215.14']);
  });

  test.each([
    ['one that is not public', ['10.0.0.1']],
    ['one that is not public among others', ['93.184.215.14', '::ffff:127.0.0.1']],
    ['none', []],
  ])('refuses %s', async (_, addresses) => {
    expect((await lookUp(addresses, true))[0]).toBeInstanceOf(AddressRefused);
    expect((await lookUp(addresses, false))[0]).toBeInstanceOf(AddressRefused);
  });

  test('reports the error of the resolver', async () => {
    const failed = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const lookup = guardedLookup((_, _options, callback) => callback(failed, []));
    expect(await new Promise((resolve) => lookup('partner.example', { all: true }, resolve))).toBe(failed);
  });
});
