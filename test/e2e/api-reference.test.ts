import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { faults, type FaultCode } from '../../schemas/faults.ts';
import { fhirJson } from '../../schemas/names.ts';
import {
  exampleOf,
  faultsBy,
  type Offered,
  offered,
  reference,
  requestExamplesOf,
  responseOf,
} from '../support/api-reference.ts';
import { sampleClients } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, type Endpoint, eventually, type HttpAnswer, openEndpoint, subscribe } from '../support/partners.ts';

/** Every example of the API reference, sent to a hub in the order of the document. */
const documented = reference.servers[0]?.url ?? '';
/** Clients without a subscription: not in the directory, or without a part in the examples. */
const silent = ['unregistered', 'hospital-fjellheim'];

let hub: RunningHub;
let endpoint: Endpoint;
/** Values that differ from run to run, each with its placeholder in the document. */
const placeholders = new Map<string, string>();
const tried = new Set<string>();

const exampleId = '6f3b1d0e-4c2a-4b7e-9a55-0d8c7e1f2a34';
const exampleSecret = 'whsec_ZXhhbXBsZSBvbmx5LCBuZXZlciBhIHJlYWwgc2VjcmV0ISE=';
const moment = '2026-01-08T07:30:01.000Z';
/** The access log contains the correlation id. */
const sameRequest = { 'x-correlation-id': exampleId };

/** An answer as the document shows it, with placeholders for values that differ from run to run. */
const shown = (body: unknown): string => {
  let text = JSON.stringify(body, null, 2);
  for (const [value, standIn] of placeholders) text = text.replaceAll(value, standIn);
  return `${text
    .replaceAll(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, moment)
    .replaceAll(/20\d\d-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d{3}Z/g, encodeURIComponent(moment))
    .replaceAll(/\d+ [A-Z][a-z]+ 20\d\d, \d\d:\d\d:\d\d \(UTC\+\d\d:00\)/g, '8 January 2026, 08:30:01 (UTC+01:00)')
    // How long a step of this run took.
    .replaceAll(/(?:\d+ min )?\d+ s after/g, '0 s after')
    .replaceAll(/\b(?<word>after|took) (?:\d+ min )?\d+ s\b/g, '$<word> 0 s')
    .replaceAll(/(?:\d+ (?:d|h|min|s) )+later/g, '0 s later')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '0'.repeat(64))
    .replaceAll(/whsec_[A-Za-z0-9+/=]+/g, exampleSecret)}\n`;
};

const remember = (id: string): void => {
  placeholders.set(id, exampleId);
};

const operationOf = (id: string): Offered => {
  const found = offered.find(({ operationId }) => operationId === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
};

/** The path with its examples filled in, and the query of those that have one. */
const addressOf = ({ path, parameters }: Offered, given: Readonly<Record<string, string>> = {}): string => {
  const values = parameters.flatMap((one) => ('in' in one ? [{ ...one, value: given[one.name] ?? one.example }] : []));
  const missing = values.filter(({ required, value }) => required && value === undefined);
  expect(missing.map(({ name }) => name)).toEqual([]);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => values.find((one) => one.name === name)?.value ?? '');
  const query = new URLSearchParams(
    Object.fromEntries(
      values.flatMap(({ in: place, name, value }) => (place === 'query' && value !== undefined ? [[name, value]] : [])),
    ),
  );
  return query.size === 0 ? filled : `${filled}?${query.toString()}`;
};

