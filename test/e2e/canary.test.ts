import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isObject, parseLossless } from '../../schemas/json/json.ts';
import { codesOf } from '../../schemas/codes.ts';
import { metrics, valuesOf } from '../../schemas/telemetry/metrics.ts';
import { systems } from '../../schemas/names.ts';
import { runHub } from '../support/commands.ts';
import { type FaultyHub, startFaultyHub, trace } from '../support/detour.ts';
import { routesOfTemplate } from '../support/routes.ts';
import { missionUpdate } from '../support/messages.ts';
import { everyStep, exampleText, organisationOf, type Step } from '../support/examples.ts';
import {
  call,
  type Endpoint,
  eventually,
  type HttpAnswer,
  openEndpoint,
  post,
  subscribe,
} from '../support/partners.ts';

/**
 * Canary texts, in place of personal data, wherever a sender, a subscriber or an endpoint can write free text. Each is unique, and all
 * contain the same mark. Then everything that the hub writes, except the messages themselves, is searched for it.
 */

/** Letters and digits that occur nowhere else. The mark differs from run to run; a failure prints it with its surroundings. */
const mark = `kanari${randomBytes(5).toString('hex')}`;

/** Digits of national ids of synthetic persons (month plus 80), phone numbers and HPR numbers that occur nowhere else. */
const digits: string[] = [];
const freshDigits = (form: (random: string) => string): string => {
  const made = form(
    BigInt(`0x${randomBytes(6).toString('hex')}`)
      .toString()
      .padStart(15, '7'),
  );
  digits.push(made);
  return made;
};
const nationalId = (): string => freshDigits((random) => `0${random.slice(1, 2)}86${random.slice(0, 7)}`.slice(0, 11));
const phone = (): string => freshDigits((random) => `+479${random.slice(0, 7)}`);
const personnelNumber = (): string => freshDigits((random) => random.slice(0, 9));

/** Measured values, recognised by their decimals. Roles that see no person see them: a value identifies nobody. */
const values: string[] = [];
const measured = (value: unknown): object => {
  const decimals = BigInt(`0x${randomBytes(5).toString('hex')}`)
    .toString()
    .padStart(12, '3')
    .slice(0, 12);
  values.push(decimals);
  return JSON.rawJSON(`${Math.trunc(Number(JSON.stringify(value)))}.${decimals}`);
};

let count = 0;
/** The same text gets the same canary, so that call signs and names that must agree still agree. */
const canaries = new Map<string, string>();
const canaryFor = (original: string): string => {
  const known = canaries.get(original);
  if (known !== undefined) return known;
  count += 1;
  const made = `${mark}x${count}`;
  canaries.set(original, made);
  return made;
};

/** Elements in which FHIR has codes, addresses and ids, and no free text. */
const structural: ReadonlySet<string> = new Set(
  'resourceType system code url reference fullUrl status intent priority id mode type gender use unit contentType language version'.split(
    ' ',
  ),
);

const isTime = (text: string): boolean => /^\d{4}-\d{2}(-\d{2}|$)/.test(text);

/** Identifiers that the hub routes by. */
const known: ReadonlySet<unknown> = new Set([systems.organisationNumber, systems.mission]);

const plantedText = (text: string, key: string, parent: Readonly<Record<string, unknown>>): string => {
  if (structural.has(key) || key.startsWith('valueCode') || isTime(text)) return text;
  if (key === 'endpoint') return `https://partner.example/${canaryFor(text)}`;
  if (key === 'div') return `<div xmlns="http://www.w3.org/1999/xhtml">${canaryFor(text)}</div>`;
  if (key === 'value' && known.has(parent['system'])) return text;
  if (key === 'value' && parent['system'] === systems.healthPersonnel) return personnelNumber();
  if (key === 'value' && parent['system'] === 'phone') return phone();
  if (key === 'value' && parent['system'] === 'urn:oid:2.16.578.1.12.4.1.4.1') return nationalId();
  // A municipality is given by its number. Displays of codes are replaced as any other text.
  return key === 'value' && typeof parent['use'] === 'string' ? nationalId() : canaryFor(text);
};

