/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import { z } from 'zod';

/**
 * dynalite in a thread of its own. It throws what it cannot answer (a client that went away in the middle of a request,
 * a database that another process holds), and what is thrown here must not end the host.
 */

const { path } = z.object({ path: z.string().optional() }).parse(workerData);
const server = dynalite({
  ...(path === undefined ? {} : { path }),
  createTableMs: 0,
  updateTableMs: 0,
  deleteTableMs: 0,
});

process.on('uncaughtException', (error) => {
  parentPort?.postMessage({ kind: 'threw', message: error.message });
});

server.listen(0, '127.0.0.1', () => {
  const address: AddressInfo | string | null = server.address();
  parentPort?.postMessage({ kind: 'listening', port: typeof address === 'object' ? address?.port : undefined });
});

parentPort?.once('message', () => {
  server.close(() => process.exit());
  server.closeAllConnections();
});
