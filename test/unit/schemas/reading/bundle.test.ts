import { assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault, Refusal } from '../../../../schemas/faults.ts';
import { resourceAddress } from '../../../../schemas/identifiers.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { canonicalBase, systems } from '../../../../schemas/names.ts';
import {
  medicalAssessment,
  missionDecision,
  missionRequest,
  missionUpdate,
  resourceStatus,
} from '../../../support/messages.ts';
import { changed, gone, type Path, sampleMission as mission, sampleTask as task } from './changed.ts';

const base = 'https://hub.example/fhir';
const urn = (digit: string): string => `urn:uuid:${digit.repeat(8)}-0000-4000-8000-000000000000`;

type Change = readonly [Path, unknown];

const readChanged = (message: Message, ...changes: readonly Change[]): Message | Refusal =>
  readMessage(
    JSON.stringify(
      changes.reduce<unknown>((bundle, [path, into]) => changed(bundle, path, into), JSON.parse(message.text)),
    ),
    { base, partiesAt: () => [] },
  );

const faultsOf = (outcome: Message | Refusal): readonly Pick<Fault, 'code' | 'at' | 'and'>[] =>
  outcome.outcome === 'read'
    ? []
    : outcome.faults.map(({ code, at, and }) => ({ code, ...(at && { at }), ...(and && { and }) }));

const more: Path = ['entry', 3];
const moreAt = 'Bundle.entry[3]';
/** A further entry of a request, at index 3. */
const withEntry = (entry: unknown): Message | Refusal =>
  readChanged(missionRequest({ more: [{ resourceType: 'Basic' }] }), [more, entry]);

const patient = (fullUrl: string | undefined, id?: string, members: object = {}) => ({
  ...(fullUrl === undefined ? {} : { fullUrl }),
  resource: { resourceType: 'Patient', ...(id === undefined ? {} : { id }), ...members },
});

describe('names of the entries', () => {
  const a = 'https://a.example/fhir';
  const pair = (one: unknown, other: unknown) => {
    const message = missionRequest({ more: [{ resourceType: 'Basic' }, { resourceType: 'Basic' }] });
    return readChanged(message, [more, one], [['entry', 4], other]);
  };
  const urls = { code: 'contradiction', at: `${moreAt}.fullUrl`, and: 'Bundle.entry[4].fullUrl' };
  const ids = { code: 'contradiction', at: `${moreAt}.resource.id`, and: 'Bundle.entry[4].resource.id' };
  const version = (versionId: string) => ({ meta: { versionId } });

  test.each<[string, unknown, unknown, unknown]>([
    ['one fullUrl', patient(urn('a')), patient(urn('a')), urls],
    ['one UUID in two cases', patient(urn('a')), patient(urn('A')), urls],
    ['one URL in two spellings', patient(`${a}/Patient/1`), patient('HTTPS://A.example:443/fhir//Patient/1/'), urls],
    ['one version', patient(`${a}/Patient/1`, '1', version('2')), patient(`${a}/Patient/1`, '1', version('2')), urls],
    ['one with a version', patient(`${a}/Patient/1`, '1', version('2')), patient(`${a}/Patient/1`, '1'), urls],
    ['one type and id without a server', patient(urn('a'), '1'), patient(urn('b'), '1'), ids],
    ['one type and id without a fullUrl', patient(undefined, '1'), patient(urn('b'), '1'), ids],
  ])('refuses two resources of %s', (_what, one, other, fault) => {
    expect(faultsOf(pair(one, other))).toEqual([fault]);
  });

  test.each<[string, unknown, unknown]>([
    ['two versions', patient(`${a}/Patient/1`, '1', version('2')), patient(`${a}/Patient/1`, '1', version('3'))],
    ['one id at two servers', patient(`${a}/Patient/1`, '1'), patient('https://b.example/Patient/1', '1')],
    [
      'one id of two types',
      patient(urn('a'), '1'),
      { fullUrl: urn('b'), resource: { resourceType: 'Basic', id: '1' } },
    ],
    ['no names', patient(undefined), patient(undefined)],
  ])('accepts two resources of %s', (_what, one, other) => {
    expect(pair(one, other).outcome).toBe('read');
  });

  test.each<[string, unknown, object]>([
    ['a relative fullUrl', patient('Patient/1'), { code: 'wrong-field', at: `${moreAt}.fullUrl` }],
    ['a fragment', patient('#1'), { code: 'wrong-field', at: `${moreAt}.fullUrl` }],
    ['a version', patient(`${a}/Patient/1/_history/2`), { code: 'wrong-field', at: `${moreAt}.fullUrl` }],
    [
      'another id',
      patient(`${a}/Patient/1`, '2'),
      { code: 'contradiction', at: `${moreAt}.fullUrl`, and: `${moreAt}.resource.id` },
    ],
    [
      'another type',
      patient(`${a}/Basic/1`),
      { code: 'contradiction', at: `${moreAt}.fullUrl`, and: `${moreAt}.resource.resourceType` },
    ],
  ])('refuses a fullUrl that is or has %s', (_what, entry, fault) => {
    expect(faultsOf(withEntry(entry))).toEqual([fault]);
  });

  test('accepts a UUID beside an id of another form', () => {
    expect(withEntry(patient(urn('a'), 'abc')).outcome).toBe('read');
  });
});

