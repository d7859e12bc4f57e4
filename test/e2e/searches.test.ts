import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { missionCancel, missionRequest } from '../support/messages.ts';
import { call, type Client, eventually, type HttpAnswer } from '../support/partners.ts';
import { listed, nextOf } from '../support/reading.ts';
import { openScene, organisation, type Scene } from '../support/scene.ts';

const amk = 'amk-innlandet';
const oslo = 'amk-la-oslo';
const bergen = 'amk-la-bergen';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene([amk, oslo]);
});

afterAll(async () => {
  await scene.close();
});

const valid = (answer: HttpAnswer, status = 200): HttpAnswer => {
  expect(answer.status, answer.text).toBe(status);
  expect(problemsOf(answer.body)).toEqual([]);
  return answer;
};

const post = (client: Client | undefined, path: string, form: string): Promise<HttpAnswer> =>
  call(scene.hub, client, 'POST', path, form, { 'content-type': 'application/x-www-form-urlencoded' });

const request = (identifier?: { readonly system: string; readonly value: string }) =>
  missionRequest({
    to: [organisation(oslo)],
    id: randomUUID(),
    ...(identifier === undefined ? {} : { identifiers: [identifier] }),
  });

const send = async (message = request()): Promise<string> => {
  await scene.send(amk, message);
  return missionIdOf(organisation(amk), message.id);
};

const idsIn = ({ body }: HttpAnswer): readonly unknown[] => listed(body).map(({ id }) => id);

describe('POST _search', () => {
  test('answers as the search by GET does, for Tasks, subscriptions and published definitions', async () => {
    await send();
    const owner = `Organization/${organisation(oslo)}`;
    const got = valid(await scene.get(oslo, `/Task?owner=${owner}&_count=1`));
    const posted = valid(await post(oslo, '/Task/_search?_count=1', `owner=${encodeURIComponent(owner)}`));
    expect(idsIn(posted)).toEqual(idsIn(got));
    expect(idsIn(posted)).toHaveLength(1);
    expect(listed(valid(await post(oslo, '/Subscription/_search', 'status=active,requested,error')).body)).toHaveLength(
      1,
    );
    expect(idsIn(valid(await post(undefined, '/CodeSystem/_search', '_id=mission-decision')))).toEqual([
      'mission-decision',
    ]);
  });

  test('is refused with another content type, and without a token', async () => {
    const json = await call(scene.hub, oslo, 'POST', '/Task/_search', '{}');
    expect([json.status, json.text]).toEqual([415, expect.stringContaining('application/x-www-form-urlencoded')]);
    expect((await post(undefined, '/Task/_search', 'owner=1')).status).toBe(401);
  });
});

describe('search of own missions', () => {
  test('finds what an AMK has requested and an AMK LA coordinates, page by page, each mission once', async () => {
    const opened: string[] = [];
    for (let index = 0; index < 3; index += 1) opened.push(await send());
    const own = `Organization/${organisation(amk)}`;
    const pages = async (path: string): Promise<readonly unknown[]> => {
      const found: unknown[] = [];
      let next: string | undefined = path;
      while (next !== undefined) {
        const answer: HttpAnswer = valid(await scene.get(amk, next));
        found.push(...idsIn(answer));
        next = nextOf(answer.body)?.slice(scene.hub.url.length);
      }
      return found;
    };
    await eventually('the lists', async () => {
      const found = await pages(`/ServiceRequest?requester=${own}&_count=2&status=active`);
      return opened.every((mission) => found.includes(mission)) && new Set(found).size === found.length;
    });
    const [first = ''] = opened;
    const coordinated = valid(await scene.get(oslo, `/ServiceRequest?performer=Organization/${organisation(oslo)}`));
    expect(idsIn(coordinated).slice(0, 3)).toEqual(opened.toReversed());
    expect((await scene.get(bergen, `/ServiceRequest?requester=${own}`)).status).toBe(403);
    await scene.send(amk, missionCancel({ mission: first, id: randomUUID() }));
    await eventually('the end in the lists', async () => {
      const ended = valid(await scene.get(amk, `/ServiceRequest?requester=${own}&status=revoked`));
      const open = valid(await scene.get(amk, `/ServiceRequest?requester=${own}&status=active`));
      return idsIn(ended).includes(first) && !idsIn(open).includes(first);
    });
  });

  test('finds a mission by the case number, and a second request with it is warned of the first', async () => {
    const number = { system: 'https://amk.example/sid/case', value: randomUUID() };
    const mission = await send(request(number));
    const asked = `/ServiceRequest?identifier=${encodeURIComponent(`${number.system}|${number.value}`)}`;
    await eventually('the link', async () => idsIn(await scene.get(oslo, asked)).includes(mission));
    const again = await call(scene.hub, amk, 'POST', '/$process-message', request(number).text);
    expect(again.status, again.text).toBe(200);
    expect(again.text).toContain('case-has-mission');
    expect(again.text).toContain(`ServiceRequest/${mission}`);
    expect(idsIn(valid(await scene.get(bergen, asked)))).toEqual([]);
  });
});
