import { assert, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Values } from '../../../../../core/queries/search/conditions.ts';
import { finds, type Query, readSearch } from '../../../../../core/queries/search/read-search.ts';
import { hasToken, splitAt, tokenIn, unescape } from '../../../../../core/queries/search/tokens.ts';
import { isRefusal } from '../../../../../schemas/faults.ts';
import { systems } from '../../../../../schemas/names.ts';
import { isSearchType, parametersOf, searches, type SearchType } from '../../../../../schemas/searches.ts';
import { searchFor } from '../../../../support/reading.ts';

const base = 'https://hub.example/fhir';
const handling = { base, now: Date.parse('2026-02-01T12:00:00Z'), lenient: false };
const mission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';
const owner = '312000016';

const read = <Type extends SearchType>(type: Type, query: Query, lenient = false) =>
  readSearch(type, query, { ...handling, lenient });

/** The place of the refusal, if it is refused. */
const refusedAt = (type: SearchType, query: Query, lenient = false): string | undefined => {
  const search = read(type, query, lenient);
  return isRefusal(search) ? search.faults[0].at : undefined;
};

const task: Values<'Task'> = {
  _id: [{ value: `${mission}.1` }],
  _lastUpdated: '2026-02-01T12:00:00.000Z',
  owner: [owner],
  requester: ['311000012'],
  status: [{ system: 'http://hl7.org/fhir/task-status', value: 'requested' }],
  'based-on': [mission],
};

const party: Values<'Organization'> = {
  _id: [{ value: owner }],
  type: [{ system: systems.partyRole, value: 'amk-la' }],
  name: 'AMK Ålesund, Møre',
  identifier: [{ system: systems.organisationNumber, value: owner }],
};

describe('reference parameter', () => {
  // R4 search.html 3.1.1.4.12
  test.each([
    ['owner', `Organization/${owner}`],
    ['owner', owner],
    ['owner', `${base}/Organization/${owner}`],
    ['owner', `Organization/${owner}/_history/1`],
    ['owner', `${base}/Organization/${owner}/_history/1`],
    ['owner', `HTTPS://HUB.example:443/fhir/Organization/${owner}`],
    ['owner:Organization', owner],
    ['owner:identifier', `${systems.organisationNumber}|${owner}`],
    ['owner:identifier', owner],
    ['owner', `Organization/1,Organization/${owner}`],
    ['based-on', `ServiceRequest/${mission}/_history/17`],
    ['based-on:identifier', `${systems.mission}|${mission}`],
  ])('%s=%s finds', (name, value) => expect(finds(searchFor('Task', { [name]: value }), task)).toBe(true));

  test.each([
    ['owner', 'Organization/999999999'],
    ['owner:identifier', `${systems.organisationNumber}|999999999`],
    ['based-on', 'ServiceRequest/00000000-0000-8000-8000-000000000000'],
  ])('%s=%s does not find', (name, value) => expect(finds(searchFor('Task', { [name]: value }), task)).toBe(false));

  test.each([
    ['owner', `Patient/${owner}`],
    ['owner', `https://other.example/fhir/Organization/${owner}`],
    ['owner', `urn:uuid:${mission}`],
    ['owner', `Organization/${owner}/Task/1`],
    ['owner', `Organization/${owner}/_history/`],
    ['owner', '/'],
    ['owner', 'a b'],
    ['owner', `${owner},`],
    ['owner:identifier', `urn:oid:1.2.3|${owner}`],
    ['owner:identifier', `|${owner}`],
    ['owner:identifier', `${systems.organisationNumber}|`],
    ['owner:Patient', owner],
    ['owner:missing', 'true'],
  ])('%s=%s is refused: an empty list would look as if nothing matched', (name, value) =>
    expect(refusedAt('Task', [[name, value]])).toBe(`http.${name}`),
  );
});

describe('token parameter', () => {
  const system = 'http://hl7.org/fhir/task-status';

  // R4 search.html 3.1.1.4.10
  test.each(['requested', `${system}|requested`, `${system}|`, `accepted,${system}|requested`])(
    'status=%s finds',
    (status) => expect(finds(searchFor('Task', { status }), task)).toBe(true),
  );

  test.each(['|requested', 'http://other.example|requested', 'open', 'requested,', '|', ',', 'requested,open'])(
    'status=%s is refused',
    (status) => expect(refusedAt('Task', [['status', status]])).toBe('http.status'),
  );

  test('refuses a modifier, as R4 requires, also if unknown parameters may be ignored', () => {
    for (const lenient of [false, true])
      expect(refusedAt('Task', [['status:not', 'requested']], lenient)).toBe('http.status:not');
  });

  test.each([
    ['a\\,b,c', ['a\\,b', 'c']],
    ['a\\\\,b', ['a\\\\', 'b']],
    ['', ['']],
    [',', ['', '']],
    ['a\\', ['a\\']],
  ])('splits %j at commas that are not escaped', (text, parts) => expect(splitAt(text, ',')).toEqual(parts));

  test.each([
    ['a', { value: 'a' }],
    ['s|a', { system: 's', value: 'a' }],
    ['|a', { system: '', value: 'a' }],
    ['s|', { system: 's' }],
    ['s\\|t|a\\,b\\$c\\\\d', { system: 's|t', value: 'a,b$c\\d' }],
    ['\\|', { value: '|' }],
    ['', undefined],
    ['|', undefined],
  ])('reads %j', (text, token) => expect(tokenIn(text)).toEqual(token));

  test('finds any value that is escaped as R4 says, and only that', () => {
    const escaped = (text: string): string => text.replaceAll(/[\\,|$]/g, String.raw`\$&`);
    assert(
      property(string({ minLength: 1 }), string({ minLength: 1 }), string({ minLength: 1 }), (sid, value, other) => {
        const parts = splitAt(`${escaped(sid)}|${escaped(value)},${escaped(other)}`, ',');
        expect(parts).toHaveLength(2);
        expect(unescape(escaped(value))).toBe(value);
        const [token, second] = parts.map(tokenIn);
        expect([token, second]).toEqual([{ system: sid, value }, { value: other }]);
        expect(token !== undefined && hasToken([{ system: sid, value }], token)).toBe(true);
      }),
    );
  });
});

