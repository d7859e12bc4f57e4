import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { localCredentials, localRegion as region } from '../../../local/aws/credentials.ts';
import { createStack } from '../../../local/aws/stack.ts';
import { startTables, type TableServer } from '../../../local/aws/tables.ts';
import { readAssembly } from '../../../local/aws/template.ts';
import { exampleText } from '../../support/examples.ts';
import { freePort } from '../../support/free-port.ts';
import { canMountDisk, type SmallDisk, smallDisk } from '../../support/small-disk.ts';

const megabyte = 1024 * 1024;

/** A table on a folder, and what was put into it. */
const openTable = async (folder: string, settings: { leastFree?: number; onDisk?: (message: string) => void } = {}) => {
  const { stackName, template } = await readAssembly('cdk.out');
  const parameters = { TokenIssuer: 'http://localhost' };
  const stack = createStack({ name: stackName, region, template, parameters, queueUrl: (name) => name });
  const tables: TableServer = await startTables({ folder, region, log: () => {}, ...settings });
  const [TableName = ''] = await tables.create(stack);
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ endpoint: tables.endpoint, region, credentials: localCredentials, maxAttempts: 1 }),
  );
  const put = async (name: string, bytes = 50_000): Promise<boolean> => {
    try {
      await client.send(
        new PutCommand({ TableName, Item: { pk: `MISSION#${name}`, sk: 'ENTRY#1', packed: randomBytes(bytes) } }),
      );
      return true;
    } catch {
      return false;
    }
  };
  const has = async (name: string): Promise<boolean> => {
    const Key = { pk: `MISSION#${name}`, sk: 'ENTRY#1' };
    return (await client.send(new GetCommand({ TableName, Key }))).Item !== undefined;
  };
  /** Puts side by side until the table refuses; the names that it took. */
  const putUntilRefused = async (): Promise<readonly string[]> => {
    const taken: string[] = [];
    for (let round = 0; round < 1_000; round += 1) {
      const names = Array.from({ length: 8 }, () => randomUUID());
      const puts = await Promise.all(names.map((name) => put(name)));
      taken.push(...names.filter((_name, index) => puts[index] === true));
      if (puts.includes(false)) return taken;
    }
    throw new Error('the disk was never full');
  };
  const close = async (): Promise<void> => {
    client.destroy();
    await tables.close();
  };
  return { put, has, putUntilRefused, close };
};

/** The names that a copy of the files, as they are on disk now, does not have: what a `kill -9` would lose. */
const lostIn = async (folder: string, names: readonly string[]): Promise<readonly string[]> => {
  const copy = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  await cp(folder, copy, { recursive: true });
  const table = await openTable(copy);
  const lost: string[] = [];
  for (const name of names) if (!(await table.has(name))) lost.push(name);
  await table.close();
  await rm(copy, { recursive: true });
  return lost;
};

describe.skipIf(!canMountDisk)('tables on a full disk (skipped where no tmpfs can be mounted)', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = smallDisk(48);
  });
  afterEach(() => disk.remove());

  test('refuse writes before the disk is full, read on, and take writes again when there is space', async () => {
    const said: string[] = [];
    const table = await openTable(join(disk.folder, 'tables'), {
      leastFree: 8 * megabyte,
      onDisk: (m) => said.push(m),
    });
    expect(await table.put('before')).toBe(true);
    await disk.fill(4 * megabyte);
    expect(await table.put('full')).toBe(false);
    expect(await table.put('full')).toBe(false);
    expect(await table.has('before')).toBe(true);
    expect(await table.has('full')).toBe(false);
    await disk.empty();
    await vi.waitFor(async () => expect(await table.put('after')).toBe(true), { timeout: 10_000, interval: 100 });
    await table.close();
    expect(said).toEqual([
      expect.stringMatching(
        /^The disk of \S+\/tables is full: [34] MB are free, and the hub needs 8 MB\. Free some space\./,
      ),
      expect.stringMatching(/takes writes again/),
    ]);
  });

  test('lose nothing that was answered when the disk refuses a write in the middle, and work again by themselves', async () => {
    const folder = join(disk.folder, 'tables');
    const table = await openTable(folder, { leastFree: 0 });
    const taken: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await disk.fill(3 * megabyte);
      taken.push(...(await table.putUntilRefused()));
      expect(await table.put('while full')).toBe(false);
      await disk.empty();
      const next = `after ${round}`;
      await vi.waitFor(async () => expect(await table.put(next)).toBe(true), { timeout: 20_000, interval: 100 });
      taken.push(next);
      // Behind what was a half record.
      for (let more = 0; more < 5; more += 1) {
        const name = `more ${round}.${more}`;
        expect(await table.put(name)).toBe(true);
        taken.push(name);
      }
      expect(await lostIn(folder, taken)).toEqual([]);
    }
    for (const name of taken) expect(await table.has(name)).toBe(true);
    await table.close();
    expect(await lostIn(folder, taken)).toEqual([]);
  });

  test('lose nothing when the process is killed while the disk is full', async () => {
    const folder = join(disk.folder, 'tables');
    const table = await openTable(folder, { leastFree: 0 });
    await disk.fill(3 * megabyte);
    const taken = await table.putUntilRefused();
    expect(await lostIn(folder, taken)).toEqual([]);
    await disk.empty();
    await table.close();
  });

  test('are not opened on a full disk, with what to do', async () => {
    await disk.fill(megabyte);
    await expect(openTable(join(disk.folder, 'tables'))).rejects.toThrow(
      /^The disk of \S+\/tables is full: [01] MB are free, and the hub needs 32 MB\. Free some space\. Then start again\.$/,
    );
  });
});

