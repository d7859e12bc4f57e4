import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalText, isObject, parseLossless } from '../../schemas/json/json.ts';
import { exampleSteps, exampleText, organisationOf } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { asMissionUpdate, foreignFiles, foreignText } from '../support/foreign.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import {
  call,
  type Client,
  type Endpoint,
  eventually,
  openEndpoint,
  post,
  subscribe,
  type Subscribed,
  verifySignature,
} from '../support/partners.ts';

const exampleMission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';

let hub: RunningHub;
const endpoints: Endpoint[] = [];

const listen = async (
  client: Client,
  payload?: string,
  filters?: readonly string[],
): Promise<{ endpoint: Endpoint; subscription: Subscribed }> => {
  const endpoint = await openEndpoint();
  endpoints.push(endpoint);
  const subscription = await subscribe(hub, client, endpoint.url, payload, filters);
  await eventually('the handshake', () => endpoint.received.some(({ type }) => type === 'handshake'));
  return { endpoint, subscription };
};

beforeAll(async () => {
  hub = await startHub();
});

afterAll(async () => {
  await Promise.all(endpoints.map((endpoint) => endpoint.close()));
  await hub.close();
});

const resourcesOf = (bundle: unknown): readonly unknown[] => {
  const entries = isObject(bundle) ? bundle['entry'] : undefined;
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown) =>
    isObject(entry) && entry['resource'] !== undefined ? [entry['resource']] : [],
  );
};

const entriesOf = (body: Record<string, unknown>): readonly Record<string, unknown>[] =>
  resourcesOf(body).filter(isObject);

/** Opens a mission of its own, so that tests do not disturb each other. */
const openMission = async (change: (text: string) => string = (text) => text): Promise<string> => {
  const text = change(exampleText('mission-request.json').replaceAll(idOf('mission-request.json'), randomUUID()));
  const answer = await post(hub, 'amk-innlandet', text);
  expect(answer.status, answer.text).toBe(200);
  return missionIn(answer.body);
};

const idOf = (file: string): string => {
  const [header] = resourcesOf(JSON.parse(exampleText(file)));
  return isObject(header) && typeof header['id'] === 'string' ? header['id'] : '';
};

const missionIn = (body: Record<string, unknown>): string =>
  /"value":"([0-9a-f-]{36})"/.exec(JSON.stringify(body))?.[1] ?? '';

/** An example as a new message of another mission, addressed to nobody in particular. */
const inMission = (file: string, mission: string): string => {
  const bundle = parseLossless(
    exampleText(file).replaceAll(idOf(file), randomUUID()).replaceAll(exampleMission, mission),
  );
  const [header] = resourcesOf(bundle);
  if (!isObject(bundle) || !isObject(header)) throw new Error(`${file} is no message`);
  delete header['destination'];
  return JSON.stringify({ ...bundle, id: randomUUID() });
};

