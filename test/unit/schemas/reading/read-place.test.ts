import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../../schemas/faults.ts';
import { kilometresBetween } from '../../../../schemas/fhir/service-area.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { municipalityExtension, systems } from '../../../../schemas/names.ts';
import { missionRequest, missionUpdate, resourceRequest, resourceStatus } from '../../../support/messages.ts';
import { changed, gone, type Path, sampleMission as mission, sampleTask as task } from './changed.ts';

type Change = readonly [Path, unknown];

const readChanged = (message: Message, ...changes: readonly Change[]): Message | Refusal =>
  readMessage(
    JSON.stringify(
      changes.reduce<unknown>((bundle, [path, into]) => changed(bundle, path, into), JSON.parse(message.text)),
    ),
  );

const resource: Path = ['entry', 1, 'resource'];
const resourceAt = 'Bundle.entry[1].resource';

const scene = { latitude: 60.9271, longitude: 10.7243 };
const nearby = { latitude: 60.9273, longitude: 10.7215 };
const farAway = { latitude: 69.65, longitude: 18.95 };

const numbered = (...codes: readonly (string | object)[]) => ({
  _district: {
    extension: codes.map((code) => ({
      url: municipalityExtension,
      valueCoding: typeof code === 'string' ? { system: systems.municipality, code } : code,
    })),
  },
});

const location = (id: string, position?: object, address?: object) => ({
  resourceType: 'Location',
  id,
  ...(position === undefined ? {} : { position }),
  ...(address === undefined ? {} : { address }),
});

/** A message with these Locations contained in its focus resource, in this order. */
const withPlaces = (message: Message, places: readonly object[], references?: readonly unknown[]) =>
  readChanged(
    message,
    [[...resource, 'contained'], places],
    [
      [...resource, 'locationReference'],
      references ?? places.map((place) => ({ reference: `#${'id' in place ? String(place.id) : ''}` })),
    ],
  );

const factsOf = (outcome: Message | Refusal) =>
  outcome.outcome === 'read'
    ? { position: outcome.facts.position, municipality: outcome.facts.municipality }
    : outcome.faults.map(({ code, at, and }) => [code, at, ...(and === undefined ? [] : [and])]);

const warningsOf = (outcome: Message | Refusal) =>
  outcome.outcome === 'read'
    ? outcome.warnings.filter(({ code }) => code.startsWith('unresolved')).map(({ code, at }) => [code, at])
    : outcome.faults;

const request = missionRequest();
const update = missionUpdate({ mission });