describe.skipIf(!canMountDisk)('npm start on a full disk (skipped where no tmpfs can be mounted)', () => {
  let disk: SmallDisk;
  let hub: ChildProcess | undefined;
  let ports: { readonly api: number; readonly issuer: number };
  beforeEach(async () => {
    disk = smallDisk(96);
    ports = { api: await freePort(), issuer: await freePort() };
  });
  afterEach(() => {
    hub?.kill('SIGKILL');
    disk.remove();
  });

  /** Starts the hub as an operator does; what it prints, and its exit code if it ends. */
  const start = () => {
    const child = spawn(process.execPath, ['commands/start/main.ts', '--data-dir', join(disk.folder, 'data')], {
      env: { ...process.env, PORT: String(ports.api), ISSUER_PORT: String(ports.issuer) },
    });
    hub = child;
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)));
    return { child, printed: () => printed };
  };
  const up = (printed: () => string): Promise<void> =>
    vi.waitFor(() => expect(printed()).toContain('Ctrl-C stops the hub'), { timeout: 60_000, interval: 100 });

  const tokenSchema = z.object({ access_token: z.string() });
  const send = async (body: string) => {
    const issued = await fetch(`http://localhost:${ports.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'amk-innlandet' }),
    });
    const { access_token: token } = tokenSchema.parse(await issued.json());
    const answer = await fetch(`http://localhost:${ports.api}/fhir/$process-message`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
      body,
    });
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), text: await answer.text() };
  };
  /** What the first answer and those to the same message have in common; their warnings are of now. */
  const identityOf = (text: string) =>
    z.object({ id: z.string(), meta: z.object({ lastUpdated: z.string() }) }).parse(JSON.parse(text));
  /** A request of its own. */
  const request = (): string => {
    const text = exampleText('mission-request.json');
    const ids = [...new Set(text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g))];
    return ids.reduce((changed, id) => changed.replaceAll(id, randomUUID()), text);
  };

  test('answers 503 while it is full, and works without a restart when there is space; kill -9 loses nothing', async () => {
    const first = start();
    await up(first.printed);
    const kept = request();
    const accepted = await send(kept);
    expect(accepted.status).toBe(200);

    await disk.fill();
    const waiting = request();
    for (let count = 0; count < 3; count += 1) {
      const refused = await send(waiting);
      expect([refused.status, refused.retryAfter]).toEqual([503, '2']);
      expect(refused.text).toContain('storage-unavailable');
    }
    expect(first.child.exitCode).toBeNull();
    expect(first.printed()).toContain('is full');

    await disk.empty();
    await vi.waitFor(async () => expect((await send(waiting)).status).toBe(200), { timeout: 20_000, interval: 500 });
    expect(identityOf((await send(kept)).text)).toEqual(identityOf(accepted.text));
    const log = await readFile(join(disk.folder, 'data', 'hub.log'), 'utf8');
    for (const line of log.split('\n').filter((text) => text.startsWith('{"level":"WARN"'))) JSON.parse(line);

    await disk.fill();
    expect((await send(request())).status).toBe(503);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const second = start();
    await once(second.child, 'exit');
    expect(second.child.exitCode).toBe(1);
    expect(second.printed()).toMatch(/The disk of \S+ is full: .+ Free some space\. Then start again\.\n$/);

    await disk.empty();
    const third = start();
    await up(third.printed);
    expect(identityOf((await send(kept)).text)).toEqual(identityOf(accepted.text));
    expect((await send(waiting)).status).toBe(200);
    expect(await readdir(join(disk.folder, 'data'))).not.toContain('issuer-key.json.new');
  }, 180_000);
});
