import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  eventually,
  type FixtureHost,
  fixtureAssembly,
  removeFolder,
  startFixtureHost,
  temporaryFolder,
} from './fixture-host.ts';

const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
});

const newFolder = async (): Promise<string> => {
  const folder = await temporaryFolder();
  ending.push(() => removeFolder(folder));
  return folder;
};

const start = async (folder: string, ports: { port?: number; issuerPort?: number } = {}): Promise<FixtureHost> => {
  const fixture = await startFixtureHost(folder, { port: 0, issuerPort: 0, ...ports });
  ending.push(fixture.end);
  return fixture;
};

const put = async (origin: string, key: string, text: string): Promise<void> => {
  const { status } = await fetch(`${origin}/items?key=${key}`, { method: 'PUT', body: text });
  expect(status).toBe(204);
};

const read = async (origin: string, key: string): Promise<string> => (await fetch(`${origin}/items?key=${key}`)).text();

describe('stored data', () => {
  it('survive a stop and a start of the host', async () => {
    const folder = await newFolder();
    const first = await start(folder);
    await put(first.host.origin, 'kept', 'text');
    await first.end();
    const second = await start(folder);
    expect(await read(second.host.origin, 'kept')).toBe('text');
  });

  it('survive a kill of the host during its work', async () => {
    const folder = await newFolder();
    const killed = spawn(process.execPath, [fileURLToPath(new URL('./host-process.ts', import.meta.url)), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    ending.push(async () => killed.kill('SIGKILL'));
    const [origin] = await once(createInterface(killed.stdout), 'line').then((lines) =>
      z.tuple([z.string()]).parse(lines),
    );
    await put(origin, 'answered', 'text');
    // More is on its way when the power goes.
    const underWay = Array.from({ length: 20 }, (_, index) =>
      fetch(`${origin}/items?key=under-way-${index}`, { method: 'PUT', body: 'text' }).then(
        ({ status }) => [index, status] as const,
        () => [index, undefined] as const,
      ),
    );
    await Promise.race(underWay);
    killed.kill('SIGKILL');
    await once(killed, 'exit');

    const { host } = await start(folder);
    expect(await read(host.origin, 'answered')).toBe('text');
    for (const [index, status] of await Promise.all(underWay)) {
      if (status === 204) expect(await read(host.origin, `under-way-${index}`)).toBe('text');
    }
  });

  it('belong to one host at a time', async () => {
    const folder = await newFolder();
    const first = await start(folder);
    await expect(start(folder)).rejects.toThrow(/are open in another process\. Stop the hub/);
    await put(first.host.origin, 'still', 'fine');
    expect(await read(first.host.origin, 'still')).toBe('fine');
  });
});

describe('function', () => {
  it('has the rights of its role, and is refused the rest as on AWS', async () => {
    const { host, end } = await start(await newFolder());
    const attempt = async (what: string): Promise<string> =>
      (await fetch(`${host.origin}/items?key=x&attempt=${what}`)).text();
    expect(await attempt('query')).toBe('allowed');
    expect(await attempt('change-visibility')).not.toBe('AccessDeniedException');
    for (const what of ['delete', 'query-index', 'send-message']) {
      expect([what, await attempt(what)]).toEqual([what, 'AccessDeniedException']);
    }
    await end();
    expect(await readFile(host.logFile, 'utf8')).toMatch(
      /ItemsDoor is not authorized to perform: dynamodb:DeleteItem on resource: arn:aws:dynamodb:[^"]+:table\/Fixture-Items"/,
    );
  });

  it('does not stop the tables if it is stopped during a request to them', async () => {
    const { host } = await start(await newFolder());
    const { hostname, port } = new URL(host.tables.endpoint);
    for (const sent of [
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"Table',
      'POST / HTTP/1.1\r\nHo',
      '\u0000',
    ]) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(sent);
      await delay(20);
      socket.resetAndDestroy();
    }
    await put(host.origin, 'after', 'text');
    expect(await read(host.origin, 'after')).toBe('text');
  });
});

describe('caller', () => {
  it('causes no failure of the host by disconnecting during its body', async () => {
    const { host } = await start(await newFolder());
    const { hostname, port } = new URL(host.origin);
    const left = [
      { body: 'Content-Length: 1000\r\n\r\nhalf', leave: (socket: Socket) => socket.resetAndDestroy() },
      { body: 'Content-Length: 1000\r\n\r\nhalf', leave: (socket: Socket) => socket.end() },
      { body: 'Transfer-Encoding: chunked\r\n\r\nff\r\nhalf', leave: (socket: Socket) => socket.destroy() },
      { body: 'Transfer-Encoding: chunked\r\n\r\nno number\r\n', leave: (socket: Socket) => socket.resume() },
    ];
    for (const { body, leave } of left) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      const [head = '', begun = ''] = body.split('\r\n\r\n');
      socket.write(`PUT /items?key=left HTTP/1.1\r\nHost: ${hostname}\r\nExpect: 100-continue\r\n${head}\r\n\r\n`);
      // The host has taken the request, and waits for its body.
      await once(socket, 'data');
      socket.write(begun);
      leave(socket);
    }
    await put(host.origin, 'after', 'text');
    expect(await read(host.origin, 'after')).toBe('text');
    const said = await eventually(async () => {
      const log = await readFile(host.logFile, 'utf8');
      return log.split('The caller disconnected').length > left.length ? log : undefined;
    });
    expect(said).not.toMatch(/"level":"(?:ERROR|WARN)"/);
  });
});

describe('schedule', () => {
  it('runs as soon as the host has started, with the event format of EventBridge', async () => {
    const { journal } = await start(await newFolder());
    const [entry] = await eventually(async () => {
      const entries = await journal('tick');
      return entries.length > 0 ? entries : undefined;
    });
    expect(entry?.['event']).toMatchObject({
      version: '0',
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      region: 'eu-north-1',
      resources: [expect.stringMatching(/:rule\/Fixture-EveryHour$/)],
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      detail: {},
    });
  });
});

describe('start of a host', () => {
  it('names the port that is in use, and what to do', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    ending.push(async () => squatter.close());
    const { port } = z.object({ port: z.number() }).parse(squatter.address());
    await expect(start(await newFolder(), { port })).rejects.toThrow(`Port ${port} is in use`);
    await expect(start(await newFolder(), { issuerPort: port })).rejects.toThrow(/ISSUER_PORT=/);
  });

  it('fails without a synthesised stack', async () => {
    const folder = await newFolder();
    await expect(startFixtureHost(folder, { assembly: join(folder, 'none') })).rejects.toThrow(
      /Run "npm run synth" first/,
    );
  });

  it('names the parameter of the stack that has no value', async () => {
    const folder = await newFolder();
    await expect(startFixtureHost(folder, { assembly: fixtureAssembly, parameters: {} })).rejects.toThrow(
      /parameter Journal has no value/,
    );
  });

  it('leaves nothing open when it fails', async () => {
    const folder = await newFolder();
    await expect(startFixtureHost(folder, { parameters: {} })).rejects.toThrow();
    await start(folder);
  });
});

