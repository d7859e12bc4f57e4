import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { isObject } from '../../schemas/json/json.ts';
import { exampleText } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import {
  incidentIdentifier,
  missionDecision,
  missionRequest,
  missionUpdate,
  read,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
} from '../support/messages.ts';
import { call, eventually, type HttpAnswer } from '../support/partners.ts';
import { listed, type Resource } from '../support/reading.ts';
import { openScene, organisation, type Scene, taskOf } from '../support/scene.ts';

/** Reads across missions, over HTTP: the resources of all regions, and the missions of one large incident. */

const amk = 'amk-innlandet';
const amkBergen = 'amk-bergen';
const oslo = 'amk-la-oslo';
const bergen = 'amk-la-bergen';
const dombas = 'operator-dombas';
const lorenskog = 'operator-lorenskog';
const ulleval = 'hospital-ulleval';
const clients = [amk, amkBergen, oslo, bergen, dombas, lorenskog, ulleval];

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(clients);
});

afterAll(async () => {
  await scene.close();
});

const to = (client: string) => ({ to: [organisation(client)], id: randomUUID() });
const id = () => ({ id: randomUUID() });

/** A read of a partner. Every answer must be valid FHIR. */
const get = async (client: string, path: string, status = 200): Promise<HttpAnswer> => {
  const answer = await scene.get(client, path);
  expect(answer.status, answer.text).toBe(status);
  expect(problemsOf(answer.body)).toEqual([]);
  return answer;
};

const rowsOf = async (client: string, query = ''): Promise<readonly Resource[]> =>
  listed((await get(client, `/Location${query}`)).body);

/** Name and status of every resource of an operator. */
const shown = async (client: string, operator: string, more = ''): Promise<readonly string[]> =>
  (await rowsOf(client, `?organization=${organisation(operator)}${more}`)).map(
    ({ name, operationalStatus }) =>
      `${String(name)} ${isObject(operationalStatus) ? String(operationalStatus['code']) : ''}`,
  );

const open = async (more: Parameters<typeof missionRequest>[0] = {}, by = amk, at = oslo): Promise<string> => {
  const message = missionRequest({ ...to(at), ...more });
  await scene.send(by, message);
  return missionIdOf(organisation(by), message.id);
};

test('shows a resource in every region, from the report of its operator to the end of its mission', async () => {
  await scene.send(dombas, read(exampleText('resource-availability.json')));
  await eventually('the report is shown', async () => (await shown(bergen, dombas)).length === 1);
  expect(await shown(bergen, dombas)).toEqual(['HELIKOPTER 97 technical']);
  await scene.send(
    dombas,
    resourceAvailability({ resource: 'Helikopter 97', at: '2026-02-14T18:00:00+01:00', ...id() }),
  );
  expect(await shown(bergen, dombas)).toEqual(['HELIKOPTER 97 free']);

  const mission = await open();
  await scene.send(oslo, missionDecision({ task: taskOf(mission, 1), answer: 'accepted', ...id() }));
  const flight = taskOf(
    mission,
    await scene.send(oslo, resourceRequest({ mission, resource: 'helikopter 97', ...to(dombas) })),
  );
  expect(await shown(bergen, dombas)).toEqual(['HELIKOPTER 97 asked']);
  await scene.send(dombas, resourceResponse({ task: flight, answer: 'accepted', ...id() }));
  expect(await shown(bergen, dombas, '&operational-status=assigned')).toEqual(['HELIKOPTER 97 assigned']);
  const departed = { departed: '2026-02-14T18:20:00+01:00' };
  await scene.send(dombas, resourceStatus({ task: flight, phases: departed, place: [62.5, 9.5], ...id() }));
  expect(await shown(bergen, dombas)).toEqual(['HELIKOPTER 97 flying']);

  const { body } = await get(bergen, `/Location?organization=Organization/${organisation(dombas)}`);
  const [row] = listed(body);
  expect(listed(body, 'include')).toMatchObject([{ resourceType: 'Task', id: flight, status: 'in-progress' }]);
  expect(body).toMatchObject({ total: 1 });
  expect(row?.['position']).toBeUndefined();
  const own = await get(oslo, `/Location/${String(row?.['id'])}`);
  expect(own.body).toMatchObject({ position: { latitude: 62.5, longitude: 9.5 } });
  expect((await get(bergen, `/Location/${String(row?.['id'])}`)).body).toEqual(row);

  await scene.send(
    dombas,
    resourceStatus({ task: flight, phases: { available: '2026-02-14T19:20:00+01:00' }, ...id() }),
  );
  expect(await shown(bergen, dombas)).toEqual(['HELIKOPTER 97 free']);
});

