import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler } from '../../../functions/read/handler.ts';
import { createHandler as createProcessMessage } from '../../../functions/process-message/handler.ts';
import { Unavailable } from '../../../core/mission/errors.ts';
import { handlerPorts, type HandlerPorts } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { describeCallerRefusals, describeHttpRefusals } from '../../support/http-refusals.ts';
import { missionOpenedBy, missionRequest, parties } from '../../support/messages.ts';
import { ask } from '../../support/requests.ts';

const { amk, hospital, la } = parties;
const calling = { parent: amk.organisation };
const request = missionRequest({ municipality: '3401' });
const mission = missionOpenedBy(request);
const asking = { path: `ServiceRequest/${mission}` };
const subject = { createHandler, calling, asking, first: 'directory', scope: 'read' } as const;

/** The ports of a hub that holds one mission. */
const withMission = async (): Promise<HandlerPorts> => {
  const ports = handlerPorts();
  await ask(createProcessMessage(ports), calling, { method: 'POST', path: '$process-message', body: request.text });
  return ports;
};

const faultIn = (body: string): unknown => JSON.parse(body).issue[0].details.coding[0].code;

afterEach(() => {
  vi.restoreAllMocks();
});

describeHttpRefusals('read', subject);
describeCallerRefusals('read', subject);

