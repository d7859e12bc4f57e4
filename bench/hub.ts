import { z } from 'zod';
import type { Aws } from './aws.ts';
import { loadHandler, readBundles } from './bundles.ts';
import { scopes } from '../schemas/scopes.ts';
import { type Step, messageText, missionOf, organisationOf, subscriptionText } from './messages.ts';

/** The deployed handlers in this process, called with the events that API Gateway and SQS would give them. */
export interface HubInProcess {
  /** Event of a message, as API Gateway hands it over. */
  readonly eventOf: (text: string, sender: string) => unknown;
  /** Event of one order of the delivery queue, as SQS hands it over. */
  readonly deliveryOf: (order: string) => unknown;
  /** Accepts and tells; returns the answer's body. Throws on any answer but 200. */
  readonly process: (event: unknown) => Promise<string>;
  /** Throws if a record is to come back. */
  readonly deliver: (event: unknown) => Promise<void>;
  /** Makes an active subscription of a client's organisation. */
  readonly subscribe: (client: string) => Promise<void>;
  /** Lets an hour pass without a word, and the sweeper drop the missions that rest from the heads. */
  readonly rest: () => Promise<void>;
}

const context = { awsRequestId: 'bench', functionName: 'bench', getRemainingTimeInMillis: () => 10_000 };
const hour = 3_600_000;
/** So little time that a run of the sweeper looks for no debts, and enough to look at every mission that may rest. */
const endOfARun = 14_000;
const answerShape = z.object({ statusCode: z.number(), body: z.string() });
const batchShape = z.object({ batchItemFailures: z.array(z.unknown()) });

const gatewayEvent = (resource: string, pathParameters: object | null, organisation: string, text: string) => ({
  httpMethod: 'POST',
  resource,
  path: resource,
  pathParameters,
  queryStringParameters: null,
  headers: { 'Content-Type': 'application/fhir+json', Accept: 'application/fhir+json' },
  isBase64Encoded: true,
  body: Buffer.from(text).toString('base64'),
  requestContext: {
    requestId: 'bench',
    authorizer: { parent: organisation, audience: 'bench', scope: Object.keys(scopes).join(' ') },
  },
});

const eventOf: HubInProcess['eventOf'] = (text, sender) =>
  gatewayEvent('/fhir/{type}', { type: '$process-message' }, organisationOf(sender), text);

const groupShape = z.object({ subscription: z.string(), mission: z.string().default('contact') });

const deliveryOf: HubInProcess['deliveryOf'] = (order) => {
  const { subscription, mission } = groupShape.parse(JSON.parse(order));
  return {
    Records: [
      {
        messageId: 'bench',
        receiptHandle: 'bench',
        body: order,
        attributes: { ApproximateReceiveCount: '1', MessageGroupId: `${subscription}.${mission}` },
        messageAttributes: {},
        eventSource: 'aws:sqs',
      },
    ],
  };
};

/** Points this process at the embedded AWS and loads the handlers. To be done once in a process. */
export const loadHub = async (aws: Aws, assembly: string): Promise<HubInProcess> => {
  Object.assign(process.env, {
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: aws.origin,
    AWS_ENDPOINT_URL_SQS: aws.origin,
    TABLE_NAME: aws.tableName,
    DELIVERY_QUEUE_URL: aws.queueUrl,
    PUBLIC_URL: 'https://hub.example/fhir',
    ENDPOINT_ALLOW_LIST: 'http://127.0.0.1:*',
    // One client sends all that is measured.
    BUDGET_MISSIONS: '1000000',
    BUDGET_MISSION_SECONDS: '60',
  });
  const bundles = await readBundles(assembly);
  const load = (name: string) => {
    const bundle = bundles.find((one) => one.name === name);
    if (bundle === undefined) throw new Error(`the stack has no function ${name}`);
    return loadHandler(bundle);
  };
  const [processMessage, deliverAll, subscribeOne, sweep] = await Promise.all(
    (['ProcessMessage', 'Deliver', 'Subscribe', 'Sweep'] as const).map(load),
  );
  if (processMessage === undefined || deliverAll === undefined || subscribeOne === undefined || sweep === undefined)
    throw new Error('a handler is missing');

  const deliver: HubInProcess['deliver'] = async (event) => {
    const { batchItemFailures } = batchShape.parse(await deliverAll(event, context));
    if (batchItemFailures.length > 0) throw new Error('a delivery is to be tried again');
  };

  return {
    eventOf,
    deliveryOf,
    deliver,
    process: async (event) => {
      const { statusCode, body } = answerShape.parse(await processMessage(event, context));
      if (statusCode !== 200) throw new Error(`the hub answered ${statusCode}: ${body}`);
      return body;
    },
    subscribe: async (client) => {
      await aws.tell({ mode: 'pass', withBodies: false });
      const event = gatewayEvent('/fhir/Subscription', null, organisationOf(client), subscriptionText(aws.endpoint));
      const { statusCode, body } = answerShape.parse(await subscribeOne(event, context));
      if (statusCode !== 201) throw new Error(`the hub answered ${statusCode}: ${body}`);
      // The handshake, which makes it active.
      const { orders } = await aws.tell({ mode: 'pass', withBodies: false });
      for (const order of orders) await deliver(deliveryOf(order));
      await aws.tell({ mode: 'pass', withBodies: false });
    },
    rest: async () => {
      // It does not go back: the hub numbers nothing for a clock of before.
      const { now } = Date;
      Date.now = () => now() + hour;
      await sweep({}, { ...context, getRemainingTimeInMillis: () => endOfARun });
      await aws.tell({ mode: 'pass', withBodies: false });
    },
  };
};

/** Sends a message through the hub and gives every notification of it; returns the mission's number. */
export const play = async (
  hub: HubInProcess,
  aws: Aws,
  step: Step,
  wanted: Parameters<typeof messageText>[1] = {},
): Promise<string> => {
  const sender = step.sender === 'amk-la-oslo' ? (wanted.coordinator ?? step.sender) : step.sender;
  const answer = await hub.process(hub.eventOf(messageText(step, wanted), sender));
  const { orders } = await aws.tell({ mode: 'pass', withBodies: false });
  for (const order of orders) await hub.deliver(hub.deliveryOf(order));
  await aws.tell({ mode: 'pass', withBodies: false });
  return missionOf(answer);
};
