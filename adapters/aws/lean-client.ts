import { requestHandler, type TimeLimits } from './request-handler.ts';
import { requestSigner, type SignerParts } from './request-signer.ts';

/**
 * The SDK's clients without the work that the hub has no use for (docs/adr/0051-lean-aws-clients.md). Commands, protocol, endpoints,
 * credentials, retries and the correction of the clock are those of the SDK.
 */

/** Configuration of a client. One attempt more: a call of the hub has a deadline. */
export const leanConfiguration = (limits: TimeLimits, signing: SignerParts) => {
  const signer = requestSigner(signing);
  return {
    maxAttempts: 2,
    // The chain of middleware is put together once per kind of command, not for each call.
    cacheMiddleware: true,
    requestHandler: requestHandler(limits),
    signer: async () => signer,
    // The SDK checks each character first. What is decoded here was encoded by AWS.
    base64Decoder: (text: string): Uint8Array => Buffer.from(text, 'base64'),
  };
};

interface Client {
  readonly middlewareStack: { readonly remove: (name: string) => boolean };
}

/** Removes middleware by its name. Throws if the SDK does not know it: its next version may have renamed it. */
export const without = <Lean extends Client>(client: Lean, ...names: readonly string[]): Lean => {
  for (const name of names)
    if (!client.middlewareStack.remove(name)) throw new Error(`The client of the AWS SDK has no middleware ${name}`);
  return client;
};

/** Makes log lines for a logger, although none is configured. */
export const logger = 'loggerMiddleware';

/** Composes a header that names the versions of the SDK and its features, for AWS's statistics. */
export const userAgent = 'getUserAgentMiddleware';

/** Passes the trace of the invocation on. DynamoDB has no use for it; SQS gives it to the function that gets the message. */
export const traceHeader = 'recursionDetectionMiddleware';
