import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { publishedTypes } from '../../schemas/published/types.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { canonicalBase } from '../../schemas/names.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call } from '../support/partners.ts';

let hub: RunningHub;

beforeAll(async () => {
  hub = await startHub();
});

afterAll(async () => {
  await hub.close();
});

/** A request without a token. */
const get = (path: string, headers: Record<string, string> = {}) =>
  call(hub, undefined, 'GET', `/${path}`, undefined, headers);

const searchset = z.object({
  total: z.int(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
  entry: z.array(z.object({ fullUrl: z.string(), resource: z.looseObject({ id: z.string() }) })).default([]),
});

describe('the published artefacts', () => {
  test('lead from the metadata to the elements and codes of every message, without a token', async () => {
    const { text: metadata } = await get('metadata');
    const definitions = [
      ...metadata.matchAll(/"definition":"(https:\/\/luftbro\.example\/fhir\/MessageDefinition\/[^"]+)"/g),
    ].map(([, url]) => url ?? '');
    expect(definitions).toHaveLength(catalogue.length);

    const found = async (url: string): Promise<unknown> => {
      const type = url.slice(canonicalBase.length + 1).split('/')[0];
      const answer = await get(`${type}?${new URLSearchParams({ url }).toString()}`);
      expect([url, answer.status]).toEqual([url, 200]);
      const [only, ...others] = searchset.parse(answer.body).entry;
      expect([url, only?.resource['url'], others.length]).toEqual([url, url, 0]);
      expect(only?.fullUrl).toBe(`${hub.url}/${type}/${only?.resource.id}`);
      return only?.resource;
    };
    const wanted = [...definitions];
    const seen = new Set<string>();
    for (let url = wanted.pop(); url !== undefined; url = wanted.pop()) {
      if (seen.has(url)) continue;
      seen.add(url);
      const named = JSON.stringify(await found(url)).match(
        /https:\/\/luftbro\.example\/fhir\/(?:CodeSystem|ValueSet|MessageDefinition|StructureDefinition)\/[a-z-]+/g,
      );
      wanted.push(...(named ?? []));
    }
    expect(seen).toContain(`${canonicalBase}/StructureDefinition/mission-decision-task`);
    expect(seen).toContain(`${canonicalBase}/ValueSet/refusal-reason`);
    expect(seen).toContain(`${canonicalBase}/CodeSystem/refusal-reason`);
  });

  test.each(publishedTypes)('list every %s, and serve it at its address', async (type) => {
    const answer = await get(type);
    expect(problemsOf(answer.body)).toEqual([]);
    const { total, link, entry } = searchset.parse(answer.body);
    expect(total).toBe(entry.length);
    expect(total).toBeGreaterThan(0);
    expect(link).toEqual([{ relation: 'self', url: `${hub.url}/${type}` }]);
    for (const { fullUrl, resource } of entry.slice(0, 5))
      expect((await get(fullUrl.slice(hub.url.length + 1))).body).toEqual(resource);
  });

  test('include a version of the guideline, by URL and version', async () => {
    const url = `${canonicalBase}/CodeSystem/mission-criterion`;
    const search = (version: string) => `CodeSystem?${new URLSearchParams({ url, version }).toString()}`;
    const found = await get(search('2026.1'));
    expect(searchset.parse(found.body).entry.map(({ resource }) => resource['version'])).toEqual(['2026.1']);
    expect(await get(search('1999.1'))).toMatchObject({ status: 200, body: { total: 0 } });
    expect(await get('CodeSystem/mission-criterion-2026.1')).toMatchObject({ body: { version: '2026.1' } });
  });

  test.each(['metadata', 'CodeSystem/mission-criterion', 'StructureDefinition'])(
    'allow caching of %s, and send it again only after a change',
    async (path) => {
      const { headers } = await get(path);
      expect(headers.get('cache-control')).toBe('public, max-age=300');
      const etag = headers.get('etag') ?? '';
      expect(etag).toMatch(/^W\/"[0-9a-f]{16}"$/);
      expect(await get(path, { 'if-none-match': `W/"old", ${etag}` })).toMatchObject({ status: 304, text: '' });
      expect(await get(path, { 'if-none-match': 'W/"old"' })).toMatchObject({ status: 200 });
    },
  );

  test.each([
    ['CodeSystem/nothing', 404, 'not-found'],
    ['CodeSystem/mission-criterion-1999.1', 404, 'not-found'],
    ['ValueSet/mission-request', 404, 'not-found'],
    ['CodeSystem?name=x', 400, 'unknown-search'],
  ])('answer %s with %i', async (path, status, code) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(problemsOf(answer.body)).toEqual([]);
    expect(answer.text).toContain(`"code":"${code}"`);
  });

  test('accept no POST', async () => {
    expect((await call(hub, undefined, 'POST', '/CodeSystem', '{}')).status).toBe(404);
  });
});
