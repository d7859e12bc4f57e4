/* oxlint-disable typescript/no-explicit-any -- messages are made invalid here in ways that no type allows */
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faults } from '../../schemas/faults.ts';
import { maxBodyBytes } from '../../schemas/json/strict-json.ts';
import { systems } from '../../schemas/names.ts';
import { exampleText } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, post, subscriptionFor, tokenOf } from '../support/partners.ts';

let hub: RunningHub;

beforeAll(async () => {
  hub = await startHub();
});

afterAll(async () => {
  await hub.close();
});

const request = exampleText('mission-request.json');
const headerId = /"resourceType": "MessageHeader",\s+"id": "([^"]+)"/.exec(request)?.[1] ?? '';
const fresh = (): string => request.replaceAll(headerId, randomUUID());

/** The request with one invalid element. */
const changed = (change: (bundle: any) => void): string => {
  const bundle = JSON.parse(fresh());
  change(bundle);
  return JSON.stringify(bundle);
};
const resourceOf = (bundle: any, type: string): any =>
  bundle.entry.find((entry: any) => entry.resource.resourceType === type).resource;
const scene = (bundle: any): any =>
  bundle.entry.find((entry: any) => entry.resource.position !== undefined).resource.position;

interface Case {
  readonly what: string;
  readonly text: string;
  readonly status: number;
  readonly code: keyof typeof faults;
  readonly at?: RegExp;
}