/** A copy in which every free text is a canary, with further elements that no profile requires. */
const planted = (value: unknown, key = '', parent: Readonly<Record<string, unknown>> = {}): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => planted(item, key, parent));
  if (typeof value === 'string') return plantedText(value, key, parent);
  if (key === 'value' && (typeof value === 'number' || JSON.isRawJSON(value))) return measured(value);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, planted(member, name, value)]);
  const copy = Object.fromEntries(members);
  if (value['resourceType'] === 'Patient')
    return {
      ...copy,
      identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.4.1', value: nationalId() }],
      name: [{ family: canaryFor('family'), given: [canaryFor('given')] }],
      telecom: [{ system: 'phone', value: phone() }],
      address: [{ line: [canaryFor('line')], city: canaryFor('city') }],
      contact: [{ name: { text: canaryFor('contact') }, telecom: [{ system: 'phone', value: phone() }] }],
    };
  if (typeof value['resourceType'] === 'string' && value['resourceType'] !== 'Bundle')
    return {
      ...copy,
      text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${canaryFor('narrative')}</div>` },
      extension: [
        ...(Array.isArray(copy['extension']) ? copy['extension'] : []),
        { url: 'urn:x', valueString: canaryFor('extension') },
      ],
      contained: [
        {
          resourceType: 'DocumentReference',
          status: 'current',
          content: [{ attachment: { title: `${canaryFor('file')}.pdf` } }],
        },
      ],
    };
  return copy;
};

const messageOf = ({ file }: Step): string => JSON.stringify(planted(parseLossless(exampleText(file))));

/** The canaries in a text, each with the text around it; empty if there is none. */
const hits = (text: string, among: readonly string[] = [mark, ...digits, ...values]): readonly string[] => {
  const folded = text.toLowerCase();
  return among.flatMap((canary) => {
    const at = folded.indexOf(canary);
    return at === -1 ? [] : [text.slice(Math.max(0, at - 80), at + 40)];
  });
};

/** A line in CloudWatch's Embedded Metric Format. */
const countedShape = z.looseObject({ _aws: z.unknown() });

let hub: FaultyHub;
const endpoints = new Map<string, Endpoint>();
const closing: (() => Promise<unknown>)[] = [];
const answers: { readonly what: string; readonly answer: HttpAnswer }[] = [];
const outputs: string[] = [];

/** Endpoints accept everything until the examples have been sent: messages of the hub itself would take numbers in a mission. */
let isRefusing = false;

/** An endpoint that refuses, with free text as the reason. */
const openRefusing = async (status: number, headers: Readonly<Record<string, string>>): Promise<string> => {
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(isRefusing ? status : 200, canaryFor('status line'), isRefusing ? headers : {});
    response.end(`{"error":"${canaryFor('answer of an endpoint')}"}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
};

const subscription = (endpoint: string, header: readonly string[]): string =>
  JSON.stringify({
    resourceType: 'Subscription',
    status: 'requested',
    reason: canaryFor('reason of a subscription'),
    criteria: 'https://luftbro.example/fhir/SubscriptionTopic/mission-event',
    channel: {
      type: 'rest-hook',
      endpoint: `${endpoint}/${canaryFor('path')}?token=${canaryFor('query')}`,
      header,
      payload: 'application/fhir+json',
      _payload: {
        extension: [
          {
            url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content',
            valueCode: 'full-resource',
          },
        ],
      },
    },
  });

const asked = async (
  what: string,
  client: string,
  ...request: readonly [method: string, path: string, body?: string, headers?: Record<string, string>]
): Promise<HttpAnswer> => {
  const answer = await call(hub, client, ...request);
  answers.push({ what, answer });
  return answer;
};

const run = async (command: string, ...args: readonly string[]): Promise<string> => {
  const { out, errors } = await runHub([command, ...args, '--local', '--data-dir', hub.dataDir], {
    env: {},
  });
  const output = `${out}${errors}`;
  outputs.push(output);
  return output;
};

const missions: string[] = [];

const observer = JSON.stringify({
  name: canaryFor('name of a receiver'),
  endpoint: 'https://observer.example/fhir',
  receiver: { identifier: { system: systems.organisationNumber, value: organisationOf('observer-hrs') } },
});

