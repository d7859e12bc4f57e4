/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parentPort, workerData } from 'node:worker_threads';
import dynalite from 'dynalite';
import { z } from 'zod';
import './atomic-writes.ts';
import './closing-iterators.ts';
import { diskGuard, isWrite } from './disk-guard.ts';
import { accessDenied, type KeyUse, missingKeyRight, missingRight, type Permissions } from './permissions.ts';
import type { TableOrder, TableReport } from './table-protocol.ts';

/**
 * dynalite in a thread of its own, because it throws errors that must not end the host. A request is read completely before dynalite
 * gets it: dynalite fails if a caller disconnects in the middle of a request, as a stopped function does.
 */

const { path, leastFree } = z.object({ path: z.string(), leastFree: z.number() }).parse(workerData);
const report = (message: TableReport): void => parentPort?.postMessage(message);

/** Requests that dynalite has not answered. */
const open = new Set<ServerResponse>();

const disk = diskGuard({
  path,
  leastFree,
  report,
  // dynalite answers none of the requests whose write failed. Their callers try again.
  dropRequests: () => {
    for (const response of open) response.destroy();
  },
});

process.on('uncaughtException', (error) => {
  // Of requests that were dropped.
  if (!disk.isReopening()) report({ kind: 'threw', message: error.message });
});

let permissions: Permissions = {};
let tableArnPrefix = '';
let keys: Readonly<Record<string, KeyUse>> = {};

const database = dynalite({ path, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
const [handle] = database.listeners('request');

const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { headers, method, url } = request;
  const body = await buffer(request);
  const { authorization } = headers;
  const about = subject.parse(parsed(body));
  const action = String(headers['x-amz-target']).replace(/^.*\./, '');
  const refusal = disk.refusal({ writes: isWrite(action) });
  if (refusal !== undefined) {
    // The functions take it for a fault of AWS: 503, and the sweeper tries again.
    response.writeHead(500, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: refusal }));
    return;
  }
  const tables = tablesOf(about);
  const missing =
    missingRight(permissions, {
      authorization,
      action: `dynamodb:${action}`,
      resources: tables.map((table) => `${tableArnPrefix}${table}`),
      leadingKeys: leadingKeysOf(about),
    }) ?? missingTableKey(authorization, tables);
  if (missing !== undefined) {
    report({ kind: 'denied', message: missing });
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(accessDenied(missing)));
    return;
  }
  open.add(response);
  response.once('close', () => open.delete(response));
  handle?.call(database, Object.assign(Readable.from([body]), { headers, method, url }), response);
};

/** DynamoDB decrypts with the table's key on behalf of the caller, to read and to write. */
const missingTableKey = (authorization: string | undefined, tables: readonly string[]): string | undefined =>
  tables
    .flatMap((table) => keys[table.replace(/\/.*$/, '')] ?? [])
    .map((key) => missingKeyRight(permissions, authorization, ['Decrypt'], key))
    .find((missing) => missing !== undefined);

const item = z.object({ pk: z.object({ S: z.string() }) });

/** The parts of a request that decide its rights. */
const subject = z
  .object({
    TableName: z.string().optional(),
    IndexName: z.string().optional(),
    RequestItems: z.record(z.string(), z.unknown()).optional(),
    Item: item.optional().catch(undefined),
    Key: item.optional().catch(undefined),
  })
  .catch({});
type Subject = z.output<typeof subject>;

/** Tables and indexes. */
const tablesOf = ({ TableName, IndexName, RequestItems = {} }: Subject): readonly string[] => {
  const named =
    TableName === undefined ? [] : [IndexName === undefined ? TableName : `${TableName}/index/${IndexName}`];
  return [...named, ...Object.keys(RequestItems)];
};

/** Partition key of the item that the request names; every table of the stack calls its partition key `pk`. */
const leadingKeysOf = ({ Item, Key }: Subject): readonly string[] =>
  [Item, Key].flatMap((named) => (named === undefined ? [] : [named.pk.S]));

const parsed = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

const server = createServer((request, response) => {
  take(request, response).catch(() => response.destroy());
});

// Connections stay open, also unused ones and after the machine was suspended.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) report({ kind: 'listening', port: address.port });
});

parentPort?.on('message', (order: TableOrder) => {
  switch (order.kind) {
    case 'permissions':
      ({ permissions, tableArnPrefix, keys } = order);
      break;
    case 'close':
      disk.stop();
      server.close(() => {
        // Closing the server closes its LevelDB; the server has to be listening for that.
        database.listen(0, '127.0.0.1', () => database.close(() => process.exit()));
      });
      server.closeAllConnections();
      break;
  }
});
