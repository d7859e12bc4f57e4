import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { SeededRandom } from '../support/random.ts';
import type { HubAddress } from './traffic/client.ts';
import type { Recorder } from './traffic/recorder.ts';

/**
 * The hub as a process of its own, and what happens to it. Its functions are threads of that process, so they are killed with it;
 * one function alone cannot be killed from outside.
 */

export interface HubProcess extends HubAddress {
  /** Resolves when the hub answers. */
  readonly start: () => Promise<void>;
  readonly launch: () => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it by the signal, or by SIGKILL after 20 seconds. */
  readonly end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>;
  /** Ends it and removes its data. */
  readonly close: () => Promise<void>;
  readonly logFile: string;
}

/** Seconds in which a start must be answered, on a machine with other load. */
const startSeconds = 120;

/** A hub without data. `root` has its sources and the synthesised stack. */
export const openHub = async (root: string): Promise<HubProcess> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'luftbro-verify-'));
  const [port, issuerPort] = [await freePort(), await freePort()];
  const url = `http://localhost:${port}/fhir`;
  let running: ChildProcess | undefined;

  const signal = (name: NodeJS.Signals): void => {
    running?.kill(name);
  };
  // Neither the hub nor its data may outlive the run, however the run ends.
  const onExit = (): void => {
    signal('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on('exit', onExit);

  const launch = (): void => {
    running = spawn(process.execPath, ['commands/start/main.ts', '--data-dir', dataDir], {
      cwd: root,
      env: { ...process.env, PORT: String(port), ISSUER_PORT: String(issuerPort) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  };

  const isUp = (): Promise<boolean> =>
    fetch(`${url}/metadata`, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );

  const start = async (): Promise<void> => {
    launch();
    const child = running;
    for (const began = performance.now(); !(await isUp()); await pause(50)) {
      if (child?.exitCode !== null) throw new Error(`the hub ended with ${child?.exitCode}`);
      if (performance.now() - began > startSeconds * 1000)
        throw new Error(`the hub did not answer within ${startSeconds} seconds`);
    }
  };

  const end = async (name: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(name);
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  };

  return {
    url,
    issuerUrl: `http://localhost:${issuerPort}`,
    logFile: join(dataDir, 'hub.log'),
    start,
    launch,
    signal,
    end,
    close: async () => {
      await end('SIGKILL');
      process.off('exit', onExit);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

/** Each as often as it is in the list. */
const faults = ['kill', 'kill', 'kill', 'kill', 'kill while it starts', 'pause', 'pause', 'restart'] as const;

interface Injection {
  readonly hub: HubProcess;
  readonly random: SeededRandom;
  readonly recorder: Recorder;
  readonly isOver: () => boolean;
}

/** Waits for a moment at which a kill hurts: at any time, just after an answer, or while a receiver reads. */
const untilMoment = async (random: SeededRandom, recorder: Recorder): Promise<void> => {
  const awaited = random.pick([undefined, 'send', 'received'] as const);
  if (awaited !== undefined) await Promise.race([recorder.next(awaited), pause(3_000)]);
  await pause(random.below(80));
};

/** Waits until some messages more are accepted, however fast this machine is; at most a minute, so that a hub that accepts none is killed too. */
const untilAccepted = async ({ random, recorder, isOver }: Injection): Promise<void> => {
  const enough = recorder.counts.accepted + random.between(2, 40);
  const late = recorder.now() + 60_000;
  while (recorder.counts.accepted < enough && recorder.now() < late && !isOver()) await pause(50);
};

/** Injects faults until the run is over; the hub is up then. Rejects if the hub does not come back. */
export const injectFaults = async (injection: Injection): Promise<void> => {
  const { hub, random, recorder, isOver } = injection;
  const record = (fault: string): void => recorder.write({ record: 'fault', at: recorder.now(), fault, target: 'hub' });
  while (!isOver()) {
    await untilAccepted(injection);
    if (isOver()) return;
    const fault = random.pick(faults);
    await untilMoment(random, recorder);
    record(fault);
    switch (fault) {
      case 'pause':
        hub.signal('SIGSTOP');
        await pause(random.between(500, 15_000));
        hub.signal('SIGCONT');
        break;
      case 'restart':
        await hub.end('SIGTERM');
        await hub.start();
        break;
      case 'kill while it starts':
        await hub.end('SIGKILL');
        hub.launch();
        await pause(random.below(2_000));
        await hub.end('SIGKILL');
        await hub.start();
        break;
      case 'kill':
        await hub.end('SIGKILL');
        await pause(random.chance(0.3) ? random.below(3_000) : 0);
        await hub.start();
    }
    record('hub is up');
  }
};
