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
import { faults, operationOutcome, type Refusal, retryAfterOf, statusOf } from '../../../schemas/faults.ts';
import { isObject } from '../../../schemas/json/json.ts';
import { readMessage } from '../../../schemas/messages/read-message.ts';
import type { Message } from '../../../schemas/messages/message.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { systems } from '../../../schemas/names.ts';
import {
  acknowledgement,
  missionCancel,
  missionDecision,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  resourceStatus,
} from '../../support/messages.ts';
import {
  changed,
  gone,
  type Path,
  placesIn,
  sampleMission as mission,
  samples,
  sampleTask as task,
} from './changed.ts';

const { la, hospital, otherHospital } = parties;

const parsed = (message: Message): unknown => JSON.parse(message.text);

const refused = (outcome: Message | Refusal): Refusal => {
  if (outcome.outcome === 'read') throw new Error('read, but it should have been refused');
  return outcome;
};

/** What is said of a valid message of which one place is changed. */
const readChanged = (message: Message, path: Path, into: unknown): Message | Refusal =>
  readMessage(JSON.stringify(changed(parsed(message), path, into)));

/** A fault as it is listed in a refusal: code and place. */
const expectFault = (outcome: Message | Refusal, code: string, at?: string): void => {
  const list = refused(outcome).faults;
  expect(list.map((fault) => [fault.code, fault.at])).toContainEqual([code, at]);
};

const header: Path = ['entry', 0, 'resource'];
const focus: Path = ['entry', 1, 'resource'];
const headerAt = 'Bundle.entry[0].resource';
const focusAt = 'Bundle.entry[1].resource';

/** What is wrong with the JSON itself has no element that it could be said of. */
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