describe('string parameter', () => {
  test.each([
    ['name', 'amk alesund', true],
    ['name', 'AMK ÅL', true],
    ['name', 'Møre', false],
    ['name:contains', 'mør', true],
    ['name:contains', 'oslo', false],
    ['name:exact', 'AMK Ålesund\\, Møre', true],
    ['name:exact', 'amk ålesund\\, møre', false],
    ['name', 'oslo,amk', true],
  ])('%s=%s: %s', (name, value, expected) =>
    expect(finds(searchFor('Organization', { [name]: value }), party)).toBe(expected),
  );
});

describe('parameters of a search', () => {
  test('join several of one name by AND, and the values of each by OR', () => {
    const search = read('Task', [
      ['_lastUpdated', 'ge2026-02-01'],
      ['_lastUpdated', 'lt2026-02-02,lt2000'],
    ]);
    if (isRefusal(search)) throw new Error(JSON.stringify(search));
    const at = (_lastUpdated: string): boolean => finds(search, { ...task, _lastUpdated });
    expect(['2026-01-31T23:00:00Z', '2026-02-01T23:00:00Z', '2026-02-02T01:00:00Z'].map(at)).toEqual([
      false,
      true,
      false,
    ]);
  });

  test.each([
    [[['_count', '1000']], { count: 100, used: [['_count', '100']] }],
    [[['_count', '0']], { count: 0 }],
    [[], { count: 50, used: [] }],
    [[['_summary', 'count']], { count: 0, used: [['_summary', 'count']] }],
    [[['_summary', 'true']], { count: 50, used: [], ignored: ['_summary'] }],
    [[['_elements', 'id']], { used: [], ignored: ['_elements'] }],
    [[['_pretty', 'true']], { used: [], ignored: [] }],
    [[['_total', 'accurate']], { wantsTotal: true }],
    [[['_total', 'none']], { wantsTotal: false }],
    [[['_format', 'json']], { format: 'json', used: [['_format', 'json']], ignored: [] }],
    [[['_cursor', 'x']], { cursor: 'x', used: [] }],
  ] as const)('%j is read', (query, expected) => expect(read('Task', query)).toMatchObject(expected));

  test.each([
    [[['_count', '-1']], 'http._count'],
    [[['_count', '1.5']], 'http._count'],
    [[['_count', 'many']], 'http._count'],
    [[['_summary', 'all']], 'http._summary'],
    [[['_total', 'yes']], 'http._total'],
    [[['_pretty', '1']], 'http._pretty'],
    [
      [
        ['_count', '1'],
        ['_count', '2'],
      ],
      'http._count',
    ],
    [[['_count:exact', '1']], 'http._count:exact'],
    [[['_sort', 'status']], 'http._sort'],
    [[['_include', '*']], 'http._include'],
    [[['_revinclude', 'Task:based-on']], 'http._revinclude'],
    [[['owner.name', 'x']], 'http.query'],
    [[['Ola Nordmann', 'x']], 'http.query'],
    [[['', 'x']], 'http.query'],
    [[['owner', '']], 'http.owner'],
    [[['constructor', 'x']], 'http.constructor'],
    [[['toString', 'x']], 'http.toString'],
    [Array.from({ length: 51 }, () => ['owner', '1'] as const), 'http.query'],
  ] as const)('%j is refused, and its place is named', (query, at) => expect(refusedAt('Task', query)).toBe(at));

  test('ignore unknown ones if the client wants that, and name only those that have the form of a name', () => {
    const query: Query = [
      ['owner', owner],
      ['colour', 'red'],
      ['Ola Nordmann', 'x'],
    ];
    expect(read('Task', query, true)).toMatchObject({ used: [['owner', owner]], ignored: ['colour', 'query'] });
  });

  test('of every type have a condition for each that is given', () => {
    const samples = { token: 'x', reference: 'x', date: '2026', string: 'x', uri: 'x' };
    for (const type of Object.keys(searches).filter(isSearchType))
      for (const [name, parameter] of Object.entries(parametersOf(type))) {
        const codes = parameter.type === 'token' ? (parameter.codes ?? []) : [];
        const value = codes[0] ?? samples[parameter.type];
        expect([type, name, read(type, [[name, value]])]).toMatchObject([
          type,
          name,
          { conditions: new Map([[name, expect.anything()]]) },
        ]);
      }
  });
});
