import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { sampleSubscription } from '../contract/contract.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { everyStep, exampleSteps, exampleText, sampleClients, sampleDirectoryData } from '../support/examples.ts';
import { subscriptionFor } from '../support/partners.ts';
import { type ApiHandler, context, requestOf, resourceOf } from '../support/requests.ts';
import { check, checkPrototypes, checkRefusal, isSame } from './answers.ts';
import type { Asked } from './asked.ts';
import { bodyOf, type Plan, secret } from './inputs.ts';
import { watchLog } from './log.ts';

/** The functions themselves, called as API Gateway calls them, on the stack's own table and queue. */

export interface Door {
  /** Asks, and says what came of it. Throws if an invariant is broken. */
  readonly ask: (asked: Asked) => Promise<'accepted' | 'refused'>;
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

/** Whose example it is, mostly; else anybody. */
export const clientOf = ({ client, body, parts }: Asked): string => {
  const example = parts[0] === '$process-message' && body !== undefined && 'example' in body ? body.example : undefined;
  const own = example === undefined ? undefined : messages[example % messages.length]?.client;
  const [other] = clients[client % clients.length] ?? ['amk-innlandet'];
  return client % 4 === 0 || own === undefined || !sampleClients.has(own) ? other : own;
};

export const bodyFor = (body: Plan, parts: readonly string[]): Buffer =>
  bodyOf(body, parts[0] === 'Subscription' ? subscriptionTexts : messageTexts);

/** What is written about missions and subscriptions; a read that is refused is recorded elsewhere. */
const isKept = /^(?:MISSION|INCIDENT|SUBSCRIPTION|PARTY)#/;

/** Notes each call of the SDK that stores something or sends it on, whichever client makes it. */
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
      return all.filter((one) => one.startsWith('Send') || /"pk":"([^"]+)"/.exec(one)?.[1]?.match(isKept));
    },
    stop: () => Object.assign(base, { send }),
  };
};

export const openDoor = async (): Promise<Door> => {
  const aws = await startEmbeddedAws();
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    DELIVERY_QUEUE_URL: aws.queueUrl,
    ENDPOINT_ALLOW_LIST: 'http://localhost:*',
    BUDGET_MISSIONS: '1000000',
  });
  const table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  await saveDirectory(table, sampleDirectoryData);
  // A party that no machine reaches would be reported in the mission's log, and the examples' numbers would not fit.
  for (const organisation of sampleClients.values())
    await subscriptions(table).create(sampleSubscription(randomUUID(), organisation), '2099-01-01T00:00:00.000Z');
  const handlers: Readonly<Record<string, ApiHandler>> = {
    Read: (await import('../../functions/read/lambda.ts')).handler,
    Subscribe: (await import('../../functions/subscribe/lambda.ts')).handler,
    Message: (await import('../../functions/process-message/lambda.ts')).handler,
    Metadata: (await import('../../functions/metadata/lambda.ts')).handler,
  };
  const handlerOf = ({ method, parts }: Asked): ApiHandler | undefined => {
    const resource = resourceOf(parts.join('/'));
    if (resource.startsWith('/fhir/Subscription')) return handlers['Subscribe'];
    if (resource.startsWith('/fhir/{type}')) return handlers[method === 'POST' ? 'Message' : 'Read'];
    return handlers['Metadata'];
  };
  const log = watchLog();
  const writes = watchWrites();

  const eventOf = (asked: Asked): APIGatewayProxyEvent => {
    const { method, parts, query, headers, body } = asked;
    const parent = sampleClients.get(clientOf(asked)) ?? '';
    // A slash that a caller writes as %2f is part of a part.
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

  /** Reads an accepted message again, as its sender. */
  const checkKept = async (sent: Asked, answered: string, etag: string): Promise<void> => {
    const mission = /"value":"([0-9a-f-]{36})"/.exec(answered)?.[1];
    const version = /^W\/"(\d+)"$/.exec(etag)?.[1];
    const parent = sampleClients.get(clientOf(sent)) ?? '';
    const read = await handlers['Read']?.(requestOf({ parent }, { path: `Bundle/${mission}.${version}` }), context);
    log.taken();
    // Who has left the mission, or reads without persons, does not read it whole.
    if (read?.statusCode !== 200 || isSeenInPart(parent)) return;
    const whole = bodyFor(sent.body ?? { text: '' }, sent.parts);
    check(isUtf8(whole) && isSame(read.body, whole.toString('utf8')), 'an accepted message is not read as it was sent');
  };

  const ask: Door['ask'] = async (asked) => {
    const handler = handlerOf(asked);
    if (handler === undefined) return 'refused';
    const event = eventOf(asked);
    writes.taken();
    const { statusCode, body, headers = {} } = await handler(event, context);
    checkPrototypes();
    const said = log.taken();
    check(!said.includes(secret), `the log repeats what was sent: ${said.slice(0, 500)}`);
    check(!/"code":"LB-9\d\d"/.test(said), `the hub failed: ${said.slice(0, 1_000)}`);
    if (statusCode >= 300) {
      if (statusCode === 304) return 'refused';
      checkRefusal(statusCode, body);
      const stored = writes.taken();
      check(stored.length === 0, `what was refused (${statusCode}) was stored: ${stored.join('; ').slice(0, 500)}`);
      return 'refused';
    }
    // Sent again the first one stands, with the envelope's id that it had.
    if (said.includes('"code":"LB-101"')) await checkKept(asked, body, String(headers['etag']));
    return 'accepted';
  };

  // So that changed messages find a mission in the midst of its way.
  for (const { file, client } of exampleSteps.slice(0, 9)) {
    const example = messages.findIndex(({ text }) => text === exampleText(file));
    const index = clients.findIndex(([name]) => name === client);
    const came = await ask({
      method: 'POST',
      parts: ['$process-message'],
      query: [],
      headers: { 'content-type': 'application/fhir+json' },
      body: { example, changes: [], damage: [] },
      client: index,
    });
    check(came === 'accepted', `${file} is refused`);
  }
  return {
    ask,
    close: async () => {
      log.stop();
      writes.stop();
      await aws.close();
    },
  };
};

/** Roles that read what is left of a message without persons. */
const isSeenInPart = (organisation: string): boolean => {
  const role = sampleDirectoryData.parties.find((party) => party.organisation === organisation)?.role;
  return role === 'observer' || role === 'quality';
};
