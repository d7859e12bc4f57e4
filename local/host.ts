import { createServer, type RequestListener, type Server } from 'node:http';
import { resolve as absolute } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createApi } from './gateway/api.ts';
import { localCredentials, localRegion as region } from './aws/credentials.ts';
import { createDocs } from './docs/docs.ts';
import { startEventSources } from './aws/event-sources.ts';
import { loadFirstData } from './first-data.ts';
import { createFunctions, type Invoked } from './aws/functions.ts';
import { ownDataDir, placesIn, writeHubEnv } from './data-folder.ts';
import { createIssuer } from './issuer/issuer.ts';
import { openLog } from './log.ts';
import { forThisMachine } from './gateway/own-names.ts';
import { startQueues } from './aws/queues.ts';
import { startSchedules } from './aws/schedules.ts';
import { createStack } from './aws/stack.ts';
import { type MadeTables, startTables } from './aws/tables.ts';
import { readAssembly, type Template } from './aws/template.ts';

/** Runs the synthesised stack on this machine: what exists and how it hangs together is read from cdk.out, nothing is listed here. */
export interface HostOptions {
  /** The cloud assembly; by default the project's cdk.out. */
  readonly assembly?: string;
  /** Where tables, keys and the log are kept; by default .luftbro in the project. */
  readonly dataDir?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** 0: any free one. */
  readonly issuerPort?: number;
  /** Who may have a token; by default local/sample/clients.json. */
  readonly clientsFile?: string;
  /** More values for the stack's parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Runs once the tables are there and before any function; by default the sample directory is loaded if there is none. */
  readonly afterTables?: (tables: MadeTables) => Promise<void>;
  /** Shows the functions' log on the terminal too. */
  readonly logToTerminal?: boolean;
  /** Told what has started, as it starts. */
  readonly progress?: (what: string) => void;
}

export interface Host {
  /** Base URL that partners use; ends in /fhir. */
  readonly url: string;
  /** The same without a path. */
  readonly origin: string;
  readonly issuerUrl: string;
  /** Where all that it keeps lies. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly tables: MadeTables;
  readonly queuesEndpoint: string;
  /** The stack's outputs. */
  readonly outputs: Readonly<Record<string, string>>;
  /** An access token for a client of the directory. */
  readonly token: (clientId: string) => Promise<string>;
  /** Calls a function by its logical id, past API and queue: a sweep now instead of within a minute. */
  readonly invoke: (logicalId: string, event: unknown) => Promise<Invoked>;
  readonly close: () => Promise<void>;
}

const project = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

// What is under way may end by itself; what takes longer is cut off, as a power cut would, and is still owed.
const graceMilliseconds = 2000;

