import { assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault, Refusal } from '../../../../schemas/faults.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { systems } from '../../../../schemas/names.ts';
import {
  missionCancel,
  missionDecision,
  missionReport,
  prearrivalNotification,
  prearrivalResponse,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  medicalAssessment,
  parties,
  read,
} from '../../../support/messages.ts';
import { everyStep, exampleText } from '../../../support/examples.ts';
import {
  changed,
  parsed,
  type Path,
  placesIn,
  sampleMission as mission,
  samples,
  sampleTask as task,
  valueAt,
} from './changed.ts';

/** The FHIRPath of a place in a Bundle. */
const fhirPath = (path: Path): string =>
  path.reduce<string>((sofar, step) => (typeof step === 'number' ? `${sofar}[${step}]` : `${sofar}.${step}`), 'Bundle');

const faultsOf = (outcome: Message | Refusal): readonly Fault[] => (outcome.outcome === 'read' ? [] : outcome.faults);

/** The result with another item added to a list of a message. */
const withAnother = (message: Message, list: Path, item: unknown): Message | Refusal => {
  const items = valueAt(parsed(message), list);
  return readMessage(JSON.stringify(changed(parsed(message), list, [...(Array.isArray(items) ? items : []), item])));
};

const focus: Path = ['entry', 1, 'resource'];
const focusAt = 'Bundle.entry[1].resource';

/** Code systems of which the hub acts on one code. */
const deciding: readonly string[] = [
  systems.missionDecision,
  systems.refusalReason,
  systems.medicalGround,
  systems.cancelReason,
  systems.forwardReason,
  systems.resourceKind,
  systems.resourceAnswer,
  systems.prearrivalAnswer,
  systems.outcomeAssessment,
  systems.flightPhase,
  systems.taskDetail,
];

/** A coding of a deciding system in a list of codings, and its place. */
interface CodedPlace {
  readonly message: Message;
  readonly list: Path;
  readonly coding: Readonly<Record<string, unknown>>;
}

/** Small messages of the tests, and the published examples. */
const messages = [...samples, ...everyStep.map(({ file }) => read(exampleText(file)))];

const codedPlaces: readonly CodedPlace[] = messages.flatMap((message) =>
  placesIn(parsed(message)).flatMap((path) => {
    const coding = valueAt(parsed(message), path);
    // The kind of a resource counts where it is asked for or reported.
    const isElsewhere =
      isObject(coding) &&
      coding['system'] === systems.resourceKind &&
      !['resource-request', 'resource-availability'].includes(message.type.event);
    return isObject(coding) && !isElsewhere && path.at(-2) === 'coding' && deciding.includes(String(coding['system']))
      ? [{ message, list: path.slice(0, -1), coding }]
      : [];
  }),
);

/** Values in `Task.input` and `Task.output` whose type is the hub's. */
const typedPlaces = samples.flatMap((message) =>
  ['input', 'output'].flatMap((element) => {
    const list = [...focus, element];
    const values = valueAt(parsed(message), list);
    return Array.isArray(values) ? values.map((value: unknown, index) => ({ message, list, value, index })) : [];
  }),
);

describe('a code by which the hub decides', () => {
  test.each(codedPlaces)(
    '$message.type.event, $coding.code: refuses a second code beside it',
    ({ message, list, coding }) => {
      const outcome = withAnother(message, list, { ...coding, code: 'another' });
      expect(faultsOf(outcome)).toContainEqual(
        expect.objectContaining({
          code: 'contradiction',
          at: fhirPath([...list, 0]),
          and: fhirPath([...list, 1]),
        }),
      );
    },
  );

  test('is read if it is given twice, or beside a code of another system', () => {
    for (const { message, list, coding } of codedPlaces) {
      for (const harmless of [
        coding,
        { system: 'http://snomed.info/sct', code: '386661006' },
        { display: 'in words' },
      ]) {
        const outcome = withAnother(message, list, harmless);
        expect(outcome).toMatchObject({ outcome: 'read', facts: message.facts });
      }
    }
  });

  test('is refused under a system that is misspelt, or without a system', () => {
    for (const { message, list, coding } of codedPlaces) {
      const system = String(coding['system']);
      for (const odd of [
        `${system}/`,
        `${system} `,
        system.toUpperCase(),
        system.replace('https', 'http'),
        `${system}|2026.1`,
        `${system}s`,
        undefined,
      ]) {
        const alone = readMessage(JSON.stringify(changed(parsed(message), [...list, 0], { ...coding, system: odd })));
        expect(faultsOf(alone).map(({ at: place }) => place)).toContain(fhirPath([...list, 0, 'system']));
        // Beside the right one it could be the one that another reader takes.
        expect(withAnother(message, list, { ...coding, code: String(coding['code']), system: odd }).outcome).toBe(
          'refused',
        );
      }
    }
  });

  test('is refused without a code', () => {
    for (const { message, list, coding } of codedPlaces)
      expect(faultsOf(withAnother(message, list, { system: coding['system'] }))).toContainEqual(
        expect.objectContaining({ code: 'missing-field', at: fhirPath([...list, 1, 'code']) }),
      );
  });

  test('is never one of two that differ', () => {
    assert(
      property(
        constantFrom(...codedPlaces),
        constantFrom(...codedPlaces),
        integer({ min: 0, max: 1 }),
        (one, other, side) => {
          const coding = { ...one.coding, code: other.coding['code'] };
          if (coding.code === one.coding['code']) return;
          const both = side === 0 ? [one.coding, coding] : [coding, one.coding];
          expect(readMessage(JSON.stringify(changed(parsed(one.message), one.list, both))).outcome).toBe('refused');
        },
      ),
    );
  });
});

