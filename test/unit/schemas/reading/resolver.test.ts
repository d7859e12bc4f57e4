import { array, assert, constantFrom, property, record, uuid } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalUrl } from '../../../../schemas/fhir/addresses.ts';
import { type Resolution, resolverOf } from '../../../../schemas/reading/resolver.ts';

const hub = 'https://hub.example/fhir';
const urn = 'urn:uuid:0b1c2d3e-0000-4000-8000-00000000abcd';

interface Entry {
  readonly fullUrl?: string;
  readonly resource: Readonly<Record<string, unknown>>;
}

const entry = (fullUrl: string | undefined, type: string, members: Readonly<Record<string, unknown>> = {}): Entry => ({
  ...(fullUrl === undefined ? {} : { fullUrl }),
  resource: { resourceType: type, ...members },
});

/** What a reference in the first entry means: FHIRPaths, or the outcome. */
const shown = (resolution: Resolution): string => {
  switch (resolution.outcome) {
    case 'found':
      return resolution.found.at;
    case 'at-hub':
      return `hub ${resolution.type}/${resolution.id}`;
    case 'ambiguous':
      return `ambiguous: ${resolution.candidates.map(({ at }) => at).join(', ')}`;
    case 'unresolved':
      return ['unresolved', ...(resolution.url === undefined ? [] : [resolution.url])].join(' ');
    case 'nothing':
      return 'nothing';
  }
};

const resolved = (reference: string | object, entries: readonly Entry[], index = 0): string =>
  shown(
    resolverOf(entries, normalUrl(hub)).resolve(typeof reference === 'string' ? { reference } : reference, { index }),
  );

const second = 'Bundle.entry[1].resource';

