import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler } from '../../../functions/process-message/handler.ts';
import { Unavailable } from '../../../core/mission/errors.ts';
import { sampleSubscription } from '../../contract/scenario.ts';
import { handlerPorts, type HandlerPorts } from '../../memory/handler-ports.ts';
import { systems } from '../../../schemas/names.ts';
import { captureLog } from '../../support/captured-log.ts';
import { becomes } from '../../support/endpoint-status.ts';
import { describeBodyRefusals, describeCallerRefusals, describeHttpRefusals } from '../../support/http-refusals.ts';
import { acknowledgement, missionRequest, parties, taskOpenedBy, missionOpenedBy } from '../../support/messages.ts';
import { ask, type Asking } from '../../support/requests.ts';

const { amk, la } = parties;
const calling = { parent: amk.organisation };
const request = missionRequest({
  municipality: '3401',
  more: [{ resourceType: 'Patient', name: [{ text: 'Kari Testperson' }], birthDate: '1986-01-01' }],
});
const mission = missionOpenedBy(request);
const asking: Asking = { method: 'POST', path: '$process-message', body: request.text };
const subject = { createHandler, calling, asking, first: 'directory', scope: 'request.send' } as const;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describeHttpRefusals('process-message', subject);
describeCallerRefusals('process-message', subject);
describeBodyRefusals('process-message', subject);

/** Ports of a hub in which the AMK LA has an active subscription. */
const withSubscriber = async (): Promise<HandlerPorts> => {
  const ports = handlerPorts();
  await ports.subscriptions.create(sampleSubscription('la', la.organisation), ports.clock.iso());
  await becomes(ports, 'la', 'active');
  return ports;
};

const faultIn = (body: string): unknown => JSON.parse(body).issue[0].details.coding[0].code;

