/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { parentPort, workerData } from 'node:worker_threads';
import { type FunctionMessage, type FunctionStart, type Invocation, describeError } from './function-protocol.ts';

/** The thread of one instance of a Lambda function: loads the code once, then serves one event at a time. */

const port = parentPort;
if (port === null) throw new Error('function-worker.ts runs in a thread of the embedded host only.');
const send = (message: FunctionMessage): void => port.postMessage(message);

const { moduleUrl, exportName, functionName, functionArn, memoryMegabytes }: FunctionStart = workerData;

const load = async (): Promise<(event: unknown, context: unknown) => unknown> => {
  const loaded: Record<string, unknown> = await import(moduleUrl);
  const handler = loaded[exportName];
  if (typeof handler !== 'function') throw new TypeError(`${moduleUrl} exports no function called ${exportName}.`);
  return (event, context) => handler(event, context);
};

try {
  const handler = await load();
  port.on('message', (invocation: Invocation) => {
    void serve(handler, invocation);
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'unusable', ...describeError(error) });
}

async function serve(
  handler: (event: unknown, context: unknown) => unknown,
  { requestId, payload, deadline }: Invocation,
): Promise<void> {
  const context = {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: String(memoryMegabytes),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    // Lambda transports JSON only: a value without JSON form is lost here as on AWS.
    send({ kind: 'returned', payload: JSON.stringify(await handler(JSON.parse(payload), context)) ?? 'null' });
  } catch (error) {
    send({ kind: 'threw', ...describeError(error) });
  }
}