describe('a whole mission', () => {
  test('runs from the request to the cancellation, and notifies every receiver in order', async () => {
    const amk = await listen('amk-innlandet');
    const coordinator = await listen('amk-la-oslo');
    const operator = await listen('operator-lorenskog');
    const hospital = await listen('hospital-ulleval');
    const quality = await listen('quality-register');
    const everyone = [amk, coordinator, operator, hospital, quality];

    for (const [index, { file, client }] of exampleSteps.entries()) {
      const answer = await post(hub, client, exampleText(file));
      expect(answer.status, `${file}: ${answer.text}`).toBe(200);
      expect(answer.headers.get('etag')).toBe(`W/"${index + 1}"`);
      expect(answer.headers.get('content-type')).toContain('application/fhir+json');
      expect(problemsOf(answer.body)).toEqual([]);
      const [header] = resourcesOf(answer.body);
      expect(header).toMatchObject({ resourceType: 'MessageHeader', response: { identifier: idOf(file), code: 'ok' } });
    }

    const eventsOf = (endpoint: Endpoint): readonly string[] =>
      endpoint.events().map(({ bundle }) => {
        const header = resourcesOf(bundle).find(
          (resource) => isObject(resource) && resource['resourceType'] === 'MessageHeader',
        );
        return (
          /"code":"([a-z-]+)"/.exec(JSON.stringify(isObject(header) ? header['eventCoding'] : undefined))?.[1] ?? ''
        );
      });
    const expected = {
      amk: ['acknowledgement', 'mission-decision', 'resource-response', 'resource-status'],
      coordinator: [
        'mission-request',
        'resource-response',
        'resource-status',
        'prearrival-notification',
        'prearrival-response',
        'mission-update',
        'mission-cancel',
      ],
      operator: ['resource-request', 'prearrival-response', 'mission-update', 'mission-cancel'],
      hospital: ['prearrival-notification', 'mission-update', 'mission-cancel'],
      quality: ['mission-decision', 'resource-response', 'mission-cancel'],
    };
    await eventually(
      'all notifications',
      () => everyone.flatMap(({ endpoint }) => endpoint.events()).length >= Object.values(expected).flat().length,
    );
    expect({
      amk: eventsOf(amk.endpoint),
      coordinator: eventsOf(coordinator.endpoint),
      operator: eventsOf(operator.endpoint),
      hospital: eventsOf(hospital.endpoint),
      quality: eventsOf(quality.endpoint),
    }).toEqual(expected);
    for (const { endpoint, subscription } of everyone) {
      expect(endpoint.events().map(({ eventNumber }) => eventNumber)).toEqual(
        endpoint.events().map((_, index) => index + 1),
      );
      for (const received of endpoint.received) {
        // The handshake is signed too, although it arrives before the partner knows its secret.
        verifySignature(subscription.secret, received);
        expect(problemsOf(JSON.parse(received.text))).toEqual([]);
      }
    }

    await eventually('all receipts', async () => {
      const { body } = await call(hub, 'amk-la-oslo', 'GET', `/Communication?part-of=ServiceRequest/${exampleMission}`);
      return (
        entriesOf(body).length === Object.values(expected).flat().length &&
        entriesOf(body).every(({ status }) => status === 'completed')
      );
    });
  });

  test('can be read by its parties, and does not exist for others', async () => {
    const own = await call(hub, 'hospital-ulleval', 'GET', `/ServiceRequest/${exampleMission}`);
    expect(own.status).toBe(200);
    expect(own.headers.get('etag')).toBe('W/"10"');
    expect(own.body).toMatchObject({
      resourceType: 'ServiceRequest',
      id: exampleMission,
      status: 'revoked',
      meta: { versionId: '10' },
    });
    expect(problemsOf(own.body)).toEqual([]);

    for (const path of [
      `/ServiceRequest/${exampleMission}`,
      `/Task/${exampleMission}.1`,
      `/Bundle/${exampleMission}.1`,
      `/Task?based-on=ServiceRequest/${exampleMission}`,
      `/Communication?part-of=ServiceRequest/${exampleMission}`,
    ]) {
      const nonParty = await call(hub, 'hospital-haukeland', 'GET', path);
      expect(nonParty.status, path).toBe(404);
      expect(problemsOf(nonParty.body)).toEqual([]);
    }
    const never = await call(hub, 'hospital-haukeland', 'GET', `/ServiceRequest/${randomUUID()}`);
    const { id: _one, ...hidden } = (await call(hub, 'hospital-haukeland', 'GET', `/ServiceRequest/${exampleMission}`))
      .body;
    const { id: _other, ...absent } = never.body;
    expect(hidden).toEqual(absent);
  });

  test('shows the references of the mission at readable addresses, and a message as it was sent', async () => {
    const { body } = await call(hub, 'operator-lorenskog', 'GET', `/ServiceRequest/${exampleMission}`);
    const subject = isObject(body['subject']) ? String(body['subject']['reference']) : '';
    const patient = await call(hub, 'operator-lorenskog', 'GET', `/${subject}`);
    expect(patient.status, subject).toBe(200);
    expect(patient.body).toMatchObject({ resourceType: 'Patient' });
    const message = await call(hub, 'operator-lorenskog', 'GET', `/Bundle/${exampleMission}.4`);
    expect(canonicalText(parseLossless(message.text))).toBe(
      canonicalText(parseLossless(exampleText('resource-request.json'))),
    );
    // A message between AMK and AMK LA is not for the operator.
    expect((await call(hub, 'operator-lorenskog', 'GET', `/Bundle/${exampleMission}.3`)).status).toBe(404);
    expect((await call(hub, 'amk-innlandet', 'GET', `/Bundle/${exampleMission}.3`)).status).toBe(200);
  });

  test('is on the worklists of its parties', async () => {
    const cancelled = await call(
      hub,
      'amk-la-oslo',
      'GET',
      `/Task?owner=Organization/${organisationOf('amk-la-oslo')}&status=cancelled`,
    );
    expect(cancelled.status).toBe(200);
    expect(problemsOf(cancelled.body)).toEqual([]);
    expect(entriesOf(cancelled.body).map(({ id }) => id)).toContain(`${exampleMission}.1`);
    const flying = await call(
      hub,
      'operator-lorenskog',
      'GET',
      `/Task?owner=${organisationOf('operator-lorenskog')}&status=in-progress,accepted`,
    );
    expect(entriesOf(flying.body).map(({ id, status }) => [id, status])).toEqual([
      [`${exampleMission}.4`, 'in-progress'],
    ]);
    const others = await call(hub, 'amk-la-oslo', 'GET', `/Task?owner=${organisationOf('operator-lorenskog')}`);
    expect(others.status).toBe(403);
  });
});

