import { assert, constantFrom, integer, jsonValue, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FaultCode, operationOutcome } from '../../../schemas/faults.ts';
import { mostEntries, readMessage } from '../../../schemas/reading/read-message.ts';
import { maxBodyBytes, readJson } from '../../../schemas/json/strict-json.ts';
import { exampleText } from '../../support/examples.ts';
import { problemsOf } from '../../support/fhir-validator.ts';

const faultOf = (text: string) => {
  const read = readJson(text);
  return read.ok ? undefined : read.fault;
};

/** Texts with a mark at the place of the fault. The test removes the mark before reading. */
const marked: readonly (readonly [what: string, text: string, code: FaultCode])[] = [
  ['a repeated name', '{"a": 1,\n "b": 2,\n "¤a": 3}', 'repeated-name'],
  ['a repeated name in different spelling', '{"a": 1, "¤\\u0061": 1}', 'repeated-name'],
  ['a repeated name deep inside', '[[{"x": {"a": [], "¤a": []}}]]', 'repeated-name'],
  ['a repeated name made of digits', '{"1": 1, "¤1": 1}', 'repeated-name'],
  ['the name of the prototype', '{"a": {"¤__proto__": {"status": "active"}}}', 'reserved-name'],
  ['the name of the prototype in another spelling', '{"¤__prot\\u006f__": null}', 'reserved-name'],
  ['the name of the constructor', '[{"¤constructor": {"prototype": {}}}]', 'reserved-name'],
  ['the name prototype', '{"¤prototype": 1}', 'reserved-name'],
  ['NUL', '{"a": "¤x\\u0000y"}', 'not-unicode'],
  ['NUL in a name', '{"¤x\\u0000y": 1}', 'not-unicode'],
  ['the first half of a character', '["¤Ola \\ud83d"]', 'not-unicode'],
  ['the second half of a character', '["¤\\uDE00"]', 'not-unicode'],
  ['halves in the wrong order', '["¤\\uDE00\\uD83D"]', 'not-unicode'],
  ['a superfluous comma', '{"a": 1,¤}', 'not-json'],
  ['a missing comma', '{"a": 1 ¤"b": 2}', 'not-json'],
  ['a truncated text', '{"a": [1, 2¤', 'not-json'],
  ['a truncated string', '{"a": ¤"abc', 'not-json'],
  ['a second document', '{"a": 1}\n¤{"a": 1}', 'not-json'],
  ['a number with a leading zero', '[1, ¤01]', 'not-json'],
  ['a number without digits', '[¤-]', 'not-json'],
  ['a word', '[true, ¤truely]', 'not-json'],
  ['NaN', '[¤NaN]', 'not-json'],
  ['a name without quotation marks', '{¤a: 1}', 'not-json'],
  ['a number as a name', '{¤1.50: 1}', 'not-json'],
  ['an apostrophe', "{¤'a': 1}", 'not-json'],
  ['a line break in a string', '[¤"a\nb"]', 'not-json'],
  ['an invalid escape', '[¤"\\x41"]', 'not-json'],
  ['the wrong bracket', '[1¤}', 'not-json'],
  ['the 65th bracket', `${'['.repeat(64)}\n ¤[1]`, 'too-deep'],
];

