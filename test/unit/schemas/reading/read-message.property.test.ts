import {
  anything,
  array,
  assert,
  constant,
  constantFrom,
  dictionary,
  integer,
  json,
  jsonValue,
  oneof,
  option,
  property,
  record,
  string,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faults, operationOutcome, type Refusal, statusOf } from '../../../../schemas/faults.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import { systems } from '../../../../schemas/names.ts';
import {
  changed,
  gone,
  type Path,
  placesIn,
  sampleMission as mission,
  samples,
  sampleTask as task,
  parsed,
} from './changed.ts';

/** The result for a valid message with one place changed. */
const readChanged = (message: Message, path: Path, into: unknown): Message | Refusal =>
  readMessage(JSON.stringify(changed(parsed(message), path, into)));

/** Place of a fault in the JSON itself, which has no element. */
const placeInText = /^(line \d+, column \d+|too-large)$/;

const expectSound = (outcome: Message | Refusal): void => {
  if (outcome.outcome === 'read') {
    expect(catalogue).toContain(outcome.type);
    expect(outcome.id).toMatch(/^[A-Za-z0-9\-.]{1,64}$/);
    expect(outcome.digest).toMatch(/^[0-9a-f]{64}$/);
    const { mission: effect, log } = outcome.type;
    expect(outcome.mission === undefined).toBe(effect === 'opens' || log === 'resource');
    const { answer } = outcome.facts;
    if (outcome.type.transitions !== undefined && outcome.facts.task !== undefined)
      expect(Object.keys(outcome.type.transitions.byAnswer)).toContain(answer);
    expect(JSON.stringify(outcome.facts)).toBe(JSON.stringify(structuredClone(outcome.facts)));
    return;
  }
  expect(outcome.faults.length).toBeGreaterThan(0);
  for (const { code, at, detail = code } of outcome.faults) {
    expect(Object.keys(faults)).toContain(code);
    expect(code).not.toBe('internal');
    expect(at === undefined ? detail : at).toMatch(at === undefined ? placeInText : /^Bundle/);
  }
  expect(statusOf(outcome)).toBeGreaterThanOrEqual(400);
  expect(statusOf(outcome)).toBeLessThan(500);
};

describe('reading any text', () => {
  test('reads or refuses any text', () => {
    assert(
      property(
        oneof(
          string(),
          string({ unit: 'binary' }),
          json(),
          jsonValue().map((value) => JSON.stringify(value)),
        ),
        (text) => {
          expectSound(readMessage(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('reads or refuses any Bundle of type message', () => {
    const value = oneof(
      { weight: 2, arbitrary: jsonValue() },
      { weight: 1, arbitrary: constantFrom(mission, task, '') },
    );
    const fragments = constantFrom(
      ...samples.flatMap((message) => {
        const bundle = parsed(message);
        return isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : [];
      }),
    );
    const resource = record(
      {
        resourceType: constantFrom(
          'MessageHeader',
          'ServiceRequest',
          'Task',
          'Location',
          'Organization',
          'Practitioner',
        ),
        id: value,
        status: value,
        eventCoding: record({
          system: constantFrom(systems.event),
          code: constantFrom(...catalogue.map(({ event }) => event)),
        }),
        focus: array(record({ reference: constantFrom('urn:x', 'Task/1', `ServiceRequest/${mission}`) }), {
          maxLength: 3,
        }),
        author: value,
        destination: value,
        source: record({ endpoint: constantFrom('https://partner.example') }),
        position: value,
        locationReference: value,
        output: value,
        businessStatus: value,
        statusReason: value,
      },
      { requiredKeys: ['resourceType'] },
    );
    const entry = oneof(
      fragments,
      record({ fullUrl: constantFrom('urn:x', 'Task/1'), resource }),
      dictionary(string(), value, { maxKeys: 3 }),
    );
    assert(
      property(
        array(entry, { maxLength: 5 }),
        option(constantFrom(...samples), { nil: undefined }),
        option(jsonValue(), { nil: undefined }),
        (entries, base, id) => {
          const bundle = { resourceType: 'Bundle', type: 'message', id, entry: entries };
          expectSound(readMessage(JSON.stringify(bundle)));
          if (base !== undefined) expectSound(readChanged(base, ['entry'], [...entries, ...entries]));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('reads or refuses any value that JSON can express', () => {
    assert(
      property(anything(), (value) => {
        const text = JSON.stringify(value, (_key, member: unknown) =>
          typeof member === 'bigint' ? String(member) : member,
        );
        if (typeof text === 'string') expectSound(readMessage(text));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('reading a changed message', () => {
  const sample = constantFrom(...samples);
  const into = oneof(
    { weight: 3, arbitrary: constant<unknown>(gone) },
    { weight: 2, arbitrary: jsonValue() },
    { weight: 2, arbitrary: constantFrom<unknown>('', ' ', null, [], {}, 0, -1, true, [null], [{}], 'Task', mission) },
    { weight: 1, arbitrary: string() },
  );

  test('reads it, or refuses it with the place of the fault', () => {
    assert(
      property(
        sample,
        array(integer({ min: 0 }), { minLength: 1, maxLength: 3 }),
        array(into, { minLength: 3, maxLength: 3 }),
        (message, where, what) => {
          const text = JSON.stringify(
            where.reduce<unknown>((value, at, index) => {
              const places = placesIn(value);
              const place = places[at % Math.max(1, places.length)];
              return place === undefined ? value : changed(value, place, what[index]);
            }, parsed(message)),
          );
          expectSound(readMessage(text));
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('accepts or refuses any kind of value at every place of every sample', () => {
    for (const message of samples) {
      const bundle = parsed(message);
      for (const place of placesIn(bundle))
        for (const value of [gone, null, 7, 'something', [], {}])
          expectSound(readMessage(JSON.stringify(changed(bundle, place, value))));
    }
  });

  test('repeats nothing of the message in a refusal', () => {
    const secret = 'Olga-Nordmann-01017012345';
    for (const message of samples) {
      const bundle = parsed(message);
      for (const place of placesIn(bundle))
        for (const value of [secret, [secret], { text: secret, coding: [{ system: secret, code: secret }] }]) {
          const outcome = readMessage(JSON.stringify(changed(bundle, place, value)));
          if (outcome.outcome === 'refused')
            expect(JSON.stringify(operationOutcome(outcome.faults))).not.toContain(secret);
        }
    }
  });
});
