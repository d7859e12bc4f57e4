import { assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../../schemas/faults.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { systems } from '../../../../schemas/names.ts';
import { missionRequest, resourceStatus } from '../../../support/messages.ts';
import { changed, type Path, placesIn, samples, sampleTask as task, valueAt } from './changed.ts';

const readChanged = (message: Message, path: Path, into: unknown): Message | Refusal =>
  readMessage(JSON.stringify(changed(JSON.parse(message.text), path, into)));

const label = { system: systems.actReason, code: 'HTEST' };
const secured = (security: unknown) => ({ security: [security] });
const header: Path = ['entry', 0, 'resource', 'meta'];
const focus: Path = ['entry', 1, 'resource'];
const codesOf = (outcome: Message | Refusal) =>
  outcome.outcome === 'read' ? [] : outcome.faults.map(({ code, at }) => [code, at]);

describe('the label of an exercise', () => {
  test('counts at the Bundle and at the MessageHeader', () => {
    for (const path of [['meta'], header])
      for (const exact of [label, { ...label, display: 'test health data' }, { ...label, version: '2018-08-12' }])
        expect(readChanged(missionRequest(), path, secured(exact))).toMatchObject({ exercise: true });
    expect(missionRequest().exercise).toBe(false);
  });

  test('may stand at resources of an exercise too', () => {
    expect(readChanged(missionRequest({ exercise: true }), [...focus, 'meta'], secured(label))).toMatchObject({
      exercise: true,
    });
    expect(codesOf(readChanged(missionRequest(), [...focus, 'meta'], secured(label)))).toEqual([
      ['exercise-mismatch', 'Bundle.entry[1].resource.meta.security[0]'],
    ]);
  });

  test.each([
    ['the STU3 system', { ...label, system: 'http://hl7.org/fhir/v3/ActReason' }],
    ['the v2 system', { ...label, system: 'http://terminology.hl7.org/CodeSystem/v2-0103' }],
    ['no system', { code: 'HTEST' }],
    ['https', { ...label, system: systems.actReason.replace('http:', 'https:') }],
    ['another case of the system', { ...label, system: systems.actReason.toLowerCase() }],
    ['small letters', { ...label, code: 'htest' }],
    ['a blank', { ...label, code: 'HTEST ' }],
    ['a hyphen', { ...label, code: 'H-TEST' }],
    ['full-width letters', { ...label, code: 'ＨＴＥＳＴ' }],
    ['the display alone', { system: systems.actReason, display: 'HTEST' }],
    ['the official display alone', { system: systems.actReason, display: 'test health data' }],
    ['a soft hyphen', { ...label, code: 'HT\u00adEST' }],
    ['a mention in another code', { system: 'https://a.example', code: 'exercise-htest' }],
    ['a mention in the display', { system: 'https://a.example', code: 'exercise', display: 'Exercise (HTEST)' }],
    ['a text', { text: 'HTEST' }],
    ['a string', 'HTEST'],
  ])('is refused with %s', (_what, coding) => {
    for (const path of [['meta'], header, [...focus, 'meta']])
      for (const exercise of [false, true])
        expect(codesOf(readChanged(missionRequest({ exercise }), path, secured(coding)))).toContainEqual([
          'exercise-mismatch',
          expect.stringContaining('.meta.security[0]'),
        ]);
  });

  test.each<[string, Path, unknown]>([
    ['as a tag', ['meta'], { tag: [label] }],
    ['as a single object', ['meta'], { security: label }],
    ['in a category', [...focus, 'category'], [{ coding: [label] }]],
    ['in an extension', [...focus, 'extension'], [{ url: 'https://a.example', valueCode: 'HTEST' }]],
    ['in a contained resource', [...focus, 'contained'], [{ resourceType: 'Device', meta: secured(label) }]],
    ['in the reason of the header', ['entry', 0, 'resource', 'reason'], { coding: [label] }],
    ['beside the resource', ['entry', 1, 'search'], { meta: secured(label) }],
    ['in small letters and blanks, in a category', [...focus, 'category'], [{ coding: [{ code: ' h test' }] }]],
    ['with a soft hyphen, in a category', [...focus, 'category'], [{ coding: [{ code: 'HT\u00adEST' }] }]],
  ])('is refused %s', (_what, path, into) => {
    for (const exercise of [false, true]) {
      // The Bundle's own label is replaced in the first cases.
      const outcome = readChanged(missionRequest({ exercise }), path, into);
      if (!(exercise && path.includes('contained')))
        expect(codesOf(outcome).map(([code]) => code)).toContain('exercise-mismatch');
    }
  });

  test('is never guessed, whatever code of a message has it', () => {
    const places = samples
      .filter(({ exercise }) => !exercise)
      .flatMap((message) => placesIn(JSON.parse(message.text)).map((path) => ({ message, path })))
      .filter(
        ({ message, path }) => path.at(-1) === 'code' && typeof valueAt(JSON.parse(message.text), path) === 'string',
      );
    assert(
      property(constantFrom(...places), constantFrom('HTEST', 'htest', ' HTEST'), ({ message, path }, text) => {
        expect(codesOf(readChanged(message, path, text)).map(([code]) => code)).toContain('exercise-mismatch');
      }),
    );
  });

  test.each<[string, Path, unknown]>([
    ['a source', ['meta'], { source: 'https://ehr.north-test.example/fhir' }],
    ['a profile', header, { profile: ['https://a.example/health-test-panel'] }],
    ['a profile that has the word', [...focus, 'meta'], { profile: ['https://a.example/HTEST'] }],
    ['the system of a tag', ['meta'], { tag: [{ system: 'https://north-test.example/HTEST', code: 'a' }] }],
    ['words that contain the letters', ['meta'], { tag: [{ code: 'a', display: 'Health test, youth test, HTESTER' }] }],
    ['the name of a source', ['entry', 0, 'resource', 'source', 'name'], 'H. Test'],
    ['a name that is the word', ['entry', 0, 'resource', 'source', 'name'], 'HTEST'],
    ['a note', [...focus, 'note'], [{ text: 'HTEST' }]],
    ['the text of a concept', [...focus, 'category'], [{ text: 'H-test' }]],
    ['the display of a coding', [...focus, 'category'], [{ coding: [{ code: 'a', display: 'H test' }] }]],
    [
      'the name of a patient',
      [...focus, 'contained'],
      [{ resourceType: 'Patient', id: 'p', name: [{ text: 'H. Test' }] }],
    ],
  ])('is not read from %s', (_what, path, into) => {
    expect(readChanged(missionRequest(), path, into)).toMatchObject({ outcome: 'read', exercise: false });
    const exercise = readChanged(missionRequest({ exercise: true }), path, into);
    if (path[0] !== 'meta') expect(exercise).toMatchObject({ outcome: 'read', exercise: true });
  });

  test('is not read from free text', () => {
    const note = [{ text: 'Ikke HTEST, dette er reelt' }];
    expect(readChanged(missionRequest(), [...focus, 'note'], note)).toMatchObject({ exercise: false });
    const escaped = missionRequest().text.replace('"Unknown"', String.raw`"Ukjent \u00c5 HTEST her"`);
    expect(readMessage(escaped)).toMatchObject({ exercise: false });
  });

  test('is read although it is escaped', () => {
    const text = resourceStatus({ task, phases: { departed: '2026-02-01T12:05:00+01:00' }, exercise: true }).text;
    expect(readMessage(text.replace('HTEST', String.raw`\u0048TEST`))).toMatchObject({ exercise: true });
    expect(readMessage(text.replace('HTEST', String.raw`\u0048test`)).outcome).toBe('refused');
  });
});