describe('Any text', () => {
  test('It is read or refused, whatever it is', () => {
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

  test('Whatever calls itself a message is read or refused', () => {
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

  test('What JavaScript would make of an object does not matter: values that cannot be JSON never get here', () => {
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

describe('A valid message of which something is changed', () => {
  const sample = constantFrom(...samples);
  const into = oneof(
    { weight: 3, arbitrary: constant<unknown>(gone) },
    { weight: 2, arbitrary: jsonValue() },
    { weight: 2, arbitrary: constantFrom<unknown>('', ' ', null, [], {}, 0, -1, true, [null], [{}], 'Task', mission) },
    { weight: 1, arbitrary: string() },
  );

  test('It is read, or refused with a fault that says where', () => {
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

  test('Every single place of every sample may be missing, null, a number, a text, a list or an object', () => {
    for (const message of samples) {
      const bundle = parsed(message);
      for (const place of placesIn(bundle))
        for (const value of [gone, null, 7, 'something', [], {}])
          expectSound(readMessage(JSON.stringify(changed(bundle, place, value))));
    }
  });

  test('No refusal repeats what was sent: it may be about a patient', () => {
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

describe('What a message says', () => {
  test('Every type of the catalogue that partners send is read', () => {
    const sent = catalogue.filter(({ senders }) => !senders.includes('hub'));
    expect(new Set(samples.map(({ type }) => type.event))).toEqual(new Set(sent.map(({ event }) => event)));
  });

  test('A request says how urgent it is and where', () => {
    expect(missionRequest({ id: 'a', urgency: 'urgent', place: [60.5, 10.25] })).toMatchObject({
      outcome: 'read',
      id: 'a',
      destinations: [la.organisation],
      exercise: false,
      focusIndex: 1,
      facts: { urgency: 'urgent', position: { latitude: 60.5, longitude: 10.25 } },
    });
  });

  const identifiedBy = (value: string) => ({ identifier: { system: systems.organisationNumber, value } });
  const organization = { resourceType: 'Organization', id: 'o', identifier: [identifiedBy('100000002').identifier] };

  test.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['nothing', {}, []],
    ['a number', identifiedBy('100000001'), ['100000001']],
    ['an Organization of the message', { reference: 'Organization/o' }, ['100000002']],
    ['the address of an organisation', { reference: 'Organization/100000003' }, ['100000003']],
    ['its address at the hub', { reference: 'https://hub.example/fhir/Organization/100000003' }, ['100000003']],
    ['a version of it', { reference: 'Organization/100000003/_history/1' }, ['100000003']],
    [
      'one number, and an Organization with another',
      { ...identifiedBy('100000001'), reference: 'Organization/o' },
      ['100000001', '100000002'],
    ],
    ['an identifier of another kind', { identifier: { system: 'urn:oid:1.2.3', value: '100000001' } }, []],
    ['a name alone', { display: 'AMK Innlandet' }, []],
  ])('In whose name it is sent: %s', (_what, reference, numbers) => {
    expect(
      missionRequest({ from: { sender: reference, responsible: reference }, more: [organization] }).claims,
    ).toEqual(
      ['sender', 'responsible'].flatMap((element) => numbers.map((organisation) => ({ element, organisation }))),
    );
  });

  test('An answer says to which Task, what, why and by whom', () => {
    expect(missionDecision({ task, answer: 'deferred', by: 'Kari' })).toMatchObject({
      mission,
      facts: {
        task,
        answer: 'deferred',
        decider: { name: 'Kari', role: 'Coordinator' },
        reason: { code: 'weather', text: 'Fog at the scene' },
        until: '2026-02-01T14:00:00+01:00',
      },
    });
    expect(prearrivalResponse({ task, answer: 'diverted' }).facts).toMatchObject({
      divertedTo: otherHospital.organisation,
    });
    expect(prearrivalNotification({ mission, partOf: task }).facts).toEqual({
      answer: 'updated',
      eta: '2026-02-01T13:00:00+01:00',
      partOf: task,
    });
  });

  test('Only a deferral has a time until which it holds', () => {
    const outcome = readChanged(missionDecision({ task, answer: 'accepted' }), [...focus, 'restriction'], {
      period: { end: '2026-02-01T14:00:00+01:00' },
    });
    expect(outcome.outcome === 'read' ? outcome.facts.until : 'refused').toBeUndefined();
  });

  test('Phases that are on the ground, in the air and at the end are told apart', () => {
    const answer = (...phases: readonly string[]): string | undefined =>
      resourceStatus({
        task,
        phases: Object.fromEntries(phases.map((phase) => [phase, '2026-02-01T12:05:00+01:00'])),
      }).facts.answer;
    expect(answer('unit-alerted')).toBe('reported');
    expect(answer('unit-alerted', 'departed')).toBe('under-way');
    expect(answer('departed', 'handed-over')).toBe('ended');
    expect(answer('available')).toBe('ended');
  });

  test('An exercise is marked on the Bundle or on the header', () => {
    const label = { security: [{ system: systems.actReason, code: 'HTEST' }] };
    expect(readChanged(missionRequest(), ['meta'], label)).toMatchObject({ exercise: true });
    expect(readChanged(missionRequest(), [...header, 'meta'], label)).toMatchObject({ exercise: true });
    expect(
      readChanged(missionRequest(), ['meta'], { security: [{ system: 'http://other.example', code: 'HTEST' }] }),
    ).toMatchObject({ exercise: false });
  });

  test('A resource of an exercise in a message that is none is refused', () => {
    const label = { security: [{ system: systems.actReason, code: 'HTEST' }] };
    expectFault(
      readChanged(missionRequest(), [...focus, 'meta'], label),
      'exercise-mismatch',
      `${focusAt}.meta.security`,
    );
    expect(readChanged(missionRequest({ exercise: true }), ['entry', 1, 'resource', 'meta'], label)).toMatchObject({
      exercise: true,
    });
  });

  test('The mission is named by its number, by its address at the hub, or by the Task', () => {
    const named = (reference: unknown) =>
      readChanged(missionUpdate({ mission, describes: false }), [...header, 'focus'], [reference]);
    for (const reference of [
      { identifier: { system: systems.mission, value: mission } },
      { reference: `ServiceRequest/${mission}` },
      { reference: `https://hub.example/fhir/ServiceRequest/${mission}` },
    ])
      expect(named(reference)).toMatchObject({ mission });
    expect(acknowledgement({ task }).mission).toBe(mission);
    const byResource = changed(
      changed(
        parsed(missionUpdate({ mission })),
        [...focus, 'identifier'],
        [{ system: systems.mission, value: mission }],
      ),
      [...header, 'focus', 1],
      gone,
    );
    expect(readMessage(JSON.stringify(byResource))).toMatchObject({ outcome: 'read', mission });
  });

  test('A request for a new mission names none, whatever it carries', () => {
    const outcome = readChanged(
      missionRequest(),
      [...focus, 'identifier'],
      [{ system: systems.mission, value: mission }],
    );
    expect(outcome).toMatchObject({ outcome: 'read' });
    expect('mission' in outcome).toBe(false);
  });

  test('A place may stand inside the resource that points to it', () => {
    const inside = (contained: unknown, reference = '#place') =>
      readChanged(missionUpdate({ mission, more: [] }), focus, {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        contained,
        locationReference: [{ reference }],
      });
    const place = { resourceType: 'Location', id: 'place', position: { latitude: 60.5, longitude: 10.25 } };
    expect(inside([{ resourceType: 'Device', id: 'other' }, place])).toMatchObject({
      facts: { position: { latitude: 60.5, longitude: 10.25 } },
    });
    for (const [contained, reference] of [
      [[place], '#elsewhere'],
      [[{ ...place, resourceType: 'Device' }], '#place'],
      ['nothing', '#place'],
    ] as const)
      expect(inside(contained, reference)).toMatchObject({ outcome: 'read', facts: {} });
    expectFault(
      inside([
        { resourceType: 'Device', id: 'other' },
        { ...place, position: { latitude: 10.25, longitude: 60.5 } },
      ]),
      'swapped-coordinates',
      `${focusAt}.contained[1].position`,
    );
  });

  test('The person is found in the Bundle, by role or by name', () => {
    const author = (reference: unknown, ...more: Readonly<Record<string, unknown>>[]) => {
      // A status report may be signed by anybody, or by nobody.
      const report = resourceStatus({ task, phases: { departed: '2026-02-01T12:05:00+01:00' }, by: 'Per', more });
      const outcome = readChanged(report, [...header, 'author'], reference);
      return outcome.outcome === 'read' ? outcome.facts.decider : outcome.faults[0].code;
    };
    const person = { resourceType: 'Practitioner', id: 'p', name: [{ given: ['Ola', 'M'], family: 'Lege' }] };
    const role = { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: 'Practitioner/p' } };
    expect(author({ reference: 'Practitioner/p' }, person)).toEqual({ name: 'Ola M Lege' });
    expect(author({ reference: 'PractitionerRole/r' }, person, role)).toEqual({ name: 'Ola M Lege' });
    expect(
      author({ reference: 'Practitioner/p' }, { ...person, name: [{ text: 'Dr. Lege', family: 'Lege' }] }),
    ).toEqual({ name: 'Dr. Lege' });
    // Of two with one name the first counts.
    expect(author({ reference: 'Practitioner/p' }, person, { ...person, name: [{ text: 'Another' }] })).toEqual({
      name: 'Ola M Lege',
    });
    expect(author({ reference: 'PractitionerRole/r', display: 'On call' }, role)).toEqual({ name: 'On call' });
    expect(author({ identifier: { value: '9999999' } })).toEqual({ name: '9999999' });
    expect(author({ display: '  ' })).toBeUndefined();
    expect(author({ reference: 'Practitioner/unknown' })).toBeUndefined();
  });

  test('The person’s role is a text or a code, and the HPR number is the one of its system', () => {
    const number = { system: systems.healthPersonnel, value: '9999901' };
    const decide = (role: object) =>
      readChanged(
        missionDecision({ task, answer: 'accepted', more: [{ resourceType: 'PractitionerRole', id: 'r', ...role }] }),
        [...header, 'author'],
        { reference: 'PractitionerRole/r' },
      );
    const decider = (role: object) => {
      const outcome = decide(role);
      return outcome.outcome === 'read' ? outcome.facts.decider : outcome.faults[0];
    };
    const practitioner = { display: 'Ola', identifier: number };
    expect(decider({ practitioner, code: [{ text: ' Physician ' }] })).toEqual({
      name: 'Ola',
      role: 'Physician',
      identifier: '9999901',
    });
    expect(decider({ practitioner: { display: 'Ola' }, code: [{ coding: [{ code: 'LE' }] }] })).toEqual({
      name: 'Ola',
      role: 'LE',
    });
    for (const code of [undefined, [], [{ text: '  ' }], [{ coding: [{ system: 'http://other.example' }] }]])
      expectFault(decide({ practitioner, code }), 'missing-field', `${headerAt}.author`);
  });

  test('A receiver is an organisation number, given as such, by the hub’s address or in the Bundle', () => {
    const receiver = (reference: unknown, ...more: Readonly<Record<string, unknown>>[]) =>
      readChanged(missionRequest({ more }), [...header, 'destination', 0, 'receiver'], reference);
    const organisation = {
      resourceType: 'Organization',
      id: 'o',
      identifier: [{ system: systems.organisationNumber, value: hospital.organisation }],
    };
    for (const [reference, ...more] of [
      [{ identifier: { system: systems.organisationNumber, value: hospital.organisation } }],
      [{ reference: `Organization/${hospital.organisation}` }],
      [{ reference: 'Organization/o' }, organisation],
    ] as const)
      expect(receiver(reference, ...more)).toMatchObject({ destinations: [hospital.organisation] });
    expectFault(receiver({ display: 'The hospital' }), 'wrong-field', `${headerAt}.destination[0].receiver`);
  });

  test('The same content has the same digest, in whatever envelope', () => {
    const request = missionRequest({ id: 'a' });
    expect(missionRequest({ id: 'a', bundleId: 'other' }).digest).toBe(request.digest);
    expect(missionRequest({ id: 'a', bundleId: 'none' }).digest).toBe(request.digest);
    expect(missionRequest({ id: 'b' }).digest).not.toBe(request.digest);
    const inner = readChanged(request, [...focus, 'id'], 'within');
    expect(inner.outcome === 'read' ? inner.digest : '').not.toBe(request.digest);
  });

  test('Of every message the text is kept as it was sent', () => {
    const text = `  ${missionRequest().text.replace('62.0729', '62.07290')}\n`;
    expect(readMessage(text)).toMatchObject({ outcome: 'read', text });
  });
});

describe('What is refused', () => {
  test('What is no JSON, no Bundle or no message', () => {
    expectFault(readMessage(''), 'not-json');
    expectFault(readMessage('{'), 'not-json');
    for (const text of [
      'null',
      '[]',
      '"a"',
      '{}',
      '{"resourceType":"Bundle","type":"history"}',
      '{"resourceType":"Task"}',
    ])
      expectFault(readMessage(text), 'not-a-message', 'Bundle');
    expectFault(readMessage('{"resourceType":"Bundle","type":"message"}'), 'missing-field', 'Bundle.entry');
    expectFault(readMessage('{"resourceType":"Bundle","type":"message","entry":[]}'), 'wrong-field', 'Bundle.entry');
    expectFault(readChanged(missionRequest(), ['entry', 0], gone), 'not-a-message', headerAt);
  });

  test('What is nested too deep or is too large is refused before it is parsed', () => {
    expectFault(readMessage('['.repeat(65)), 'too-deep');
    expectFault(readMessage('['.repeat(64)), 'not-json');
    expectFault(readMessage(`"${'a'.repeat(256 * 1024 - 1)}"`), 'too-large');
    expectFault(readMessage(`"${'a'.repeat(256 * 1024 - 2)}"`), 'not-a-message', 'Bundle');
    // Bytes count, not letters.
    expectFault(readMessage(`"${'å'.repeat(128 * 1024)}"`), 'too-large');
  });

  test.each([
    [
      'an event of another system',
      [...header, 'eventCoding', 'system'],
      'http://other.example',
      'unknown-event',
      `${headerAt}.eventCoding`,
    ],
    [
      'an event that is unknown',
      [...header, 'eventCoding', 'code'],
      'mission-forgotten',
      'unknown-event',
      `${headerAt}.eventCoding`,
    ],
    [
      'an event that is a name of JavaScript',
      [...header, 'eventCoding', 'code'],
      'constructor',
      'unknown-event',
      `${headerAt}.eventCoding`,
    ],
    ['no message id', [...header, 'id'], gone, 'missing-field', `${headerAt}.id`],
    ['a message id that is none', [...header, 'id'], 'æ', 'wrong-field', `${headerAt}.id`],
    ['a message id that is too long', [...header, 'id'], 'a'.repeat(65), 'wrong-field', `${headerAt}.id`],
    ['a Bundle id that is none', ['id'], 'not an id', 'wrong-field', 'Bundle.id'],
    ['a time that is no moment', ['timestamp'], '2026-02-01', 'wrong-field', 'Bundle.timestamp'],
    ['a day that is not in the calendar', ['timestamp'], '2026-02-30T12:00:00Z', 'wrong-field', 'Bundle.timestamp'],
    ['no source', [...header, 'source'], gone, 'missing-field', `${headerAt}.source`],
    ['no focus', [...header, 'focus'], gone, 'missing-field', `${headerAt}.focus`],
    [
      'a focus that is not in the Bundle',
      [...header, 'focus', 0, 'reference'],
      'urn:uuid:elsewhere',
      'missing-field',
      `${headerAt}.focus`,
    ],
    [
      'a resource that is none',
      ['entry', 1, 'resource'],
      { resourceType: 'nothing' },
      'wrong-field',
      'Bundle.entry[1].resource.resourceType',
    ],
    ['an entry with a request', ['entry', 1, 'request'], { method: 'POST' }, 'wrong-field', 'Bundle.entry[1].request'],
    ['no urgency', [...focus, 'priority'], gone, 'missing-field', `${focusAt}.priority`],
    ['a request that is not active', [...focus, 'status'], 'draft', 'wrong-field', `${focusAt}.status`],
    ['no criterion', [...focus, 'reasonCode'], gone, 'missing-field', `${focusAt}.reasonCode`],
    [
      'a criterion of another system',
      [...focus, 'reasonCode', 0, 'coding', 0, 'system'],
      'x',
      'missing-field',
      `${focusAt}.reasonCode`,
    ],
    ['no place', [...focus, 'locationReference'], gone, 'missing-field', `${focusAt}.locationReference`],
    [
      'a place without a position',
      ['entry', 2, 'resource', 'position'],
      gone,
      'missing-field',
      `${focusAt}.locationReference`,
    ],
    [
      'a position without a latitude',
      ['entry', 2, 'resource', 'position', 'latitude'],
      gone,
      'missing-field',
      'Bundle.entry[2].resource.position.latitude',
    ],
    [
      'a position in the south seas',
      ['entry', 2, 'resource', 'position'],
      { latitude: -62, longitude: 9 },
      'impossible-coordinates',
      'Bundle.entry[2].resource.position',
    ],
    [
      'a position that is swapped',
      ['entry', 2, 'resource', 'position'],
      { latitude: 9.1, longitude: 62 },
      'swapped-coordinates',
      'Bundle.entry[2].resource.position',
    ],
    [
      'a position that is no number',
      ['entry', 2, 'resource', 'position', 'latitude'],
      '62',
      'wrong-field',
      'Bundle.entry[2].resource.position.latitude',
    ],
  ] as const)('A request with %s', (_what, path, into, code, at) => {
    expectFault(readChanged(missionRequest(), path, into), code, at);
  });

  test.each([
    ['no reason', missionDecision({ task, answer: 'rejected' }), [...focus, 'statusReason'], 'statusReason'],
    [
      'a reason without words',
      missionDecision({ task, answer: 'deferred' }),
      [...focus, 'statusReason', 'text'],
      'statusReason.text',
    ],
    ['no Task', missionDecision({ task, answer: 'accepted' }), [...focus, 'id'], 'id'],
    ['no answer', missionDecision({ task, answer: 'accepted' }), [...focus, 'businessStatus'], 'businessStatus'],
    [
      'no time until which it is deferred',
      missionDecision({ task, answer: 'deferred' }),
      [...focus, 'restriction'],
      'restriction.period.end',
    ],
    ['no kind of resource', resourceRequest({ mission }), [...focus, 'code'], 'code'],
    ['no ETA of the crew', resourceResponse({ task, answer: 'accepted' }), [...focus, 'output'], 'output'],
    [
      'no reason of the crew',
      resourceResponse({ task, answer: 'declined' }),
      [...focus, 'statusReason'],
      'statusReason',
    ],
    [
      'no reason to withdraw',
      resourceResponse({ task, answer: 'withdrawn' }),
      [...focus, 'statusReason'],
      'statusReason',
    ],
    ['nothing to report', resourceStatus({ task, eta: '2026-02-01T12:40:00+01:00' }), [...focus, 'output'], 'output'],
    ['no ETA for the hospital', prearrivalNotification({ mission }), [...focus, 'input'], 'input'],
    ['no hospital to divert to', prearrivalResponse({ task, answer: 'diverted' }), [...focus, 'output'], 'output'],
    [
      'no reason to divert',
      prearrivalResponse({ task, answer: 'diverted' }),
      [...focus, 'statusReason'],
      'statusReason',
    ],
    ['no reason to cancel', missionCancel({ mission }), [...focus, 'reasonCode'], 'reasonCode'],
    ['no Task to acknowledge', acknowledgement({ task }), [...focus, 'id'], 'id'],
  ] as const)('An answer with %s', (_what, message, path, at) => {
    expectFault(readChanged(message, path, gone), 'missing-field', `${focusAt}.${at}`);
  });

  test('An answer whose Task has the status of another answer: whoever knows only FHIR must not be misled', () => {
    for (const [message, ...wrong] of [
      [acknowledgement({ task }), 'accepted', 'requested'],
      [missionDecision({ task, answer: 'accepted' }), 'rejected', 'on-hold'],
      [missionDecision({ task, answer: 'deferred' }), 'accepted', 'rejected'],
      [missionDecision({ task, answer: 'rejected' }), 'accepted', 'on-hold'],
      [resourceRequest({ mission }), 'accepted', 'received'],
      [resourceResponse({ task, answer: 'accepted' }), 'rejected', 'failed'],
      [resourceResponse({ task, answer: 'declined' }), 'failed', 'accepted'],
      [resourceResponse({ task, answer: 'withdrawn' }), 'rejected', 'accepted'],
      [prearrivalNotification({ mission }), 'accepted', 'completed'],
      [prearrivalResponse({ task, answer: 'diverted' }), 'accepted', 'completed'],
      [missionCancel({ mission }), 'active', 'entered-in-error'],
      [missionCancel({ mission, reason: 'entered-in-error' }), 'active', 'revoked'],
    ] as const)
      for (const status of wrong)
        expectFault(readChanged(message, [...focus, 'status'], status), 'wrong-field', `${focusAt}.status`);
  });

  test('An answer of which nobody says who gave it', () => {
    for (const message of [
      ...(['accepted', 'partially-accepted', 'deferred', 'rejected'] as const).map((answer) =>
        missionDecision({ task, answer }),
      ),
      ...(['declined', 'withdrawn'] as const).map((answer) => resourceResponse({ task, answer })),
      ...(['diverted', 'cannot-receive'] as const).map((answer) => prearrivalResponse({ task, answer })),
    ])
      expectFault(readChanged(message, [...header, 'author'], gone), 'missing-field', `${headerAt}.author`);
    for (const message of [
      resourceResponse({ task, answer: 'accepted' }),
      prearrivalResponse({ task, answer: 'accepted' }),
    ])
      expect(readChanged(message, [...header, 'author'], gone).outcome).toBe('read');
  });

  test('A code that is unknown', () => {
    for (const [message, path, at] of [
      [
        missionDecision({ task, answer: 'rejected' }),
        [...focus, 'businessStatus', 'coding', 0, 'code'],
        'businessStatus',
      ],
      [resourceRequest({ mission }), [...focus, 'code', 'coding', 0, 'code'], 'code'],
      [missionCancel({ mission }), [...focus, 'reasonCode', 0, 'coding', 0, 'code'], 'reasonCode[0]'],
      [
        resourceStatus({ task, phases: { departed: '2026-02-01T12:05:00+01:00' } }),
        [...focus, 'output', 0, 'type', 'coding', 0, 'code'],
        'output[0].type',
      ],
      [missionUpdate({ mission, urgency: 'stat' }), [...focus, 'priority'], 'priority'],
    ] as const)
      for (const code of ['unheard-of', 'constructor', '__proto__'])
        expectFault(readChanged(message, path, code), 'wrong-field', `${focusAt}.${at}`);
  });

  test('"Other" without saying what', () => {
    const other = missionCancel({ mission, reason: 'other' });
    expectFault(
      readChanged(other, [...focus, 'reasonCode', 0, 'text'], '  '),
      'missing-field',
      `${focusAt}.reasonCode[0].text`,
    );
    expect(readChanged(missionCancel({ mission }), [...focus, 'reasonCode', 0, 'text'], gone).outcome).toBe('read');
  });

  test('A moment that is none', () => {
    for (const into of ['2026-02-01', '2026-02-01T12:05:00', 'soon', '2026-13-01T12:05:00Z', 7])
      for (const message of [
        resourceStatus({ task, phases: { departed: '2026-02-01T12:05:00+01:00' } }),
        resourceResponse({ task, answer: 'accepted' }),
      ])
        expectFault(
          readChanged(message, [...focus, 'output', 0, 'valueDateTime'], into),
          'wrong-field',
          `${focusAt}.output[0].valueDateTime`,
        );
  });

  test('A message that names no mission, or two', () => {
    expectFault(
      readChanged(missionUpdate({ mission, describes: false }), [...header, 'focus'], []),
      'missing-field',
      `${headerAt}.focus`,
    );
    const another = '00000000-0000-8000-8000-000000000000';
    expectFault(
      readChanged(
        missionUpdate({ mission, describes: false }),
        [...header, 'focus'],
        [mission, another].map((value) => ({ identifier: { system: systems.mission, value } })),
      ),
      'wrong-field',
      `${headerAt}.focus[1]`,
    );
  });

  test('A mission number that the hub cannot have given', () => {
    for (const value of ['', ' ', 'a', 'm'.repeat(3000), `${mission}#ENTRY`, mission.toUpperCase()])
      refused(
        readChanged(
          missionUpdate({ mission, describes: false }),
          [...header, 'focus', 0, 'identifier', 'value'],
          value,
        ),
      );
  });

  test('Everything that is wrong is said at once', () => {
    const broken = changed(
      changed(parsed(missionRequest()), [...focus, 'priority'], gone),
      [...focus, 'reasonCode'],
      gone,
    );
    const outcome = refused(
      readMessage(
        JSON.stringify(changed(broken, ['entry', 2, 'resource', 'position'], { latitude: 9, longitude: 62 })),
      ),
    );
    expect(outcome.faults.map(({ code }) => code)).toEqual(['missing-field', 'missing-field', 'swapped-coordinates']);
  });
});

describe('How a refusal is told', () => {
  test('Each fault is an issue with its code, its place and what to do', () => {
    const outcome = refused(readChanged(missionRequest(), [...focus, 'priority'], gone));
    expect(operationOutcome(outcome.faults, 'correlation')).toMatchObject({
      resourceType: 'OperationOutcome',
      id: 'correlation',
      issue: [
        {
          severity: 'error',
          code: 'required',
          details: { coding: [{ system: systems.fault, code: 'missing-field' }, { code: 'sender' }] },
          expression: [`${focusAt}.priority`],
        },
      ],
    });
  });

  test('Only what may pass says when to come again', () => {
    expect(retryAfterOf('contended')).toBe(2);
    expect(retryAfterOf('storage-unavailable')).toBe(2);
    expect(retryAfterOf('too-many-requests')).toBe(2);
    expect(retryAfterOf('timeout')).toBe(2);
    expect(retryAfterOf('wrong-field')).toBeUndefined();
    expect(retryAfterOf('internal')).toBeUndefined();
  });
});
