import { assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../../../schemas/faults.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { systems } from '../../../../schemas/names.ts';
import { missionRequest, resourceStatus } from '../../../support/messages.ts';
import { changed, type Path, placesIn, samples, sampleTask as task } from './changed.ts';

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
    ['as a profile', ['meta'], { profile: ['https://a.example/HTEST'] }],
    ['as a single object', ['meta'], { security: label }],
    ['in a category', [...focus, 'category'], [{ coding: [label] }]],
    ['as the text of a concept', [...focus, 'category'], [{ text: 'HTEST' }]],
    ['in an extension', [...focus, 'extension'], [{ url: 'https://a.example', valueCode: 'HTEST' }]],
    ['in a contained resource', [...focus, 'contained'], [{ resourceType: 'Device', meta: secured(label) }]],
    ['in the reason of the header', ['entry', 0, 'resource', 'reason'], { coding: [label] }],
    ['beside the resource', ['entry', 1, 'search'], { meta: secured(label) }],
    ['in an unknown element', ['exercise'], 'HTEST'],
  ])('is refused %s', (_what, path, into) => {
    for (const exercise of [false, true]) {
      // The Bundle's own label is replaced in the first cases.
      const outcome = readChanged(missionRequest({ exercise }), path, into);
      if (!(exercise && path.includes('contained')))
        expect(codesOf(outcome).map(([code]) => code)).toContain('exercise-mismatch');
    }
  });

  test('is never guessed, whatever place of a message has it', () => {
    const places = samples
      .filter(({ exercise }) => !exercise)
      .flatMap((message) => placesIn(JSON.parse(message.text)).map((path) => ({ message, path })));
    assert(
      property(constantFrom(...places), constantFrom('HTEST', 'htest', ' HTEST'), ({ message, path }, text) => {
        const outcome = readChanged(message, path, text);
        expect(outcome.outcome).toBe('refused');
      }),
    );
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