const cases: readonly Case[] = [
  { what: 'not JSON', text: '{"resourceType": "Bundle"', status: 400, code: 'not-json' },
  { what: 'an empty body', text: '', status: 400, code: 'not-json' },
  { what: 'no Bundle', text: '{"resourceType":"Patient"}', status: 400, code: 'not-a-message', at: /^Bundle$/ },
  {
    what: 'a Bundle of another type',
    text: changed((bundle) => (bundle.type = 'transaction')),
    status: 400,
    code: 'not-a-message',
    at: /^Bundle$/,
  },
  {
    what: 'a Bundle without a header',
    text: changed((bundle) => bundle.entry.shift()),
    status: 400,
    code: 'not-a-message',
    at: /^Bundle\.entry\[0\]\.resource$/,
  },
  {
    what: 'an empty Bundle',
    text: '{"resourceType":"Bundle","type":"message","entry":[]}',
    status: 422,
    code: 'wrong-field',
    at: /^Bundle\.entry$/,
  },
  {
    what: 'an unknown event',
    text: changed((bundle) => (bundle.entry[0].resource.eventCoding.code = 'mission-wish')),
    status: 422,
    code: 'unknown-event',
    at: /eventCoding$/,
  },
  {
    what: 'an event of another system',
    text: changed((bundle) => (bundle.entry[0].resource.eventCoding.system = 'urn:other')),
    status: 422,
    code: 'unknown-event',
    at: /eventCoding$/,
  },
  {
    what: 'a missing message id',
    text: changed((bundle) => {
      delete bundle.entry[0].resource.id;
      delete bundle.entry[0].fullUrl;
    }),
    status: 422,
    code: 'missing-field',
    at: /^Bundle\.entry\[0\]\.resource\.id$/,
  },
  {
    what: 'a missing urgency',
    text: changed((bundle) => delete resourceOf(bundle, 'ServiceRequest').priority),
    status: 422,
    code: 'missing-field',
    at: /\.priority$/,
  },
  {
    what: 'an impossible urgency',
    text: changed((bundle) => (resourceOf(bundle, 'ServiceRequest').priority = 'asap')),
    status: 422,
    code: 'wrong-field',
    at: /\.priority$/,
  },
  {
    what: 'a wrong type',
    text: changed((bundle) => (resourceOf(bundle, 'ServiceRequest').priority = 3)),
    status: 422,
    code: 'wrong-field',
    at: /\.priority$/,
  },
  {
    what: 'a missing criterion',
    text: changed((bundle) => delete resourceOf(bundle, 'ServiceRequest').reasonCode),
    status: 422,
    code: 'missing-field',
    at: /\.reasonCode$/,
  },
  {
    what: 'a missing place',
    text: changed((bundle) => delete resourceOf(bundle, 'ServiceRequest').locationReference),
    status: 422,
    code: 'missing-field',
    at: /\.locationReference$/,
  },
  {
    what: 'swapped coordinates',
    text: changed((bundle) =>
      Object.assign(scene(bundle), { latitude: scene(bundle).longitude, longitude: scene(bundle).latitude }),
    ),
    status: 422,
    code: 'swapped-coordinates',
    at: /\.position$/,
  },
  {
    what: 'impossible coordinates',
    text: changed((bundle) => Object.assign(scene(bundle), { latitude: 91, longitude: 200 })),
    status: 422,
    code: 'impossible-coordinates',
    at: /\.position$/,
  },
  {
    what: 'coordinates that are text',
    text: changed((bundle) => Object.assign(scene(bundle), { latitude: 'north' })),
    status: 422,
    code: 'wrong-field',
    at: /\.position\.latitude$/,
  },
  {
    what: 'no receiver',
    text: changed((bundle) => {
      delete bundle.entry[0].resource.destination;
      // Without a municipality the hub cannot find the AMK LA that covers the place.
      for (const { resource } of bundle.entry) delete resource.address;
    }),
    status: 422,
    code: 'no-coordinator',
    at: /\.destination$/,
  },
  {
    what: 'an unknown organisation',
    text: changed(
      (bundle) =>
        (bundle.entry[0].resource.destination[0].receiver = {
          identifier: { system: systems.organisationNumber, value: '319999999' },
        }),
    ),
    status: 422,
    code: 'unknown-organisation',
    at: /\.destination\[0\]\.receiver$/,
  },
  {
    what: 'an organisation of another role',
    text: changed(
      (bundle) =>
        (bundle.entry[0].resource.destination[0].receiver = {
          identifier: { system: systems.organisationNumber, value: '314000013' },
        }),
    ),
    status: 422,
    code: 'wrong-field',
    at: /\.destination\[0\]\.receiver$/,
  },
  ...(['sender', 'responsible'] as const).map((element) => ({
    what: `the name of another organisation as ${element}`,
    text: changed((bundle) => (bundle.entry[0].resource[element].identifier.value = '312000016')),
    status: 422,
    code: 'wrong-sender' as const,
    at: new RegExp(`\\.${element}$`),
  })),
  {
    what: 'a name that is given twice',
    text: fresh().replace('"resourceType": "Bundle",', '"resourceType": "Bundle", "type": "message",'),
    status: 400,
    code: 'repeated-name',
  },
  {
    what: 'a name that leads to the prototype',
    text: fresh().replace('"resourceType": "Bundle",', '"resourceType": "Bundle", "__proto__": {"type": "message"},'),
    status: 400,
    code: 'reserved-name',
  },
  { what: 'half a character', text: fresh().replace('"urn:uuid', '"\\ud83d'), status: 400, code: 'not-unicode' },
  {
    what: 'more entries than a message has',
    text: changed((bundle) =>
      bundle.entry.push(...Array.from({ length: 500 }, () => ({ resource: { resourceType: 'Basic' } }))),
    ),
    status: 422,
    code: 'too-many-entries',
    at: /^Bundle\.entry$/,
  },
  {
    what: '100 000 faults',
    text: changed((bundle) => (bundle.entry[0].resource.destination = Array.from({ length: 100_000 }, () => 1))),
    status: 422,
    code: 'wrong-field',
  },
  { what: 'nesting too deep', text: `${'['.repeat(65)}${']'.repeat(65)}`, status: 400, code: 'too-deep' },
  {
    what: 'a body too large',
    text: JSON.stringify({ resourceType: 'Bundle', type: 'message', x: 'x'.repeat(300_000) }),
    status: 413,
    code: 'too-large',
  },
];

const outcomeOf = (body: any) => ({
  type: body.resourceType,
  code: body.issue?.[0]?.details?.coding?.[0]?.code,
  origin: body.issue?.[0]?.details?.coding?.[1]?.code,
  at: body.issue?.[0]?.expression?.[0],
});