describe('MessageHeader', () => {
  const header: Path = ['entry', 0, 'resource'];
  const headerAt = 'Bundle.entry[0].resource';
  const id = '0b1c2d3e-0000-4000-8000-00000000abcd';

  test('is one', () => {
    const second = { resource: { resourceType: 'MessageHeader', id: 'b' } };
    expect(faultsOf(withEntry(second))).toEqual([{ code: 'contradiction', at: headerAt, and: `${moreAt}.resource` }]);
  });

  test.each([
    ['its UUID', `urn:uuid:${id}`, id],
    ['its UUID in upper case', `URN:UUID:${id.toUpperCase()}`, id],
    ['its URL', 'https://a.example/fhir/MessageHeader/m-1', 'm-1'],
  ])('has the id that its fullUrl gives: %s', (_what, fullUrl, expected) => {
    const read = readChanged(missionRequest(), [[...header, 'id'], gone], [['entry', 0, 'fullUrl'], fullUrl]);
    expect(read).toMatchObject({ outcome: 'read', id: expected });
  });

  test('has its own id, also beside another urn:uuid', () => {
    const read = readChanged(missionRequest(), [[...header, 'id'], id], [['entry', 0, 'fullUrl'], gone]);
    expect(read).toMatchObject({ outcome: 'read', id });
    expect(readChanged(missionRequest(), [[...header, 'id'], 'm-1'])).toMatchObject({ outcome: 'read', id: 'm-1' });
  });

  test('is refused without an id', () => {
    for (const fullUrl of [gone, 'urn:uuid:1', 'https://a.example/header'])
      expect(
        faultsOf(readChanged(missionRequest(), [[...header, 'id'], gone], [['entry', 0, 'fullUrl'], fullUrl])),
      ).toEqual([{ code: 'missing-field', at: `${headerAt}.id` }]);
  });

  test('has its event as a coding', () => {
    const uri: Change = [[...header, 'eventUri'], `${systems.event}#mission-request`];
    expect(faultsOf(readChanged(missionRequest(), uri))).toEqual([
      { code: 'contradiction', at: `${headerAt}.eventCoding`, and: `${headerAt}.eventUri` },
    ]);
    expect(readChanged(missionRequest(), uri, [[...header, 'eventCoding'], gone])).toMatchObject({
      faults: [{ code: 'missing-field', at: `${headerAt}.eventCoding`, detail: expect.stringContaining('eventUri') }],
    });
  });
});