describe('a message sent again', () => {
  test('gets its first answer, byte for byte, also after later entries of the mission', async () => {
    const text = exampleText('mission-request.json').replaceAll(idOf('mission-request.json'), randomUUID());
    const first = await post(hub, 'amk-innlandet', text);
    const mission = missionIn(first.body);
    expect((await post(hub, 'amk-innlandet', inMission('mission-update.json', mission))).status).toBe(200);
    const again = await post(hub, 'amk-innlandet', text);
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([200, first.text, first.headers.get('etag')]);
    // JavaScript writes 60.92710 as 60.9271.
    const shortened = JSON.stringify(JSON.parse(text), null, 7);
    expect((await post(hub, 'amk-innlandet', shortened)).text).toBe(first.text);
    expect((await post(hub, 'amk-innlandet', JSON.stringify(parseLossless(text), null, 7))).text).toBe(first.text);
  });

  test('is refused with another content under the same id', async () => {
    const text = exampleText('mission-request.json').replaceAll(idOf('mission-request.json'), randomUUID());
    expect((await post(hub, 'amk-innlandet', text)).status).toBe(200);
    const other = await post(hub, 'amk-innlandet', text.replace('"stat"', '"urgent"'));
    expect(other.status).toBe(422);
    expect(JSON.stringify(other.body)).toContain('message-id-reused');
  });

  test('is stored once if it is sent six times at once', async () => {
    const text = exampleText('mission-request.json').replaceAll(idOf('mission-request.json'), randomUUID());
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(hub, 'amk-innlandet', text)));
    expect(new Set(answers.map(({ status, text: body }) => `${status} ${body}`)).size).toBe(1);
    const mission = missionIn(answers[0]?.body ?? {});
    expect((await call(hub, 'amk-innlandet', 'GET', `/ServiceRequest/${mission}`)).headers.get('etag')).toBe('W/"1"');
  });
});

describe('an addressed receiver that is not a party', () => {
  test('is not notified, and the sender is warned in the answer and by a receipt', async () => {
    const mission = await openMission();
    const text = inMission('mission-update.json', mission).replace(
      '"focus":',
      '"destination":[{"endpoint":"https://hospital.example","receiver":{"identifier":{"system":"urn:oid:2.16.578.1.12.4.1.4.101","value":"314000013"}}}],"focus":',
    );
    const answer = await post(hub, 'amk-innlandet', text);
    expect(answer.status, answer.text).toBe(200);
    expect(problemsOf(answer.body)).toEqual([]);
    expect(entriesOf(answer.body).find(({ resourceType }) => resourceType === 'OperationOutcome')).toMatchObject({
      issue: [{ severity: 'warning' }],
    });
    expect(answer.text).toContain('Ullevål');
    const receipts = await call(hub, 'amk-innlandet', 'GET', `/Communication?part-of=ServiceRequest/${mission}`);
    expect(problemsOf(receipts.body)).toEqual([]);
    expect(receipts.text).toContain('not-a-party');
  });
});