describe('invalid input: refused with an OperationOutcome, nothing stored', () => {
  test.each(cases)('$what', async ({ text, status, code, at }) => {
    const answer = await post(hub, 'amk-innlandet', text);
    expect(answer.status, answer.text).toBe(status);
    expect(outcomeOf(answer.body)).toMatchObject({ type: 'OperationOutcome', code, origin: 'sender' });
    if (at !== undefined) expect(outcomeOf(answer.body).at).toMatch(at);
    expect(problemsOf(answer.body)).toEqual([]);
    expect(answer.headers.get('x-correlation-id')).toBeTruthy();
  });

  test('leaves the worklist empty', async () => {
    const { body } = await call(hub, 'amk-la-oslo', 'GET', '/Task?owner=312000016');
    expect(body['entry']).toBeUndefined();
  });

  test('a wrong content type', async () => {
    for (const type of ['application/xml', 'text/plain', 'application/fhir+xml']) {
      const answer = await post(hub, 'amk-innlandet', fresh(), { 'content-type': type });
      expect([answer.status, outcomeOf(answer.body).code]).toEqual([415, 'wrong-content-type']);
    }
    expect(
      (await post(hub, 'amk-innlandet', fresh(), { 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(200);
  });

  test('a body that is not UTF-8, or compressed', async () => {
    const send = (body: Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
      tokenOf(hub, 'amk-innlandet').then((token) =>
        fetch(`${hub.url}/$process-message`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, ...headers },
          body,
        }),
      );
    const latin = new Uint8Array(
      Buffer.from(fresh().replace('"reasonCode"', '"note":[{"text":"Ålesund"}],"reasonCode"'), 'latin1'),
    );
    const answers = [
      [await send(latin, { 'content-type': 'application/fhir+json' }), 400, 'not-utf-8'],
      [await send(latin, { 'content-type': 'application/fhir+json; charset=iso-8859-1' }), 415, 'wrong-content-type'],
      [
        await send(latin, { 'content-type': 'application/fhir+json', 'content-encoding': 'gzip' }),
        415,
        'wrong-content-type',
      ],
    ] as const;
    for (const [answer, status, code] of answers) {
      expect([answer.status, outcomeOf(await answer.json()).code]).toEqual([status, code]);
    }
  });

  test('a body that decompresses to a hundred times its size', async () => {
    const body = new Uint8Array(gzipSync(Buffer.alloc(20_000_000, ' ')));
    expect(body.length).toBeLessThan(maxBodyBytes);
    for (const encoding of ['gzip', 'GZIP', 'deflate', 'br', 'zstd', 'gzip, identity', 'identity, gzip']) {
      const answer = await fetch(`${hub.url}/$process-message`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await tokenOf(hub, 'amk-innlandet')}`,
          'content-type': 'application/fhir+json',
          'content-encoding': encoding,
        },
        body,
      });
      expect([answer.status, outcomeOf(await answer.json())], encoding).toEqual([
        415,
        expect.objectContaining({ code: 'wrong-content-type', at: 'http.Content-Encoding' }),
      ]);
    }
  });

  test('a search with a parameter twice', async () => {
    for (const path of [
      '/Task?owner=311000012&_count=1&_count=2',
      '/CodeSystem?_summary=true&_summary=count',
      '/Subscription?_cursor=a&_cursor=b',
      '/Provenance?target=x&_total=none&_total=accurate',
    ]) {
      const answer = await call(hub, 'amk-innlandet', 'GET', path);
      expect([answer.status, outcomeOf(answer.body).code], path).toEqual([400, 'unknown-search']);
      expect(outcomeOf(answer.body).at).toMatch(/^http\._(count|summary|cursor|total)$/);
    }
    // A criterion that is given twice must be met twice: nobody reads the worklist of two owners.
    const both = await call(hub, 'amk-innlandet', 'GET', '/Task?owner=311000012&owner=312000016');
    expect(both.status).toBe(403);
  });

  test('a read that does not accept JSON', async () => {
    const get = (path: string, accept?: string) =>
      call(hub, 'amk-innlandet', 'GET', path, undefined, accept === undefined ? {} : { accept });
    const xml = 'application/fhir+xml';
    for (const [path, accept, at] of [
      ['/metadata', xml, 'http.Accept'],
      ['/metadata', 'application/json;q=0', 'http.Accept'],
      ['/metadata', 'text/html', 'http.Accept'],
      ['/Task?owner=311000012', `${xml}, text/turtle;q=0.9`, 'http.Accept'],
      ['/Subscription', xml, 'http.Accept'],
      ['/metadata?_format=xml', undefined, 'http._format'],
      ['/Task?owner=311000012&_format=text/turtle', 'application/json', 'http._format'],
    ] as const) {
      const answer = await get(path, accept);
      expect([answer.status, outcomeOf(answer.body)], `${path} ${accept}`).toEqual([
        406,
        expect.objectContaining({ code: 'not-acceptable', at }),
      ]);
      expect(problemsOf(answer.body)).toEqual([]);
    }
    for (const [path, accept] of [
      ['/metadata', `${xml};q=0.9, application/fhir+json;fhirVersion=4.0;q=0.1`],
      ['/metadata', 'text/html, */*;q=0.8'],
      ['/metadata', 'APPLICATION/*'],
      ['/metadata?_format=json', xml],
      ['/Task?owner=311000012&_format=application/fhir%2Bjson', xml],
      ['/Task?owner=311000012&_format=application/fhir+json', undefined],
    ] as const)
      expect((await get(path, accept)).status, `${path} ${accept}`).toBe(200);
    // A request that changes something is not refused for the format of its answer.
    expect((await post(hub, 'amk-innlandet', fresh(), { accept: xml })).status).toBe(200);
  });

  test('a fifty-first subscription of an organisation', async () => {
    const subscribe = () => call(hub, 'amk-finnmark', 'POST', '/Subscription', subscriptionFor('http://localhost:9/'));
    for (let index = 0; index < 50; index += 1) expect((await subscribe()).status).toBe(201);
    const answer = await subscribe();
    expect([answer.status, outcomeOf(answer.body).code]).toEqual([422, 'unsupported-subscription']);
  });

  test('a path with ambiguous encodings or reserved names', async () => {
    for (const path of [
      '/ServiceRequest/%2e%2e%2fmetadata',
      '/ServiceRequest/..%2f..%2fmetadata',
      '/ServiceRequest/%00',
      '/ServiceRequest/%c0%ae%c0%ae',
      '/ServiceRequest/%ed%a0%80',
      '/ServiceRequest/%',
      '/ServiceRequest/%25%32%65',
      '/__proto__',
      '/constructor/prototype',
      '/Task/__proto__',
      '/Subscription/__proto__',
      '/CodeSystem/constructor',
      `/ServiceRequest/${'a'.repeat(5_000)}`,
      `/Task?${Array.from({ length: 500 }, (_, index) => `p${index}=1`).join('&')}`,
      '/Task?__proto__=1',
      '/Task?constructor=1',
      '/Task?owner=%00',
      '/Task?owner=%c0%ae',
    ]) {
      const answer = await call(hub, 'amk-innlandet', 'GET', path);
      expect([400, 403, 404], `${path.slice(0, 60)} ${answer.text}`).toContain(answer.status);
      expect(outcomeOf(answer.body).type).toBe('OperationOutcome');
    }
  });

  test('a reason of 200 000 characters', async () => {
    const opened = await post(hub, 'amk-innlandet', fresh());
    const mission = /"value":"([0-9a-f-]{36})"/.exec(opened.text)?.[1] ?? '';
    const decision = JSON.parse(
      exampleText('mission-decision.json').replaceAll('615a28d9-e671-85b0-8bf8-11b64eeb6c62', mission),
    );
    const task = resourceOf(decision, 'Task');
    task.status = 'rejected';
    task.businessStatus.coding[0].code = 'rejected';
    task.statusReason = { coding: [{ system: systems.refusalReason, code: 'weather' }], text: 'x'.repeat(200_000) };
    const answer = await post(hub, 'amk-la-oslo', JSON.stringify(decision));
    expect([answer.status, outcomeOf(answer.body).at]).toEqual([422, expect.stringMatching(/statusReason\.text$/)]);
  });

  test('an operation that does not exist', async () => {
    for (const [method, path, status] of [
      ['POST', '/$process-massage', 404],
      ['POST', '/Patient', 405],
      ['GET', '/Patient/1', 404],
      ['GET', '/nothing/at/all/here', 404],
      ['DELETE', '/ServiceRequest/1', 405],
    ] as const) {
      const answer = await call(hub, 'amk-innlandet', method, path, method === 'POST' ? '{}' : undefined);
      expect([answer.status, answer.body['resourceType']], `${method} ${path}`).toEqual([status, 'OperationOutcome']);
    }
  });
});

describe('a request without the right', () => {
  const token = (claims: string): string => `e30.${Buffer.from(claims).toString('base64url')}.x`;

  test.each([
    ['no token', {}],
    ['no bearer token', { authorization: 'Basic abc' }],
    ['an invalid token', { authorization: 'Bearer abc' }],
    ['an unsigned token', { authorization: `Bearer ${token('{"alg":"none"}')}` }],
  ])('gets 401 with %s', async (_what, headers) => {
    const answer = await call(hub, undefined, 'POST', '/$process-message', fresh(), { ...headers });
    expect([answer.status, outcomeOf(answer.body)]).toEqual([
      401,
      expect.objectContaining({ type: 'OperationOutcome', code: 'unauthenticated' }),
    ]);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(problemsOf(answer.body)).toEqual([]);
  });

  test('gets 403 as an organisation that is not in the directory', async () => {
    const answer = await post(hub, 'unregistered', fresh());
    expect([answer.status, outcomeOf(answer.body).code]).toEqual([403, 'unknown-caller']);
  });

  test('gets 403 in a role that may not send this event', async () => {
    const answer = await post(hub, 'hospital-ulleval', fresh());
    expect([answer.status, outcomeOf(answer.body).code]).toEqual([403, 'forbidden-role']);
  });

  test('gets 404 for a mission of others, as for one that does not exist', async () => {
    const opened = await post(hub, 'amk-innlandet', fresh());
    const mission = /"value":"([0-9a-f-]{36})"/.exec(opened.text)?.[1] ?? '';
    const update = (of: string): string =>
      exampleText('mission-update.json').replaceAll('615a28d9-e671-85b0-8bf8-11b64eeb6c62', of);
    const foreign = await post(hub, 'amk-nordland', update(mission));
    const absent = await post(hub, 'amk-nordland', update(randomUUID()));
    expect([foreign.status, absent.status]).toEqual([404, 404]);
    expect(outcomeOf(foreign.body)).toEqual(outcomeOf(absent.body));
  });

  test('gets 422 for an update in the name of another party of the mission', async () => {
    const opened = await post(hub, 'amk-innlandet', fresh());
    const mission = /"value":"([0-9a-f-]{36})"/.exec(opened.text)?.[1] ?? '';
    const update = exampleText('mission-update.json').replaceAll('615a28d9-e671-85b0-8bf8-11b64eeb6c62', mission);
    const answer = await post(hub, 'amk-la-oslo', update);
    expect([answer.status, outcomeOf(answer.body)]).toMatchObject([
      422,
      { code: 'wrong-sender', at: 'Bundle.entry[0].resource.sender' },
    ]);
  });

  test('gets 409 with the current version for a message that the state of the mission forbids', async () => {
    const opened = await post(hub, 'amk-innlandet', fresh());
    const mission = /"value":"([0-9a-f-]{36})"/.exec(opened.text)?.[1] ?? '';
    const acknowledge = (): string => {
      const text = exampleText('acknowledgement.json').replaceAll('615a28d9-e671-85b0-8bf8-11b64eeb6c62', mission);
      const ids = [...text.matchAll(/"id": "([0-9a-f-]{36})"/g)].map(([, id]) => id ?? '');
      return ids.reduce((renamed, id) => renamed.replaceAll(id, randomUUID()), text);
    };
    expect((await post(hub, 'amk-la-oslo', acknowledge())).status).toBe(200);
    const twice = await post(hub, 'amk-la-oslo', acknowledge());
    const version = (await call(hub, 'amk-la-oslo', 'GET', `/ServiceRequest/${mission}`)).headers.get('etag');
    expect([twice.status, twice.headers.get('etag'), outcomeOf(twice.body).code]).toEqual([
      409,
      version,
      'illegal-transition',
    ]);
  });

  test('gets 422 for an exercise message in a real mission', async () => {
    const opened = await post(hub, 'amk-innlandet', fresh());
    const mission = /"value":"([0-9a-f-]{36})"/.exec(opened.text)?.[1] ?? '';
    const exercise = JSON.parse(
      exampleText('mission-update.json').replaceAll('615a28d9-e671-85b0-8bf8-11b64eeb6c62', mission),
    );
    exercise.meta = { security: [{ system: systems.actReason, code: 'HTEST' }] };
    const answer = await post(hub, 'amk-innlandet', JSON.stringify(exercise));
    expect([answer.status, outcomeOf(answer.body).code]).toEqual([422, 'exercise-mismatch']);
  });
});
