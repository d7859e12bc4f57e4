import { describe, expect, test } from 'vitest';
import { missionOf } from '../../../../core/mission/decide.ts';
import { readResource, searchResources } from '../../../../core/queries/resources.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { resourceOfReadiness } from '../../../../core/fhir/location.ts';
import { resourceIdOf } from '../../../../schemas/identifiers.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { systems } from '../../../../schemas/names.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import {
  directory,
  type Envelope,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionRequest,
  parties,
  type Place,
  read,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  taskOpenedBy,
} from '../../../support/messages.ts';
import {
  callerFor,
  faultIn,
  hubAfter,
  listed,
  nextOf,
  type Resource,
  resourceIn,
  searching,
} from '../../../support/reading.ts';

const view = { base: 'https://hub.example/fhir', directory };

const search = (hub: MemoryHub, party: Party, query = '') =>
  searching('Location', [...new URLSearchParams(query)], (asked) =>
    searchResources(hub, callerFor(party), asked, view),
  );

/** The resources that a party sees, as valid FHIR. */
const board = async (hub: MemoryHub, party: Party, query = '') => {
  const bundle = resourceIn(await search(hub, party, query));
  expect(problemsOf(bundle)).toEqual([]);
  return { bundle, rows: listed(bundle), asks: listed(bundle, 'include') };
};

const codeOf = (row: Resource): string =>
  isObject(row['operationalStatus']) ? String(row['operationalStatus']['code']) : 'none';
const sinceOf = (row: Resource | undefined): unknown =>
  /"valueDateTime":"([^"]+)"/.exec(JSON.stringify(row?.['operationalStatus']))?.[1];

/** Operator, name and status of every row. */
const shown = (rows: readonly Resource[]): readonly string[] =>
  rows.map((row) => {
    const owner = isObject(row['managingOrganization']) ? String(row['managingOrganization']['display']) : '';
    return `${owner}: ${String(row['name'])} ${codeOf(row)}`;
  });

type Step = readonly [Party, Message];

/** A mission whose entry 2 asks the operator for a resource. */
const asking = (content: Envelope & { readonly resource?: string } = {}) => {
  const { exercise = false, resource, id = 'request' } = content;
  const request = missionRequest({ id, exercise });
  const mission = missionOpenedBy(request);
  const ask = resourceRequest({ mission, exercise, id: `${id}-ask`, ...(resource === undefined ? {} : { resource }) });
  const task = taskOpenedBy(mission, 2);
  const steps: readonly Step[] = [
    [parties.amk, request],
    [parties.la, ask],
  ];
  const accepts: Step = [parties.operator, resourceResponse({ task, answer: 'accepted', exercise })];
  const flies: Step = [
    parties.operator,
    resourceStatus({
      task,
      exercise,
      place: [62.5, 9.5],
      eta: '2026-01-31T12:40:00+01:00',
      phases: { departed: '2026-01-31T12:05:00+01:00', 'on-scene': '2026-01-31T12:25:00+01:00' },
    }),
  ];
  return { mission, task, steps, accepts, flies };
};

const free = (resource: string, content: Parameters<typeof resourceAvailability>[0] = {}): Message =>
  resourceAvailability({ resource, ...content });

/** A report of an operator about a resource, with its position. */
const standing = (resource: string, [latitude, longitude]: Place): Message =>
  read(
    free(resource).text.replace(
      '"resourceType":"Location"',
      `"resourceType":"Location","position":{"latitude":${latitude},"longitude":${longitude}}`,
    ),
  );

