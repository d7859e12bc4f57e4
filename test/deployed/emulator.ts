import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.ts';

/** ministack, an emulator of AWS that runs functions without containers, in a Python environment of its own. */

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Why there can be no emulator on this machine. */
export class NoEmulator extends Error {}

const run = (file: string, ...args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(file, args, { timeout: 600_000 }, (error, out, errors) => {
      if (error === null) resolve(out);
      else reject(new Error(`${file} ${args.join(' ')}: ${errors.trim() === '' ? error.message : errors.trim()}`));
    });
  });

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').at(-1) ?? '';

/** Makes the environment, or takes the one that an earlier run made from the same list. Returns its folder of programs. */
export const installEmulator = async (folder: string): Promise<string> => {
  const environment = join(folder, 'python');
  const programs = join(environment, 'bin');
  const python = await run('python3', '-c', 'import sys; assert sys.version_info >= (3, 10); print(sys.version)').catch(
    () => {
      throw new NoEmulator('there is no python3 of version 3.10 or newer');
    },
  );
  const wanted = createHash('sha256')
    .update(python)
    .update(await readFile(requirements))
    .digest('hex');
  const madeFrom = join(environment, 'made-from');
  if ((await readFile(madeFrom, 'utf8').catch(() => '')) === wanted) return programs;

  await rm(environment, { recursive: true, force: true });
  await run('python3', '-m', 'venv', environment).catch((error: unknown) => {
    throw new NoEmulator(`python3 makes no virtual environment (${reasonOf(error)})`);
  });
  const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--require-hashes'];
  await run(join(programs, 'pip'), 'install', ...options, '--requirement', requirements).catch((error: unknown) => {
    // Other bytes than those that were listed are no reason to look away.
    if (String(error).includes('DO NOT MATCH THE HASHES')) throw error;
    throw new NoEmulator(`ministack cannot be installed from the Python package index (${reasonOf(error)})`);
  });
  await writeFile(madeFrom, wanted);
  return programs;
};

/**
 * The emulator runs the first `node` of the PATH. Lambda's own Node.js runtime loads `index.cjs` for the handler `index.handler`;
 * the emulator asks Node.js, which then knows no such extension.
 */
const placeNode = async (folder: string): Promise<string> => {
  const place = join(folder, 'node');
  await mkdir(place, { recursive: true });
  const extension = join(place, 'cjs.cjs');
  await writeFile(
    extension,
    "const { _extensions } = require('node:module');\n_extensions['.cjs'] = _extensions['.js'];\n",
  );
  const program = join(place, 'node');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' --require '${extension}' "$@"\n`);
  await chmod(program, 0o755);
  return place;
};

export interface Emulator {
  readonly endpoint: string;
  /** Ends it and every function that it runs. */
  readonly stop: () => Promise<void>;
}

interface EmulatorSettings {
  readonly folder: string;
  readonly programs: string;
  readonly region: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const startSeconds = 180;

const start = async ({ folder, programs, region, environment }: EmulatorSettings): Promise<Emulator> => {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  // Outside the project, whose package.json would make the emulator's scripts ES modules.
  const temporary = await mkdtemp(join(tmpdir(), 'luftbro-functions-'));
  const logFile = join(folder, 'ministack.log');
  const log = await open(logFile, 'w');
  const emulator = spawn(join(programs, 'ministack'), {
    // A group of its own, so that the functions end with it.
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: {
      ...environment,
      PATH: `${await placeNode(folder)}:${environment['PATH'] ?? ''}`,
      TMPDIR: temporary,
      // Not the whole network.
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      MINISTACK_REGION: region,
    },
  });
  const exited = once(emulator, 'exit');
  exited.catch(() => {});
  await log.close();
  const stop = async (): Promise<void> => {
    const { pid } = emulator;
    if (pid !== undefined && emulator.exitCode === null && emulator.signalCode === null) {
      process.kill(-pid, 'SIGTERM');
      await Promise.race([exited, wait(5000, undefined, { ref: false })]);
    }
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
    await rm(temporary, { recursive: true, force: true });
  };
  const until = Date.now() + startSeconds * 1000;
  const isUp = () =>
    fetch(`${endpoint}/_ministack/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    const hasEnded = emulator.exitCode !== null || emulator.signalCode !== null;
    if (hasEnded || Date.now() > until) {
      await stop();
      const what = hasEnded ? 'ends as it starts' : `does not start within ${startSeconds} s`;
      throw new Error(`ministack ${what}; see ${logFile}`);
    }
    await wait(100);
  }
  return { endpoint, stop };
};

/** Once more, on another port, if it does not start: another program may have taken the port in between. */
export const startEmulator = (settings: EmulatorSettings): Promise<Emulator> =>
  start(settings).catch(() => start(settings));
