import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse, Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { loadFirstData } from '../local/first-data.ts';
import { startQueues } from '../local/aws/queues.ts';
import { createStack } from '../local/aws/stack.ts';
import { startTables } from '../local/aws/tables.ts';
import { readAssembly } from '../local/aws/template.ts';
import { order, type Started, type Traffic } from './aws-protocol.ts';

/**
 * The embedded AWS in a separate process, so that its processor time is not measured: the stack's table and queues behind one proxy,
 * which counts the traffic, and a partner's endpoint. It ends with the process that started it.
 */

const region = 'eu-north-1';
const [, , assemblyFolder = ''] = process.argv;

const openServer = async (serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>) => {
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { origin: `http://127.0.0.1:${address.port}`, close: () => server.closeAllConnections() };
};

interface Given {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

let mode: z.output<typeof order>['mode'] = 'pass';
const nothing = (): Traffic => ({
  calls: {},
  readUnits: 0,
  writeUnits: 0,
  notificationUnits: 0,
  bytes: 0,
  jobs: [],
  requests: [],
  posts: [],
});
let seen = nothing();

const given = new Map<string, Given>();
const agent = new Agent({ keepAlive: true });

const keyed = z.object({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  Key: z.unknown().optional(),
  Item: z.object({ pk: z.unknown(), sk: z.unknown() }).optional(),
  ExpressionAttributeValues: z.record(z.string(), z.unknown()).optional(),
  RequestItems: z.unknown().optional(),
});

/** Identifies a call by its kind and its items, not by its times, so that a repeated call gets the same key. */
const nameOf = (kind: string, body: string): string => {
  if (kind.startsWith('Send')) return kind;
  const { IndexName, Key, Item, ExpressionAttributeValues: values = {}, RequestItems } = keyed.parse(JSON.parse(body));
  return JSON.stringify([kind, IndexName, Key, Item, kind === 'Query' ? values : undefined, RequestItems]);
};

const capacity = z.object({ CapacityUnits: z.number() });
const answered = z.looseObject({ ConsumedCapacity: z.union([capacity, z.array(capacity)]).optional() });
const batch = z.object({ Entries: z.array(z.object({ MessageBody: z.string() })) });

const pass = (origin: string, request: IncomingMessage, body: string): Promise<Given> =>
  new Promise((resolve, reject) => {
    const { host: _host, 'content-length': _length, ...headers } = request.headers;
    const outgoing = httpRequest(
      `${origin}${request.url ?? '/'}`,
      { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        buffer(response).then(
          (bytes) =>
            resolve({
              status: response.statusCode ?? 500,
              type: response.headers['content-type'] ?? '',
              body: bytes.toString('utf8'),
            }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

let withBodies = false;
const note = (kind: string, body: string): void => {
  seen.calls[kind] = (seen.calls[kind] ?? 0) + 1;
  if (withBodies) seen.requests.push({ kind, body });
  if (kind === 'SendMessageBatch')
    seen.jobs.push(...batch.parse(JSON.parse(body)).Entries.map(({ MessageBody }) => MessageBody));
};

const isWrite = (kind: string): boolean => ['PutItem', 'UpdateItem', 'DeleteItem'].includes(kind);

const written = z.object({ Key: z.unknown().optional(), Item: z.unknown().optional() });
const ofSubscription = z.object({ pk: z.object({ S: z.string().regex(/^SUBSCRIPTION#/) }) });
const isOfSubscription = (body: string): boolean => {
  const { Key, Item } = written.parse(JSON.parse(body));
  return ofSubscription.safeParse(Key ?? Item).success;
};

/** Requests the consumed capacity of a call, and removes it from the answer. */
const passCounted = async (origin: string, request: IncomingMessage, kind: string, body: string): Promise<Given> => {
  const asked: object = JSON.parse(body);
  const answer = await pass(origin, request, JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' }));
  if (answer.status !== 200) return answer;
  const { ConsumedCapacity = [], ...rest } = answered.parse(JSON.parse(answer.body));
  const units = [ConsumedCapacity].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
  if (isWrite(kind)) {
    seen.writeUnits += units;
    if (isOfSubscription(body)) seen.notificationUnits += units;
  } else seen.readUnits += units;
  return { ...answer, body: JSON.stringify(rest) };
};

const folder = await mkdtemp(join(tmpdir(), 'luftbro-bench-'));
const { stackName, template } = await readAssembly(assemblyFolder);
const queues = await startQueues({ region });
const tables = await startTables({ folder, region, log: () => {} });

const proxy = await openServer(async (request, response) => {
  const body = (await buffer(request)).toString('utf8');
  const kind = String(request.headers['x-amz-target']).replace(/^.*\./, '');
  const isQueue = String(request.headers['x-amz-target']).startsWith('AmazonSQS');
  note(kind, body);
  const name = nameOf(kind, body);
  let answer = mode === 'replay' ? given.get(name) : undefined;
  if (answer === undefined) {
    answer = isQueue
      ? await pass(queues.endpoint, request, body)
      : await passCounted(tables.endpoint, request, kind, body);
    // Bulk writes of seeds are not replayed.
    if (kind !== 'BatchWriteItem') given.set(name, answer);
  }
  seen.bytes += body.length + answer.body.length;
  response.writeHead(answer.status, { 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
});

const endpoint = await openServer(async (request, response) => {
  const body = await buffer(request);
  if (withBodies) seen.posts.push(body.toString('utf8'));
  response.writeHead(200).end();
});

const stack = createStack({
  name: stackName,
  region,
  template,
  parameters: { TokenIssuer: 'http://localhost' },
  queueUrl: (name) => `${proxy.origin}/000000000000/${name}`,
});
const tableNames = await tables.create(stack);
const urls = [...(await queues.create(stack)).values()];
await loadFirstData({})({ endpoint: tables.endpoint, region, tableNames });

const laneUrl = (lane: string): string => urls.find((url) => url.endsWith(`-${lane}-lane.fifo`)) ?? '';
const said: Started = {
  origin: proxy.origin,
  tableName: tableNames[0] ?? '',
  lanes: { quick: laneUrl('quick'), slow: laneUrl('slow') },
  endpoint: `${endpoint.origin}/notify`,
};

process.on('message', (message) => {
  const now = order.parse(message);
  ({ mode, withBodies } = now);
  process.send?.(seen);
  seen = nothing();
});
process.on('disconnect', () => {
  proxy.close();
  endpoint.close();
  void Promise.all([tables.close(), queues.close()])
    .then(() => rm(folder, { recursive: true, force: true }))
    .finally(() => process.exit());
});
process.send?.(said);