describe('search of resources, all regions', () => {
  test('shows the reports of every operator to each AMK LA, and to an operator its own', async () => {
    const hub = await hubAfter(
      [parties.operator, free('LA-02', { availability: 'weather' })],
      [parties.operator, free('LA-01')],
      [parties.otherOperator, free('LA-01', { kind: 'aeroplane', availability: 'technical' })],
    );
    const all = ['Helicopter Dombås: LA-01 free', 'Helicopter Dombås: LA-02 weather', 'Helicopter Ål: LA-01 technical'];
    for (const la of [parties.la, parties.otherLa]) expect(shown((await board(hub, la)).rows)).toEqual(all);
    expect(shown((await board(hub, parties.operator)).rows)).toEqual(all.slice(0, 2));
    expect((await board(hub, parties.thirdOperator)).rows).toEqual([]);
  });

  test.each([parties.amk, parties.hospital, parties.observer, parties.quality])(
    'refuses the role $role',
    async (party) => {
      const hub = await hubAfter([parties.operator, free('LA-01')]);
      expect(faultIn(await search(hub, party))).toBe('forbidden-role');
      const id = resourceIdOf(parties.operator.organisation, 'LA-01', false);
      expect(faultIn(await readResource(hub, callerFor(party), id, view))).toBe('not-found');
    },
  );

  test('shows operator, kind, position and start of the availability', async () => {
    const hub = await hubAfter([parties.operator, standing('LA-01', [62.1, 9.2])]);
    const [row] = (await board(hub, parties.otherLa)).rows;
    expect(row).toMatchObject({
      resourceType: 'Location',
      status: 'active',
      mode: 'instance',
      name: 'LA-01',
      identifier: [{ system: systems.resource, value: 'LA-01' }],
      operationalStatus: { system: systems.resourceAvailability, code: 'free', display: 'Free' },
      type: [{ coding: [{ system: systems.resourceKind, code: 'helicopter' }] }],
      physicalType: { coding: [{ code: 've' }] },
      position: { latitude: 62.1, longitude: 9.2 },
      managingOrganization: { reference: `Organization/${parties.operator.organisation}` },
      meta: { lastUpdated: '2026-02-01T11:00:00.000Z' },
    });
    expect(sinceOf(row)).toBe('2026-02-01T12:00:00+01:00');
  });

  test('shows the status from a mission before the status that the operator reported', async () => {
    const { steps, accepts, flies, task } = asking({ resource: 'LA-01' });
    const [request, ask] = steps;
    const statuses: string[] = [];
    const moments: unknown[] = [];
    const played: Step[] = [[parties.operator, free('LA-01')]];
    for (const step of [request, ask, accepts, flies]) {
      if (step !== undefined) played.push(step);
      const { rows } = await board(await hubAfter(...played), parties.otherLa);
      statuses.push(rows.map(codeOf).join());
      moments.push(sinceOf(rows[0]));
    }
    expect(statuses).toEqual(['free', 'asked', 'assigned', 'flying']);
    expect(moments).toEqual([
      '2026-02-01T12:00:00+01:00',
      '2026-02-01T11:02:00.000Z',
      '2026-02-01T11:03:00.000Z',
      '2026-01-31T12:05:00+01:00',
    ]);
    const over = resourceStatus({ task, phases: { available: '2026-01-31T13:05:00+01:00' } });
    const { rows, asks } = await board(await hubAfter(...played, [parties.operator, over]), parties.otherLa);
    expect([rows.map(codeOf), asks]).toEqual([['free'], []]);
  });

  test('shows a row for a Task without a call sign and for a call sign that was never reported', async () => {
    const unnamed = asking({ id: 'one' });
    const named = asking({ id: 'two', resource: 'la-77 ' });
    const hub = await hubAfter(...unnamed.steps, unnamed.accepts, unnamed.flies, ...named.steps, named.accepts);
    const { rows } = await board(hub, parties.otherLa);
    expect(shown(rows)).toEqual([
      'Helicopter Dombås: LA-77 assigned',
      'Helicopter Dombås: Helicopter Dombås, Ambulance helicopter flying',
    ]);
    expect(rows.map(({ id }) => id)).toEqual([
      resourceIdOf(parties.operator.organisation, 'LA-77', false),
      unnamed.task,
    ]);
    for (const row of rows) {
      const one = resourceIn(await readResource(hub, callerFor(parties.otherLa), String(row['id']), view));
      expect(one).toEqual(row);
    }
  });

  test('shows one row for a resource requested by two missions, with the furthest Task first', async () => {
    const first = asking({ id: 'one', resource: 'LA-01' });
    const second = asking({ id: 'two', resource: 'LA-01' });
    const hub = await hubAfter(...first.steps, ...second.steps, second.accepts, second.flies);
    const { rows, asks } = await board(hub, parties.la);
    expect(shown(rows)).toEqual(['Helicopter Dombås: LA-01 flying']);
    expect(asks.map(({ id }) => id)).toEqual([second.task, first.task]);
  });

  test('has pages of 50 unless asked otherwise, and finds more Tasks than one page of the worklist has', async () => {
    const many = Array.from({ length: 105 }, (_, index) => asking({ id: `many-${index}` }));
    const hub = await hubAfter(...many.flatMap(({ steps }) => steps));
    const { rows, bundle } = await board(hub, parties.otherLa);
    expect(rows).toHaveLength(50);
    expect(bundle).toMatchObject({ total: 105 });
    expect(nextOf(bundle)).toBeDefined();
  });
});

