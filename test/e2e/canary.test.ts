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
 * Persons planted wherever a sender, a subscriber or an endpoint writes freely: each planted text is one of a kind, and all
 * hold the same mark. Then everything the hub leaves behind besides the messages themselves is searched for it.
 */

/** Letters and digits that stand nowhere else. It differs from run to run; a failure prints it with what it was planted in. */
const mark = `kanari${randomBytes(5).toString('hex')}`;

/** Digits of national ids of synthetic persons (month plus 80), phone numbers and HPR numbers that stand nowhere else. */
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

/** Measured values, told by their decimals. Those who see no person see them: a value names nobody. */
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
/** The same text gets the same canary, so that call signs and names that must agree still do. */
const canaries = new Map<string, string>();
const canaryFor = (original: string): string => {
  const known = canaries.get(original);
  if (known !== undefined) return known;
  count += 1;
  const made = `${mark}x${count}`;
  canaries.set(original, made);
  return made;
};

/** Elements in which FHIR has codes, addresses and ids, and not a sender's words. */
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
  // A municipality is given by its number, and a code system's own words are planted as any others.
  return key === 'value' && typeof parent['use'] === 'string' ? nationalId() : canaryFor(text);
};

/** A copy in which everything that may be written freely is a canary, and some that nobody asked for. */
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

/** Where in a text a canary stands, with what is around it; nothing if there is none. */
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

/** Endpoints answer well until the examples have been played: what the hub itself would say takes numbers in a mission. */
let isRude = false;

/** An endpoint that refuses, and says why in words of its own. */
const openRude = async (status: number, headers: Readonly<Record<string, string>>): Promise<string> => {
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(isRude ? status : 200, canaryFor('status line'), isRude ? headers : {});
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
  const said = `${out}${errors}`;
  outputs.push(said);
  return said;
};

const missions: string[] = [];

const observer = JSON.stringify({
  name: canaryFor('name of a receiver'),
  endpoint: 'https://observer.example/fhir',
  receiver: { identifier: { system: systems.organisationNumber, value: organisationOf('observer-hrs') } },
});

/** Plays a message; returns the number of its entry. */
const play = async (client: string, text: string): Promise<void> => {
  const answer = await post(hub, client, text);
  expect(answer.status, answer.text).toBe(200);
  const [, mission] = /"value":"([0-9a-f-]{36})"/.exec(answer.text) ?? [];
  if (mission !== undefined && !missions.includes(mission)) missions.push(mission);
};

/** These will refuse what they are told, so that there are dead letters, words of endpoints, and words of the hub about it. */
const openRudeOnes = async (): Promise<readonly string[]> => {
  const refusing = await openRude(400, { 'x-why': canaryFor('header of an answer') });
  const moved = await openRude(302, { location: `https://elsewhere.example/${canaryFor('location')}` });
  const busy = await openRude(503, { 'retry-after': canaryFor('retry-after') });
  const header = [`Authorization: Bearer ${canaryFor('secret')}`, `X-Person: ${canaryFor('header line')}`];
  const rude: [client: string, endpoint: string][] = [
    ['operator-lorenskog', refusing],
    ['hospital-ulleval', moved],
    ['operator-rescue-orland', busy],
  ];
  for (const [client, endpoint] of rude) {
    const made = await call(hub, client, 'POST', '/Subscription', subscription(endpoint, header));
    expect(made.status, made.text).toBe(201);
  }
  return rude.map(([client]) => client);
};

