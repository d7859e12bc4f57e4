import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { everyStep, exampleSteps, exampleText, sampleClients, sampleDirectoryData } from '../support/examples.ts';
import { subscriptionFor } from '../support/partners.ts';
import { type ApiHandler, context, requestOf, resourceOf } from '../support/requests.ts';
import { check, checkPrototypes, checkRefusal, isSame } from './checks.ts';
import type { FuzzRequest } from './requests.ts';
import { bodyOf, type Plan, secret } from './inputs.ts';
import { watchLog } from './log.ts';

/** The functions, called as API Gateway calls them, on the stack's own table and queue. */

export interface Handlers {
  /** Sends one request. Throws if an invariant is broken. */
  readonly send: (asked: FuzzRequest) => Promise<'accepted' | 'refused'>;
  readonly close: () => Promise<void>;
}

const messages = everyStep.map(({ file, client }) => ({ text: exampleText(file), client }));
export const messageTexts: readonly string[] = messages.map(({ text }) => text);
export const subscriptionTexts: readonly string[] = [
  subscriptionFor('https://partner.example/notify'),
  subscriptionFor('http://localhost:9/notify', 'id-only', [
    'MessageHeader?event=mission-decision',
    'ServiceRequest?priority=stat',
  ]),
  JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      { name: 'eventsSinceNumber', valueString: '1' },
      { name: 'status', valueCode: 'active' },
    ],
  }),
];
const clients = [...sampleClients];

/** In three of four requests the client whose example it is, otherwise any. */
export const clientOf = ({ client, body, parts }: FuzzRequest): string => {
  const example = parts[0] === '$process-message' && body !== undefined && 'example' in body ? body.example : undefined;
  const own = example === undefined ? undefined : messages[example % messages.length]?.client;
  const [other] = clients[client % clients.length] ?? ['amk-innlandet'];
  return client % 4 === 0 || own === undefined || !sampleClients.has(own) ? other : own;
};

export const bodyFor = (body: Plan, parts: readonly string[]): Buffer =>
  bodyOf(body, parts[0] === 'Subscription' ? subscriptionTexts : messageTexts);

/** The partitions of missions and subscriptions; a refused read is recorded in another. */
const storedKeys = /^(?:MISSION|INCIDENT|SUBSCRIPTION|PARTY)#/;

/** Records every SDK call, of any client, that stores or sends something. */
const watchWrites = (): { readonly taken: () => readonly string[]; readonly stop: () => void } => {
  const base = Object.getPrototypeOf(DynamoDBClient.prototype);
  const send: (this: unknown, ...call: unknown[]) => unknown = base.send;
  let writes: string[] = [];
  Object.assign(base, {
    send(this: unknown, ...call: unknown[]): unknown {
      const name = String(call[0]?.constructor.name);
      if (/^(?:Put|Update|Delete|Transact|Batch(?!Get)|Send)/.test(name))
        writes.push(`${name} ${JSON.stringify(call[0])}`);
      return send.apply(this, call);
    },
  });
  return {
    taken: () => {
      const all = writes;
      writes = [];
      return all.filter((one) => one.startsWith('Send') || /"pk":\{"S":"([^"]+)"/.exec(one)?.[1]?.match(storedKeys));
    },
    stop: () => Object.assign(base, { send }),
  };
};

