import { describe, expect, test } from 'vitest';
import { searchFor } from '../../../support/reading.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { readSent } from '../../../../core/queries/sent-resources.ts';
import { searchTasks } from '../../../../core/queries/tasks.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import { systems } from '../../../../schemas/names.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import {
  missionDecision,
  missionForward,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceStatus,
  resourceResponse,
  reviewRequest,
} from '../../../support/messages.ts';
import {
  mission,
  played,
  request,
  type Resource,
  resourcesIn,
  type Step,
  task,
  view,
  withMembers,
} from './notification-scenario.ts';

const { amk, la, otherLa, operator, hospital, otherHospital, observer } = parties;

const full = withMembers(
  request,
  {
    subject: { reference: 'Patient/p' },
    note: [{ text: 'Gate is open' }],
    reasonReference: [{ reference: 'Condition/c' }],
  },
  [
    { resourceType: 'Patient', id: 'p' },
    { resourceType: 'Condition', id: 'c', subject: { reference: 'Patient/p' } },
  ],
);
const accepted: Step = [la, missionDecision({ task: task(1), answer: 'accepted' })];

const worklistOf = async (party: Party, steps: readonly Step[]): Promise<readonly Resource[]> => {
  const hub = await played(steps);
  const found = await searchTasks(hub, party, searchFor('Task', { owner: `Organization/${party.organisation}` }), view);
  if (found.outcome === 'refused') throw new Error(JSON.stringify(found.faults));
  expect(problemsOf(found.resource)).toEqual([]);
  return resourcesIn(found.resource);
};

const detail = (code: string, value: Resource): Resource =>
  expect.objectContaining({
    type: { coding: [expect.objectContaining({ system: systems.taskDetail, code })] },
    ...value,
  });
const to = (reference: string): Resource => ({ valueReference: { reference } });