describe('process-message', () => {
  test('stores the message, and answers with a message that names it and the version', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const { statusCode, headers, body } = await ask(createHandler(ports), calling, asking);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      etag: 'W/"1"',
      'content-type': 'application/fhir+json; charset=utf-8',
      'last-modified': 'Sun, 01 Feb 2026 11:00:00 GMT',
    });
    expect(JSON.parse(body).entry[0].resource).toMatchObject({
      resourceType: 'MessageHeader',
      response: { identifier: request.id, code: 'ok' },
    });
    expect(await ports.missions.last(mission)).toMatchObject({ number: 2, fanOutPending: false });
    expect(log.line('LB-101')).toMatchObject({ event: 'mission-request', mission, entry: 1, sender: amk.organisation });
  });

  /** Warnings in an answer: code and particulars. */
  const warningsIn = (body: string): unknown =>
    JSON.parse(body)
      .entry.filter(
        ({ resource }: { resource: { resourceType: string } }) => resource.resourceType === 'OperationOutcome',
      )
      .flatMap(
        ({ resource }: { resource: { issue: { details: { coding: [{ code: string }] }; diagnostics?: string }[] } }) =>
          resource.issue.map(({ details, diagnostics }) => [details.coding[0].code, diagnostics]),
      );
  const phoneLa = (cause: string) => [
    ['not-reachable', `${la.name} (${la.organisation}), phone ${la.phone}: ${cause}`],
  ];

  test('warns of a party that no machine can notify, with its phone number, each time the message is sent', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    for (const _time of ['first', 'second'])
      expect(warningsIn((await ask(handler, calling, asking)).body)).toEqual(phoneLa('no subscription'));
  });

  test('warns of a party whose circuit is open, and of nobody if all can be notified', async () => {
    captureLog();
    const ports = await withSubscriber();
    expect(warningsIn((await ask(createHandler(ports), calling, asking)).body)).toEqual([]);
    const down = await withSubscriber();
    await becomes(down, 'la', 'error');
    const { body } = await ask(createHandler(down), calling, asking);
    expect(warningsIn(body)).toEqual(phoneLa('its endpoint does not answer; the hub keeps trying'));
  });

  test('warns that nothing is known yet, if the fan-out fails or what became of it cannot be read', async () => {
    captureLog();
    const ports = await withSubscriber();
    const lanes = { ...ports.lanes, quick: { send: async () => Promise.reject(new Unavailable('queue')) } };
    const unknown = [['reach-unknown', undefined]];
    expect(warningsIn((await ask(createHandler({ ...ports, lanes }), calling, asking)).body)).toEqual(unknown);
    await ask(createHandler(ports), calling, asking);
    const readAll = async () => Promise.reject(new Unavailable('slow'));
    const blind = { ...ports, notifications: { ...ports.notifications, readAll } };
    const { statusCode, body } = await ask(createHandler(blind), calling, asking);
    expect([statusCode, warningsIn(body)]).toEqual([200, unknown]);
  });

  test('warns of a criterion that the guideline does not have beside one that it has', async () => {
    captureLog();
    const bundle = JSON.parse(request.text);
    bundle.entry
      .find(({ resource }: { resource: { resourceType: string } }) => resource.resourceType === 'ServiceRequest')
      .resource.reasonCode.push({ coding: [{ system: systems.missionCriterion, code: 'unheard-of' }] });
    const body = JSON.stringify(bundle);
    const answer = await ask(createHandler(await withSubscriber()), calling, { ...asking, body });
    expect([answer.statusCode, warningsIn(answer.body)]).toEqual([200, [['unknown-criterion', undefined]]]);
  });

  test('logs nothing of what the message says', async () => {
    const log = captureLog();
    await ask(createHandler(handlerPorts()), calling, asking);
    expect(log.text()).not.toMatch(/Testperson|1986-01-01/);
  });

  test('gives the first answer again to a message that is sent again', async () => {
    const log = captureLog();
    const handler = createHandler(handlerPorts());
    const first = await ask(handler, calling, asking);
    const second = await ask(handler, calling, asking);
    expect(second.body).toBe(first.body);
    expect(log.codes()).toContain('LB-102');
  });

  test.each(['ServiceRequest', 'Bundle', 'Foo'])('answers a POST to %s with what to send instead', async (path) => {
    captureLog();
    const { statusCode, headers, body } = await ask(createHandler(handlerPorts()), calling, { ...asking, path });
    expect([statusCode, faultIn(body), headers?.['allow']]).toEqual([405, 'method-not-allowed', 'GET, HEAD']);
    expect(body).toContain('POST $process-message');
  });

  test('answers a POST to an operation that does not exist with where the list is', async () => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(handlerPorts()), calling, { ...asking, path: '$proces' });
    expect([statusCode, faultIn(body)]).toEqual([404, 'unknown-address']);
    expect(body).toContain('metadata');
  });

  test.each([
    ['the parameter async', { query: { async: 'true' } }, 'http.async'],
    ['the parameter response-url', { query: { 'response-url': 'https://amk.example' } }, 'http.response-url'],
    ['If-None-Exist', { headers: { 'If-None-Exist': 'identifier=1' } }, 'http.If-None-Exist'],
    ['If-None-Match', { headers: { 'If-None-Match': '*' } }, 'http.If-None-Match'],
    ['Prefer: respond-async', { headers: { Prefer: 'respond-async' } }, 'http.Prefer'],
    ['Prefer: return=minimal', { headers: { Prefer: 'return=minimal' } }, 'http.Prefer'],
  ])('refuses %s and stores nothing', async (_what, changed, at) => {
    captureLog();
    const ports = handlerPorts();
    const { statusCode, body } = await ask(createHandler(ports), calling, { ...asking, ...changed });
    expect([statusCode, faultIn(body), JSON.parse(body).issue[0].expression]).toEqual([
      400,
      'unsupported-option',
      [at],
    ]);
    expect(await ports.missions.last(mission)).toBeUndefined();
  });

  test('accepts a message with parameters and preferences that it fulfils anyhow', async () => {
    captureLog();
    const { statusCode } = await ask(createHandler(handlerPorts()), calling, {
      ...asking,
      query: { async: 'false', _format: 'json' },
      headers: { Prefer: 'return=representation, wait=10, handling=strict' },
    });
    expect(statusCode).toBe(200);
  });

  test('refuses an If-Match that is no version', async () => {
    captureLog();
    const { statusCode, body } = await ask(createHandler(handlerPorts()), calling, {
      ...asking,
      headers: { 'If-Match': '3' },
    });
    expect([statusCode, faultIn(body)]).toEqual([422, 'wrong-field']);
  });

  test('refuses a message for another version with 412 and the version of the mission', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    await ask(handler, calling, asking);
    const answer = await ask(
      handler,
      { parent: la.organisation },
      {
        ...asking,
        body: acknowledgement({ task: taskOpenedBy(mission, 1) }).text,
        headers: { 'If-Match': 'W/"1"' },
      },
    );
    expect([answer.statusCode, faultIn(answer.body), answer.headers?.['etag']]).toEqual([
      412,
      'version-conflict',
      'W/"2"',
    ]);
  });

  test('answers 200 if the fan-out fails, and leaves it pending', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const subscribers = async () => Promise.reject(new Error('throttled'));
    const handler = createHandler({ ...ports, subscriptions: { ...ports.subscriptions, subscribers } });
    expect((await ask(handler, calling, asking)).statusCode).toBe(200);
    expect(await ports.missions.last(mission)).toMatchObject({ number: 1, fanOutPending: true });
    expect(log.line('LB-301')).toMatchObject({ mission, entry: 1, error: 'Error' });
  });

  test('notifies a subscriber before it answers', async () => {
    const log = captureLog();
    const ports = await withSubscriber();
    await ask(createHandler(ports), calling, asking);
    expect(ports.lanes.quick.notifications()).toMatchObject([{ subscription: 'la', number: 1, mission, entry: 1 }]);
    expect(await ports.missions.entry(mission, 1)).toMatchObject({ fanOutPending: false });
    expect(log.codes()).not.toContain('LB-301');
  });

  test('completes an interrupted fan-out when the message is sent again, also for a subscriber whose filter has changed', async () => {
    captureLog();
    const ports = await withSubscriber();
    const send = async () => Promise.reject(new Unavailable('throttled'));
    await ask(createHandler({ ...ports, lanes: { ...ports.lanes, quick: { send } } }), calling, asking);
    const subscription = await ports.subscriptions.read('la');
    if (subscription === undefined) throw new Error('there is no subscription');
    await ports.subscriptions.change({ ...subscription, filter: { events: ['mission-cancel'] } });
    await ask(createHandler(ports), calling, asking);
    expect(ports.lanes.quick.notifications()).toMatchObject([{ subscription: 'la', number: 1, mission, entry: 1 }]);
    expect(await ports.missions.entry(mission, 1)).toMatchObject({ fanOutPending: false });
  });

  test('answers 200 after three seconds if the fan-out takes longer', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    let asked = (): void => {};
    const begun = new Promise<void>((resolve) => (asked = resolve));
    const subscribers = (): Promise<never> => {
      asked();
      return new Promise(() => {});
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answer = ask(
      createHandler({ ...ports, subscriptions: { ...ports.subscriptions, subscribers } }),
      calling,
      asking,
    );
    await begun;
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await answer).statusCode).toBe(200);
    expect(log.line('LB-302')).toMatchObject({ mission, entry: 1 });
  });
});