describe('search of resources, content of a mission', () => {
  test('shows owner, asker, urgency and progress, without persons, free text and places', async () => {
    const { mission, steps, accepts, flies, task } = asking({ resource: 'LA-01' });
    const hub = await hubAfter([parties.operator, standing('LA-01', [62.1, 9.2])], ...steps, accepts, flies);
    const { asks, rows, bundle } = await board(hub, parties.otherLa);
    expect(asks).toMatchObject([
      {
        resourceType: 'Task',
        id: task,
        meta: { tag: [{ code: 'SUBSETTED' }] },
        extension: [{ valueReference: { reference: `Organization/${parties.la.organisation}` } }],
        basedOn: [{ reference: `ServiceRequest/${mission}` }],
        status: 'in-progress',
        priority: 'stat',
        businessStatus: { coding: [{ system: systems.flightPhase, code: 'on-scene' }] },
        output: [
          { type: { coding: [{ code: 'on-scene' }] }, valueDateTime: '2026-01-31T12:25:00+01:00' },
          { type: { coding: [{ code: 'eta' }] }, valueDateTime: '2026-01-31T12:40:00+01:00' },
          { valueReference: { identifier: { system: systems.resource, value: 'LA-01' } } },
        ],
        owner: { reference: `Organization/${parties.operator.organisation}` },
        requester: { reference: `Organization/${parties.la.organisation}` },
      },
    ]);
    expect(JSON.stringify(bundle)).not.toMatch(/Per Pilot|62\.|"for"|note|Reason/);
    expect(rows[0]?.['position']).toBeUndefined();
  });

  test('shows the position of a resource in flight to parties of its mission only', async () => {
    const { steps, accepts, flies } = asking({ resource: 'LA-01' });
    const stands: Step = [parties.operator, standing('LA-01', [62.1, 9.2])];
    const grounded = await hubAfter(stands, ...steps, accepts);
    for (const party of [parties.la, parties.otherLa, parties.operator])
      expect((await board(grounded, party)).rows[0]?.['position']).toEqual({ latitude: 62.1, longitude: 9.2 });
    const airborne = await hubAfter(stands, ...steps, accepts, flies);
    for (const party of [parties.la, parties.operator])
      expect((await board(airborne, party)).rows[0]?.['position']).toEqual({ latitude: 62.5, longitude: 9.5 });
    expect((await board(airborne, parties.otherLa)).rows[0]?.['position']).toBeUndefined();
  });

  test('shows the new coordinator of Tasks after a forwarding', async () => {
    const request = missionRequest();
    const mission = missionOpenedBy(request);
    const forwarded = taskOpenedBy(mission, 2);
    const hub = await hubAfter(
      [parties.amk, request],
      [parties.la, missionForward({ task: taskOpenedBy(mission, 1) })],
      [parties.otherLa, missionDecision({ task: forwarded, answer: 'accepted' })],
      [parties.otherLa, resourceRequest({ mission })],
    );
    const { asks } = await board(hub, parties.la);
    expect(JSON.stringify(asks.map(({ extension }) => extension))).toContain(parties.otherLa.organisation);
  });
});

describe('search of resources, exercises', () => {
  test.each(['HTEST', `${systems.actReason}|HTEST`])(
    'returns exercises as a separate list with the label (%s)',
    async (label) => {
      const drill = asking({ id: 'drill', resource: 'LA-01', exercise: true });
      const hub = await hubAfter(
        [parties.operator, free('LA-01', { availability: 'weather' })],
        [parties.operator, free('LA-01', { exercise: true })],
        ...drill.steps,
      );
      const real = await board(hub, parties.la);
      expect([shown(real.rows), real.asks]).toEqual([['Helicopter Dombås: LA-01 weather'], []]);
      expect(JSON.stringify(real.bundle)).not.toContain('HTEST');
      const { rows, asks } = await board(hub, parties.la, new URLSearchParams({ _security: label }).toString());
      expect(shown(rows)).toEqual(['Helicopter Dombås: LA-01 asked']);
      expect(asks).toHaveLength(1);
      for (const one of [...rows, ...asks]) expect(one['meta']).toMatchObject({ security: [{ code: 'HTEST' }] });
      const [row] = rows;
      expect(resourceIn(await readResource(hub, callerFor(parties.la), String(row?.['id']), view))).toEqual(row);
    },
  );
});