describe('focus', () => {
  const focus: Path = ['entry', 0, 'resource', 'focus'];
  const focusAt = 'Bundle.entry[0].resource.focus';
  const focusOf = (message: Message): unknown[] => {
    const bundle: unknown = JSON.parse(message.text);
    const header = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'][0].resource : {};
    return header.focus;
  };

  test('is one deciding resource, however often it is named', () => {
    const decision = missionDecision({ task, answer: 'accepted', by: 'Kari' });
    const [own] = focusOf(decision);
    expect(readChanged(decision, [focus, [own, own]]).outcome).toBe('read');
    const twice = missionDecision({
      task,
      answer: 'accepted',
      by: 'Kari',
      more: [{ resourceType: 'Task', id: 'own' }],
    });
    expect(faultsOf(readChanged(twice, [focus, [...focusOf(twice), { reference: 'Task/own' }]]))).toEqual([
      { code: 'contradiction', at: 'Bundle.entry[1].resource', and: 'Bundle.entry[3].resource' },
    ]);
  });

  test('is the resource of one message type', () => {
    const report = resourceStatus({
      task,
      phases: { departed: '2026-02-01T12:05:00+01:00' },
      more: [{ resourceType: 'Location', id: 'l' }],
    });
    expect(faultsOf(readChanged(report, [focus, [...focusOf(report), { reference: 'Location/l' }]]))).toEqual([
      { code: 'contradiction', at: 'Bundle.entry[1].resource', and: 'Bundle.entry[2].resource' },
    ]);
  });

  test('is not contained in the header', () => {
    const update = missionUpdate({ mission });
    const contained = [{ resourceType: 'ServiceRequest', id: 'inside', status: 'active', intent: 'order' }];
    const read = readChanged(
      update,
      [['entry', 0, 'resource', 'contained'], contained],
      [focus, [{ reference: '#inside' }, ...focusOf(update)]],
    );
    expect(faultsOf(read)).toEqual([{ code: 'wrong-field', at: `${focusAt}[0]` }]);
  });

  const another = '00000000-0000-8000-8000-000000000000';
  const numbered = (value: string) => [{ system: systems.mission, value }];

  test('names one mission, by number, resource and Task', () => {
    const update = missionUpdate({ mission });
    const resource: Path = ['entry', 1, 'resource', 'identifier'];
    expect(readChanged(update, [resource, numbered(mission)])).toMatchObject({ outcome: 'read', mission });
    expect(faultsOf(readChanged(update, [resource, numbered(another)]))).toEqual([
      {
        code: 'contradiction',
        at: 'Bundle.entry[1].resource.identifier[0].value',
        and: `${focusAt}[1].identifier.value`,
      },
    ]);
    const [first] = focusOf(update);
    const both = { ...(isObject(first) ? first : {}), identifier: { system: systems.mission, value: another } };
    expect(faultsOf(readChanged(update, [resource, numbered(mission)], [focus, [both]]))).toEqual([
      {
        code: 'contradiction',
        at: `${focusAt}[0].identifier.value`,
        and: 'Bundle.entry[1].resource.identifier[0].value',
      },
    ]);
    const decision = missionDecision({ task, answer: 'accepted', by: 'Kari' });
    const about = [...focusOf(decision), { identifier: { system: systems.mission, value: another } }];
    expect(faultsOf(readChanged(decision, [focus, about]))).toEqual([
      { code: 'contradiction', at: `${focusAt}[1].identifier.value`, and: 'Bundle.entry[1].resource.id' },
    ]);
  });

  test('is the ServiceRequest with the number in focus', () => {
    const numberedUpdate = missionUpdate({
      mission,
      describes: false,
      more: [{ resourceType: 'ServiceRequest', identifier: numbered(mission), status: 'active', intent: 'order' }],
    });
    expect(numberedUpdate.focusIndex).toBe(1);
  });

  test('names no mission in a request for a new one', () => {
    const request = missionRequest();
    expect(faultsOf(readChanged(request, [['entry', 1, 'resource', 'identifier'], numbered(mission)]))).toEqual([
      { code: 'wrong-field', at: 'Bundle.entry[1].resource.identifier[0].value' },
    ]);
    const named = [...focusOf(request), { identifier: { system: systems.mission, value: mission } }];
    expect(faultsOf(readChanged(request, [focus, named]))).toEqual([
      { code: 'wrong-field', at: `${focusAt}[1].identifier.value` },
    ]);
  });
});