describe('resolver of references', () => {
  const atServer = (base: string, type = 'Task', id = '7', members = {}) =>
    entry(`${base}/${type}/${id}`, type, { id, ...members });
  const a = 'https://a.example/fhir';
  const b = 'https://b.example/fhir';
  const header = entry('urn:uuid:11111111-0000-4000-8000-000000000000', 'MessageHeader');
  const headerAtA = entry(`${a}/MessageHeader/1`, 'MessageHeader');
  const identified = { identifier: [{ system: 'urn:x', value: '1' }] };
  const versioned = (version: string) => atServer(a, 'Task', '7', { meta: { versionId: version } });

  test.each<[string, string | object, readonly Entry[], string]>([
    ['a fullUrl', urn, [header, entry(urn, 'Task')], second],
    ['a UUID in upper case', urn.toUpperCase(), [header, entry(urn, 'Task')], second],
    ['an OID in upper case', 'URN:OID:1.2.3', [header, entry('urn:oid:1.2.3', 'Task')], second],
    ['a URN of another namespace by its case', 'urn:x:A', [header, entry('urn:x:a', 'Task')], 'unresolved'],
    ['an absolute URL', `${a}/Task/7`, [header, atServer(a)], second],
    ['a version without one in the Bundle', `${a}/Task/7/_history/3`, [header, atServer(a)], second],
    ['the version', `${a}/Task/7/_history/3`, [header, versioned('2'), versioned('3')], 'Bundle.entry[2].resource'],
    ['another version', `${a}/Task/7/_history/3`, [header, versioned('2')], 'unresolved'],
    [
      'one of two versions',
      `${a}/Task/7`,
      [header, versioned('2'), versioned('3')],
      `ambiguous: ${second}, Bundle.entry[2].resource`,
    ],
    [
      'a relative reference at its own server',
      'Task/7',
      [headerAtA, atServer(b), atServer(a)],
      'Bundle.entry[2].resource',
    ],
    ['a relative reference at its own server only', 'Task/7', [headerAtA, atServer(b)], `unresolved ${a}/Task/7`],
    [
      'a relative reference to an entry without a server',
      'Task/7',
      [headerAtA, entry(urn, 'Task', { id: '7' })],
      second,
    ],
    ['type and id from an entry without a server', 'Task/7', [header, atServer(a)], second],
    [
      'type and id of two',
      'Task/7',
      [header, atServer(a), atServer(b)],
      `ambiguous: ${second}, Bundle.entry[2].resource`,
    ],
    ['type and id that the Bundle does not have', 'Task/8', [header, atServer(a)], 'hub Task/8'],
    ['a URL of the hub', `${hub}/Task/8`, [header], 'hub Task/8'],
    ['a URL of the hub from a server', `${hub}/Task/8/_history/1`, [headerAtA], 'hub Task/8'],
    ['a URL below another base', 'https://hub.example/other/Task/8', [header], 'unresolved'],
    ['a URL that is not RESTful', 'https://a.example/a', [header, entry('https://a.example/a', 'Task')], second],
    ['a search', 'Task?identifier=1', [header, entry(urn, 'Task')], 'unresolved'],
    ['an empty reference', '', [header], 'unresolved'],
    [
      'an identifier',
      { identifier: { system: 'urn:x', value: '1' } },
      [header, entry(urn, 'Task', identified)],
      second,
    ],
    [
      'an identifier of two',
      { identifier: { system: 'urn:x', value: '1' } },
      [header, entry(urn, 'Task', identified), entry(undefined, 'Patient', identified)],
      `ambiguous: ${second}, Bundle.entry[2].resource`,
    ],
    [
      'an identifier and a type',
      { type: 'Task', identifier: { system: 'urn:x', value: '1' } },
      [header, entry(urn, 'Task', identified), entry(undefined, 'Patient', identified)],
      second,
    ],
    ['a reference before an identifier', { reference: urn, identifier: { value: '1' } }, [header], 'unresolved'],
    ['a name alone', { display: 'Kari' }, [header], 'nothing'],
  ])('resolves %s', (_what, reference, entries, expected) => {
    expect(resolved(reference, entries)).toBe(expected);
  });

  test('resolves contained resources in the entry in which the reference stands', () => {
    const holder = (...ids: readonly string[]) =>
      entry(urn, 'Task', { id: '7', contained: ids.map((id) => ({ resourceType: 'Location', id })) });
    const entries = [header, holder('a', 'b', 'b')];
    expect(resolved('#a', entries, 1)).toBe(`${second}.contained[0]`);
    expect(resolved('#b', entries, 1)).toBe(`ambiguous: ${second}.contained[1], ${second}.contained[2]`);
    expect(resolved('#', entries, 1)).toBe(second);
    expect(resolved('#a', entries, 0)).toBe('unresolved');
    expect(resolved('#7', entries, 1)).toBe('unresolved');
    expect(resolved('Location/a', entries, 1)).toBe('hub Location/a');
    // R4 allows no contained resource in a contained resource.
    const nested = { resourceType: 'Location', id: 'a', contained: [{ resourceType: 'Location', id: 'inner' }] };
    expect(resolved('#inner', [header, entry(urn, 'Task', { contained: [nested] })], 1)).toBe('unresolved');
  });

  test('resolves every spelling of a reference alike', () => {
    const host = constantFrom('a.example', 'A.Example', 'a.EXAMPLE.', 'a.example:443');
    const path = constantFrom(
      '/fhir/Task/7',
      '/fhir//Task/7',
      '/x/../fhir/Task/7',
      '/fhir/%54ask/%37',
      '/fhir/Task/7/',
    );
    const scheme = constantFrom('https', 'HTTPS');
    const spelling = record({ scheme, host, path }).map((one) => `${one.scheme}://${one.host}${one.path}`);
    assert(
      property(spelling, spelling, (fullUrl, reference) => {
        expect(resolved(reference, [header, entry(fullUrl, 'Task', { id: '7' })])).toBe(second);
        expect(resolved('Task/7', [entry(`${a}/MessageHeader/1`, 'MessageHeader'), entry(fullUrl, 'Task')])).toBe(
          second,
        );
      }),
    );
    const cased = uuid().chain((id) => constantFrom(id, id.toUpperCase()).map((other) => [id, other] as const));
    assert(
      property(cased, constantFrom('urn:uuid:', 'URN:UUID:', 'urn:Uuid:'), ([id, other], prefix) => {
        expect(resolved(`${prefix}${other}`, [header, entry(`urn:uuid:${id}`, 'Task')])).toBe(second);
      }),
    );
  });

  test('never chooses between two resources', () => {
    const fullUrl = constantFrom(
      undefined,
      urn,
      `${a}/Task/7`,
      `${b}/Task/7`,
      'urn:uuid:22222222-0000-4000-8000-000000000000',
    );
    const task = record({ fullUrl, version: constantFrom(undefined, '1', '2') }).map((one) =>
      entry(one.fullUrl, 'Task', {
        id: '7',
        ...(one.version === undefined ? {} : { meta: { versionId: one.version } }),
      }),
    );
    const reference = constantFrom(urn, `${a}/Task/7`, `${a}/Task/7/_history/1`, 'Task/7', 'Task/7/_history/2');
    assert(
      property(constantFrom(header, headerAtA), array(task, { maxLength: 4 }), reference, (first, tasks, text) => {
        const all = [first, ...tasks];
        const meant = (entries: readonly Entry[]): Resolution =>
          resolverOf(entries, hub).resolve({ reference: text }, { index: 0 });
        const resolution = meant(all);
        if (resolution.outcome !== 'found') return;
        const twin = structuredClone(all[resolution.found.index] ?? first);
        expect(meant([...all, twin]).outcome).toBe('ambiguous');
      }),
    );
  });
});