/** Sends a message, which must be accepted, and records its mission. */
const play = async (client: string, text: string): Promise<void> => {
  const answer = await post(hub, client, text);
  expect(answer.status, answer.text).toBe(200);
  const [, mission] = /"value":"([0-9a-f-]{36})"/.exec(answer.text) ?? [];
  if (mission !== undefined && !missions.includes(mission)) missions.push(mission);
};

/** Opens endpoints that will refuse notifications, so that there are dead letters, texts of endpoints, and hub messages. */
const openRefusingEndpoints = async (): Promise<readonly string[]> => {
  const refusing = await openRefusing(400, { 'x-why': canaryFor('header of an answer') });
  const moved = await openRefusing(302, { location: `https://elsewhere.example/${canaryFor('location')}` });
  const busy = await openRefusing(503, { 'retry-after': canaryFor('retry-after') });
  const header = [`Authorization: Bearer ${canaryFor('secret')}`, `X-Person: ${canaryFor('header line')}`];
  const refusers: [client: string, endpoint: string][] = [
    ['operator-lorenskog', refusing],
    ['hospital-ulleval', moved],
    ['operator-rescue-orland', busy],
  ];
  for (const [client, endpoint] of refusers) {
    const made = await call(hub, client, 'POST', '/Subscription', subscription(endpoint, header));
    expect(made.status, made.text).toBe(201);
  }
  return refusers.map(([client]) => client);
};

beforeAll(async () => {
  hub = await startFaultyHub();
  const refusers = await openRefusingEndpoints();
  const played = everyStep.map(({ client }) => client);
  const all = [...played, 'quality-register', 'observer-hrs', 'amk-la-bergen', 'amk-la-tromso', 'hospital-st-olav'];
  for (const client of new Set(all)) {
    if (refusers.includes(client)) continue;
    const endpoint = await openEndpoint();
    closing.push(endpoint.close);
    endpoints.set(client, endpoint);
    await subscribe(hub, client, endpoint.url);
  }
  await eventually('every handshake', () => [...endpoints.values()].every(({ received }) => received.length > 0));
  for (const step of everyStep) {
    const text = messageOf(step);
    const isJoining = step.file === 'mission-update.json';
    await play(step.client, isJoining ? text.replace('"destination":[', `"destination":[${observer},`) : text);
  }
  isRefusing = true;
  const [mission = ''] = missions;
  await play('amk-innlandet', JSON.stringify(planted(JSON.parse(missionUpdate({ mission, id: randomUUID() }).text))));
});

afterAll(async () => {
  for (const close of closing) await close();
  await hub.close();
});

/** Copies of a request, each with one of its texts replaced by a canary, to show what the hub refuses, and how. */
const oneByOne = (text: string): readonly string[] => {
  const places: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    if (typeof value === 'string') places.push(path);
    if (Array.isArray(value)) value.forEach((item: unknown, index) => walk(item, [...path, index]));
    else if (isObject(value)) for (const [key, member] of Object.entries(value)) walk(member, [...path, key]);
  };
  walk(JSON.parse(text), []);
  return places.map((place) => {
    const whole: unknown = JSON.parse(text);
    let inner: unknown = whole;
    for (const step of place.slice(0, -1))
      inner = Array.isArray(inner) ? inner[Number(step)] : isObject(inner) ? inner[step] : undefined;
    const last = place.at(-1);
    if (Array.isArray(inner)) inner[Number(last)] = canaryFor(place.join('.'));
    else if (isObject(inner)) inner[String(last)] = canaryFor(place.join('.'));
    return JSON.stringify(whole);
  });
};

