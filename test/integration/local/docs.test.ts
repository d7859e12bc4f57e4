import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadFirstData } from '../../../local/first-data.ts';
import { type Host, startHost } from '../../../local/host.ts';
import { exampleOf } from '../../support/api-reference.ts';
import { eventually } from '../../support/partners.ts';

/** The page at /docs: what is served, and what happens to who tries an example in a browser. */

const browserFile = '/usr/bin/chromium';

let host: Host;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'luftbro-docs-'));
  host = await startHost({ dataDir, port: 0, issuerPort: 0, afterTables: loadFirstData({}) });
});
afterAll(async () => {
  await host.close();
  await rm(dataDir, { recursive: true, force: true });
});

const get = (path: string) => fetch(`${host.origin}${path}`);

test('The page and its files are served here, and load nothing from elsewhere', async () => {
  const page = await get('/docs');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('content-security-policy')).not.toContain('http');
  const parts = [...(await page.text()).matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(parts.length).toBeGreaterThan(4);
  for (const path of parts) {
    const part = await get(path);
    expect([path, part.status]).toEqual([path, 200]);
    expect(part.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('The document names this hub and its issuer, and no others', async () => {
  const text = await (await get('/docs/openapi.json')).text();
  const { servers } = z.object({ servers: z.array(z.object({ url: z.string() })) }).parse(JSON.parse(text));
  expect(servers.map(({ url }) => url)).toEqual([host.url]);
  expect(text).toContain(`"tokenUrl":"${host.issuerUrl}/token"`);
  expect(text).toContain(`const hub = '${host.url}';`);
  expect(text).toContain(`const tokenUrl = '${host.issuerUrl}/token';`);
  expect(text).not.toContain('hub.luftbro.example');
});

test('Other paths below /docs are not found', async () => {
  expect((await get('/docs/nothing')).status).toBe(404);
  expect((await get('/docs/../package.json')).status).not.toBe(200);
  expect((await get('/docs/%2e%2e/package.json')).status).not.toBe(200);
  expect((await fetch(`${host.origin}/docs`, { method: 'DELETE' })).status).toBe(405);
});

describe('the host', () => {
  /** `fetch` does not let the host be chosen. */
  const askedAs = (name: string, path: string, base = host.origin) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; location: string }>();
    const { port } = new URL(base);
    httpRequest(`http://127.0.0.1:${port}${path}`, { headers: { host: `${name}:${port}` } }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '' });
    })
      .on('error', reject)
      .end();
    return promise;
  };
  const elsewhere = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.0.10',
    'evil.localhost',
  ];

  test.each(elsewhere)('refuses a request for %s, whose name may resolve to this machine', async (name) => {
    for (const path of ['/docs', '/docs/token', '/docs/openapi.json', '/docs/inbox', '/fhir/metadata'])
      expect([path, (await askedAs(name, path)).status]).toEqual([path, 421]);
    expect((await askedAs(name, '/token', host.issuerUrl)).status).toBe(421);
  });

  test.each(['localhost', 'LocalHost', '127.0.0.1', '[::1]'])('answers requests for %s', async (name) => {
    for (const path of ['/docs/openapi.json', '/fhir/metadata'])
      expect([path, (await askedAs(name, path)).status]).toEqual([path, 200]);
    expect((await askedAs(name, '/.well-known/openid-configuration', host.issuerUrl)).status).toBe(200);
  });

  test('redirects the page to the name of the hub', async () => {
    expect(await askedAs('127.0.0.1', '/docs')).toEqual({ status: 307, location: `${host.origin}/docs` });
    expect((await askedAs('localhost', '/docs')).status).toBe(200);
  });
});

const isThere = existsSync(browserFile);
/** Milliseconds for what hangs: a slow machine shows the page late. */
const patience = 200_000;
const why = isThere ? '' : ` (skipped: there is no ${browserFile})`;