test('shows resources to AMK LA and operators only, exercises separately, and refuses an unknown search', async () => {
  await scene.send(lorenskog, resourceAvailability({ resource: 'LA-9', exercise: true, ...id() }));
  const label = '&_security=http://terminology.hl7.org/CodeSystem/v3-ActReason%7CHTEST';
  expect(await shown(oslo, lorenskog)).toEqual([]);
  expect(await shown(oslo, lorenskog, label)).toEqual(['LA-9 free']);
  expect(await rowsOf(lorenskog, '?_security=HTEST')).toHaveLength(1);
  expect(await shown(dombas, lorenskog, label)).toEqual([]);
  for (const client of [amk, ulleval]) {
    const { text } = await get(client, '/Location', 403);
    expect(text).toContain('forbidden-role');
  }
  expect((await get(oslo, '/Location?near=60', 400)).text).toContain('unknown-search');
});

test('shows the missions of one incident together, those of others without personal data', async () => {
  const incident = randomUUID();
  const here = await open({ incident });
  const there = await open({ incident }, amkBergen, bergen);
  const drill = await open({ incident, exercise: true });
  await open();
  const { system } = incidentIdentifier(incident);
  const path = `/ServiceRequest?requisition=${encodeURIComponent(`${system}|${incident}`)}`;

  // The number alone opens nothing, and the answer says whom to phone.
  const alone = (await get(bergen, path)).body;
  expect(listed(alone).map((one) => one['id'])).toEqual([there]);
  expect(listed(alone, 'outcome')).toMatchObject([
    { issue: [{ code: 'suppressed', diagnostics: expect.stringContaining(organisation(oslo)) }] },
  ]);
  await scene.send(oslo, missionUpdate({ mission: here, incident, ...to(bergen) }));
  await scene.send(bergen, missionUpdate({ mission: there, incident, ...to(oslo) }));

  for (const [client, own, other] of [
    [amk, here, there],
    [bergen, there, here],
  ] as const) {
    const { body } = await get(client, `${path}&_revinclude=Task:based-on`);
    const missions = listed(body);
    expect(missions.map((one) => one['id'])).toEqual([own, other]);
    expect(missions.find((one) => one['id'] === own)).toEqual((await get(client, `/ServiceRequest/${own}`)).body);
    const minimal = missions.find((one) => one['id'] === other);
    expect(minimal).toMatchObject({ meta: { tag: [{ code: 'SUBSETTED' }] }, requisition: { value: incident } });
    expect(JSON.stringify(minimal)).not.toContain('locationReference');
    expect(listed(body, 'include').map((one) => one['id'])).toEqual([taskOf(own, 1), taskOf(other, 1)]);
    await get(client, `/ServiceRequest/${other}`, 404);
  }
  expect(listed((await get(oslo, `${path}&_security=HTEST`)).body).map((one) => one['id'])).toEqual([drill]);
  for (const client of [ulleval, dombas]) expect((await get(client, path)).body).toMatchObject({ total: 0 });
  expect((await get(oslo, '/ServiceRequest?status=active', 400)).text).toContain('unknown-search');
});

test('finds the receiver to address, and its endpoint', async () => {
  const found = listed((await get(amk, '/Organization?type=amk-la&name=AMK%20LA%20Berg')).body);
  expect(found).toMatchObject([{ resourceType: 'Organization', id: organisation(bergen) }]);
  expect((await get(amk, `/Endpoint/${organisation(bergen)}`)).body).toMatchObject({
    resourceType: 'Endpoint',
    managingOrganization: { reference: `Organization/${organisation(bergen)}` },
  });
  expect((await get(amk, '/Organization?type=pilot', 400)).text).toContain('unknown-search');
  await get(amk, '/Endpoint/nobody', 404);
  await get(amk, '/Location/nowhere', 404);
});

test('shows the history of a mission as FHIR and as a page', async () => {
  const mission = await open();
  const { body } = await get(amk, `/ServiceRequest/${mission}/$history`);
  expect(listed(body)).toMatchObject([{ resourceType: 'Provenance' }]);
  expect(listed((await get(amk, `/Provenance?target=ServiceRequest/${mission}`)).body)).toEqual(listed(body));
  const [historyEntry] = listed(body);
  expect((await get(amk, `/Provenance/${String(historyEntry?.['id'])}`)).body).toEqual(historyEntry);
  for (const page of [
    await scene.get(amk, `/ServiceRequest/${mission}/$history?_format=html`),
    await call(scene.hub, amk, 'GET', `/ServiceRequest/${mission}/$history`, undefined, { accept: 'text/html' }),
  ]) {
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain(mission);
  }
  await get(bergen, `/ServiceRequest/${mission}/$history`, 404);
});

test('answers 404 to an unknown operation, and offers those of a subscription', async () => {
  const mission = await open();
  await get(amk, `/ServiceRequest/${mission}/$everything`, 404);
  await get(amk, `/Bundle/${mission}.1/$validate`, 404);
  const subscriptions = listed((await get(amk, '/Subscription')).body);
  const status = await get(amk, `/Subscription/${String(subscriptions[0]?.['id'])}/$status`);
  expect(status.text).toContain('query-status');
});
