import { describe, expect, test } from 'vitest';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import { deIdentifiedBundle, deIdentify } from '../../../../core/fhir/de-identify.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import { exampleLog, sampleDirectory } from '../../../support/examples.ts';

const [entry] = exampleLog(1);
if (entry === undefined) throw new Error('an empty log');

const view = { base: 'https://hub.example/fhir', directory: sampleDirectory };
const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
const snomed = (code: string) => ({ coding: [{ system: 'http://snomed.info/sct', code }] });
const icd10 = (code: string) => ({ coding: [{ system: 'http://hl7.org/fhir/sid/icd-10', code }] });
const ucum = (value: number, code: string) => ({ value, unit: code, system: 'http://unitsofmeasure.org', code });

const seen = (resource: object) => deIdentify(resource, { role: 'quality', entry });

const observed = (code: object, value: object) =>
  seen({ resourceType: 'Observation', status: 'final', code, effectiveDateTime: '2026-01-08', ...value });

const masked = { coding: [{ code: 'masked' }] };

describe('ages without persons', () => {
  test.each([
    [ucum(65, 'a'), { value: 65, code: 'a' }],
    [ucum(65.37, 'a'), { value: 65, code: 'a' }],
    [ucum(89.99, 'a'), { value: 89, code: 'a' }],
    [ucum(90, 'a'), { comparator: '>', value: 89, code: 'a' }],
    [ucum(103.2, 'a'), { comparator: '>', value: 89, code: 'a' }],
    [ucum(1100, 'mo'), { comparator: '>', value: 89, code: 'a' }],
    [ucum(7.25, 'mo'), { value: 7, code: 'mo' }],
  ])('show %j as %j, under any code', (quantity, shown) => {
    for (const code of [loinc('30525-0'), snomed('397669002'), loinc('8867-4'), { text: 'Alder' }])
      expect(observed(code, { valueQuantity: quantity })).toMatchObject({ valueQuantity: shown });
  });

  test.each([ucum(12, 'd'), ucum(3, 'wk'), ucum(300, 'h'), ucum(5000, 'min'), ucum(40_000, 'd')])(
    'never show %j as it is: with the time of the finding it gives the birth date',
    (quantity) => {
      for (const code of [loinc('30525-0'), loinc('8867-4'), { text: 'Alder' }]) {
        const shown = observed(code, { valueQuantity: quantity });
        expect(JSON.stringify(shown)).not.toContain(`"value":${quantity.value}`);
      }
    },
  );

  test.each([
    { valueInteger: 97 },
    { valueQuantity: { value: 97 } },
    { valueQuantity: ucum(97, '{score}') },
    { valueQuantity: ucum(17, 'min') },
  ])('mask an age without a unit or in a fine one: %j', (value) => {
    expect(observed(loinc('30525-0'), value)).toMatchObject({ dataAbsentReason: masked });
  });

  test('keep short times and the week of a pregnancy', () => {
    expect(observed(loinc('8867-4'), { valueQuantity: ucum(20, 'min') })).toMatchObject({
      valueQuantity: { value: 20 },
    });
    expect(observed(loinc('18185-9'), { valueQuantity: ucum(31, 'wk') })).toMatchObject({
      valueQuantity: { value: 31 },
    });
  });

  test('mask what a code of a birth date says, in any type', () => {
    for (const code of [loinc('21112-8'), snomed('184099003')])
      for (const value of [
        { valueDateTime: '1990-03-01' },
        { valueInteger: 10390 },
        { valueQuantity: { value: 10390 } },
      ])
        expect(observed(code, value)).toMatchObject({ dataAbsentReason: masked });
  });

  test('mask a date under any other code, in a component too', () => {
    const date = { code: loinc('8867-4'), valueDateTime: '2026-01-07' };
    const shown = observed(loinc('8867-4'), { valueDateTime: '2026-01-07', component: [date] });
    expect(shown).toMatchObject({ dataAbsentReason: masked, component: [{ dataAbsentReason: masked }] });
    expect(JSON.stringify(shown)).not.toContain('2026-01-07');
  });
});

describe('times without persons', () => {
  test.each([
    ['2026-01-08T08:04:00+01:00', '2026-01-08T08:04:00+01:00'],
    ['2026-01-08T08:04:00.123456789+01:00', '2026-01-08T08:04:00.123+01:00'],
    ['2026-01-07', '2026-01-07'],
    ['2026-01-02', '2026'],
    ['1990-03-01', '1990'],
    ['1990-03', '1990'],
    ['1990', '1990'],
    ['1931-01-01', undefined],
    ['0101-12-30', undefined],
    ['2990-03-01', undefined],
    ['1990-13-01', undefined],
    ['2026-01-08T08:04:00', undefined],
    ['01819012345', undefined],
  ])('show the onset %s as %s', (onset, shown) => {
    expect(seen({ resourceType: 'Condition', onsetDateTime: onset })?.['onsetDateTime']).toBe(shown);
  });
});

/** The request of the example with further resources. */
const requestWith = (...resources: readonly object[]): StoredEntry => {
  const bundle: unknown = JSON.parse(entry.text);
  if (!isObject(bundle) || !Array.isArray(bundle['entry'])) throw new Error('no Bundle');
  const more = resources.map((resource, index) => ({ fullUrl: `urn:uuid:0000000${index}`, resource }));
  return { ...entry, text: JSON.stringify({ ...bundle, entry: [...bundle['entry'], ...more] }) };
};

const delivered = '2026-01-08T08:11:00+01:00';

