import { describe, expect, test } from 'vitest';
import { operationOutcome, type Refusal, retryAfterOf } from '../../../../schemas/faults.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import { systems } from '../../../../schemas/names.ts';
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
} from '../../../support/messages.ts';
import { changed, gone, parsed, type Path, sampleMission as mission, samples, sampleTask as task } from './changed.ts';

const { la, hospital, otherHospital } = parties;

const refused = (outcome: Message | Refusal): Refusal => {
  if (outcome.outcome === 'read') throw new Error('read, but it should have been refused');
  return outcome;
};

/** The result for a valid message with one place changed. */
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

describe('read message', () => {
  test('reads every type of the catalogue that partners send', () => {
    const sent = catalogue.filter(({ senders }) => !senders.includes('hub'));
    expect(new Set(samples.map(({ type }) => type.event))).toEqual(new Set(sent.map(({ event }) => event)));
  });

  test('reads urgency and place of a request', () => {
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

  const others = [
    organization,
    {
      ...organization,
      id: 'two',
      identifier: ['100000004', '100000005'].map((value) => identifiedBy(value).identifier),
    },
    { resourceType: 'PractitionerRole', id: 'role', organization: { reference: '#o' } },
    { resourceType: 'Practitioner', id: 'person' },
  ];

  test.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ['a number', identifiedBy('100000001'), ['100000001']],
    ['an Organization of the message', { reference: 'Organization/o' }, ['100000002']],
    ['a contained Organization', { reference: '#o' }, ['100000002']],
    ['an Organization with two numbers', { reference: '#two' }, ['100000004', '100000005']],
    ['the organisation of a contained role', { reference: '#role' }, ['100000002']],
    ['a person without an organisation', { reference: '#person' }, []],
    ['the address of an organisation', { reference: 'Organization/100000003' }, ['100000003']],
    ['its address at the hub', { reference: 'https://hub.example/fhir/Organization/100000003' }, ['100000003']],
    ['a version of it', { reference: 'Organization/100000003/_history/1' }, ['100000003']],
    [
      'a number, and an address that only the sender knows',
      { ...identifiedBy('100000001'), reference: 'https://amk.example/fhir/Organization/7' },
      ['100000001'],
    ],
    [
      'one number, and an Organization with another',
      { ...identifiedBy('100000001'), reference: 'Organization/o' },
      ['100000001', '100000002'],
    ],
  ])('reads the organisation that the message is sent for: %s', (_what, reference, numbers) => {
    const message = ['sender', 'responsible'].reduce<unknown>(
      (bundle, element) => changed(bundle, [...header, element], reference),
      parsed(missionRequest({ from: { contained: others }, more: [organization] })),
    );
    const outcome = readMessage(JSON.stringify(message), { base: 'https://hub.example/fhir', partiesAt: () => [] });
    expect(outcome.outcome === 'read' ? outcome.claims : outcome.faults).toEqual(
      ['sender', 'responsible'].flatMap((element) => numbers.map((organisation) => ({ element, organisation }))),
    );
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['nothing', {}],
    ['a name alone', { display: 'AMK Innlandet' }],
    ['an identifier of another kind', { identifier: { system: 'urn:oid:1.2.3', value: '100000001' } }],
    ['a resource that is not in the message', { reference: '#nobody' }],
    ['an address at another server', { reference: 'https://amk.example/fhir/Organization/100000003' }],
    ['a Device', { reference: '#device' }],
    ['an Organization without a number', { reference: '#unnumbered' }],
    ['a role in an organisation without a number', { reference: '#role' }],
  ])('refuses a sender that cannot be known: %s', (_what, reference) => {
    const unknown = [
      { resourceType: 'Device', id: 'device' },
      { resourceType: 'Organization', id: 'unnumbered', name: 'AMK Innlandet' },
      { resourceType: 'PractitionerRole', id: 'role', organization: { display: 'AMK Innlandet' } },
    ];
    for (const element of ['sender', 'responsible']) {
      const withHeader = changed(parsed(missionRequest()), [...header, 'contained'], unknown);
      const { faults: found } = refused(
        readMessage(JSON.stringify(changed(withHeader, [...header, element], reference))),
      );
      expect(found).toMatchObject([{ code: expect.stringMatching(/^(unresolved-reference|wrong-field)$/) }]);
    }
  });

  test('reads Task, answer, reason and decider of an answer', () => {
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
      ask: { type: 'Task' },
      answer: 'updated',
      eta: '2026-02-01T13:00:00+01:00',
      partOf: task,
    });
  });

  test('reads the end of a deferral, and of no other decision', () => {
    const outcome = readChanged(missionDecision({ task, answer: 'accepted' }), [...focus, 'restriction'], {
      period: { end: '2026-02-01T14:00:00+01:00' },
    });
    expect(outcome.outcome === 'read' ? outcome.facts.until : 'refused').toBeUndefined();
  });

  test('distinguishes phases on the ground, in the air and at the end', () => {
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

  test('reads the exercise label of the Bundle or the header', () => {
    const label = { security: [{ system: systems.actReason, code: 'HTEST' }] };
    expect(readChanged(missionRequest(), ['meta'], label)).toMatchObject({ exercise: true });
    expect(readChanged(missionRequest(), [...header, 'meta'], label)).toMatchObject({ exercise: true });
  });

  test('refuses an exercise resource in a message that is no exercise', () => {
    const label = { security: [{ system: systems.actReason, code: 'HTEST' }] };
    expectFault(
      readChanged(missionRequest(), [...focus, 'meta'], label),
      'exercise-mismatch',
      `${focusAt}.meta.security[0]`,
    );
    expect(readChanged(missionRequest({ exercise: true }), ['entry', 1, 'resource', 'meta'], label)).toMatchObject({
      exercise: true,
    });
  });

  test('reads the mission from its number, its address at the hub or the Task', () => {
    const named = (reference: unknown) =>
      readMessage(
        JSON.stringify(
          changed(parsed(missionUpdate({ mission, describes: false })), [...header, 'focus'], [reference]),
        ),
        { base: 'https://hub.example/fhir', partiesAt: () => [] },
      );
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

  test('reads a contained Location', () => {
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

  test('reads the decider from the Bundle, by role or by name', () => {
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
    expect(author({ reference: 'PractitionerRole/r', display: 'On call' }, role)).toEqual({ name: 'On call' });
    expect(author({ identifier: { value: '9999999' } })).toBeUndefined();
    expect(author({ display: '  ' })).toBeUndefined();
    expect(author({ reference: 'Practitioner/unknown' })).toBe('unresolved-reference');
    expect(author({ reference: 'Practitioner/unknown', display: 'Per' })).toEqual({ name: 'Per' });
    expect(author({ reference: 'PractitionerRole/r' }, role)).toBe('unresolved-reference');
  });

  test('reads the role as text or code, and the HPR number by its system', () => {
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

  test('reads a receiver from a number, an address at the hub or the Bundle', () => {
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
    expectFault(receiver({ display: 'The hospital' }), 'unresolved-reference', `${headerAt}.destination[0].receiver`);
  });

  test('gives the same digest for the same content in another envelope', () => {
    const request = missionRequest({ id: 'a' });
    expect(missionRequest({ id: 'a', bundleId: 'other' }).digest).toBe(request.digest);
    expect(missionRequest({ id: 'a', bundleId: 'none' }).digest).toBe(request.digest);
    expect(missionRequest({ id: 'b' }).digest).not.toBe(request.digest);
    const inner = readChanged(request, [...focus, 'id'], 'within');
    expect(inner.outcome === 'read' ? inner.digest : '').not.toBe(request.digest);
  });

  test('keeps the text of a message as it was sent', () => {
    const text = `  ${missionRequest().text.replace('62.0729', '62.07290')}\n`;
    expect(readMessage(text)).toMatchObject({ outcome: 'read', text });
  });
});

describe('refused message', () => {
  test('refuses a body that is no JSON, no Bundle or no message', () => {
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

  test('refuses too deep nesting and too large bodies before parsing', () => {
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
      'unresolved-reference',
      `${headerAt}.focus[0]`,
    ],
    [
      'a resource that is none',
      ['entry', 1, 'resource'],
      { resourceType: 'nothing' },
      'unknown-resource-type',
      'Bundle.entry[1].resource',
    ],
    ['an entry with a request', ['entry', 1, 'request'], { method: 'POST' }, 'wrong-field', 'Bundle.entry[1].request'],
    ['no urgency', [...focus, 'priority'], gone, 'missing-field', `${focusAt}.priority`],
    ['a request that is not active', [...focus, 'status'], 'draft', 'changed-meaning', `${focusAt}.status`],
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

  test('refuses an answer whose Task has the status of another answer', () => {
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

  test('refuses an answer without the person who gave it', () => {
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

  test('refuses an unknown code', () => {
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

  test('refuses the code other without a text', () => {
    const other = missionCancel({ mission, reason: 'other' });
    expectFault(
      readChanged(other, [...focus, 'reasonCode', 0, 'text'], '  '),
      'missing-field',
      `${focusAt}.reasonCode[0].text`,
    );
    expect(readChanged(missionCancel({ mission }), [...focus, 'reasonCode', 0, 'text'], gone).outcome).toBe('read');
  });

  test('refuses an invalid time', () => {
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

  test('refuses a message that names no mission, or two', () => {
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
      'contradiction',
      `${headerAt}.focus[0].identifier.value`,
    );
  });

  test("refuses a mission number that is not the hub's", () => {
    for (const value of ['', ' ', 'a', 'm'.repeat(3000), `${mission}#ENTRY`, mission.toUpperCase()])
      refused(
        readChanged(
          missionUpdate({ mission, describes: false }),
          [...header, 'focus', 0, 'identifier', 'value'],
          value,
        ),
      );
  });

  test('reports all faults at once', () => {
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

describe('OperationOutcome', () => {
  test('has one issue for each fault, with code, place and advice', () => {
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

  test('has a retry time for transient faults only', () => {
    expect(retryAfterOf('contended')).toBe(2);
    expect(retryAfterOf('storage-unavailable')).toBe(2);
    expect(retryAfterOf('too-many-requests')).toBe(2);
    expect(retryAfterOf('timeout')).toBe(2);
    expect(retryAfterOf('wrong-field')).toBeUndefined();
    expect(retryAfterOf('internal')).toBeUndefined();
  });
});

test('bounds the extension URLs of an update, and not those of a request', () => {
  const withUrls = (message: Message, count: number) => {
    const extension = Array.from({ length: count }, (_, index) => ({
      url: `https://a.example/${index}`,
      valueCode: 'a',
    }));
    return readMessage(
      JSON.stringify(changed(JSON.parse(message.text), ['entry', 1, 'resource', 'extension'], extension)),
    );
  };
  const update = missionUpdate({ mission });
  expect(withUrls(update, 20).outcome).toBe('read');
  expect(withUrls(update, 21)).toMatchObject({
    outcome: 'refused',
    faults: [{ code: 'wrong-field', at: 'Bundle.entry[1].resource.extension' }],
  });
  expect(withUrls(missionRequest(), 2000).outcome).toBe('read');
});
