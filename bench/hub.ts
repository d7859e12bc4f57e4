import { z } from 'zod';
import type { Aws } from './aws.ts';
import { loadHandler, readBundles } from './bundles.ts';
import { scopes } from '../schemas/scopes.ts';
import { type Step, messageText, missionOf, organisationOf, subscriptionText } from './messages.ts';

/** The deployed handlers in this process, called with events in the formats of API Gateway and SQS. */
export interface HubInProcess {
  /** Event of a message, in the format of API Gateway. */
  readonly eventOf: (text: string, sender: string) => unknown;
  /** Event of one delivery job, in the format of SQS. */
  readonly deliveryOf: (job: string) => unknown;
  /** Accepts a message and delivers its notifications; returns the answer's body. Throws for any answer but 200. */
  readonly process: (event: unknown) => Promise<string>;
  /** Throws if a record must be redelivered. */
  readonly deliver: (event: unknown) => Promise<void>;
  /** Creates an active subscription of a client's organisation; returns its id. */
  readonly subscribe: (client: string) => Promise<string>;
}

const context = { awsRequestId: 'bench', functionName: 'bench', getRemainingTimeInMillis: () => 10_000 };
const created = z.object({ id: z.string() });
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

const groupShape = z.object({ kind: z.string(), subscription: z.string(), mission: z.string().default('contact') });

/** From the lane that makes the first attempt of a notification, or makes handshakes. */
const deliveryFrom = ({ quick, slow }: Aws['lanes'], job: string): unknown => {
  const { kind, subscription, mission } = groupShape.parse(JSON.parse(job));
  const queue = (kind === 'notification' ? quick : slow).split('/').at(-1);
  return {
    Records: [
      {
        messageId: 'bench',
        receiptHandle: 'bench',
        body: job,
        attributes: { ApproximateReceiveCount: '1', MessageGroupId: `${subscription}.${mission}` },
        messageAttributes: {},
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:eu-north-1:000000000000:${queue}`,
      },
    ],
  };
};

/** Sets this process's environment to the embedded AWS and loads the handlers. Only once in a process. */
export const loadHub = async (aws: Aws, assembly: string): Promise<HubInProcess> => {
  const bundles = await readBundles(assembly);
  Object.assign(process.env, ...bundles.map(({ environment }) => environment), {
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: aws.origin,
    AWS_ENDPOINT_URL_SQS: aws.origin,
    TABLE_NAME: aws.tableName,
    OBLIGATION_SHARDS_WRITTEN: '8',
    OBLIGATION_SHARDS_READ: '8',
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
    PUBLIC_URL: 'https://hub.example/fhir',
    ENDPOINT_ALLOW_LIST: 'http://127.0.0.1:*',
    POWERTOOLS_METRICS_NAMESPACE: 'luftbro',
  });
  const load = (name: string) => {
    const bundle = bundles.find((one) => one.name === name);
    if (bundle === undefined) throw new Error(`the stack has no function ${name}`);
    return loadHandler(bundle);
  };
  const [processMessage, deliverAll, subscribeOne] = await Promise.all(
    (['ProcessMessage', 'Deliver', 'Subscribe'] as const).map(load),
  );
  if (processMessage === undefined || deliverAll === undefined || subscribeOne === undefined)
    throw new Error('a handler is missing');

  const deliver: HubInProcess['deliver'] = async (event) => {
    const { batchItemFailures } = batchShape.parse(await deliverAll(event, context));
    if (batchItemFailures.length > 0) throw new Error('a delivery is to be tried again');
  };

  const deliveryOf: HubInProcess['deliveryOf'] = (job) => deliveryFrom(aws.lanes, job);

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
      await aws.setMode({ mode: 'pass', withBodies: false });
      const event = gatewayEvent('/fhir/Subscription', null, organisationOf(client), subscriptionText(aws.endpoint));
      const { statusCode, body } = answerShape.parse(await subscribeOne(event, context));
      if (statusCode !== 201) throw new Error(`the hub answered ${statusCode}: ${body}`);
      // The handshake, which activates the subscription.
      const { jobs } = await aws.setMode({ mode: 'pass', withBodies: false });
      for (const job of jobs) await deliver(deliveryOf(job));
      await aws.setMode({ mode: 'pass', withBodies: false });
      return created.parse(JSON.parse(body)).id;
    },
  };
};

/** Sends a message through the hub and delivers all its notifications; returns the mission's id. */
export const play = async (
  hub: HubInProcess,
  aws: Aws,
  step: Step,
  wanted: Parameters<typeof messageText>[1] = {},
): Promise<string> => {
  const sender = step.sender === 'amk-la-oslo' ? (wanted.coordinator ?? step.sender) : step.sender;
  const answer = await hub.process(hub.eventOf(messageText(step, wanted), sender));
  const { jobs } = await aws.setMode({ mode: 'pass', withBodies: false });
  for (const job of jobs) await hub.deliver(hub.deliveryOf(job));
  await aws.setMode({ mode: 'pass', withBodies: false });
  return missionOf(answer);
};