export const startHost = async (options: HostOptions = {}): Promise<Host> => {
  const {
    assembly: assemblyFolder = project('cdk.out'),
    dataDir = ownDataDir,
    port = 3000,
    issuerPort = 3001,
    clientsFile = project('local/sample/clients.json'),
    afterTables = loadFirstData({
      directory: process.env['LUFTBRO_DIRECTORY'],
      guideline: process.env['LUFTBRO_GUIDELINE'],
    }),
    logToTerminal = false,
    progress = () => {},
  } = options;
  const places = placesIn(dataDir);
  const { stackName, template, assets } = await readAssembly(assemblyFolder);

  // Closed in the opposite order, also when the start fails half-way.
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closeLast = opened.pop(); closeLast !== undefined; closeLast = opened.pop()) await closeLast();
  };

  try {
    const log = await openLog({ file: places.log, alsoToTerminal: logToTerminal });
    opened.push(log.close);

    // The ports come first: what the functions are told about addresses depends on them.
    const apiDoor = await openDoor(port, 'PORT');
    opened.push(apiDoor.close);
    const issuerDoor = await openDoor(issuerPort, 'ISSUER_PORT');
    opened.push(issuerDoor.close);
    const origin = `http://localhost:${apiDoor.port}`;
    const issuerUrl = `http://localhost:${issuerDoor.port}`;
    const url = `${origin}/fhir`;

    const tableServer = await startTables({
      folder: places.tables,
      region,
      log: (line) => log.event('ERROR', line),
    });
    opened.push(tableServer.close);
    const queues = await startQueues({ region, log: (line) => log.event('ERROR', line) });
    opened.push(queues.close);

    const stack = createStack({
      name: stackName,
      region,
      template,
      parameters: declared(template, {
        PublicUrl: url,
        TokenIssuer: issuerUrl,
        // So that a token is enough for who tries the hub by hand.
        TokenBinding: 'optional',
        EndpointAllowList: 'http://localhost:*,http://127.0.0.1:*',
        // Here are no partners to be protected from each other, but tests that hurry.
        BudgetMessages: '1000000',
        BudgetRequests: '1000000',
        BudgetMissions: '1000000',
        ...options.parameters,
      }),
      queueUrl: queues.url,
    });

    const tables: MadeTables = { endpoint: tableServer.endpoint, region, tableNames: await tableServer.create(stack) };
    await afterTables(tables);
    progress(`tables   ${tables.tableNames.join(', ')}`);
    const queueUrls = await queues.create(stack);
    const awsEnvironment = {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      AWS_ENDPOINT_URL_SQS: queues.endpoint,
    };
    progress(`queues   ${[...queueUrls.keys()].map((arn) => arn.slice(arn.lastIndexOf(':') + 1)).join(', ')}`);

    const issuer = await createIssuer({
      url: issuerUrl,
      audience: options.parameters?.['TokenAudience'] ?? template.Parameters['TokenAudience']?.Default ?? stackName,
      clientsFile,
      keyFile: places.issuerKey,
    });
    issuerDoor.serve(issuer.listener);
    progress(`tokens   ${issuerUrl} (for this machine only: it checks nobody)`);

    const functions = createFunctions({
      stack,
      assets,
      environment: {
        ...awsEnvironment,
        AWS_EXECUTION_ENV: 'luftbro-embedded-host',
        TZ: ':UTC',
      },
      log,
    });
    opened.push(functions.close);
    const api = createApi({ stack, functions, log });
    await functions.warm();
    progress(`functions ${functions.names.join(', ')}`);

    const docs = createDocs({ url, issuerUrl, issuer: issuer.listener, clientsFile, dataDir: absolute(dataDir) });
    apiDoor.serve((request, response) => (docs(request) ?? api)(request, response));
    const eventSources = startEventSources({ stack, functions, queues, urls: queueUrls, log });
    const schedules = startSchedules({ stack, functions });
    opened.push(async () => {
      apiDoor.refuse();
      schedules.stop();
      await Promise.race([Promise.all([eventSources.close(), apiDoor.idle()]), delay(graceMilliseconds)]);
    });
    // Commands for people on call find this hub by it (npm run hub -- dead-letters … --local).
    const found = { ...awsEnvironment, AWS_ACCESS_KEY_ID: localCredentials.accessKeyId, ...stack.outputs() };
    await writeHubEnv(dataDir, found);
    progress(`hub      ${url}`);

    return {
      url,
      origin,
      issuerUrl,
      dataDir: absolute(dataDir),
      logFile: places.log,
      tables,
      queuesEndpoint: queues.endpoint,
      outputs: stack.outputs(),
      token: issuer.token,
      invoke: (logicalId, event) => functions.byLogicalId(logicalId).invoke(event),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Values for those parameters that the stack has. */
const declared = (
  { Parameters }: Template,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => Parameters[name] !== undefined));

interface Door {
  readonly port: number;
  readonly serve: (listener: RequestListener) => void;
  /** Lets nobody in any more. */
  readonly refuse: () => void;
  /** Settles when everybody who was let in has an answer. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A port that is open from now on; who comes before there is something to serve waits. */
const openDoor = async (port: number, variable: string): Promise<Door> => {
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
    port: typeof address === 'object' && address !== null ? address.port : port,
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
        ? new Error(`Port ${port} is taken. End what listens there, or give another port with ${variable}=….`)
        : error,
    );
  });
  // Loopback only: the hub on a laptop is not for the network that the laptop is in.
  server.listen(port, '127.0.0.1', resolve);
  return promise;
};