describe('read', () => {
  test('answers with the mission, its version and when it changed', async () => {
    captureLog();
    const { statusCode, headers, body } = await ask(createHandler(await withMission()), calling, asking);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ etag: 'W/"2"', 'last-modified': 'Sun, 01 Feb 2026 11:00:00 GMT' });
    expect(JSON.parse(body)).toMatchObject({ resourceType: 'ServiceRequest', id: mission });
  });

  test('records the read before it answers, and logs the digest of the record', async () => {
    const log = captureLog();
    const ports = await withMission();
    await ask(createHandler(ports), calling, asking);
    const record = await ports.accesses.last(mission);
    expect(record?.access).toMatchObject({
      at: '2026-02-01T11:00:00.000Z',
      organisation: amk.organisation,
      client: 'test',
      reading: 'mission',
      outcome: 'shown',
    });
    expect(log.line('LB-103')).toMatchObject({ chain: mission, number: 1, digest: record?.digest });
  });

  test('answers 503 if the read cannot be recorded', async () => {
    captureLog();
    const ports = await withMission();
    const append = async () => Promise.reject(new Unavailable('throttled'));
    const handler = createHandler({ ...ports, accesses: { ...ports.accesses, append } });
    const { statusCode, body } = await ask(handler, calling, asking);
    expect([statusCode, faultIn(body)]).toEqual([503, 'storage-unavailable']);
  });

  test.each([
    ['a mission of others', { parent: hospital.organisation }, asking],
    [
      'a mission that does not exist',
      calling,
      { path: `ServiceRequest/${missionOpenedBy(missionRequest({ id: 'no' }))}` },
    ],
  ])('answers 404 for %s, and records that', async (_what, caller, asked) => {
    captureLog();
    const ports = await withMission();
    const append = vi.spyOn(ports.accesses, 'append');
    const { statusCode, body } = await ask(createHandler(ports), caller, asked);
    expect([statusCode, faultIn(body)]).toEqual([404, 'not-found']);
    expect(append.mock.calls[0]?.[0].access).toMatchObject({ outcome: 'refused', reading: 'mission' });
  });

  test.each([
    ['Task', { owner: amk.organisation }],
    ['Communication', { 'part-of': mission }],
    ['ServiceRequest', { requisition: 'urn:incidents|1' }],
    ['Organization', { type: 'amk-la' }],
    ['Provenance', { target: `ServiceRequest/${mission}` }],
    ['AuditEvent', { entity: `ServiceRequest/${mission}` }],
  ])('searches %s', async (path, query) => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(await withMission()), calling, { path, query });
    expect([statusCode, JSON.parse(body)['type']], body).toEqual([200, 'searchset']);
  });

  test.each([
    ['worklist', 'Task', { owner: la.organisation }],
    ['tasks', 'Task', { 'based-on': mission }],
    ['receipts', 'Communication', { 'part-of': mission }],
    ['history', 'Provenance', { target: `ServiceRequest/${mission}` }],
    ['accesses', 'AuditEvent', { entity: `ServiceRequest/${mission}` }],
    ['mission', `ServiceRequest/${mission}`, {}],
    ['history', `ServiceRequest/${mission}/$history`, {}],
  ])('records the reading %s of %s', async (reading, path, query) => {
    captureLog();
    const ports = await withMission();
    const append = vi.spyOn(ports.accesses, 'append');
    await ask(createHandler(ports), { parent: la.organisation }, { path, query });
    expect(append.mock.calls.map(([{ access }]) => access)).toMatchObject([
      { reading, outcome: 'shown', missions: [{ mission }] },
    ]);
  });

  test.each([
    ['tasks', 'Task', { 'based-on': mission }],
    ['receipts', 'Communication', { 'part-of': mission }],
    ['history', 'Provenance', { target: `ServiceRequest/${mission}` }],
    ['accesses', 'AuditEvent', { entity: `ServiceRequest/${mission}` }],
    ['history', `ServiceRequest/${mission}/$history`, {}],
  ])('records a refused reading %s of %s under the mission', async (reading, path, query) => {
    captureLog();
    const ports = await withMission();
    const append = vi.spyOn(ports.accesses, 'append');
    await ask(createHandler(ports), { parent: hospital.organisation }, { path, query });
    expect(append.mock.calls.map(([{ access }]) => access)).toMatchObject([
      { reading, outcome: 'refused', missions: [{ mission }] },
    ]);
  });

  test.each(['Patient', 'toString'])('refuses to search %s, and names the searches', async (path) => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(handlerPorts()), calling, { path });
    expect([statusCode, faultIn(body)]).toEqual([400, 'unknown-search']);
    expect(body).toContain('searches are Task, Communication');
  });

  test('joins a parameter that is given twice by AND', async () => {
    captureLog();
    const twice = { multiValueQueryStringParameters: { owner: [amk.organisation, '2'] } };
    const handler = createHandler(handlerPorts());
    const { statusCode, body } = await ask((event, context) => handler({ ...event, ...twice }, context), calling, {
      path: 'Task',
    });
    expect([statusCode, faultIn(body)]).toEqual([403, 'forbidden-relation']);
  });

  const post = (form: string, more: Readonly<Record<string, unknown>> = {}) => ({
    method: 'POST',
    path: 'Task/_search',
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...more,
  });

  test('answers POST _search like the same search by GET, with the parameters of query and form together', async () => {
    captureLog();
    const handler = createHandler(await withMission());
    const owner = `Organization/${la.organisation}`;
    const asLa = { parent: la.organisation };
    const got = await ask(handler, asLa, { path: 'Task', query: { _count: '5', owner, status: 'requested' } });
    const posted = await ask(
      handler,
      asLa,
      post(`owner=${encodeURIComponent(owner)}&status=requested`, { query: { _count: '5' } }),
    );
    expect([posted.statusCode, JSON.parse(posted.body)]).toEqual([200, JSON.parse(got.body)]);
    expect(JSON.parse(got.body).total).toBe(1);
  });

  test.each([
    [
      'another content type',
      post('owner=1', { headers: { 'content-type': 'application/fhir+json' } }),
      415,
      'wrong-content-type',
    ],
    ['text that is not encoded correctly', post('owner=%E0%A4%A'), 400, 'bad-request'],
    ['a form that is too large', post(`owner=${'1'.repeat(300_000)}`), 413, 'too-large'],
    ['an unknown parameter', post('who=1'), 400, 'unknown-search'],
    ['a type without a search', post('owner=1', { path: 'Patient/_search' }), 400, 'unknown-search'],
  ])('refuses POST _search with %s', async (_what, asked, status, code) => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(await withMission()), calling, asked);
    expect([statusCode, faultIn(body)]).toEqual([status, code]);
  });

  test('ignores unknown parameters if the client prefers it, and names them', async () => {
    captureLog();
    const handler = createHandler(await withMission());
    const asked = { path: 'Task', query: { owner: amk.organisation, colour: 'red' } };
    expect((await ask(handler, calling, asked)).statusCode).toBe(400);
    const { statusCode, body } = await ask(handler, calling, { ...asked, headers: { prefer: 'handling=lenient' } });
    expect([statusCode, JSON.parse(body)]).toMatchObject([
      200,
      {
        link: [{ relation: 'self', url: expect.not.stringContaining('colour') }],
        entry: [
          {
            search: { mode: 'outcome' },
            resource: { issue: [{ details: { text: 'These parameters were ignored: colour.' } }] },
          },
        ],
      },
    ]);
  });

  test('answers $history of a mission with its history', async () => {
    captureLog();
    const handler = createHandler(await withMission());
    const { statusCode, body } = await ask(handler, calling, { path: `ServiceRequest/${mission}/$history` });
    expect([statusCode, JSON.parse(body).entry[0].resource.resourceType]).toEqual([200, 'Provenance']);
  });

  test('answers _history of a mission with its versions, newest first, and each of them by its number', async () => {
    captureLog();
    const ports = await withMission();
    const handler = createHandler(ports);
    const path = `ServiceRequest/${mission}/_history`;
    const { statusCode, body } = await ask(handler, calling, { path });
    const { type, total, entry } = JSON.parse(body);
    expect([statusCode, type, total]).toEqual([200, 'history', 2]);
    expect(entry).toMatchObject([
      {
        fullUrl: `https://hub.example/fhir/ServiceRequest/${mission}`,
        resource: { resourceType: 'ServiceRequest', id: mission, meta: { versionId: '2' } },
        request: { method: 'PUT', url: `ServiceRequest/${mission}` },
        response: { status: '200', etag: 'W/"2"' },
      },
      { resource: { meta: { versionId: '1' } }, request: { method: 'POST', url: 'ServiceRequest' } },
    ]);
    const first = await ask(handler, calling, { path: `${path}/1` });
    expect([first.statusCode, first.headers?.['etag']]).toEqual([200, 'W/"1"']);
    expect(JSON.parse(first.body)).toEqual(entry[1].resource);
    const append = vi.spyOn(ports.accesses, 'append');
    const page = JSON.parse((await ask(handler, calling, { path, query: { _count: '1' } })).body);
    expect(append.mock.calls[0]?.[0].access).toMatchObject({ reading: 'mission', missions: [{ parts: ['2'] }] });
    const next = new URL(page.link.at(-1).url);
    expect(page.entry).toHaveLength(1);
    const rest = await ask(handler, calling, { path, query: Object.fromEntries(next.searchParams) });
    expect(JSON.parse(rest.body).entry).toEqual([entry[1]]);
    expect(JSON.parse(rest.body).link).toHaveLength(1);
  });

  test.each([
    ['a version that there is not', `ServiceRequest/${mission}/_history/9`, calling, 404, 'not-found'],
    ['a version that is no number', `ServiceRequest/${mission}/_history/x`, calling, 404, 'not-found'],
    [
      'versions of a mission of others',
      `ServiceRequest/${mission}/_history`,
      { parent: hospital.organisation },
      404,
      'not-found',
    ],
    [
      'a version of a mission of others',
      `ServiceRequest/${mission}/_history/1`,
      { parent: hospital.organisation },
      404,
      'not-found',
    ],
    ['versions of what has none', `Task/${mission}.1/_history`, calling, 404, 'unknown-address'],
    ['a version of what has none', `Task/${mission}.1/_history/1`, calling, 404, 'unknown-address'],
  ])('refuses %s', async (_what, path, caller, status, fault) => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(await withMission()), caller, { path });
    expect([statusCode, faultIn(body)]).toEqual([status, fault]);
  });

  test('answers the history of a mission as a page where the client asks for one', async () => {
    captureLog();
    const { statusCode, headers } = await ask(createHandler(await withMission()), calling, {
      path: `ServiceRequest/${mission}/$history`,
      headers: { Accept: 'text/html' },
    });
    expect([statusCode, headers?.['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  });

  test.each(['PUT', 'PATCH', 'DELETE'])(
    'answers %s with the methods that there are, and what to send',
    async (method) => {
      captureLog();
      const { statusCode, headers, body } = await ask(createHandler(await withMission()), calling, {
        ...asking,
        method,
      });
      expect([statusCode, faultIn(body), headers?.['allow']]).toEqual([405, 'method-not-allowed', 'GET, HEAD']);
      expect(body).toContain('POST $process-message');
    },
  );

  test.each([
    ['$process-message', 405, 'POST'],
    ['$everything', 404, undefined],
  ])('answers GET %s with what there is', async (path, status, allow) => {
    captureLog();
    const { statusCode, headers } = await ask(createHandler(handlerPorts()), calling, { path });
    expect([statusCode, headers?.['allow']]).toEqual([status, allow]);
  });

  test('answers 304 while the mission is at the version that the caller has, and records the read', async () => {
    captureLog();
    const ports = await withMission();
    const append = vi.spyOn(ports.accesses, 'append');
    const { statusCode, body } = await ask(createHandler(ports), calling, {
      path: `ServiceRequest/${mission}`,
      headers: { 'If-None-Match': 'W/"2"' },
    });
    expect([statusCode, body]).toEqual([304, '']);
    expect(append).toHaveBeenCalledOnce();
  });

  test.each([
    ['an operation that there is not', { path: `ServiceRequest/${mission}/$everything` }, 404, 'unknown-address'],
    ['a form that it does not have', { ...asking, headers: { Accept: 'application/xml' } }, 406, 'not-acceptable'],
    ['a page of what has none', { ...asking, query: { _format: 'html' } }, 406, 'not-acceptable'],
  ])('refuses %s', async (_what, asked, status, fault) => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(await withMission()), calling, asked);
    expect([statusCode, faultIn(body)]).toEqual([status, fault]);
  });
});