export const openHandlers = async (): Promise<Handlers> => {
  const aws = await startEmbeddedAws();
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
    ENDPOINT_ALLOW_LIST: 'http://localhost:*',
  });
  const table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  await saveDirectory(table, sampleDirectoryData);
  // A party without a subscription would be reported in the mission's log, and the examples' numbers would not fit.
  for (const organisation of sampleClients.values())
    await subscriptions(table).create(sampleSubscription(randomUUID(), organisation), '2099-01-01T00:00:00.000Z');
  const handlers: Readonly<Record<string, ApiHandler>> = {
    Read: (await import('../../functions/read/lambda.ts')).handler,
    Subscribe: (await import('../../functions/subscribe/lambda.ts')).handler,
    Message: (await import('../../functions/process-message/lambda.ts')).handler,
    Metadata: (await import('../../functions/metadata/lambda.ts')).handler,
  };
  const handlerOf = ({ method, parts }: FuzzRequest): ApiHandler | undefined => {
    const resource = resourceOf(parts.join('/'));
    if (resource.startsWith('/fhir/Subscription')) return handlers['Subscribe'];
    if (resource.startsWith('/fhir/{type}')) return handlers[method === 'POST' ? 'Message' : 'Read'];
    return handlers['Metadata'];
  };
  const log = watchLog();
  const writes = watchWrites();

  const eventOf = (asked: FuzzRequest): APIGatewayProxyEvent => {
    const { method, parts, query, headers, body } = asked;
    const parent = sampleClients.get(clientOf(asked)) ?? '';
    // A slash that a caller writes as %2f belongs to a path segment.
    const path = parts.map((part) => part.replaceAll('/', '\u2215')).join('/');
    const event = requestOf({ parent }, { method, path, headers });
    const all = Map.groupBy(query, ([name]) => name);
    return {
      ...event,
      multiValueQueryStringParameters:
        all.size === 0
          ? null
          : Object.fromEntries([...all].map(([name, given]) => [name, given.map(([, value]) => value)])),
      queryStringParameters: all.size === 0 ? null : Object.fromEntries(query),
      ...(body === undefined ? {} : { body: bodyFor(body, parts).toString('base64'), isBase64Encoded: true }),
    };
  };

  /** Reads an accepted message back, as its sender. */
  const checkKept = async (sent: FuzzRequest, answered: string, etag: string): Promise<void> => {
    const mission = /"value":"([0-9a-f-]{36})"/.exec(answered)?.[1];
    const version = /^W\/"(\d+)"$/.exec(etag)?.[1];
    const parent = sampleClients.get(clientOf(sent)) ?? '';
    const read = await handlers['Read']?.(requestOf({ parent }, { path: `Bundle/${mission}.${version}` }), context);
    log.taken();
    // A party that has left the mission, or reads de-identified data, does not get the whole message.
    if (read?.statusCode !== 200 || readsDeIdentified(parent)) return;
    const original = bodyFor(sent.body ?? { text: '' }, sent.parts);
    check(
      isUtf8(original) && isSame(read.body, original.toString('utf8')),
      'an accepted message is not read as it was sent',
    );
  };

  const send: Handlers['send'] = async (asked) => {
    const handler = handlerOf(asked);
    if (handler === undefined) return 'refused';
    const event = eventOf(asked);
    writes.taken();
    const { statusCode, body, headers = {} } = await handler(event, context);
    checkPrototypes();
    const logged = log.taken();
    check(!logged.includes(secret), `the log repeats what was sent: ${logged.slice(0, 500)}`);
    check(!/"code":"LB-9\d\d"/.test(logged), `the hub failed: ${logged.slice(0, 1_000)}`);
    if (statusCode >= 300) {
      if (statusCode === 304) return 'refused';
      checkRefusal(statusCode, body);
      const stored = writes.taken();
      check(stored.length === 0, `what was refused (${statusCode}) was stored: ${stored.join('; ').slice(0, 500)}`);
      return 'refused';
    }
    if (asked.parts[0] === '$validate') {
      check(!body.includes(secret), `the check of a message repeats what was sent: ${body.slice(0, 500)}`);
      check(writes.taken().length === 0, 'the check of a message stored something');
    }
    // A repeated message keeps the first one, with the id of its Bundle.
    if (logged.includes('"code":"LB-101"')) await checkKept(asked, body, String(headers['etag']));
    return 'accepted';
  };

  // So that changed messages meet a mission that is under way.
  for (const { file, client } of exampleSteps.slice(0, 9)) {
    const example = messages.findIndex(({ text }) => text === exampleText(file));
    const index = clients.findIndex(([name]) => name === client);
    const outcome = await send({
      method: 'POST',
      parts: ['$process-message'],
      query: [],
      headers: { 'content-type': 'application/fhir+json' },
      body: { example, changes: [], damage: [] },
      client: index,
    });
    check(outcome === 'accepted', `${file} is refused`);
  }
  return {
    send,
    close: async () => {
      log.stop();
      writes.stop();
      await aws.close();
    },
  };
};

/** Roles that read de-identified messages. */
const readsDeIdentified = (organisation: string): boolean => {
  const role = sampleDirectoryData.parties.find((party) => party.organisation === organisation)?.role;
  return role === 'observer' || role === 'quality';
};