describe('a detail of a Task', () => {
  const other = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    return value['valueDateTime'] === undefined
      ? { ...value, valueReference: { identifier: { system: systemOf(value), value: '100000039' } } }
      : { ...value, valueDateTime: '2026-02-01T12:59:00+01:00' };
  };
  const focusOf = ({ text }: Message): Readonly<Record<string, unknown>> => {
    const resource = valueAt(JSON.parse(text), focus);
    return isObject(resource) ? resource : {};
  };
  const systemOf = (value: Readonly<Record<string, unknown>>): unknown =>
    valueAt(value, ['valueReference', 'identifier', 'system']);

  test.each(typedPlaces)(
    '$message.type.event $index: is refused with a second value of its kind',
    ({ message, list, value }) => {
      const outcome = withAnother(message, list, other(value));
      expect(faultsOf(outcome)).toContainEqual(expect.objectContaining({ code: 'contradiction' }));
      expect(faultsOf(outcome).every(({ at: one, and }) => one !== and)).toBe(true);
    },
  );

  test('is read if the second one is the same', () => {
    for (const { message, list, value } of typedPlaces) {
      expect(withAnother(message, list, value)).toMatchObject({ outcome: 'read', facts: message.facts });
      if (isObject(value) && value['valueDateTime'] === '2026-02-01T12:40:00+01:00')
        expect(withAnother(message, list, { ...value, valueDateTime: '2026-02-01T11:40:00Z' }).outcome).toBe('read');
    }
  });

  const acrossPlaces = typedPlaces.map(({ message, list, value }) => ({
    message,
    value,
    across: [...list.slice(0, -1), list.at(-1) === 'input' ? 'output' : 'input'],
  }));

  test.each(acrossPlaces)(
    '$message.type.event $across: is refused with another value in the other element, and read with the same',
    ({ message, value, across }) => {
      const outcome = (one: unknown) => readMessage(JSON.stringify(changed(JSON.parse(message.text), across, [one])));
      expect(outcome(value)).toMatchObject({ outcome: 'read', facts: message.facts });
      const { status, id } = focusOf(message);
      if (status === 'requested' && id !== undefined)
        expect(outcome(other(value))).toMatchObject({ outcome: 'read', facts: message.facts });
      else
        expect(faultsOf(outcome(other(value)))).toContainEqual(
          expect.objectContaining({
            code: 'contradiction',
            at: expect.stringContaining('.input'),
            and: expect.stringContaining('.output'),
          }),
        );
    },
  );

  test('is refused with an unknown code, in every message about a Task', () => {
    for (const message of samples.filter(({ type }) => type.focus?.resource === 'Task'))
      for (const element of ['input', 'output'])
        for (const system of [systems.taskDetail, systems.flightPhase]) {
          const value = { type: { coding: [{ system, code: 'etaa' }] }, valueString: 'soon' };
          const list = [...focus, element];
          const items = valueAt(parsed(message), list);
          const index = Array.isArray(items) ? items.length : 0;
          expect(faultsOf(withAnother(message, list, value))).toContainEqual(
            expect.objectContaining({ code: 'wrong-field', at: `${focusAt}.${element}[${index}].type` }),
          );
        }
  });

  test('is refused if its type is a detail and a flight phase', () => {
    const both = {
      coding: [
        { system: systems.taskDetail, code: 'eta' },
        { system: systems.flightPhase, code: 'departed' },
      ],
    };
    const message = resourceStatus({ task, phases: { departed: '2026-02-01T12:05:00+01:00' } });
    const outcome = readMessage(JSON.stringify(changed(parsed(message), [...focus, 'output', 0, 'type'], both)));
    expect(faultsOf(outcome)).toEqual([
      expect.objectContaining({
        code: 'contradiction',
        at: `${focusAt}.output[0].type.coding[0]`,
        and: `${focusAt}.output[0].type.coding[1]`,
      }),
    ]);
  });

  test('is refused if its hospital or call sign cannot be read', () => {
    const named = (code: string, valueReference: unknown) => ({
      type: { coding: [{ system: systems.taskDetail, code }] },
      valueReference,
    });
    const message = resourceStatus({ task, phases: { 'handed-over': '2026-02-01T12:05:00+01:00' } });
    for (const valueReference of [
      { display: 'Ullevål' },
      { identifier: { value: '100000031' } },
      { identifier: { system: 'urn:oid:1.2.3', value: '100000031' } },
      { identifier: { system: '2.16.578.1.12.4.1.4.101', value: '100000031' } },
      { identifier: { system: systems.organisationNumber } },
    ])
      for (const code of ['handed-over-to', 'diverted-to', 'resource'])
        expect(withAnother(message, [...focus, 'output'], named(code, valueReference)).outcome).toBe('refused');
  });

  test('is refused if the answer excludes it', () => {
    const accepted = prearrivalResponse({ task, answer: 'accepted' });
    const output = {
      type: { coding: [{ system: systems.taskDetail, code: 'diverted-to' }] },
      valueReference: {
        identifier: { system: systems.organisationNumber, value: parties.otherHospital.organisation },
      },
    };
    expect(faultsOf(withAnother(accepted, [...focus, 'output'], output))).toEqual([
      expect.objectContaining({ code: 'contradiction', at: `${focusAt}.businessStatus` }),
    ]);
  });
});

