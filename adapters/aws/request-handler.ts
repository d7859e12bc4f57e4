import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Milliseconds; 0 is no limit. */
export interface TimeLimits {
  /** Until a new connection is open. */
  readonly connection: number;
  /** Until the answer is there, with its whole body: name, connection and request included. */
  readonly answer: number;
}

interface Outgoing {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  /** Read to its end: what fails while it is read fails the request, and the SDK repeats it. */
  readonly body: Uint8Array;
}

/** The name and the code after which the SDK repeats a request. */
const timeoutError = (message: string): Error =>
  Object.assign(new Error(message), { name: 'TimeoutError', code: 'ETIMEDOUT' });

/** Fails the request if its connection is new and not open in time. */
const limitConnection = (outgoing: ClientRequest, milliseconds: number): void => {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return;
    const late = setTimeout(
      () => outgoing.destroy(timeoutError(`no connection within ${milliseconds} ms`)),
      milliseconds,
    );
    const stop = (): void => clearTimeout(late);
    socket.once('connect', stop);
    outgoing.once('close', stop);
  });
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );

/** Settings by the names of the SDK's own handler. */
const settingNames = { connectionTimeout: 'connection', requestTimeout: 'answer' } as const;
const isSetting = (name: PropertyKey): name is keyof typeof settingNames => Object.hasOwn(settingNames, name);

/**
 * Sends requests of the SDK over `node:http` or `node:https`, on connections that are kept. Has the form of `requestHandler` in the
 * SDK's configuration, and one timer per request instead of four.
 */
export const requestHandler = (given: TimeLimits) => {
  let limits = given;
  const options = { keepAlive: true, maxSockets: 50 };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);

  const send = (
    { protocol, hostname, port, path, method, headers, body }: Outgoing,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly response: Answer }> =>
    new Promise((resolve, reject) => {
      const isPlain = protocol === 'http:';
      const outgoing = (isPlain ? httpRequest : httpsRequest)({
        agent: isPlain ? http : https,
        // Node.js takes an IPv6 address without the brackets of a URL.
        host: hostname.replace(/^\[|\]$/g, ''),
        port,
        path,
        method,
        headers,
        ...(signal === undefined ? {} : { signal }),
      });
      const late =
        limits.answer === 0
          ? undefined
          : setTimeout(() => outgoing.destroy(timeoutError(`no answer within ${limits.answer} ms`)), limits.answer);
      if (limits.connection > 0) limitConnection(outgoing, limits.connection);
      const fail = (error: Error): void => {
        clearTimeout(late);
        reject(error);
      };
      outgoing.on('error', fail);
      outgoing.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(late);
          const [first] = parts;
          const whole = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
          resolve({
            response: { statusCode: response.statusCode ?? 0, headers: headersOf(response), body: whole },
          });
        });
      });
      outgoing.end(body);
    });

  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: (request: Outgoing, { abortSignal }: { readonly abortSignal?: unknown } = {}) =>
      send(request, abortSignal instanceof AbortSignal ? abortSignal : undefined),
    /** Changes a time limit, as the SDK's own handler does. */
    updateHttpClientConfig: (name: PropertyKey, value: unknown): void => {
      if (!isSetting(name) || typeof value !== 'number') throw new Error(`there is no setting ${String(name)}`);
      limits = { ...limits, [settingNames[name]]: value };
    },
    httpHandlerConfigs: (): object => ({ connectionTimeout: limits.connection, requestTimeout: limits.answer }),
    destroy: (): void => {
      http.destroy();
      https.destroy();
    },
  };
};