describe('If-Match', () => {
  test('accepts a message only at the version that its sender has seen', async () => {
    const mission = await openMission();
    const late = await post(hub, 'amk-innlandet', inMission('mission-update.json', mission), { 'if-match': 'W/"7"' });
    expect([late.status, late.headers.get('etag')]).toEqual([412, 'W/"1"']);
    const inTime = await post(hub, 'amk-innlandet', inMission('mission-update.json', mission), { 'if-match': 'W/"1"' });
    expect(inTime.status).toBe(200);
    expect(
      (await post(hub, 'amk-innlandet', inMission('mission-update.json', mission), { 'if-match': 'seven' })).status,
    ).toBe(422);
  });
});

describe('the content of a message', () => {
  test.each(foreignFiles)('arrives at the receiver unchanged: %s', async (file) => {
    const mission = await openMission();
    const { endpoint } = await listen('amk-la-oslo', 'full-resource', [`ServiceRequest?identifier=${mission}`]);
    const text = asMissionUpdate(foreignText(file), mission);
    const answer = await post(hub, 'amk-innlandet', text);
    expect(answer.status, answer.text).toBe(200);
    await eventually('the notification', () => endpoint.events().length === 1);
    const got = resourcesOf(endpoint.events()[0]?.bundle).map(canonicalText);
    const sent = resourcesOf(parseLossless(text)).map(canonicalText);
    expect(got.slice(-sent.length)).toEqual(sent);
  });

  test('keeps the digits of its decimals', async () => {
    const mission = await openMission();
    const { endpoint } = await listen('amk-la-oslo', 'full-resource', [`ServiceRequest?identifier=${mission}`]);
    const measured = parseLossless(
      `{"fullUrl":"urn:uuid:${randomUUID()}","resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50,"extension":[{"url":"https://unknown.example/x","valueDecimal":100.000000000000000000001}]}}}`,
    );
    const bundle = parseLossless(inMission('mission-update.json', mission));
    const entries = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : [];
    const withDecimals = JSON.stringify({ ...(isObject(bundle) ? bundle : {}), entry: [...entries, measured] });
    expect((await post(hub, 'amk-innlandet', withDecimals)).status).toBe(200);
    await eventually('the notification', () => endpoint.events().length === 1);
    expect(endpoint.events()[0]?.text).toContain('"value":1.50,');
    expect(endpoint.events()[0]?.text).toContain('100.000000000000000000001');
  });
});