describe('several concepts of which one counts', () => {
  const reason = (code: string, text?: string) => ({ coding: [{ system: systems.cancelReason, code }], text });
  const ground = (code: string) => ({
    itemCodeableConcept: { coding: [{ system: systems.medicalGround, code }] },
  });
  test.each([
    ['reasons of a cancellation', missionCancel({ mission }), [...focus, 'reasonCode'], reason('patient-deceased')],
    ['texts of one reason', missionCancel({ mission }), [...focus, 'reasonCode'], reason('condition-improved', 'else')],
    ['findings', medicalAssessment({ mission, ground: 'indicated' }), [...focus, 'finding'], ground('not-indicated')],
    [
      'kinds of a resource',
      resourceAvailability(),
      [...focus, 'type'],
      { coding: [{ system: systems.resourceKind, code: 'car' }] },
    ],
    ['call signs', resourceAvailability(), [...focus, 'identifier'], { system: systems.resource, value: 'LA-02' }],
  ] as const)('%s that differ are refused', (_what, message, list, item) => {
    expect(faultsOf(withAnother(message, list, item))).toContainEqual(
      expect.objectContaining({ code: 'contradiction' }),
    );
  });

  test('criteria are a set', () => {
    const decision = missionDecision({ task, answer: 'rejected', criterion: 'abcd-competence' });
    const list = [...focus, 'reasonCode', 'coding'];
    const second = { system: systems.missionCriterion, code: 'time-to-definitive-care' };
    expect(withAnother(decision, list, second)).toMatchObject({
      facts: { criteria: ['abcd-competence', 'time-to-definitive-care'] },
    });
    expect(withAnother(decision, list, { ...second, system: `${second.system}/` }).outcome).toBe('refused');
  });
});

describe('the mission of a Task', () => {
  const other = '00000000-0000-8000-8000-000000000000';
  const based = (value: string) => ({ identifier: { system: systems.mission, value } });

  test.each([
    ['Task.basedOn', 'basedOn', [based(mission), based(other)], 'basedOn[1]'],
    ['Task.basedOn at the hub', 'basedOn', [{ reference: `ServiceRequest/${other}` }], 'basedOn[0]'],
    ['Task.focus', 'focus', based(other), 'focus'],
  ])('is warned of if %s names another one', (_what, element, into, place) => {
    for (const message of samples.filter(({ type }) => type.focus?.resource === 'Task')) {
      const outcome = readMessage(JSON.stringify(changed(parsed(message), [...focus, element], into)));
      expect(outcome).toMatchObject({
        outcome: 'read',
        mission,
        warnings: expect.arrayContaining([{ code: 'other-mission-named', at: `${focusAt}.${place}` }]),
      });
    }
  });

  test('is read if it is named in several elements', () => {
    const message = missionDecision({ task, answer: 'accepted' });
    const outcome = readMessage(
      JSON.stringify(changed(parsed(message), [...focus, 'basedOn'], [based(mission), { display: 'in words' }])),
    );
    expect(outcome).toMatchObject({ outcome: 'read', mission });
  });
});

test('names that look alike are one call sign, and characters that cannot be seen are refused', () => {
  const signOf = (message: Message) => message.facts.resource;
  const nfd = 'DOMBÅS 1'.normalize('NFD');
  for (const resource of [nfd, ' dombås  1 ', 'DOMBÅS\u00A01']) {
    expect(signOf(resourceAvailability({ resource }))).toBe('DOMBÅS 1');
    expect(signOf(resourceRequest({ mission, resource }))).toBe('DOMBÅS 1');
    expect(signOf(resourceResponse({ task, answer: 'accepted', resource }))).toBe('DOMBÅS 1');
  }
  for (const hidden of ['LA\u200b-01', 'LA-01\u202e', 'LA\t-01', '\ufeffLA-01'])
    expect(() => resourceAvailability({ resource: hidden })).toThrow('wrong-field');
});

test('every report and notification gives each phase and ETA once', () => {
  const twice = missionReport({ task, phases: { departed: '2026-02-01T12:05:00+01:00' } });
  expect(twice.facts.phases).toEqual([{ phase: 'departed', seenAt: '2026-02-01T12:05:00+01:00' }]);
  expect(prearrivalNotification({ mission }).facts.eta).toBe('2026-02-01T13:00:00+01:00');
});