describe('log', () => {
  it('has output and failures of functions, in a file', async () => {
    const { host, dataDir, end } = await start(await newFolder());
    await fetch(`${host.origin}/faulty/throws`);
    await end();
    const lines = (await readFile(join(dataDir, 'hub.log'), 'utf8')).trim().split('\n');
    const failures = lines
      .map((line) => z.looseObject({ level: z.string() }).parse(JSON.parse(line)))
      .filter(({ level }) => level === 'ERROR');
    expect(failures).toMatchObject([{ function: 'Fixture-Faulty', errorType: 'Error', errorMessage: 'on purpose' }]);
  });
});

describe('token issuer', () => {
  const ask = async (issuerUrl: string, form: Readonly<Record<string, string>>) => {
    const response = await fetch(`${issuerUrl}/token`, { method: 'POST', body: new URLSearchParams(form) });
    return { status: response.status, body: z.record(z.string(), z.unknown()).parse(await response.json()) };
  };

  const keysOf = async (issuerUrl: string) => {
    const document = z
      .looseObject({ issuer: z.literal(issuerUrl), jwks_uri: z.string(), notice: z.string() })
      .parse(await (await fetch(`${issuerUrl}/.well-known/openid-configuration`)).json());
    return createRemoteJWKSet(new URL(document.jwks_uri));
  };

  it('issues a client of the list a token that its published keys verify', async () => {
    const { host } = await start(await newFolder());
    const { status, body } = await ask(host.issuerUrl, { grant_type: 'client_credentials', client_id: 'somebody' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    const token = z.string().parse(body['access_token']);
    const { payload } = await jwtVerify(token, await keysOf(host.issuerUrl), {
      issuer: host.issuerUrl,
      audience: 'Fixture',
    });
    expect(payload).toMatchObject({
      client_id: 'somebody',
      'helseid://claims/client/claims/orgnr_parent': '311000012',
      'helseid://claims/client/claims/orgnr_child': '311000020',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  });

  it('refuses other clients and other grant types', async () => {
    const { host } = await start(await newFolder());
    for (const client of ['nobody', '', 'toString', '__proto__']) {
      expect(await ask(host.issuerUrl, { grant_type: 'client_credentials', client_id: client })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
    }
    expect(await ask(host.issuerUrl, { grant_type: 'password', client_id: 'somebody' })).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    });
    await expect(host.token('nobody')).rejects.toThrow(/no client nobody/);
  });

  it('signs with the same key after a restart, in a file that only its owner can read', async () => {
    const folder = await newFolder();
    const first = await start(folder);
    const token = await first.host.token('somebody');
    const issuerPort = Number(new URL(first.host.issuerUrl).port);
    await first.end();
    const second = await start(folder, { issuerPort });
    const keys = await keysOf(second.host.issuerUrl);
    await jwtVerify(token, keys, { issuer: second.host.issuerUrl, audience: 'Fixture' });
    expect(decodeProtectedHeader(await second.host.token('somebody')).kid).toBe(decodeProtectedHeader(token).kid);

    expect(await (await fetch(`${second.host.issuerUrl}/jwks`)).text()).not.toContain('"d"');
    expect((await stat(join(folder, 'issuer-key.json'))).mode & 0o077).toBe(0);
  });
});