describe('a message about a birth', () => {
  test.each([
    { signal: 'the birth date of a newborn', resource: { resourceType: 'Patient', birthDate: '2026-01-08' } },
    {
      signal: 'a contained newborn',
      resource: { resourceType: 'Observation', contained: [{ resourceType: 'Patient', birthDate: '2026-01-02' }] },
    },
    { signal: 'an Apgar score', resource: { resourceType: 'Observation', status: 'final', code: loinc('9274-2') } },
    { signal: 'a delivery', resource: { resourceType: 'Procedure', status: 'completed', code: snomed('236973005') } },
    { signal: 'a diagnosis of a delivery', resource: { resourceType: 'Condition', code: icd10('O80.0') } },
    { signal: 'a perinatal diagnosis', resource: { resourceType: 'Condition', code: icd10('P22.0') } },
  ])('shows findings by the day, because of $signal', ({ resource }) => {
    const message = requestWith(
      resource,
      { resourceType: 'Observation', status: 'final', code: loinc('8867-4'), effectiveDateTime: delivered },
      { resourceType: 'Procedure', status: 'completed', code: snomed('47625008'), performedDateTime: delivered },
      { resourceType: 'Encounter', status: 'in-progress', period: { start: delivered } },
      { resourceType: 'Observation', status: 'final', code: loinc('8867-4'), effectiveInstant: delivered },
    );
    const shown = JSON.stringify(deIdentifiedBundle({ role: 'quality', entry: message }, view));
    expect(shown).toContain('"performedDateTime":"2026-01-08"');
    expect(shown).toContain('"period":{"start":"2026-01-08"}');
    expect(shown).not.toContain(delivered);
  });

  test('shows findings of a later message by the day, if the description is about a birth', () => {
    const request = requestWith({ resourceType: 'Patient', birthDate: '2026-01-08' });
    const later = requestWith({ resourceType: 'Procedure', status: 'completed', performedDateTime: delivered });
    const shown = JSON.stringify(deIdentifiedBundle({ role: 'quality', entry: later, sources: [request] }, view));
    expect(shown).not.toContain(delivered);
  });

  test('is not recognised by the birth date of an adult', () => {
    const message = requestWith(
      { resourceType: 'Patient', birthDate: '1990-01-08' },
      { resourceType: 'Procedure', status: 'completed', code: snomed('47625008'), performedDateTime: delivered },
    );
    expect(JSON.stringify(deIdentifiedBundle({ role: 'quality', entry: message }, view))).toContain(delivered);
  });
});

describe('codes and numbers without persons', () => {
  const codeOf = (system: string, code: string) =>
    seen({ resourceType: 'Condition', code: { coding: [{ system, code }] } })?.['code'];

  test.each([
    ['http://snomed.info/sct', '22298006'],
    ['http://loinc.org', 'LA6576-8'],
    ['http://hl7.org/fhir/sid/icd-10', 'S61.8'],
    ['https://luftbro.example/fhir/CodeSystem/mission-criterion', 'time-to-definitive-care'],
  ])('show a code of %s: %s', (system, code) => {
    expect(codeOf(system, code)).toEqual({ coding: [{ system, code }] });
  });

  test.each([
    ['http://snomed.info/sct', '22298007'],
    ['http://snomed.info/sct', '01819012345'],
    ['http://snomed.info/sct', '15819010105'],
    ['http://loinc.org', '8867-5'],
    ['http://loinc.org', '01819-0'],
    ['https://luftbro.example/fhir/CodeSystem/mission-criterion', 'ola-nordmann'],
    ['https://luftbro.example/fhir/CodeSystem/mission-criterion', 'rapid-transport'],
    ['https://luftbro.example/fhir/CodeSystem/refusal-reason', 'f01819012345'],
    ['https://luftbro.example/fhir/CodeSystem/norsk-indeks-medisinsk-nodhjelp', 'Q.01.90'],
    ['constructor', 'name'],
    ['__proto__', 'toString'],
    ['toString', 'length'],
  ])('hide a code of %s: %s', (system, code) => {
    expect(codeOf(system, code)).toBeUndefined();
  });

  test.each([
    [7.4, 7.4],
    [36.700000001, 36.7],
    [0.01819012345, 0.018],
    [18190.12345, 18190.1],
    [100_000, undefined],
    [1819012345, undefined],
  ])('show the measured value %d as %s', (value, shown) => {
    expect(observed(loinc('8867-4'), { valueQuantity: ucum(value, 'mg') })).toMatchObject(
      shown === undefined ? { dataAbsentReason: masked } : { valueQuantity: { value: shown } },
    );
  });

  test('show organisations and references of the mission only', () => {
    const organisation = (value: string) => ({
      identifier: { system: 'urn:oid:2.16.578.1.12.4.1.4.101', value },
    });
    const shown = seen({
      resourceType: 'Task',
      status: 'requested',
      requester: organisation('311000012'),
      owner: organisation('018190123'),
      focus: { reference: `ServiceRequest/${entry.mission}` },
      basedOn: [{ reference: 'ServiceRequest/01819012-3450-4000-8000-018190123450' }],
    });
    expect(shown).toMatchObject({
      requester: { reference: 'Organization/311000012' },
      focus: { reference: `ServiceRequest/${entry.mission}` },
    });
    expect(shown).not.toHaveProperty('owner');
    expect(shown).not.toHaveProperty('basedOn');
  });

  test('hide what a sender wrote in meta', () => {
    const message = requestWith({
      resourceType: 'Condition',
      meta: { versionId: '018190123', lastUpdated: '1990-01-01T05:00:00Z', source: 'urn:uuid:0' },
      code: snomed('22298006'),
    });
    const shown = JSON.stringify(deIdentifiedBundle({ role: 'quality', entry: message }, view));
    expect(shown).not.toMatch(/018190123|1990-01/);
  });
});