describe.skipIf(!isThere)(`in a browser${why}`, () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const asked: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: browserFile,
      timeout: patience,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1300, height: 1000 } });
    page.setDefaultTimeout(patience);
    page.on('console', (message) => {
      // A refusal that is wanted is none.
      if (['error', 'warning'].includes(message.type()) && !message.text().includes('status of 422'))
        problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${host.origin}/docs`);
    await page.waitForSelector('#operations-Messages-processMessage');
  });
  afterAll(async () => {
    await browser.close();
  });

  const operation = (tag: string, id: string) => page.locator(`#operations-${tag.replaceAll(' ', '_')}-${id}`);

  /** Opens an operation and executes its example; the status that the page shows. */
  const tryOut = async (tag: string, id: string, act: () => Promise<void> = async () => {}): Promise<string> => {
    const block = operation(tag, id);
    await block.locator('.opblock-summary-control').click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    await act();
    await block.getByRole('button', { name: 'Execute' }).click();
    const status = block.locator('.live-responses-table .response-col_status').nth(1);
    await status.waitFor();
    return (await status.innerText()).trim().slice(0, 3);
  };

  test('subscribes every party with one click, and shows received notifications', async () => {
    await page.locator('#subscribe').click();
    await eventually('the status', async () => /^\d+ parties listen$/.test(await page.locator('#status').innerText()));
    await eventually('handshakes', async () => (await (await get('/docs/inbox')).text()).includes('"handshake"'));
  });

  test('does not subscribe a second time with a second click', async () => {
    const listening = async () => {
      const headers = { authorization: `Bearer ${await host.token('amk-la-oslo')}` };
      const answer = await fetch(`${host.url}/Subscription`, { headers });
      return z.object({ entry: z.array(z.unknown()) }).parse(await answer.json()).entry.length;
    };
    await page.locator('#subscribe').click();
    await page.locator('#subscribe:enabled').waitFor();
    expect(await listening()).toBe(1);
  });

  test('sends the first mission request, which is accepted', async () => {
    expect(await tryOut('Messages', 'processMessage')).toBe('200');
  });

  test('sends the next message of the mission as its sender', async () => {
    const block = operation('Messages', 'processMessage');
    await block.locator('.examples-select-element').first().selectOption('acknowledgement');
    await block.getByRole('button', { name: 'Execute' }).click();
    await eventually(
      'another sender',
      async () => (await page.locator('#status').innerText()) === 'Sent as amk-la-oslo',
    );
    await eventually(
      'its answer',
      async () =>
        (await block.locator('.live-responses-table').innerText()).includes('"W/\\"2\\""') ||
        (await block.locator('.live-responses-table').innerText()).includes('W/"2"'),
    );
  });

  const status = () => page.locator('#status').innerText();

  test('explains an unknown Task: when the examples are valid, and how to start again', async () => {
    const { value } = exampleOf('mission-decision');
    const block = operation('Messages', 'processMessage');
    await block.locator('textarea').fill(JSON.stringify(value).replace(/("id":"615a28d9-[0-9a-f-]+)\.1"/, '$1.99"'));
    await block.getByRole('button', { name: 'Execute' }).click();
    await eventually('why', async () => {
      const text = await status();
      return text.includes('every party listened') && text.includes(`delete ${dataDir},`);
    });
  });

  test('uses the token of the form "Authorize"', async () => {
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    const form = page.locator('.auth-container').first();
    await form.locator('button.authorize').click();
    await form.getByText('Logout').waitFor();
    await page.locator('.close-modal').click();
    expect(await tryOut('Missions and Tasks', 'readServiceRequest')).toBe('200');
    expect(await status()).toBe('Sent with the token of "Authorize"');
  });

  test('prefers the chosen client to the token of the form', async () => {
    await page.locator('#client').selectOption('amk-la-oslo');
    expect(await tryOut('Missions and Tasks', 'searchTask')).toBe('200');
    expect(await status()).toBe('Sent as amk-la-oslo');
  });

  test('requests nothing from elsewhere, and causes no error in the browser', () => {
    expect([...new Set(asked.filter((url) => !url.startsWith('data:')).map((url) => new URL(url).origin))]).toEqual([
      host.origin,
    ]);
    expect(problems).toEqual([]);
  });
});
