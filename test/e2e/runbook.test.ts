import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { loadFirstData } from '../../local/first-data.ts';
import { type Host, startHost } from '../../local/host.ts';
import { freePort } from '../support/free-port.ts';
import { undisturbed } from '../support/standstill.ts';

/** The commands of the runbook, pasted into a shell as they are, except for the ports and the folder of this hub. */

let dataDir: string;
let host: Host;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'luftbro-runbook-'));
  host = await startHost({ dataDir, port: 0, issuerPort: 0, afterTables: loadFirstData({}) });
});
afterAll(async () => {
  await host.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** The code blocks under a heading of the runbook. */
const commandsUnder = async (heading: string): Promise<readonly string[]> => {
  const [, section = ''] = (await readFile('docs/runbook.md', 'utf8')).split(`\n## ${heading}\n`);
  return [
    ...section
      .split('\n## ', 1)
      .join('')
      .matchAll(/^```sh\n(.*?)^```/gms),
  ].map(([, lines = '']) => lines);
};

const inShell = async (script: string): Promise<{ readonly out: string; readonly errors: string }> => {
  const shell = spawn('bash', [], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  shell.stdin.end(script);
  const output = Promise.all([text(shell.stdout), text(shell.stderr)]);
  const tooLong = setTimeout(() => {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
  }, 250_000);
  const [out, errors] = await output;
  clearTimeout(tooLong);
  return { out, errors };
};

const tokenOf = async (client: string): Promise<string> => {
  const answer = await fetch(`${host.issuerUrl}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client }),
  });
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
};

const statusOfAll = async (client: string): Promise<string> =>
  (
    await fetch(`${host.origin}/fhir/Subscription/$status`, {
      headers: { authorization: `Bearer ${await tokenOf(client)}` },
    })
  ).text();

/** The commands of the practice, for the ports and the folder of this hub. */
const practice = async (port: number): Promise<string> => {
  let script = (await commandsUnder('Practice: dead letters on a laptop')).join('');
  const here = {
    'http://localhost:3000': host.origin,
    'http://localhost:3001': host.issuerUrl,
    '3999': String(port),
    '.luftbro/': `${dataDir}/`,
    ' --local': ` --local --data-dir ${dataDir}`,
    // The runbook says one minute. A slow machine may take longer.
    'seq 60': 'seq 600',
  };
  for (const [there, place] of Object.entries(here)) {
    expect(script).toContain(there);
    script = script.replaceAll(there, place);
  }
  return script;
};

test('the practice of dead letters works twice in a row on a laptop, also after the first message of npm start', async () => {
  const first = await fetch(`${host.url}/$process-message`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await tokenOf('amk-innlandet')}`, 'content-type': 'application/fhir+json' },
    body: await readFile('partner/examples/mission-request.json', 'utf8'),
  });
  expect(first.status).toBe(200);
  const port = await freePort();
  const script = await practice(port);
  const missionsIn = (output: string): number =>
    new Set(
      [...output.matchAll(/given up .*Mission request \(mission (\S+),.*last answer: HTTP 422/g)].map(([, id]) => id),
    ).size;
  const { out, errors } = await undisturbed(
    () => inShell(`${script}\n${script}`),
    (output) => !output.errors.includes('STOP') && missionsIn(output.out) === 2,
  );

  expect(errors).not.toMatch(/STOP/);
  expect(missionsIn(out)).toBe(2);
  expect(out).toMatch(/To be phoned:\n {2}AMK LA Oslo .*\+47/);
  expect(out.match(/sending again/g)?.length).toBeGreaterThanOrEqual(2);
  expect(out.trim().split('\n').at(-1)).toBe('No dead letters.');

  expect(await statusOfAll('amk-la-oslo')).not.toContain('"active"');
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
});

test('the practice stops with a message without a hub', async () => {
  const script = (await practice(await freePort()))
    .replaceAll(host.origin, 'http://127.0.0.1:9')
    .replace('seq 600', 'seq 1');
  const { errors } = await inShell(script);
  expect(errors).toMatch(/STOP, not within a minute: the hub answers\. Does npm start run\?/);
});

test.each([
  ['without credentials', 'aws() { return 255; }'],
  ['of a stack that is not there', 'aws() { echo None; }'],
  ['of a stack without that output', 'aws() { echo; }'],
])('the commands of the runbook stop with a message %s', async (_name, aws) => {
  const [begin = ''] = await commandsUnder('Before you begin');
  const { out, errors } = await inShell(`${aws}\n${begin}\noutput Url && echo found\nlog Deliver && echo found`);
  expect(errors).toMatch(/STOP: nothing found for TableName in stack luftbro-prod, eu-north-1\. Are your credentials/);
  expect(errors).toMatch(/STOP: nothing found for DeliverLog/);
  expect(out).not.toContain('found');
});

test('the commands of the runbook call AWS with the documented arguments', async () => {
  const [begin = ''] = await commandsUnder('Before you begin');
  const asked = `aws() { printf '<%s>' "$@" >&2; echo a-name; }\n${begin}\nlog Deliver "?\\"LB-999\\" $ENDED"; echo "$TABLE"`;
  const { out, errors } = await inShell(asked);
  expect(out.trim().split('\n').at(-1)).toBe('a-name');
  expect(errors).toContain(
    '<logs><tail><a-name><--since><30m><--format><short><--filter-pattern><?"LB-999" ?"Task timed out" ?"Runtime exited" ?"Uncaught Exception" ?"INIT_REPORT">',
  );
});