interface Trial {
  readonly client?: string;
  readonly given?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const send = (operation: Offered, { client, given, body }: Trial): Promise<HttpAnswer> => {
  tried.add(operation.operationId);
  const as = operation.security.length === 0 ? undefined : (client ?? operation['x-sample-client']);
  const text = body === undefined ? undefined : JSON.stringify(body);
  return call(hub, as, operation.method, addressOf(operation, given), text, sameRequest);
};

/** Checks an answer against the documented answer of its status. */
const expectDocumented = (operation: Offered, answer: HttpAnswer): void => {
  const { content, headers, pointer } = responseOf(operation, answer.status);
  for (const name of Object.keys(headers)) expect([name, answer.headers.has(name)]).toEqual([name, true]);
  if (Object.keys(content).length === 0) {
    expect(answer.text).toBe('');
    return;
  }
  expect(answer.headers.get('content-type')).toContain(fhirJson);
  expect(faultsBy(`${pointer}/content/application~1fhir+json/schema`, answer.body)).toEqual([]);
};

const fileOf = (name: string): string => `../../docs/generate/openapi/answers/${name}.json`;

/** Calls an operation. The answer must be the documented one. */
const works = async (id: string, trial: Trial = {}, status = 200): Promise<HttpAnswer> => {
  const operation = operationOf(id);
  const answer = await send(operation, trial);
  expect([answer.status, answer.status === status ? '' : answer.text]).toEqual([status, '']);
  expectDocumented(operation, answer);
  return answer;
};

const showsAs = async (name: string, body: unknown): Promise<void> => {
  // Ids of notifications and statuses follow from the subscription's.
  const { type, id, entry } = statuses.safeParse(body).data ?? { entry: [] };
  if (type === 'history' && id !== undefined) remember(id);
  for (const { fullUrl = '', resource } of entry)
    if (resource?.resourceType === 'Parameters') remember(fullUrl.replace('urn:uuid:', ''));
  expect(problemsOf(body)).toEqual([]);
  await expect(shown(body)).toMatchFileSnapshot(fileOf(name));
};

/** The events of the example that only an AMK LA gets. */
const onlyForAmkLa = 'mission-request,review-request,';

const created = z.object({ id: z.string() });
const statuses = z.object({
  type: z.string().optional(),
  id: z.string().optional(),
  entry: z.array(
    z.object({ fullUrl: z.string().optional(), resource: z.object({ resourceType: z.string() }).optional() }),
  ),
});

/** The requester's subscription. */
let requesters: string;
/** The subscription of the document's example. */
let subscription: string;

/** The parameters that a link in an answer gives for its target operation. */
const linkedFrom = (from: string, status: number, to: string): readonly string[] =>
  Object.values(responseOf(operationOf(from), status).links)
    .filter(({ operationId }) => operationId === to)
    .flatMap(({ parameters }) => Object.values(parameters));

beforeAll(async () => {
  hub = await startHub();
  placeholders.set(hub.url, documented);
  placeholders.set(encodeURIComponent(hub.url), encodeURIComponent(documented));
  endpoint = await openEndpoint();
  placeholders.set(endpoint.url, 'https://partner.example/notify');
  const clients = [...sampleClients.keys()].filter((client) => !silent.includes(client));
  for (const client of clients) {
    const { id } = await subscribe(hub, client, endpoint.url);
    remember(id);
    if (client === 'amk-innlandet') requesters = id;
  }
  await eventually('every handshake', () => endpoint.received.length >= clients.length);
});

afterAll(async () => {
  await endpoint.close();
  await hub.close();
});

describe('the examples of the API reference, in the order of the document', () => {
  test('create a subscription, whose answer links to every operation on it', async () => {
    // No server has the address in the example.
    const body = JSON.parse(
      JSON.stringify(exampleOf('subscribe').value).replace('https://partner.example/notify', endpoint.url),
    );
    const answer = await works('createSubscription', { body }, 201);
    subscription = created.parse(answer.body).id;
    remember(subscription);
    await showsAs('createSubscription', answer.body);
    const others = offered.filter(({ path }) => path.startsWith('/Subscription/{id}'));
    for (const { operationId } of others)
      expect([operationId, linkedFrom('createSubscription', 201, operationId)]).toEqual([
        operationId,
        ['$response.body#/id'],
      ]);
  });

  test.each(requestExamplesOf(operationOf('processMessage')))(
    'send the message %s, which is accepted',
    async (name) => {
      const { value, 'x-sample-client': client = '' } = exampleOf(name);
      const answer = await works('processMessage', { client, body: value });
      if (name === 'mission-request') {
        await showsAs('processMessage', answer.body);
        await showsAs('searchTask', (await works('searchTask')).body);
      }
      const again = await send(operationOf('processMessage'), { client, body: value });
      expect(again.text).toBe(answer.text);
    },
  );

  test('check a message without sending it, and warn of a code that R4 does not have', async () => {
    const { value, 'x-sample-client': client = '' } = exampleOf('check');
    await showsAs('validateMessage', (await works('validateMessage', { client, body: value })).body);
  });

  test('notify every receiver of the messages', async () => {
    const mission = addressOf(operationOf('searchCommunication'));
    const receipts = async () =>
      (await call(hub, 'amk-innlandet', 'GET', `${mission}&_count=100`, undefined, sameRequest)).text;
    await eventually('every receipt', async () => !/"status":"in-progress"|"preparation"/.test(await receipts()));
  });

  const simple = offered.filter(({ method, path }) => method === 'GET' && !path.startsWith('/Subscription/{id}'));
  test.each(simple.map((one) => [`${one.method} ${one.path}`, one.operationId] as const))(
    'get the documented answer of %s',
    async (_title, id) => {
      const { body } = await works(id);
      const isList = body['type'] === 'searchset' || body['type'] === 'history';
      // The document shows a worklist with an open Task.
      if (id === 'searchTask') return;
      if (isList) expect(body['entry']).toBeDefined();
      // The document shows the beginning of a long list; of subscriptions, which are in the order of their ids, its own.
      const entries: readonly unknown[] = Array.isArray(body['entry']) ? body['entry'] : [];
      const own = entries.filter((one) => JSON.stringify(one).includes(subscription));
      const cut = { ...body, entry: (own.length > 0 ? own : entries).slice(0, 2) };
      await showsAs(id, isList ? cut : body);
    },
  );

  test('read, query, change and end a subscription', async () => {
    const given = { id: subscription };
    const withBody = (name: string) => ({ given, body: exampleOf(name).value });
    const shownOf = async (id: string, trial: Trial = { given }): Promise<void> =>
      showsAs(id, (await works(id, trial)).body);
    await shownOf('readSubscription');
    await shownOf('subscriptionStatus');
    await works('subscriptionStatusByPost', withBody('askStatus'));
    await works('subscriptionsStatusByPost', { body: exampleOf('askStatus').value });
    await shownOf('subscriptionEvents', { given: { ...given, eventsUntilNumber: '1', content: 'id-only' } });
    await works('subscriptionEventsByPost', withBody('askEvents'));
    await shownOf('rotateSecret', withBody('rotate'));
    const change = JSON.parse(
      JSON.stringify(exampleOf('changeSubscription').value).replaceAll(exampleId, subscription),
    );
    await shownOf('replaceSubscription', { given, body: change });
    await works('endSubscription', { given }, 204);
  });

  test('get a warning when the last subscription is ended', async () => {
    const client = 'hospital-fjellheim';
    const body = JSON.parse(JSON.stringify(exampleOf('subscribe').value).replace(onlyForAmkLa, ''));
    const { body: ended } = await works('createSubscription', { client, body }, 201);
    const answer = await works('endSubscription', { client, given: created.parse(ended) });
    await showsAs('endSubscription', answer.body);
  });

  test('deliver the documented notifications', async () => {
    const [handshake] = endpoint.received;
    const event = endpoint
      .events()
      .find(({ text }) => text.includes(requesters) && text.includes('"mission-decision"'));
    for (const [name, received] of Object.entries({ handshake, event })) {
      const bundle: unknown = JSON.parse(received?.text ?? '');
      expect(faultsBy('/components/schemas/Notification', bundle)).toEqual([]);
      for (const one of reference.webhooks.notification.post.parameters)
        if ('name' in one && (one.required || name === 'event'))
          expect(Object.keys(received?.headers ?? {})).toContain(one.name);
      await showsAs(name, bundle);
    }
  });

  test('find by POST what they find by GET', async () => {
    const byPost = operationOf('searchByPost');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const client = 'amk-la-oslo';
    const path = addressOf(byPost);
    const answer = await call(hub, client, 'POST', path, 'owner=Organization/312000016&status=requested', form);
    tried.add('searchByPost');
    expectDocumented(byPost, answer);
    const got = await call(hub, client, 'GET', '/Task?owner=Organization/312000016&status=requested');
    expect([answer.status, answer.body['entry']]).toEqual([200, got.body['entry']]);
  });

  test('include every operation of the document', () =>
    expect([...tried].toSorted()).toEqual(offered.map(({ operationId }) => operationId).toSorted()));
});

test('the program of the introduction gets a bound token and reads with it', async () => {
  const [, program = ''] = /```js\n(.*?)```/s.exec(reference.info.description) ?? [];
  const here = program.replace('http://localhost:3000/fhir', hub.url).replace('http://localhost:3001', hub.issuerUrl);
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', here]);
  expect(stdout).toMatch(/^200 \{/);
});

test('the schema of a request refuses the urgency, focus and size that the hub refuses', () => {
  const schema = '/components/schemas/MissionRequest';
  const { value } = exampleOf('mission-request');
  const text = JSON.stringify(value);
  const { entry } = z.object({ entry: z.array(z.unknown()) }).parse(value);
  const wrong = [
    JSON.parse(text.replace('"priority":"stat"', '"priority":"asap"')),
    JSON.parse(text.replace(/"focus":\[[^\]]*\]/, '"focus":[]')),
    { ...z.looseObject({}).parse(value), entry: [...entry, ...Array.from({ length: 500 }, () => entry.at(-1))] },
  ];
  expect(faultsBy(schema, value)).toEqual([]);
  for (const one of wrong) expect(faultsBy(schema, one)).not.toEqual([]);
});

describe('a refusal', () => {
  const request = exampleOf('mission-request').value;
  const text = JSON.stringify(request);
  const changed = (from: string | RegExp, to: string): string => {
    const other = text.replace(from, to).replaceAll('04c8de49-8afd-4414-a200-e8e65685790e', '0000');
    expect(other).not.toBe(text);
    return other;
  };
  type Sent = readonly [id: string, client: string, body: string, headers: Record<string, string>];
  const post = (body: string, headers: Record<string, string> = {}, client = 'amk-innlandet'): Sent => [
    'processMessage',
    client,
    body,
    headers,
  ];
  const get = (id: string, client: string | undefined, given: Record<string, string> = {}) =>
    [id, client, given] as const;
  const exampleText = (name: string, change: (text: string) => string = (same) => same): string =>
    change(JSON.stringify(exampleOf(name).value));

  const toSubscribe = (change: (text: string) => string): Sent => [
    'createSubscription',
    'amk-bergen',
    change(exampleText('subscribe').replace(onlyForAmkLa, '')),
    {},
  ];

  const sent: readonly (readonly [FaultCode, Sent])[] = [
    ['not-json', post('{')],
    ['not-a-message', post('{"resourceType":"Bundle","type":"batch"}')],
    ['too-deep', post(`${'['.repeat(70)}${']'.repeat(70)}`)],
    ['too-large', post(`"${'x'.repeat(300_000)}"`)],
    ['wrong-content-type', post(text, { 'content-type': 'text/plain' })],
    ['unknown-event', post(changed('"code":"mission-request"', '"code":"mission-wish"'))],
    ['missing-field', post(changed('"priority":"stat",', ''))],
    ['wrong-field', post(changed('"priority":"stat"', '"priority":"asap"'))],
    ['swapped-coordinates', post(changed(/"longitude":([\d.]+),"latitude":([\d.]+)/, '"longitude":$2,"latitude":$1'))],
    ['message-id-reused', post(text.replace('"priority":"stat"', '"priority":"urgent"'))],
    ['version-conflict', post(exampleText('mission-cancel', fresh), { 'if-match': 'W/"1"' })],
    ['illegal-transition', post(exampleText('mission-cancel', fresh))],
    ['forbidden-role', post(exampleText('mission-request', fresh), {}, 'hospital-ulleval')],
    ['unknown-caller', post(text, {}, 'unregistered')],
    ['not-found', post(exampleText('mission-cancel', fresh), {}, 'amk-finnmark')],
    ['unsupported-subscription', toSubscribe((one) => one.replace('rest-hook', 'email'))],
    ['refused-endpoint', toSubscribe((one) => one.replace('partner.example', '10.0.0.1'))],
    ['missing-field', toSubscribe((one) => one.replace('"reason"', '"why"'))],
  ];

  const expectRefused = (operation: Offered, answer: HttpAnswer, code: FaultCode): void => {
    expect([answer.status, answer.text.includes(`"code":"${code}"`)]).toEqual([faults[code].status, true]);
    const { content, headers, pointer } = responseOf(operation, answer.status);
    const expected = Object.keys(headers).filter((name) => name !== 'ETag');
    for (const name of expected) expect([name, answer.headers.has(name)]).toEqual([name, true]);
    expect(Object.keys(content[fhirJson]?.examples ?? {})).toContain(code);
    expect(faultsBy(`${pointer}/content/application~1fhir+json/schema`, answer.body)).toEqual([]);
  };

  test.each(sent)('is documented for a POST: %s', async (code, [id, client, body, headers]) => {
    const operation = operationOf(id);
    expectRefused(operation, await call(hub, client, operation.method, addressOf(operation), body, headers), code);
  });

  const asked: readonly (readonly [FaultCode, ReturnType<typeof get>])[] = [
    ['unauthenticated', get('readServiceRequest', undefined)],
    ['not-found', get('readServiceRequest', 'amk-finnmark')],
    ['not-found', get('readSubscription', 'amk-bergen', { id: exampleId })],
    ['forbidden-relation', get('searchTask', 'amk-innlandet')],
    ['forbidden-role', get('searchLocation', 'hospital-ulleval')],
    ['unknown-search', get('searchOrganization', 'amk-innlandet', { type: 'butcher' })],
    ['not-found', get('readCodeSystem', undefined, { id: 'nothing' })],
  ];
  test.each(asked)('is documented for a GET: %s, %s', async (code, [id, client, given]) => {
    const operation = operationOf(id);
    expectRefused(operation, await call(hub, client, 'GET', addressOf(operation, given)), code);
  });
});

/** The same message under an id that is new. */
function fresh(text: string): string {
  const [, id = ''] = /"resourceType":"MessageHeader","id":"([^"]+)"/.exec(text) ?? [];
  expect(id).not.toBe('');
  return text
    .replaceAll(id, `${id.slice(0, -4)}0000`)
    .replace(/"resourceType":"Bundle","id":"[^"]+",/, '"resourceType":"Bundle",');
}