describe('The Task of a worklist', () => {
  test('shows what the AMK LA is asked: words, place, patient, reasons, and what was sent', async () => {
    expect(await worklistOf(la, [[amk, full]])).toMatchObject([
      {
        description: 'Gate is open',
        for: { reference: `Patient/${mission}.1.3` },
        location: { reference: `Location/${mission}.1.2` },
        input: [
          detail('request', to(`ServiceRequest/${mission}.1.1`)),
          detail('message', to(`Bundle/${mission}.1`)),
          detail('place', to(`Location/${mission}.1.2`)),
          detail('refers-to', to(`Condition/${mission}.1.4`)),
        ],
      },
    ]);
  });

  test('shows the own words, place and time limit of a request to an operator beside the deadline of the hub', async () => {
    const asked = withMembers(
      resourceRequest({ mission }),
      {
        description: 'Pick up the doctor',
        note: [{ text: 'at the base' }],
        location: { reference: 'Location/l' },
        restriction: { period: { end: '2026-02-01T13:30:00+01:00' } },
      },
      [{ resourceType: 'Location', id: 'l', name: 'Dombås  base' }],
    );
    const [shown] = await worklistOf(operator, [[amk, full], accepted, [la, asked]]);
    expect(shown).toMatchObject({
      description: 'Pick up the doctor\nat the base',
      for: { reference: `Patient/${mission}.1.3` },
      location: { reference: `Location/${mission}.3.2`, display: 'Dombås base' },
      restriction: { period: { end: expect.stringMatching(/Z$/) } },
    });
    expect(shown?.['input']).toContainEqual(detail('time-limit', { valueDateTime: '2026-02-01T13:30:00+01:00' }));
    expect(shown?.['input']).toContainEqual(detail('request', to(`Task/${mission}.3.1`)));
  });

  test('shows place and patient of the mission if the request has none, the newest ones', async () => {
    const moved: Step = [amk, missionUpdate({ mission, place: [61, 10] })];
    expect(
      await worklistOf(operator, [[amk, full], accepted, moved, [la, resourceRequest({ mission })]]),
    ).toMatchObject([
      { for: { reference: `Patient/${mission}.1.3` }, location: { reference: `Location/${mission}.3.2` } },
    ]);
  });

  const number = { system: 'urn:oid:2.16.578.1.12.4.1.4.3', value: 'H-1' };
  const other = '01819012-3450-4000-8000-018190123450';

  test.each<[string, Resource, string, Resource]>([
    ['by an identifier', { subject: { identifier: number } }, 'for', { identifier: number }],
    [
      'contained in the update',
      { subject: { reference: '#np' }, contained: [{ resourceType: 'Patient', id: 'np' }] },
      'for',
      { reference: `ServiceRequest/${mission}.3.1` },
    ],
    [
      'of another mission',
      { subject: { reference: `Patient/${other}.1.3`, display: 'B' } },
      'for',
      { reference: `ServiceRequest/${mission}.3.1`, display: 'B' },
    ],
    [
      'by a reference that leads nowhere',
      { subject: { reference: 'urn:uuid:3f2f2c1e-0000-4000-8000-000000000009' } },
      'for',
      { reference: `ServiceRequest/${mission}.3.1` },
    ],
    [
      'by a name that does not replace a patient',
      { subject: { display: 'Unknown' } },
      'for',
      { reference: `Patient/${mission}.1.3` },
    ],
    ['by nothing', { subject: {} }, 'for', { reference: `Patient/${mission}.1.3` }],
    ['by a name', { locationReference: [{ display: 'Hut 7' }] }, 'location', { display: 'Hut 7' }],
    ['by an identifier', { locationReference: [{ identifier: number }] }, 'location', { identifier: number }],
  ])('shows who or where an update says it is, %s: %j', async (_how, members, element, expected) => {
    const update: Step = [amk, withMembers(missionUpdate({ mission }), members)];
    const [shown] = await worklistOf(operator, [[amk, full], accepted, update, [la, resourceRequest({ mission })]]);
    expect(shown?.[element]).toEqual(expected);
  });

  test.each<[string, Resource, Resource]>([
    ['by an identifier', { for: { identifier: number } }, { identifier: number }],
    ['by a name', { for: { display: 'Woman, about 40' } }, { display: 'Woman, about 40' }],
    [
      'contained',
      { for: { reference: '#np' }, contained: [{ resourceType: 'Patient', id: 'np' }] },
      { reference: `Task/${mission}.3.1` },
    ],
    ['of another mission', { for: { reference: `Patient/${other}.1.3` } }, { reference: `Task/${mission}.3.1` }],
    [
      'by a reference to another server',
      { for: { reference: 'https://a.example/Patient/1' } },
      { reference: `Task/${mission}.3.1` },
    ],
  ])('shows a hospital the patient that its notification states, %s', async (_how, members, expected) => {
    const notified = withMembers(prearrivalNotification({ mission }), members);
    const [shown] = await worklistOf(hospital, [[amk, full], accepted, [la, notified]]);
    expect(shown?.['for']).toEqual(expected);
  });

  test.each<[string, Resource, Resource, Resource | undefined]>([
    ['a name', { display: 'Hut 7' }, { display: 'Hut 7' }, { display: 'Hut 7' }],
    ['an identifier', { identifier: number }, { identifier: number }, { identifier: number }],
    ['a contained Location', { reference: '#L' }, { reference: `Task/${mission}.3.1` }, undefined],
    [
      'a contained Location with a name',
      { reference: '#L', display: 'Hut 7' },
      { reference: `Task/${mission}.3.1`, display: 'Hut 7' },
      { display: 'Hut 7' },
    ],
    [
      'a Location of another mission',
      { reference: `Location/${other}.1.2` },
      { reference: `Task/${mission}.3.1` },
      undefined,
    ],
  ])('shows an operator the place that its request states: %s', async (_how, location, input, shownLocation) => {
    const contained = [{ resourceType: 'Location', id: 'L', position: { latitude: 61, longitude: 10 } }];
    const asked = withMembers(resourceRequest({ mission }), { location, contained });
    const [shown] = await worklistOf(operator, [[amk, full], accepted, [la, asked]]);
    expect(shown?.['input']).toContainEqual(detail('place', { valueReference: input }));
    expect(shown?.['location']).toEqual(shownLocation);
  });

  test('shows the place that the hub routes by, also if a place without a position comes first', async () => {
    const scene = withMembers(
      request,
      { locationReference: [{ reference: 'Location/hut' }, { reference: 'Location/pad' }] },
      [
        { resourceType: 'Location', id: 'hut', name: 'Hut 7' },
        { resourceType: 'Location', id: 'pad', name: 'Landing site', position: { latitude: 61, longitude: 10 } },
      ],
    );
    expect(await worklistOf(la, [[amk, scene]])).toMatchObject([
      { location: { reference: `Location/${mission}.1.4`, display: 'Landing site' } },
    ]);
  });

  test('shows the reported position as the location, and the place in the input', async () => {
    const [shown] = await worklistOf(operator, [
      [amk, full],
      accepted,
      [la, resourceRequest({ mission })],
      [operator, resourceResponse({ task: task(3), answer: 'accepted' })],
      [operator, resourceStatus({ task: task(3), place: [61.2, 9.9] })],
    ]);
    expect(shown).toMatchObject({ location: { reference: '#position' } });
    expect(shown?.['input']).toContainEqual(detail('place', to(`Location/${mission}.1.2`)));
  });

  test('keeps the request when the mission is forwarded, and the pre-arrival notification when a hospital diverts', async () => {
    expect(await worklistOf(otherLa, [[amk, full], accepted, [la, missionForward({ task: task(1) })]])).toMatchObject([
      { description: 'Gate is open', for: { reference: `Patient/${mission}.1.3` } },
    ]);
    const notified = withMembers(prearrivalNotification({ mission }), { description: 'Two units of blood' });
    expect(
      await worklistOf(otherHospital, [
        [amk, full],
        accepted,
        [la, notified],
        [hospital, prearrivalResponse({ task: task(3), answer: 'diverted' })],
      ]),
    ).toMatchObject([{ description: 'Two units of blood' }]);
  });

  test('shows the newest words when a hospital is asked again', async () => {
    const first = withMembers(prearrivalNotification({ mission }), { description: 'One patient' });
    const second = withMembers(prearrivalNotification({ mission, task: task(3) }), { description: 'Two patients' });
    expect(await worklistOf(hospital, [[amk, full], accepted, [la, first], [la, second]])).toMatchObject([
      { description: 'Two patients', for: { reference: `Patient/${mission}.1.3` } },
    ]);
  });

  test('shows why a rejection is disputed', async () => {
    const rejected: Step = [la, missionDecision({ task: task(1), answer: 'rejected' })];
    const shown = await worklistOf(la, [[amk, full], rejected, [amk, reviewRequest({ task: task(1) })]]);
    expect(shown.find(({ id }) => id === task(3))).toMatchObject({ description: expect.stringMatching(/./) });
  });

  test('cuts long words between characters', async () => {
    const long = withMembers(request, { note: [{ text: '👩‍🚒'.repeat(400) }] });
    const [shown] = await worklistOf(la, [[amk, long]]);
    const words = String(shown?.['description']);
    expect(words.length).toBeLessThanOrEqual(500);
    expect(words.replaceAll('👩‍🚒', '')).toBe('');
  });

  test('leads its owner to resources that it may read', async () => {
    const steps: readonly Step[] = [[amk, full], accepted, [la, resourceRequest({ mission })]];
    const hub = await played(steps);
    for (const one of await worklistOf(operator, steps)) {
      const inputs = Array.isArray(one['input']) ? one['input'].filter(isObject) : [];
      const references = [one['for'], one['location'], ...inputs.map((input) => input['valueReference'])]
        .filter(isObject)
        .flatMap(({ reference }) => (typeof reference === 'string' ? [reference] : []));
      expect(references.length).toBeGreaterThan(3);
      for (const reference of references) {
        const [type = '', id = ''] = reference.split('/');
        expect(await readSent(hub.missions, operator, type, id, view)).toMatchObject({ outcome: 'found' });
      }
    }
  });

  test('shows neither words nor patient to an observer', async () => {
    const hub = await played([
      [amk, full],
      accepted,
      [la, missionUpdate({ mission, describes: false, to: [observer.organisation] })],
    ]);
    const found = await searchTasks(
      hub,
      observer,
      searchFor('Task', { 'based-on': `ServiceRequest/${mission}` }),
      view,
    );
    const text = JSON.stringify(found);
    expect(text).toContain(`Location/${mission}.1.2`);
    expect(text).not.toMatch(/Gate|Patient\//);
  });
});
