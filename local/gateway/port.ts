import { createServer, type RequestListener, type Server } from 'node:http';
import { forThisMachine } from './own-names.ts';

interface Port {
  readonly number: number;
  readonly serve: (listener: RequestListener) => void;
  /** Accepts no more connections. */
  readonly refuse: () => void;
  /** Settles when every accepted request has an answer. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a port at once. Requests wait until `serve` is called. `variable`: the environment variable that gives another port. */
export const openPort = async (port: number, { variable }: { readonly variable: string }): Promise<Port> => {
  const serving = Promise.withResolvers<RequestListener>();
  const server = createServer(
    forThisMachine((request, response) => {
      void serving.promise.then((listener) => listener(request, response));
    }),
  );
  // Longer than clients keep unused connections, so that none is closed just as it is used again.
  server.keepAliveTimeout = 65_000;
  await listen(server, port, variable);
  const address = server.address();
  const closed = Promise.withResolvers<void>();
  server.once('close', () => closed.resolve());
  const refuse = (): void => {
    server.close();
    server.closeIdleConnections();
  };
  return {
    number: typeof address === 'object' && address !== null ? address.port : port,
    serve: serving.resolve,
    refuse,
    idle: () => closed.promise,
    close: async () => {
      refuse();
      server.closeAllConnections();
      await closed.promise;
    },
  };
};

const listen = (server: Server, port: number, variable: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error) => {
    const taken = 'code' in error && error.code === 'EADDRINUSE';
    reject(
      taken
        ? new Error(
            `Port ${port} is in use. End the program that listens there, or give another port with ${variable}=….`,
          )
        : error,
    );
  });
  // Loopback only: the hub on a laptop must not be reachable from its network.
  server.listen(port, '127.0.0.1', resolve);
  return promise;
};