describe('readJson', () => {
  test.each(marked)('refuses %s with its place', (_what, text, code) => {
    // Names and strings are marked inside, and their place is that of the quotation mark.
    const at = /"¤/.test(text) ? text.indexOf('¤') - 1 : text.indexOf('¤');
    const before = text.slice(0, at).split('\n');
    const place = `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
    expect(faultOf(text.replace('¤', ''))).toEqual({ code, detail: place });
  });

  test('refuses a byte order mark with advice', () => {
    expect(faultOf('\ufeff{}')).toEqual({ code: 'not-json', detail: 'begins with a byte order mark: leave it out' });
  });

  test('does not repeat any part of a text in the fault', () => {
    for (const text of [
      '{"Kari Nordmann": 1, "Kari Nordmann": 2}',
      '{"name": Kari Nordmann}',
      '["Kari Nordmann\\u0000"]',
    ])
      expect(JSON.stringify(faultOf(text))).not.toMatch(/Kari|Nordmann/);
  });

  test('reads valid JSON as the same value', () => {
    assert(
      property(jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        const read = readJson(text);
        if (read.ok) expect(JSON.stringify(read.value)).toBe(text);
        else expect(read.fault.code).toMatch(/^(reserved-name|not-unicode)$/);
      }),
      { numRuns: 2000 },
    );
    for (const text of [
      '{"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}',
      '["\\ud83d\\ude00 \\u0001"]',
      '{"": 1, " ": 2}',
      '":::"',
    ])
      expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  test('refuses a text broken at any position, with a place inside the text', () => {
    const request = exampleText('mission-request.json');
    const breaks = tuple(
      integer({ min: 0, max: request.length - 1 }),
      string({ unit: constantFrom(...'{}[]",:0e\\'.split('')), maxLength: 3 }),
    );
    assert(
      property(breaks, ([at, put]) => {
        const text = request.slice(0, at) + put + request.slice(at + 1);
        const read = readJson(text);
        if (read.ok) return;
        expect(read.fault.code).toMatch(/^(not-json|repeated-name|not-unicode)$/);
        const [, line = '', column = ''] = /^line (\d+), column (\d+)$/.exec(read.fault.detail ?? '') ?? [];
        const lines = text.split('\n');
        expect(Number(line)).toBeLessThanOrEqual(lines.length);
        expect(Number(column)).toBeLessThanOrEqual((lines[Number(line) - 1] ?? '').length + 1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('readMessage, prototypes', () => {
  test('refuses names of prototypes, and does not change a prototype', () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const text = exampleText('mission-request.json').replace(
        '"resourceType": "Bundle"',
        `"resourceType": "Bundle", "${name}": { "polluted": "yes", "prototype": { "polluted": "yes" } }`,
      );
      expect(readMessage(text)).toMatchObject({ outcome: 'refused', faults: [{ code: 'reserved-name' }] });
      expect(Object.keys(Object.prototype)).toEqual([]);
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
    }
  });
});

describe('readMessage, numbers outside the range of JavaScript', () => {
  const request = exampleText('mission-request.json');
  const withLatitude = (digits: string): string => request.replace(/"latitude": [\d.]+/, `"latitude": ${digits}`);
  const withAge = (digits: string): string =>
    request.replace('"resourceType": "Patient"', `"resourceType": "Patient", "luftbroTest": ${digits}`);

  test('refuses such a number in a field that the hub uses', () => {
    for (const digits of ['1e999', '-1e999', '6e400'])
      expect(readMessage(withLatitude(digits)), digits).toMatchObject({
        outcome: 'refused',
        faults: [{ code: 'wrong-field', at: expect.stringMatching(/position\.latitude$/) }],
      });
    expect(readMessage(withLatitude('6.1e1'))).toMatchObject({
      outcome: 'read',
      facts: { position: { latitude: 61 } },
    });
    expect(readMessage(withLatitude('610000000000000000000000000000'))).toMatchObject({
      outcome: 'refused',
      faults: [{ code: 'impossible-coordinates' }],
    });
  });

  test('keeps every digit elsewhere, and gives another digest', () => {
    const digests = [
      '1e999',
      '-1e999',
      '123456789012345678901234567890',
      '123456789012345678901234567891',
      '1e-400',
    ].map((digits) => {
      const read = readMessage(withAge(digits));
      expect(read).toMatchObject({ outcome: 'read', text: withAge(digits) });
      return read.outcome === 'read' ? read.digest : '';
    });
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe('readMessage, many entries', () => {
  const bundle = JSON.parse(exampleText('mission-request.json'));
  const withEntries = (count: number): string =>
    JSON.stringify({
      ...bundle,
      entry: [
        ...bundle.entry,
        ...Array.from({ length: count - bundle.entry.length }, (_, index) => ({
          resource: { resourceType: 'Basic', id: String(index) },
        })),
      ],
    });

  test(`accepts up to ${mostEntries} entries`, () => {
    expect(readMessage(withEntries(mostEntries))).toMatchObject({ outcome: 'read' });
    expect(readMessage(withEntries(mostEntries + 1))).toEqual({
      outcome: 'refused',
      faults: [{ code: 'too-many-entries', at: 'Bundle.entry', detail: `has ${mostEntries + 1}` }],
    });
  });
});

describe('readMessage, time', () => {
  type Resource = Record<string, unknown>;
  interface Bundle {
    readonly entry: { readonly fullUrl?: string; readonly resource: Resource }[];
    [member: string]: unknown;
  }
  const parse = (): Bundle => JSON.parse(exampleText('mission-request.json'));
  const written = (change: (bundle: Bundle, find: (type: string) => Resource) => void): string => {
    const bundle = parse();
    change(bundle, (type) => bundle.entry.find(({ resource }) => resource['resourceType'] === type)?.resource ?? {});
    return JSON.stringify(bundle);
  };
  const many = <Item>(bytes: number, each: number, item: (index: number) => Item): Item[] =>
    Array.from({ length: Math.floor(bytes / each) }, (_, index) => item(index));
  const identifiers = (bytes: number) => many(bytes, 14, () => ({ value: '1' }));

  const shapes: Readonly<Record<string, (bytes: number) => string>> = {
    members: (bytes) =>
      written((bundle) => (bundle['x'] = Object.fromEntries(many(bytes, 12, (index) => [`k${index}`, 1])))),
    'numbers that are kept as text': (bytes) =>
      exampleText('mission-request.json').replace(/\}\s*$/, `,"x":[${many(bytes, 5, () => '1.50').join()}]}`),
    backslashes: (bytes) => written((bundle) => (bundle['x'] = '\\'.repeat(bytes / 2))),
    'quotation marks': (bytes) => written((bundle) => (bundle['x'] = '"'.repeat(bytes / 2))),
    'receivers that all refer to one Organization with many numbers': (bytes) =>
      written(({ entry }, find) => {
        entry.push({
          fullUrl: 'urn:one',
          resource: { resourceType: 'Organization', identifier: identifiers(bytes / 2) },
        });
        find('MessageHeader')['destination'] = many(bytes / 2, 42, () => ({ receiver: { reference: 'urn:one' } }));
      }),
    'focuses that all refer to one mission with many numbers': (bytes) =>
      written(({ entry }, find) => {
        entry.push({
          fullUrl: 'urn:one',
          resource: { resourceType: 'ServiceRequest', identifier: identifiers(bytes / 2) },
        });
        find('MessageHeader')['focus'] = many(bytes / 2, 24, () => ({ reference: 'urn:one' }));
      }),
    'places with the same id': (bytes) =>
      written((_bundle, find) => {
        const request = find('ServiceRequest');
        request['contained'] = many(bytes / 2, 40, () => ({ resourceType: 'Location', id: 'a' }));
        request['locationReference'] = many(bytes / 2, 18, () => ({ reference: '#a' }));
      }),
    'places with different ids': (bytes) =>
      written((_bundle, find) => {
        const request = find('ServiceRequest');
        request['contained'] = many(bytes / 2, 44, (index) => ({ resourceType: 'Location', id: `a${index}` }));
        request['locationReference'] = many(bytes / 2, 22, (index) => ({ reference: `#a${index}` }));
      }),
    'destinations with different endpoints': (bytes) =>
      written((_bundle, find) => {
        find('MessageHeader')['destination'] = many(bytes, 38, (index) => ({ endpoint: `https://a.example/${index}` }));
      }),
    'destinations that have numbers and all refer to one Organization with many numbers': (bytes) =>
      written(({ entry }, find) => {
        const system = 'urn:oid:2.16.578.1.12.4.1.4.101';
        entry.push({
          fullUrl: 'urn:one',
          resource: {
            resourceType: 'Organization',
            identifier: many(bytes / 2, 70, (index) => ({ system, value: String(index) })),
          },
        });
        const receiver = { reference: 'urn:one', identifier: { system, value: '1' } };
        find('MessageHeader')['destination'] = many(bytes / 2, 120, () => ({ receiver }));
      }),
    'percent signs in a fullUrl': (bytes) =>
      written(({ entry }) => {
        entry.push({
          fullUrl: `https://a.example/%${'25'.repeat(bytes / 2)}`,
          resource: { resourceType: 'Basic' },
        });
      }),
    'slashes in a reference': (bytes) =>
      written((_bundle, find) => {
        find('ServiceRequest')['subject'] = { reference: `https://a.example${'/A'.repeat(bytes / 2)}` };
      }),
    faults: (bytes) => written((_bundle, find) => (find('ServiceRequest')['reasonCode'] = many(bytes, 2, () => 1))),
  };

  const once = (text: string): number => {
    const start = performance.now();
    readMessage(text);
    return performance.now() - start;
  };

  test.each(Object.entries(shapes))('grows linearly with %s', (_what, make) => {
    const [small, large] = [make(12_000), make(192_000)];
    expect(Buffer.byteLength(large)).toBeLessThan(maxBodyBytes);
    // 16 times the text takes 16 times the work if it is linear, and 256 times if it is quadratic.
    const most = 64;
    // Alternates, and compares the best of each, to exclude the load of the machine.
    const best = { small: Number.POSITIVE_INFINITY, large: Number.POSITIVE_INFINITY };
    for (let turn = 0; turn < 7 || (turn < 60 && best.large / best.small >= most); turn += 1) {
      best.small = Math.min(best.small, once(small));
      best.large = Math.min(best.large, once(large));
    }
    expect(best.large / best.small).toBeLessThan(most);
  });

  test('shows at most 50 faults in the OperationOutcome', () => {
    const read = readMessage(shapes['faults']?.(192_000) ?? '');
    if (read.outcome === 'read') throw new Error('a request for nothing was read');
    expect(read.faults.length).toBeGreaterThan(50_000);
    const { issue } = operationOutcome(read.faults);
    expect(issue).toHaveLength(51);
    expect(issue.at(-1)).toEqual({
      severity: 'information',
      code: 'incomplete',
      diagnostics: `${read.faults.length - 50} more faults are not shown`,
    });
    expect(problemsOf({ resourceType: 'OperationOutcome', issue })).toEqual([]);
  });
});