describe('personal data in messages', () => {
  test('reaches the entitled parties', async () => {
    const coordinator = endpoints.get('amk-la-oslo');
    await eventually('the coordinator is notified', () => (coordinator?.events().length ?? 0) >= 8);
    expect(hits(coordinator?.events()[0]?.text ?? '').length).toBeGreaterThan(0);
    const read = await call(hub, 'amk-innlandet', 'GET', `/Bundle/${missions[0]}.1`);
    expect(hits(read.text).length).toBeGreaterThan(0);
    expect(count).toBeGreaterThan(100);
    expect(digits.length).toBeGreaterThan(10);
    expect(values.length).toBeGreaterThan(10);
    expect(hits(read.text, values).length).toBeGreaterThan(0);
  });

  test('reaches no observer and no quality system, by notification or by read', async () => {
    const received = [endpoints.get('quality-register'), endpoints.get('observer-hrs')].map(
      (endpoint) => endpoint?.events() ?? [],
    );
    await eventually('both are notified', () => received.every((events) => events.length > 0));
    const persons = [mark, ...digits];
    expect(received.flat().flatMap(({ text }) => hits(text, persons))).toEqual([]);
    let answered = 0;
    for (const client of ['quality-register', 'observer-hrs'])
      for (const mission of missions)
        for (const path of [
          `ServiceRequest/${mission}`,
          `ServiceRequest/${mission}/$history`,
          `ServiceRequest/${mission}/$history?_format=html`,
          `Task?based-on=ServiceRequest/${mission}`,
          `Communication?part-of=ServiceRequest/${mission}`,
          ...Array.from({ length: 20 }, (_, index) => `Bundle/${mission}.${index + 1}`),
        ]) {
          const answer = await call(hub, client, 'GET', `/${path}`);
          if (answer.status === 200) answered += 1;
          expect([path, hits(answer.text, persons)]).toEqual([path, []]);
        }
    expect(answered).toBeGreaterThan(20);
  });

  test('is in no refusal, for any wrong element', async () => {
    const request = messageOf({ file: 'mission-request.json', client: 'amk-innlandet' });
    const decision = messageOf({ file: 'mission-decision.json', client: 'amk-la-oslo' });
    for (const text of oneByOne(request)) await asked('a request', 'amk-innlandet', 'POST', '/$process-message', text);
    for (const text of oneByOne(decision)) await asked('a decision', 'amk-la-oslo', 'POST', '/$process-message', text);
    const refused = answers.filter(({ answer }) => answer.status >= 400);
    expect(refused.length).toBeGreaterThan(40);
    expect(refused.flatMap(({ answer }) => hits(answer.text))).toEqual([]);
  });

  test('is in no answer to an invalid message, address, search or Subscription', async () => {
    const canary = canaryFor('a text');
    const before = answers.length;
    const broken = `{"resourceType":"Bundle","name":"${canary}"`;
    await asked('no JSON', 'amk-innlandet', 'POST', '/$process-message', broken);
    await asked('no FHIR', 'amk-innlandet', 'POST', '/$process-message', `"${canary}"`);
    await asked('another type', 'amk-innlandet', 'POST', '/$process-message', canary, {
      'content-type': `text/${canary}`,
    });
    await asked('too deep', 'amk-innlandet', 'POST', '/$process-message', `${'['.repeat(99)}"${canary}"`);
    await asked('If-Match', 'amk-innlandet', 'POST', '/$process-message', broken, { 'if-match': canary });
    await asked('a correlation id', 'amk-innlandet', 'POST', '/$process-message', broken, {
      'x-correlation-id': `patient ${canary}`,
    });
    for (const path of [
      `/Patient/${canary}`,
      `/${canary}`,
      `/${canary}/${canary}/${canary}`,
      `/ServiceRequest/${missions[0]}/${canary}`,
      `/Subscription/${canary}`,
      `/Subscription/${canary}/$events`,
      `/Task?owner=${canary}`,
      `/Task?owner=${organisationOf('amk-innlandet')}&status=${canary}`,
      `/Task?owner=${organisationOf('amk-innlandet')}&_count=${canary}`,
      `/Task?based-on=ServiceRequest/${canary}`,
      `/Provenance?target=${canary}`,
      `/AuditEvent?entity=${canary}`,
      `/Location?_security=${canary}`,
      `/Organization?type=${canary}`,
      `/Subscription?status=${canary}`,
    ])
      await asked(path, 'amk-la-oslo', 'GET', path);
    const subscriptionText = subscription('http://127.0.0.1:9', [`no header line ${canary}`]);
    await asked('a header', 'amk-la-oslo', 'POST', '/Subscription', subscriptionText);
    for (const text of oneByOne(subscription('https://partner.example', [`X-Person: ${canary}`])))
      await asked('a Subscription', 'amk-la-oslo', 'POST', '/Subscription', text);
    const refused = answers.slice(before).filter(({ answer }) => answer.status >= 400);
    expect(refused.length).toBeGreaterThan(25);
    expect(refused.flatMap(({ answer }) => hits(answer.text))).toEqual([]);
  });

  test('is in no answer if a caller writes it into headers, path and search of any route', async () => {
    const canary = canaryFor('a caller’s text');
    const id = nationalId();
    const inHeaders: Readonly<Record<string, readonly string[]>> = {
      'x-correlation-id': [
        canary,
        id,
        `00000000-0000-0000-0000-${id.padStart(12, '0')}`,
        `00000000-0000-4000-8000-${id.padStart(12, '0')}`,
        id.padStart(32, '0'),
        `${randomUUID()}-${id}`,
      ],
      'x-request-id': [canary, id, `00000000-0000-4000-8000-${id.padStart(12, '0')}`, id.padStart(32, '0')],
      traceparent: [
        canary,
        `00-${id.padStart(32, '0')}-00f067aa0ba902b7-01`,
        `00-${'4b'.repeat(16)}-00f067aa0ba902b7-01-${canary}`,
      ],
      tracestate: [`${canary}=1`],
      baggage: [`patient=${id}`],
      'x-amzn-trace-id': [`Root=${canary}`, `Self=1-67891234-12456789abcdef012345678;patient=${id}`],
      'user-agent': [canary],
      'if-match': [canary, `W/"${id}"`],
      'if-none-match': [canary],
      accept: [`text/${canary}`],
      'accept-language': [canary],
      'content-type': [`application/fhir+json; charset=${canary}`],
      'content-encoding': [canary],
      prefer: [canary],
      referer: [`https://partner.example/${canary}?patient=${id}`],
      cookie: [`patient=${id}`],
      'x-forwarded-for': [canary],
      'x-http-method-override': [canary],
      dpop: [canary, `${canary}.${canary}.${canary}`],
      authorization: [`Bearer ${canary}`, `DPoP ${canary}`, `Basic ${canary}`],
    };
    const before = answers.length;
    const bodyOf = (method: string): string | undefined =>
      method === 'POST' || method === 'PUT' ? `{"resourceType":"${canary}"}` : undefined;
    const routes = [...(await routesOfTemplate()).keys()].map((route) => route.split(' '));
    expect(routes.length).toBeGreaterThan(10);
    for (const [method = '', resource = ''] of routes) {
      const path = resource.replace('/fhir', '');
      const [, person = ''] = [...path.matchAll(/\{(\w+)\}/g)].at(-1) ?? [];
      const search = `?${canary}=1&identifier=${id}&_count=${canary}`;
      for (const filled of [
        path.replaceAll(/\{\w+\}/g, canary),
        path.replaceAll(/\{\w+\}/g, id),
        path.replace(`{${person}}`, id).replaceAll(/\{\w+\}/g, 'Patient'),
        path.replaceAll(/\{\w+\}/g, `${canary}%20${id}%2f%E0`),
      ])
        await asked(`${method} ${path}`, 'amk-finnmark', method, `${filled}${search}`, bodyOf(method));
      for (const [header, written] of Object.entries(inHeaders))
        for (const value of written)
          await asked(
            `${method} ${path} ${header}`,
            'amk-finnmark',
            method,
            path.replaceAll(/\{\w+\}/g, 'x'),
            bodyOf(method),
            { [header]: value },
          );
    }
    const given = answers.slice(before);
    expect(given.length).toBeGreaterThan(routes.length * 20);
    const found = given.flatMap(({ what, answer }) =>
      hits(`${what} ${answer.text} ${JSON.stringify([...answer.headers])}`),
    );
    expect(found).toEqual([]);
  });

  test('is shown to no party without a part in the mission', async () => {
    for (const mission of missions)
      for (const path of [
        `ServiceRequest/${mission}`,
        `Bundle/${mission}.1`,
        `Task/${mission}.1`,
        `Patient/${mission}.1.3`,
      ]) {
        const answer = await call(hub, 'amk-finnmark', 'GET', `/${path}`);
        expect([path, answer.status, hits(answer.text)]).toEqual([path, 404, []]);
      }
    const board = await call(hub, 'amk-la-tromso', 'GET', '/Location');
    expect(board.status).toBe(200);
    // The board shows call signs, which are canaries too.
    const signs = new Set(
      [...canaries].filter(([original]) => /^[A-Z]{2}-|helikopter|Sea|Saver/i.test(original)).map(([, made]) => made),
    );
    const others = [...board.text.matchAll(new RegExp(`${mark}x\\d+`, 'gi'))].map(([found]) => found.toLowerCase());
    expect(others.filter((found) => !signs.has(found))).toEqual([]);
  });

  test('is in no output of the commands for people on call', async () => {
    await eventually('dead letters', async () => /^[0-9a-f-]{36}\.\d+/m.test(await run('dead-letters', 'list')));
    await run('dead-letters', 'show', '--all');
    await run('dead-letters', 'redrive', '--organisation', organisationOf('operator-lorenskog'));
    await run('dead-letters', 'discard', '--all');
    const verified = await run('audit', 'verify');
    expect(verified).toMatch(/^\d+ records in \d+ chains, all as they were written\.$/m);
    const exported = await run('audit', 'export', '--mission', missions[0] ?? '');
    expect(exported).toContain('"AuditEvent"');
    expect(outputs.flatMap((text) => hits(text))).toEqual([]);
  });

  test('is in no log line, neither of the functions nor of the host, from which metrics come', async () => {
    const log = await hub.log();
    for (const code of ['LB-101', 'LB-103', 'LB-201', 'LB-401']) expect(log.includes(code), code).toBe(true);
    expect(hits(log)).toEqual([]);
  });

  test('is in no metric: each has a name and dimension values of the catalogue, and a number', async () => {
    const lines = (await hub.log()).split('\n').filter((line) => line.includes('"_aws":'));
    const counted = lines.map((line) => countedShape.parse(JSON.parse(line)));
    const names = new Set<string>();
    for (const { _aws, ...output } of counted) {
      const name = codesOf(metrics).find((one) => Object.hasOwn(output, one));
      if (name === undefined) throw new Error(`a metric that the catalogue lacks: ${JSON.stringify(output)}`);
      names.add(name);
      const { [name]: value, ...dimensions } = output;
      expect(typeof value).toBe('number');
      expect(Object.keys(dimensions).toSorted()).toEqual([...metrics[name].dimensions].toSorted());
      for (const dimension of metrics[name].dimensions)
        expect([dimension, valuesOf(dimension)]).toEqual([dimension, expect.arrayContaining([dimensions[dimension]])]);
    }
    for (const name of [
      'MissionsRequested',
      'MissionsDecided',
      'TimeToDecision',
      'Deliveries',
      'TimeToDelivery',
      'HubWarnings',
    ])
      expect([name, names.has(name)]).toEqual([name, true]);
    expect(lines.flatMap((line) => hits(line))).toEqual([]);
  });

  test('is in no trace: the queue gets the trace that Lambda began, and nothing else', () => {
    const sent = hub.asked.queues().filter((text) => text.includes('AmazonSQS.SendMessage'));
    expect(sent.length).toBeGreaterThan(20);
    for (const text of sent) {
      expect(text).toContain(`"x-amzn-trace-id":"${trace}"`);
      expect(text).not.toMatch(/"(traceparent|tracestate|baggage)"/);
    }
  });

  test('is in no queue: neither in messages nor in their attributes and groups', () => {
    const asks = hub.asked.queues();
    expect(asks.filter((text) => text.includes('MessageGroupId')).length).toBeGreaterThan(20);
    expect(asks.flatMap((text) => hits(text))).toEqual([]);
  });

  test('is in no key, index or attribute of the table except the packed ones', () => {
    // The sender sets the id of a message, and the hub looks the message up by it.
    const asks = hub.asked.tables().map((text) => text.replaceAll(/"messageId":\{"S":"[^"]*"\}/g, ''));
    expect(asks.filter((text) => text.includes('PutItem')).length).toBeGreaterThan(100);
    expect(asks.flatMap((text) => hits(text))).toEqual([]);
  });
});