beforeAll(async () => {
  hub = await startFaultyHub();
  const rude = await openRudeOnes();
  const played = everyStep.map(({ client }) => client);
  const all = [...played, 'quality-register', 'observer-hrs', 'amk-la-bergen', 'amk-la-tromso', 'hospital-st-olav'];
  for (const client of new Set(all)) {
    if (rude.includes(client)) continue;
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
  isRude = true;
  const [mission = ''] = missions;
  await play('amk-innlandet', JSON.stringify(planted(JSON.parse(missionUpdate({ mission, id: randomUUID() }).text))));
});

afterAll(async () => {
  for (const close of closing) await close();
  await hub.close();
});

/** The request with one text after another in the place of a canary: what the hub refuses, and how. */
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

describe('Persons in messages', () => {
  test('reach those who are entitled to them', async () => {
    const coordinator = endpoints.get('amk-la-oslo');
    await eventually('the coordinator is told', () => (coordinator?.events().length ?? 0) >= 8);
    expect(hits(coordinator?.events()[0]?.text ?? '').length).toBeGreaterThan(0);
    const read = await call(hub, 'amk-innlandet', 'GET', `/Bundle/${missions[0]}.1`);
    expect(hits(read.text).length).toBeGreaterThan(0);
    expect(count).toBeGreaterThan(100);
    expect(digits.length).toBeGreaterThan(10);
    expect(values.length).toBeGreaterThan(10);
    expect(hits(read.text, values).length).toBeGreaterThan(0);
  });

  test('reach no observer and no quality system, in what they are told and in whatever they read', async () => {
    const told = [endpoints.get('quality-register'), endpoints.get('observer-hrs')].map(
      (endpoint) => endpoint?.events() ?? [],
    );
    await eventually('both are told', () => told.every((events) => events.length > 0));
    const persons = [mark, ...digits];
    expect(told.flat().flatMap(({ text }) => hits(text, persons))).toEqual([]);
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

  test('come back in no refusal: whatever is wrong, and wherever', async () => {
    const request = messageOf({ file: 'mission-request.json', client: 'amk-innlandet' });
    const decision = messageOf({ file: 'mission-decision.json', client: 'amk-la-oslo' });
    for (const text of oneByOne(request)) await asked('a request', 'amk-innlandet', 'POST', '/$process-message', text);
    for (const text of oneByOne(decision)) await asked('a decision', 'amk-la-oslo', 'POST', '/$process-message', text);
    const refused = answers.filter(({ answer }) => answer.status >= 400);
    expect(refused.length).toBeGreaterThan(40);
    expect(refused.flatMap(({ answer }) => hits(answer.text))).toEqual([]);
  });

  test('come back in no answer to what is no message, no address, no search and no Subscription', async () => {
    const word = canaryFor('a word');
    const before = answers.length;
    const broken = `{"resourceType":"Bundle","name":"${word}"`;
    await asked('no JSON', 'amk-innlandet', 'POST', '/$process-message', broken);
    await asked('no FHIR', 'amk-innlandet', 'POST', '/$process-message', `"${word}"`);
    await asked('another type', 'amk-innlandet', 'POST', '/$process-message', word, { 'content-type': `text/${word}` });
    await asked('too deep', 'amk-innlandet', 'POST', '/$process-message', `${'['.repeat(99)}"${word}"`);
    await asked('If-Match', 'amk-innlandet', 'POST', '/$process-message', broken, { 'if-match': word });
    await asked('a correlation id', 'amk-innlandet', 'POST', '/$process-message', broken, {
      'x-correlation-id': `patient ${word}`,
    });
    for (const path of [
      `/Patient/${word}`,
      `/${word}`,
      `/${word}/${word}/${word}`,
      `/ServiceRequest/${missions[0]}/${word}`,
      `/Subscription/${word}`,
      `/Subscription/${word}/$events`,
      `/Task?owner=${word}`,
      `/Task?owner=${organisationOf('amk-innlandet')}&status=${word}`,
      `/Task?owner=${organisationOf('amk-innlandet')}&_count=${word}`,
      `/Task?based-on=ServiceRequest/${word}`,
      `/Provenance?target=${word}`,
      `/AuditEvent?entity=${word}`,
      `/Location?_security=${word}`,
      `/Organization?type=${word}`,
      `/Subscription?status=${word}`,
    ])
      await asked(path, 'amk-la-oslo', 'GET', path);
    const subscriptionText = subscription('http://127.0.0.1:9', [`no header line ${word}`]);
    await asked('a header', 'amk-la-oslo', 'POST', '/Subscription', subscriptionText);
    for (const text of oneByOne(subscription('https://partner.example', [`X-Person: ${word}`])))
      await asked('a Subscription', 'amk-la-oslo', 'POST', '/Subscription', text);
    const refused = answers.slice(before).filter(({ answer }) => answer.status >= 400);
    expect(refused.length).toBeGreaterThan(25);
    expect(refused.flatMap(({ answer }) => hits(answer.text))).toEqual([]);
  });

  test('come back in no answer, whatever a caller writes into the headers, the path and the search of any route', async () => {
    const word = canaryFor('a caller’s word');
    const id = nationalId();
    const inHeaders: Readonly<Record<string, readonly string[]>> = {
      'x-correlation-id': [
        word,
        id,
        `00000000-0000-0000-0000-${id.padStart(12, '0')}`,
        `00000000-0000-4000-8000-${id.padStart(12, '0')}`,
        id.padStart(32, '0'),
        `${randomUUID()}-${id}`,
      ],
      'x-request-id': [word, id, `00000000-0000-4000-8000-${id.padStart(12, '0')}`, id.padStart(32, '0')],
      traceparent: [
        word,
        `00-${id.padStart(32, '0')}-00f067aa0ba902b7-01`,
        `00-${'4b'.repeat(16)}-00f067aa0ba902b7-01-${word}`,
      ],
      tracestate: [`${word}=1`],
      baggage: [`patient=${id}`],
      'x-amzn-trace-id': [`Root=${word}`, `Self=1-67891234-12456789abcdef012345678;patient=${id}`],
      'user-agent': [word],
      'if-match': [word, `W/"${id}"`],
      'if-none-match': [word],
      accept: [`text/${word}`],
      'accept-language': [word],
      'content-type': [`application/fhir+json; charset=${word}`],
      'content-encoding': [word],
      prefer: [word],
      referer: [`https://partner.example/${word}?patient=${id}`],
      cookie: [`patient=${id}`],
      'x-forwarded-for': [word],
      'x-http-method-override': [word],
      dpop: [word, `${word}.${word}.${word}`],
      authorization: [`Bearer ${word}`, `DPoP ${word}`, `Basic ${word}`],
    };
    const before = answers.length;
    const bodyOf = (method: string): string | undefined =>
      method === 'POST' || method === 'PUT' ? `{"resourceType":"${word}"}` : undefined;
    const routes = [...(await routesOfTemplate()).keys()].map((route) => route.split(' '));
    expect(routes.length).toBeGreaterThan(10);
    for (const [method = '', resource = ''] of routes) {
      const path = resource.replace('/fhir', '');
      const [, person = ''] = [...path.matchAll(/\{(\w+)\}/g)].at(-1) ?? [];
      const search = `?${word}=1&identifier=${id}&_count=${word}`;
      for (const filled of [
        path.replaceAll(/\{\w+\}/g, word),
        path.replaceAll(/\{\w+\}/g, id),
        path.replace(`{${person}}`, id).replaceAll(/\{\w+\}/g, 'Patient'),
        path.replaceAll(/\{\w+\}/g, `${word}%20${id}%2f%E0`),
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

  test('are shown to nobody who has no part in the mission', async () => {
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
    // Call signs are what the board is about; they were planted as everything else was.
    const signs = new Set(
      [...canaries].filter(([original]) => /^[A-Z]{2}-|helikopter|Sea|Saver/i.test(original)).map(([, made]) => made),
    );
    const others = [...board.text.matchAll(new RegExp(`${mark}x\\d+`, 'gi'))].map(([found]) => found.toLowerCase());
    expect(others.filter((found) => !signs.has(found))).toEqual([]);
  });

  test('are in no command for people on call, while there is something for them to look at', async () => {
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

  test("are in no log line: neither the functions' nor the host's, which is where metrics come from", async () => {
    const log = await hub.log();
    for (const code of ['LB-101', 'LB-103', 'LB-201', 'LB-401']) expect(log.includes(code), code).toBe(true);
    expect(hits(log)).toEqual([]);
  });

  test('are in no metric: each has a name, and values, that the catalogue lists, and a number', async () => {
    const lines = (await hub.log()).split('\n').filter((line) => line.includes('"_aws":'));
    const counted = lines.map((line) => countedShape.parse(JSON.parse(line)));
    const names = new Set<string>();
    for (const { _aws, ...said } of counted) {
      const name = codesOf(metrics).find((one) => Object.hasOwn(said, one));
      if (name === undefined) throw new Error(`a metric that the catalogue lacks: ${JSON.stringify(said)}`);
      names.add(name);
      const { [name]: value, ...dimensions } = said;
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
      'TimeToTold',
      'HubWarnings',
    ])
      expect([name, names.has(name)]).toEqual([name, true]);
    expect(lines.flatMap((line) => hits(line))).toEqual([]);
  });

  test('are in no trace: over the queue goes the trace that Lambda began, and nothing beside it', () => {
    const sent = hub.asked.queues().filter((text) => text.includes('AmazonSQS.SendMessage'));
    expect(sent.length).toBeGreaterThan(20);
    for (const text of sent) {
      expect(text).toContain(`"x-amzn-trace-id":"${trace}"`);
      expect(text).not.toMatch(/"(traceparent|tracestate|baggage)"/);
    }
  });

  test('are in no queue: neither in messages nor in their attributes and groups', () => {
    const asks = hub.asked.queues();
    expect(asks.filter((text) => text.includes('MessageGroupId')).length).toBeGreaterThan(20);
    expect(asks.flatMap((text) => hits(text))).toEqual([]);
  });

  test('are in no key, index or attribute of the table but those that are packed', () => {
    // The id of a message is its sender's, and the way to look it up.
    const asks = hub.asked.tables().map((text) => text.replaceAll(/"messageId":\{"S":"[^"]*"\}/g, ''));
    expect(asks.filter((text) => text.includes('PutItem')).length).toBeGreaterThan(100);
    expect(asks.flatMap((text) => hits(text))).toEqual([]);
  });
});