describe('a subscription', () => {
  test('is visible to its owner only, and never shows its secret again', async () => {
    const { subscription } = await listen('amk-bergen', 'empty');
    const own = await call(hub, 'amk-bergen', 'GET', `/Subscription/${subscription.id}`);
    expect(own.body).toMatchObject({ id: subscription.id, status: 'active' });
    expect(own.text).not.toContain('whsec_');
    expect(problemsOf(own.body)).toEqual([]);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/$status'],
      ['GET', '/$events'],
    ] as const) {
      expect((await call(hub, 'amk-nordland', method, `/Subscription/${subscription.id}${path}`)).status).toBe(404);
    }
  });

  test('notifies with the requested content: empty, or ids only', async () => {
    const mission = await openMission();
    const filter = [`ServiceRequest?identifier=${mission}`];
    const empty = await listen('amk-la-oslo', 'empty', filter);
    const ids = await listen('amk-la-oslo', 'id-only', filter);
    expect((await post(hub, 'amk-innlandet', inMission('mission-update.json', mission))).status).toBe(200);
    await eventually('both', () => empty.endpoint.events().length === 1 && ids.endpoint.events().length === 1);
    expect(resourcesOf(empty.endpoint.events()[0]?.bundle)).toHaveLength(1);
    expect(empty.endpoint.events()[0]?.text).not.toContain(mission);
    expect(resourcesOf(ids.endpoint.events()[0]?.bundle)).toHaveLength(1);
    expect(ids.endpoint.events()[0]?.text).toContain(`ServiceRequest/${mission}`);
  });

  test('filters by event and urgency', async () => {
    const { endpoint } = await listen('amk-la-oslo', 'id-only', [
      'MessageHeader?event=mission-cancel',
      'ServiceRequest?priority=routine',
    ]);
    const mission = await openMission((text) => text.replaceAll('"priority": "stat"', '"priority": "routine"'));
    const other = await openMission();
    for (const one of [other, mission])
      expect((await post(hub, 'amk-innlandet', inMission('mission-cancel.json', one))).status).toBe(200);
    await eventually('the cancellation', () => endpoint.events().length > 0);
    expect(endpoint.events()).toHaveLength(1);
    expect(endpoint.events()[0]?.text).toContain(mission);
  });

  test('gives missed events: $status their number, $events their content', async () => {
    const mission = await openMission();
    const { endpoint, subscription } = await listen('amk-la-oslo', 'full-resource', [
      `ServiceRequest?identifier=${mission}`,
    ]);
    endpoint.behave({ status: 422 });
    for (let sent = 0; sent < 3; sent += 1)
      expect((await post(hub, 'amk-innlandet', inMission('mission-update.json', mission))).status).toBe(200);
    await eventually('the hub has given up delivery', async () => {
      const { body } = await call(hub, 'amk-la-oslo', 'GET', `/Communication?part-of=ServiceRequest/${mission}`);
      return entriesOf(body).filter(({ status }) => status === 'not-done').length >= 3;
    });
    const status = await call(hub, 'amk-la-oslo', 'GET', `/Subscription/${subscription.id}/$status`);
    expect(problemsOf(status.body)).toEqual([]);
    expect(status.text).toContain('"events-since-subscription-start","valueString":"3"');
    // Two versions of one mission are in two answers.
    for (const number of ['2', '3']) {
      const path = `/Subscription/${subscription.id}/$events?eventsSinceNumber=${number}`;
      const events = await call(hub, 'amk-la-oslo', 'GET', path);
      expect(problemsOf(events.body)).toEqual([]);
      expect([...events.text.matchAll(/"event-number","valueString":"(\d+)"/g)].map(([, one]) => one)).toEqual([
        number,
      ]);
      expect(events.text.includes('"relation":"next"')).toBe(number === '2');
      expect(
        resourcesOf(events.body).filter((one) => isObject(one) && one['resourceType'] === 'MessageHeader'),
      ).toHaveLength(1);
    }
  });

  test('keeps the order of a mission while its endpoint is down, and loses nothing', async () => {
    const mission = await openMission();
    const { endpoint } = await listen('amk-la-oslo', 'id-only', [`ServiceRequest?identifier=${mission}`]);
    endpoint.behave({ status: 503 });
    for (let sent = 0; sent < 4; sent += 1)
      expect((await post(hub, 'amk-innlandet', inMission('mission-update.json', mission))).status).toBe(200);
    endpoint.behave({ status: 200 });
    await eventually('all four', () => endpoint.events().length >= 4);
    expect(endpoint.events().map(({ eventNumber }) => eventNumber)).toEqual([1, 2, 3, 4]);
  });

  test.each([
    ['http://10.0.0.1/x', 'is not https'],
    ['https://169.254.169.254/latest', 'is not a public address'],
    ['https://user:word@partner.example/x', 'carries a user name or password'],
    ['not-a-url', 'is not a URL'],
    ['https://partner.example/a b', 'has a blank'],
  ])('is refused for the endpoint %s', async (endpoint, why) => {
    const refused = await call(
      hub,
      'amk-bergen',
      'POST',
      '/Subscription',
      JSON.stringify({
        resourceType: 'Subscription',
        status: 'requested',
        reason: 'x',
        criteria: 'https://luftbro.example/fhir/SubscriptionTopic/mission-event',
        channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json' },
      }),
    );
    expect(refused.status).toBe(422);
    expect(refused.text).toContain(why);
  });
});

describe('GET /fhir/metadata', () => {
  test('needs no token, is valid FHIR, and lists every message of the catalogue', async () => {
    const answer = await call(hub, undefined, 'GET', '/metadata');
    expect(answer.status).toBe(200);
    expect(problemsOf(answer.body)).toEqual([]);
    for (const { file } of exampleSteps)
      expect(answer.text).toContain(`MessageDefinition/${file.replace('.json', '')}`);
  });
});
