import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeDue } from '../adapters/sqlite/obligations.ts';
import { openDatabase } from '../adapters/sqlite/open.ts';
import type { storesOf } from '../adapters/sqlite/stores.ts';
import type { Lane } from '../core/delivery/delivery-queue.ts';
import { createApi } from './api.ts';
import { answerHealth } from './health.ts';
import type { HubSettings } from './settings.ts';
import { wireHub } from './wiring.ts';
import { startWorkers, type Workers } from './workers.ts';

type Stores = ReturnType<typeof storesOf>;

/** A hub in one process: the handlers of all functions on one database, behind one port. */

export interface Hub {
  readonly port: number;
  readonly stores: Stores;
  /** Takes no more requests and jobs, gives those under way some time, and closes the database. */
  readonly close: () => Promise<void>;
}

interface Listening {
  /** 0: any free one. */
  readonly port: number;
  /** Address of an interface of this machine. */
  readonly address: string;
  /** Runs before anything else, such as loading the first directory: a hub without one is closed. */
  readonly first?: (stores: Stores) => Promise<void>;
}

/** Milliseconds. A schedule on AWS runs these functions as often, with as much time. */
const sweepMilliseconds = 60_000;
const nightlyMilliseconds = 15 * 60_000;

/** Milliseconds for what is under way when the hub is closed. What takes longer stays pending. */
const graceMilliseconds = 5_000;

/** Runs a job again and again: never two runs at once, and not before `every` milliseconds after the run before has begun. */
const repeat = async (
  every: number,
  ending: AbortSignal,
  run: (timeLeft: () => number) => Promise<void>,
): Promise<void> => {
  while (!ending.aborted) {
    const end = performance.now() + every;
    // The handler has logged what failed.
    await run(() => (ending.aborted ? 0 : Math.max(0, end - performance.now()))).catch(() => undefined);
    await delay(Math.max(0, end - performance.now()), undefined, { signal: ending }).catch(() => undefined);
  }
};

export const startHub = async (settings: HubSettings, { port, address, first }: Listening): Promise<Hub> => {
  mkdirSync(settings.folder, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(settings.folder, 'hub.db'), { by: 'hub' });
  const ending = new AbortController();
  const workers = new Map<Lane, Workers>();
  const { stores, queues, deliver, sweep, nightly, ...handlers } = wireHub(database, settings, {
    onReady: (lane) => workers.get(lane)?.wake(),
    ending: ending.signal,
  });
  await makeDue(database, new Date().toISOString());
  await first?.(stores);
  for (const lane of ['quick', 'slow'] as const)
    workers.set(
      lane,
      startWorkers({
        lane,
        queue: queues[lane],
        most: settings.deliveriesAtOnce[lane],
        deliver,
        now: () => Date.now(),
      }),
    );
  const jobs = [
    repeat(sweepMilliseconds, ending.signal, (timeLeft) => sweep(undefined, { getRemainingTimeInMillis: timeLeft })),
    repeat(nightlyMilliseconds, ending.signal, (timeLeft) =>
      nightly(undefined, { getRemainingTimeInMillis: timeLeft }),
    ),
  ];

  const api = createApi(handlers, { bearerIsAccepted: settings.tokenBinding === 'optional' });
  const server = createServer((request, response) => {
    if (request.url === '/health') void answerHealth({ ...stores, now: () => Date.now() }, response);
    else api(request, response);
  });
  // Longer than clients keep unused connections, so that none is closed just as it is used again.
  server.keepAliveTimeout = 65_000;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, address, listening.resolve);
  await listening.promise;
  const bound = server.address();

  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    stores,
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeIdleConnections();
      ending.abort();
      const idle = [closed.promise, ...[...workers.values()].map((one) => one.stop()), ...jobs];
      await Promise.race([Promise.all(idle), delay(graceMilliseconds)]);
      server.closeAllConnections();
      database.close();
    },
  };
};
