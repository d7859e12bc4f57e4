import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFirstData } from '../../local/first-data.ts';
import { type Host, startHost } from '../../local/host.ts';

/** What the runbook has people practise, pasted into a shell as it stands there, but for the ports and the folder of this hub. */

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

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** The commands under a heading of the runbook. */
const commandsUnder = async (heading: string): Promise<string> => {
  const [, section = ''] = (await readFile('docs/runbook.md', 'utf8')).split(`\n## ${heading}\n`);
  return [
    ...section
      .split('\n## ', 1)
      .join('')
      .matchAll(/^```sh\n(.*?)^```/gms),
  ]
    .map(([, lines]) => lines)
    .join('');
};

const inShell = async (script: string): Promise<{ readonly code: number | null; readonly out: string }> => {
  const shell = spawn('bash', [], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  shell.stdin.end(script);
  const said = text(shell.stdout);
  const tooLong = setTimeout(() => {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
  }, 60_000);
  const out = await said;
  clearTimeout(tooLong);
  return { code: shell.exitCode, out };
};

test('Dead letters are practised on a laptop until there are none, by the commands of the runbook', async () => {
  let script = await commandsUnder('Practice: dead letters on a laptop');
  const here = {
    'http://localhost:3000': host.origin,
    'http://localhost:3001': host.issuerUrl,
    '3999': String(await freePort()),
    '.luftbro/answers': join(dataDir, 'answers'),
    'HUB=--local': `HUB="--local --data-dir ${dataDir}"`,
  };
  for (const [there, place] of Object.entries(here)) {
    expect(script).toContain(there);
    script = script.replaceAll(there, place);
  }
  const { out } = await inShell(script);
  expect(out).toMatch(/given up .* last answer: HTTP 404/);
  expect(out).toMatch(/To be phoned:\n {2}AMK LA Oslo .*\+47/);
  expect(out).toMatch(/on its way again/);
  expect(out.trim().split('\n').at(-1)).toBe('No dead letters.');
}, 90_000);