describe("the hub's names", () => {
  const url = { code: 'reserved-address', at: `${moreAt}.fullUrl` };

  test('are refused in any spelling', () => {
    const scheme = constantFrom('https', 'HTTPS', 'http');
    const host = constantFrom(
      'hub.example',
      'HUB.example',
      'hub.example.',
      'me@hub.example',
      'hub.example:443',
      'hub.example:80',
    );
    const root = constantFrom(
      '/fhir',
      '//fhir',
      '/FHIR',
      '/x/../fhir',
      '/%66hir',
      '/%2566hir',
      '/x/%2e%2e/fhir',
      '/fhir/.',
    );
    const rest = constantFrom('', '/', '/Patient/1', '%2FPatient/1', '/Patient/1?x=1', '/Patient/1#x', '/a/b/c');
    assert(
      property(scheme, host, root, rest, (one, two, three, four) => {
        expect(faultsOf(withEntry(patient(`${one}://${two}${three}${four}`)))).toContainEqual(url);
      }),
    );
  });

  test.each([
    `${canonicalBase}/CodeSystem/message-event`,
    ` ${base}/Patient/1`,
    `${base.replace('hub', 'h\tub')}/Patient/1`,
  ])('are refused as %s', (fullUrl) => {
    expect(faultsOf(withEntry(patient(fullUrl)))).toContainEqual(url);
  });

  test.each([
    'https://hub.example/other/Patient/1',
    'https://hub.example/fhirx/Patient/1',
    'https://amk.hub.example/fhir/Patient/1',
    'https://hub.example:8443/fhir/Patient/1',
  ])('are not those of others: %s', (fullUrl) => {
    expect(withEntry(patient(fullUrl)).outcome).toBe('read');
  });

  test('are refused as the source of a resource', () => {
    const source = (meta: unknown) => faultsOf(withEntry(patient(undefined, undefined, { meta })));
    expect(source({ source: `${base}/Task/1#a` })).toEqual([
      { code: 'reserved-address', at: `${moreAt}.resource.meta.source` },
    ]);
    expect(source({ source: 'https://amk.example/fhir' })).toEqual([]);
  });

  test('are refused on copies of its resources', () => {
    const copy = (resource: object) =>
      faultsOf(
        readChanged(missionUpdate({ mission, more: [{ resourceType: 'Basic' }] }), [
          ['entry', 2, 'resource'],
          resource,
        ]),
      );
    const at = (place: string) => [{ code: 'reserved-address', at: `Bundle.entry[2].resource.${place}` }];
    expect(copy({ resourceType: 'Task', id: task, status: 'rejected', intent: 'order' })).toEqual(at('id'));
    expect(copy({ resourceType: 'Observation', id: resourceAddress(mission, 1, 2) })).toEqual(at('id'));
    expect(
      copy({
        resourceType: 'ServiceRequest',
        identifier: [{ value: '1' }, { system: systems.mission, value: '00000000-0000-8000-8000-000000000000' }],
      }),
    ).toEqual(at('identifier[1]'));
    expect(
      copy({ resourceType: 'Task', id: 'own', identifier: [{ system: systems.mission, value: mission }] }),
    ).toEqual([]);
    expect(copy({ resourceType: 'ServiceRequest', id: 'own', identifier: [{ system: 'urn:x', value: '1' }] })).toEqual(
      [],
    );
  });

  test('may name the mission on a ServiceRequest in focus', () => {
    const assessment = medicalAssessment({
      mission,
      ground: 'indicated',
      more: [{ resourceType: 'ServiceRequest', id: 'm', status: 'active' }],
    });
    const bundle: { entry: { resource: Readonly<Record<string, unknown>> }[] } = JSON.parse(assessment.text);
    const index = bundle.entry.findIndex((one) => one.resource['resourceType'] === 'ServiceRequest');
    const identifier = [{ system: systems.mission, value: mission }];
    const numbered: Change = [['entry', index, 'resource', 'identifier'], identifier];
    const focus: Change = [['entry', 0, 'resource', 'focus', 1], { reference: 'ServiceRequest/m' }];
    expect(readChanged(assessment, numbered, focus)).toMatchObject({ outcome: 'read', mission });
    // The number in focus means it as well: it is found by its identifier.
    expect(readChanged(assessment, numbered)).toMatchObject({ outcome: 'read', mission });
  });
});