describe('the place of a mission', () => {
  test('is the first Location with a position, with its own municipality', () => {
    const places = (...list: readonly object[]) => factsOf(withPlaces(request, list));
    const own = location('a', scene, numbered('3411'));
    expect(places(own, location('b', nearby, numbered('0301')))).toEqual({ position: scene, municipality: '3411' });
    expect(places(location('a', scene), location('b', nearby, numbered('0301')))).toEqual({
      position: scene,
      municipality: undefined,
    });
    expect(places(location('a', scene), location('b', undefined, numbered('0301')))).toEqual({
      position: scene,
      municipality: undefined,
    });
    expect(places(location('a', undefined, numbered('0301')), location('b', nearby))).toEqual({
      position: nearby,
      municipality: undefined,
    });
    expect(factsOf(withPlaces(request, [own], [{ reference: '#a' }, { reference: '#a' }]))).toEqual({
      position: scene,
      municipality: '3411',
    });
  });

  test('is refused if its municipality cannot be read', () => {
    const extensionAt = `${resourceAt}.contained[0].address._district.extension[0]`;
    const withExtension = (extension: object) =>
      factsOf(withPlaces(request, [location('a', scene, { _district: { extension: [extension] } })]));
    const valueCoding = { system: systems.municipality, code: '3411' };
    for (const url of [municipalityExtension.replace('http', 'https'), `${municipalityExtension}/`])
      expect(withExtension({ url, valueCoding })).toEqual([['wrong-field', `${extensionAt}.url`]]);
    for (const system of ['2.16.578.1.12.4.1.1.3402', 'URN:OID:2.16.578.1.12.4.1.1.3402'])
      expect(withExtension({ url: municipalityExtension, valueCoding: { ...valueCoding, system } })).toEqual([
        ['wrong-field', `${extensionAt}.valueCoding.system`],
      ]);
    expect(withExtension({ url: municipalityExtension, valueCode: '3411' })).toEqual([
      ['missing-field', `${extensionAt}.valueCoding`],
    ]);
    expect(withExtension({ url: 'https://a.example', valueString: 'Ringsaker' })).toMatchObject({ position: scene });
  });

  test('is one: two that are far apart are refused', () => {
    expect(factsOf(withPlaces(request, [location('a', scene), location('b', nearby), location('c', farAway)]))).toEqual(
      [['contradiction', `${resourceAt}.contained[0].position`, `${resourceAt}.contained[2].position`]],
    );
    expect(kilometresBetween(scene, nearby)).toBeCloseTo(0.153, 2);
    expect(kilometresBetween({ latitude: 60, longitude: 10 }, { latitude: 61, longitude: 10 })).toBeCloseTo(111.2, 1);
  });

  test('is one: a reference that can mean two is refused', () => {
    expect(factsOf(withPlaces(request, [location('a', scene), location('a', nearby)], [{ reference: '#a' }]))).toEqual([
      ['contradiction', `${resourceAt}.contained[0]`, `${resourceAt}.contained[1]`],
    ]);
  });

  test.each<[string, readonly unknown[], string]>([
    ['the only one', [{ reference: '#nowhere' }], 'locationReference[0]'],
    ['one before the place', [{ reference: 'urn:uuid:1' }, { reference: '#a' }], 'locationReference[0]'],
    ['at the hub', [{ reference: `Location/${mission}.1.2` }], 'locationReference[0]'],
    ['not a Location', [{ reference: '#device' }], 'locationReference[0]'],
  ])('is refused if a reference leads nowhere: %s', (_what, references, at) => {
    const places = [location('a', scene), { resourceType: 'Device', id: 'device' }];
    expect(factsOf(withPlaces(request, places, references))).toEqual([['unresolved-reference', `${resourceAt}.${at}`]]);
  });

  test.each<[string, readonly unknown[]]>([
    ['no reference', []],
    ['a name alone', [{ display: 'At home' }]],
    ['a Location without a position', [{ reference: '#b' }]],
  ])('is refused without a position: %s', (_what, references) => {
    expect(factsOf(withPlaces(request, [location('b')], references))).toEqual([
      ['missing-field', `${resourceAt}.locationReference`],
    ]);
  });

  test('gives a warning if a further place leads nowhere', () => {
    const read = withPlaces(request, [location('a', scene)], [{ reference: '#a' }, { reference: '#nowhere' }]);
    expect(factsOf(read)).toEqual({ position: scene, municipality: undefined });
    expect(warningsOf(read)).toEqual([['unresolved-place', `${resourceAt}.locationReference[1]`]]);
  });

  test('gives a warning if an update leads nowhere, and is refused if that could be the place', () => {
    const read = withPlaces(update, [], [{ reference: 'Location/7' }]);
    expect(factsOf(read)).toEqual({ position: undefined, municipality: undefined });
    expect(warningsOf(read)).toEqual([['unresolved-place', `${resourceAt}.locationReference[0]`]]);
    expect(
      factsOf(withPlaces(update, [location('a', scene)], [{ reference: '#nowhere' }, { reference: '#a' }])),
    ).toEqual([['unresolved-reference', `${resourceAt}.locationReference[0]`]]);
  });

  test('gives a warning also where the hub reads no place', () => {
    const read = readChanged(resourceRequest({ mission }), [[...resource, 'location'], { reference: '#nowhere' }]);
    expect(warningsOf(read)).toEqual([['unresolved-place', `${resourceAt}.location`]]);
  });

  test('limits the warnings', () => {
    const references = Array.from({ length: 100 }, (_, index) => ({ reference: `#${index}` }));
    expect(warningsOf(withPlaces(update, [], references))).toHaveLength(5);
  });

  test('is something to report only with a position', () => {
    const report = resourceStatus({ task, eta: '2026-02-01T12:40:00+01:00' });
    const at = (value: unknown) =>
      readChanged(
        report,
        [[...resource, 'output'], gone],
        [
          [...resource, 'contained'],
          [location('a', scene), location('b')],
        ],
        [[...resource, 'location'], value],
      );
    expect(factsOf(at({ reference: '#a' }))).toMatchObject({ position: scene });
    for (const reference of ['#b', '#nowhere'])
      expect(factsOf(at({ reference }))).toEqual([['missing-field', `${resourceAt}.output`]]);
  });
});

describe('the municipality of a place', () => {
  const municipalityOf = (...codes: readonly (string | object)[]) =>
    factsOf(withPlaces(request, [location('a', scene, numbered(...codes))]));
  const at = `${resourceAt}.contained[0].address._district.extension`;

  test.each(['341', '34111', 'Ringsaker', ' 3411', '٣٤١١', ''])('is refused if it is malformed: "%s"', (code) => {
    expect(municipalityOf(code)).toEqual([['wrong-field', `${at}[0].valueCoding.code`]]);
  });

  test('is refused if there are two', () => {
    expect(municipalityOf('3411', '3411')).toMatchObject({ municipality: '3411' });
    expect(municipalityOf('3411', '0301')).toEqual([
      ['contradiction', `${at}[0].valueCoding.code`, `${at}[1].valueCoding.code`],
    ]);
  });

  test('is of the municipality numbers', () => {
    expect(municipalityOf({ code: '3411' })).toMatchObject({ municipality: '3411' });
    expect(municipalityOf({ system: 'urn:oid:2.16.578.1.12.4.1.1.3403', code: '34' })).toMatchObject({
      municipality: undefined,
    });
    expect(municipalityOf({ system: 'urn:oid:2.16.578.1.12.4.1.1.3403', code: '0301' }, '3411')).toMatchObject({
      municipality: '3411',
    });
    expect(municipalityOf({ display: 'Ringsaker' })).toMatchObject({ municipality: undefined });
  });
});