describe('search of resources, parameters', () => {
  const hub = () =>
    hubAfter(
      [parties.operator, free('LA-01')],
      [parties.operator, free('LA-02', { kind: 'car', availability: 'crew-duty' })],
      [parties.otherOperator, free('LF-01', { kind: 'aeroplane' })],
      ...asking({ resource: 'LA-03' }).steps,
    );
  const names = (rows: readonly Resource[]): string => rows.map(({ name }) => String(name)).join(' ');

  test.each([
    ['', 'LA-01 LA-02 LA-03 LF-01'],
    ['type=aeroplane', 'LF-01'],
    [`type=${systems.resourceKind}|car,${systems.resourceKind}|aeroplane`, 'LA-02 LF-01'],
    ['operational-status=free', 'LA-01 LF-01'],
    ['operational-status=asked,crew-duty', 'LA-02 LA-03'],
    [`organization=Organization/${parties.operator.organisation}`, 'LA-01 LA-02 LA-03'],
    [`organization=${parties.otherOperator.organisation}`, 'LF-01'],
    [`organization=${view.base}/Organization/${parties.otherOperator.organisation}`, 'LF-01'],
    ['_lastUpdated=lt2000', ''],
    ['identifier=lf-01', 'LF-01'],
    [`identifier=${systems.resource}|LA-01`, 'LA-01'],
    ['operational-status=free&type=helicopter&_format=json', 'LA-01'],
  ])('finds resources by %s', async (query, expected) => {
    const { rows, bundle } = await board(await hub(), parties.la, query);
    expect(names(rows)).toBe(expected);
    expect(bundle).toMatchObject({ total: rows.length });
  });

  test('returns the requested number at once, and each resource once', async () => {
    const all = await hub();
    const pages: string[] = [];
    let query = '_count=3';
    for (;;) {
      const { rows, bundle } = await board(all, parties.la, query);
      pages.push(names(rows));
      expect(bundle).toMatchObject({ total: 4 });
      const next = nextOf(bundle);
      if (next === undefined) break;
      query = new URL(next).search;
    }
    expect(pages).toEqual(['LA-01 LA-02 LA-03', 'LF-01']);
  });

  test.each([
    'near=62|9',
    '_security=R',
    '_security=http://other.example|HTEST',
    'type=http://other.example|car',
    'type=submarine',
    '_count=many',
    '_cursor=x&_count=2',
    'status=active',
  ])('refuses a search it does not offer: %s', async (query) => {
    expect(faultIn(await search(await hub(), parties.la, query))).toBe('unknown-search');
  });

  test.each(['1', 'LA-01', `${missionOpenedBy(missionRequest())}.1.0`, missionOpenedBy(missionRequest())])(
    'finds no resource by the id %s',
    async (id) => {
      expect(faultIn(await readResource(await hub(), callerFor(parties.la), id, view))).toBe('not-found');
    },
  );

  test('refuses the resource of another operator by its id', async () => {
    const id = resourceIdOf(parties.otherOperator.organisation, 'LF-01', false);
    expect(resourceIn(await readResource(await hub(), callerFor(parties.otherOperator), id, view))).toMatchObject({
      id,
    });
    expect(faultIn(await readResource(await hub(), callerFor(parties.operator), id, view))).toBe('not-found');
  });
});

describe('resource as Location', () => {
  test.each([true, false])('has the id of the log of its readiness (exercise: %s)', (exercise) => {
    expect(resourceIdOf(parties.operator.organisation, 'LA-01', exercise)).toBe(
      missionOf(free('LA-01', { exercise }), parties.operator),
    );
  });

  test('is the Location that a notification of its readiness is about', async () => {
    const hub = await hubAfter([parties.operator, standing('LA-01', [62.1, 9.2])]);
    const [row] = (await board(hub, parties.otherLa)).rows;
    const [state] = await hub.overview.readinessOf(parties.operator.organisation);
    if (state === undefined) throw new Error('nothing was reported');
    expect(resourceOfReadiness(state, view)).toEqual(row);
    const { readiness: _none, ...mission } = state;
    expect(resourceOfReadiness(mission, view)).toBeUndefined();
  });

  test.each(['id-only', 'full-resource'] as const)(
    'is the resource in the notification of every AMK LA (%s)',
    async (payload) => {
      const hub = await hubAfter([parties.operator, standing('LA-01', [62.1, 9.2])]);
      const [row] = (await board(hub, parties.otherLa)).rows;
      const entry = await hub.missions.entry(String(row?.['id']), 1);
      if (entry === undefined) throw new Error('nothing was reported');
      expect(entry.recipients).toEqual([parties.la.organisation, parties.otherLa.organisation]);
      const { organisation, role } = parties.otherLa;
      const subscription = { ...sampleSubscription('to-bergen', organisation), payload };
      const [notification] = await hub.notifications.range(organisation, 1, 1);
      if (notification === undefined) throw new Error('there is no notification');
      const events = [{ notification, entry, sources: [] }];
      const body: unknown = JSON.parse(
        notificationBundle({ kind: 'event-notification', subscription, role, events }, view, hub.clock.iso()),
      );
      expect(problemsOf(body)).toEqual([]);
      const address = `${view.base}/Location/${entry.mission}`;
      const shownTo = {
        fullUrl: address,
        request: { method: 'PUT', url: `Location/${entry.mission}` },
        ...(payload === 'id-only' ? {} : { resource: row }),
      };
      expect(body).toMatchObject({ entry: expect.arrayContaining([expect.objectContaining(shownTo)]) });
      expect(JSON.stringify(body)).toContain(`{"name":"focus","valueReference":{"reference":"${address}"}}`);
      expect(JSON.stringify(body)).not.toContain('ServiceRequest');
    },
  );
});
