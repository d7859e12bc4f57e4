import { afterEach, describe, expect, test, vi } from 'vitest';
import { firstGuidelines } from '../../../schemas/guideline.ts';
import { digestOf } from '../../../schemas/identifiers.ts';
import { capabilityStatement } from '../../../schemas/published/capability-statement.ts';
import { published } from '../../../schemas/published/index.ts';
import { createHandler } from '../../../functions/metadata/handler.ts';
import { handlerPorts } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { describeHttpRefusals } from '../../support/http-refusals.ts';
import { ask } from '../../support/requests.ts';
import release from '../../../package.json' with { type: 'json' };

const nobody = { parent: '' };

/**
 * Date and digest of the published definitions. If the test of them fails, set `edition.date` in `functions/metadata/handler.ts` to
 * the day of the change, and record that date and the new digest here.
 */
const recorded = { date: '2026-11-30', digest: '12d9d02d59dd21f9510caca0afb1dee3557e1cb80fff5200ea3505cc519d4435' };

afterEach(() => {
  vi.restoreAllMocks();
});

describeHttpRefusals('metadata', {
  createHandler,
  calling: nobody,
  asking: { path: 'CodeSystem' },
  first: 'guidelines',
});

describe('metadata', () => {
  test('answers with the CapabilityStatement of this release, which a client may keep for five minutes', async () => {
    captureLog();
    const { statusCode, headers, body } = await ask(createHandler(handlerPorts()), nobody, { path: 'metadata' });
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'public, max-age=300', etag: expect.stringMatching(/^W\/"/) });
    expect(JSON.parse(body)).toMatchObject({
      resourceType: 'CapabilityStatement',
      software: { version: release.version },
      implementation: { url: 'https://hub.example/fhir' },
    });
  });

  test('has a new date if the published definitions changed', async () => {
    captureLog();
    const { body } = await ask(createHandler(handlerPorts()), nobody, { path: 'metadata' });
    const undated = { version: '', date: '' };
    const [first] = firstGuidelines;
    const definitions = [capabilityStatement('', undated), ...published(undated, firstGuidelines, first.validFrom).all];
    expect({ date: JSON.parse(body).date, digest: digestOf(JSON.stringify(definitions)) }).toEqual(recorded);
  });

  test('makes the CapabilityStatement without asking for the guidelines', async () => {
    captureLog();
    const guidelines = async () => Promise.reject(new Error('not asked'));
    const { statusCode } = await ask(createHandler({ ...handlerPorts(), guidelines }), nobody, { path: 'metadata' });
    expect(statusCode).toBe(200);
  });

  test('answers 304 without a body to a client that has it', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const { headers } = await ask(handler, nobody, { path: 'metadata' });
    const again = await ask(handler, nobody, {
      path: 'metadata',
      headers: { 'If-None-Match': `"other", ${String(headers?.['etag'])}` },
    });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test('lists what it publishes, and answers with one of them', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const listed = JSON.parse((await ask(handler, nobody, { path: 'MessageDefinition' })).body);
    const [{ resource }] = listed.entry;
    expect(listed).toMatchObject({ type: 'searchset', total: listed.entry.length });
    const { statusCode, body } = await ask(handler, nobody, { path: `MessageDefinition/${resource.id}` });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual(resource);
  });

  test('finds a resource by its url', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    const [{ resource }] = JSON.parse((await ask(handler, nobody, { path: 'CodeSystem' })).body).entry;
    const { body } = await ask(handler, nobody, { path: 'CodeSystem', query: { url: resource.url } });
    expect(JSON.parse(body).total).toBe(1);
  });

  test.each([
    ['an id that it does not publish', { path: 'CodeSystem/nothing' }, 404],
    ['a search by something else', { path: 'CodeSystem', query: { name: 'urgency' } }, 400],
    ['a form that it does not have', { path: 'metadata', headers: { Accept: 'application/xml' } }, 406],
  ])('refuses %s', async (_what, asked, status) => {
    captureLog();
    expect((await ask(createHandler(handlerPorts()), nobody, asked)).statusCode).toBe(status);
  });
});
