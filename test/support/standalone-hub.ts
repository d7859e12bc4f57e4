import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import type { HubOptions, RunningHub } from './hub.ts';

/** Whether the end-to-end tests run on a standalone hub. */
export const isStandalone = (): boolean => process.env['LUFTBRO_HUB'] === 'standalone';

/** Settings of a standalone hub for the parameters of the stack. */
const settingsOf = (parameters: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> => {
  const { BudgetSeconds = '10', BudgetMessages = '1000000', BudgetRequests = '1000000' } = parameters;
  return {
    budgets: { seconds: Number(BudgetSeconds), messages: Number(BudgetMessages), requests: Number(BudgetRequests) },
    ...(parameters['TokenBinding'] === undefined ? {} : { tokenBinding: parameters['TokenBinding'] }),
    ...(parameters['EndpointAllowList'] === undefined ? {} : { endpointAllowList: parameters['EndpointAllowList'] }),
  };
};

export const startStandalone = async ({ guideline = '', parameters = {} }: HubOptions): Promise<RunningHub> => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-test-'));
  const [port, issuerPort] = [await freePort(), await freePort()];
  const program = fileURLToPath(new URL('./standalone-process.ts', import.meta.url));
  const settings = JSON.stringify(settingsOf(parameters));
  const child = spawn(process.execPath, [program, folder, `${port}`, `${issuerPort}`, guideline, settings], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const ready = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('the hub is ready')) ready.resolve();
    });
  const ended = once(child, 'close');
  void ended.then(() => ready.reject(new Error(`The hub has ended:\n${log}`)));
  await ready.promise;
  return {
    url: `http://localhost:${port}/fhir`,
    issuerUrl: `http://localhost:${issuerPort}`,
    command: { options: ['--database', join(folder, 'hub.db')], env: {} },
    log: async () => log,
    close: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
