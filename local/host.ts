import { resolve as absolute } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startBuckets } from './aws/buckets.ts';
import { createApi } from './gateway/api.ts';
import { localCredentials, localRegion as region } from './aws/credentials.ts';
import { createDocs } from './docs/docs.ts';
import { startEventSources } from './aws/event-sources.ts';
import { loadFirstData } from './first-data.ts';
import type { Invoked } from './aws/function-instance.ts';
import { createFunctions } from './aws/functions.ts';
import { ownDataDir, placesIn, writeHubEnv } from './data-folder.ts';
import { createIssuer } from './issuer/issuer.ts';
import { openLog } from './log.ts';
import { openPort } from './gateway/port.ts';
import { startQueues } from './aws/queues.ts';
import { startSchedules } from './aws/schedules.ts';
import { createStack } from './aws/stack.ts';
import { type MadeTables, startTables } from './aws/tables.ts';
import { readAssembly, type Template } from './aws/template.ts';

/**
 * The embedded host: runs the synthesised stack on this machine, with the same bundles, rights and settings as on AWS. It reads
 * resources and their connections from `cdk.out`; nothing is listed here.
 *
 * - `aws/` emulates what the stack consists of. `template.ts`, `intrinsics.ts` and `stack.ts` read the template; `tables.ts`
 *   (dynalite), `queues.ts` (fauxqs), `buckets.ts` (folders), `functions.ts` (threads), `event-sources.ts` and `schedules.ts` run
 *   the resources;
 *   `permissions.ts` and `policy.ts` check each call against the roles of the functions.
 * - `gateway/` is API Gateway: port, routes, authorizer, proxy events, gateway responses.
 * - `issuer/` issues tokens in place of HelseID. `docs/` serves the API reference. `sample/` has the first directory and clients.
 * - `data-folder.ts` knows the files of a hub on this machine, `first-data.ts` loads the directory, `log.ts` writes the log.
 *
 * Order of a start: ports, tables, first data, queues, issuer, functions, API, event sources, schedules. They are closed in the
 * opposite order.
 */
export interface HostOptions {
  /** The cloud assembly; by default the project's cdk.out. */
  readonly assembly?: string;
  /** The folder of tables, keys and the log; by default .luftbro in the project. */
  readonly dataDir?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** 0: any free one. */
  readonly issuerPort?: number;
  /** The clients that can get a token; by default local/sample/clients.json. */
  readonly clientsFile?: string;
  /** More values for the stack's parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Runs once the tables are there and before any function; by default the sample directory is loaded if there is none. */
  readonly afterTables?: (tables: MadeTables) => Promise<void>;
  /** Shows the functions' log on the terminal too. */
  readonly logToTerminal?: boolean;
  /** Called with what has started. */
  readonly progress?: (what: string) => void;
}

export interface Host {
  /** Base URL that partners use; ends in /fhir. */
  readonly url: string;
  /** The URL without its path. */
  readonly origin: string;
  readonly issuerUrl: string;
  /** The folder of everything that the host keeps. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly tables: MadeTables;
  readonly queuesEndpoint: string;
  /** The stack's outputs. */
  readonly outputs: Readonly<Record<string, string>>;
  /** An access token for a client of the directory. */
  readonly token: (clientId: string) => Promise<string>;
  /** Calls a function by its logical id, without API and queue: for instance a sweep now instead of within a minute. */
  readonly invoke: (logicalId: string, event: unknown) => Promise<Invoked>;
  readonly close: () => Promise<void>;
}

const project = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

// Work in progress gets this time to end. Longer work is interrupted, as by a power cut, and stays pending.
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

  // Closed in the opposite order, also if the start fails half-way.
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closeLast = opened.pop(); closeLast !== undefined; closeLast = opened.pop()) await closeLast();
  };

  try {
    const log = await openLog({ file: places.log, alsoToTerminal: logToTerminal });
    opened.push(log.close);
    // A verification of the log of reads takes the log as complete from here: before, the hub may have been killed.
    log.event('INFO', 'Hub started');

    // The ports are first: the addresses in the functions' environment depend on them.
    const apiPort = await openPort(port, { variable: 'PORT' });
    opened.push(apiPort.close);
    const tokenPort = await openPort(issuerPort, { variable: 'ISSUER_PORT' });
    opened.push(tokenPort.close);
    const origin = `http://localhost:${apiPort.number}`;
    const issuerUrl = `http://localhost:${tokenPort.number}`;
    const url = `${origin}/fhir`;

    const tableServer = await startTables({
      folder: places.tables,
      region,
      log: (line) => log.event('ERROR', line),
      onDisk: progress,
    });
    opened.push(tableServer.close);
    const queues = await startQueues({ region, log: (line) => log.event('ERROR', line) });
    opened.push(queues.close);
    const buckets = await startBuckets({ log: (line) => log.event('ERROR', line) });
    opened.push(buckets.close);

    const stack = createStack({
      name: stackName,
      region,
      template,
      parameters: declared(template, {
        PublicUrl: url,
        TokenIssuer: issuerUrl,
        // A token without a proof is enough to try the hub by hand.
        TokenBinding: 'optional',
        EndpointAllowList: 'http://localhost:*,http://127.0.0.1:*',
        // There are no partners to protect from each other, and tests send fast.
        BudgetMessages: '1000000',
        BudgetRequests: '1000000',
        ...options.parameters,
      }),
      queueUrl: queues.url,
    });

    const tables: MadeTables = { endpoint: tableServer.endpoint, region, tableNames: await tableServer.create(stack) };
    await afterTables(tables);
    progress(`tables   ${tables.tableNames.join(', ')}`);
    const queueUrls = await queues.create(stack);
    buckets.create(stack, { Anchors: places.anchors });
    const awsEnvironment = {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
      AWS_ENDPOINT_URL_SQS: queues.endpoint,
      AWS_ENDPOINT_URL_S3: buckets.endpoint,
    };
    progress(`queues   ${[...queueUrls.keys()].map((arn) => arn.slice(arn.lastIndexOf(':') + 1)).join(', ')}`);

    const issuer = await createIssuer({
      url: issuerUrl,
      audience: options.parameters?.['TokenAudience'] ?? template.Parameters['TokenAudience']?.Default ?? stackName,
      clientsFile,
      keyFile: places.issuerKey,
    });
    tokenPort.serve(issuer.listener);
    progress(`tokens   ${issuerUrl} (for this machine only: clients are not authenticated)`);

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
    apiPort.serve((request, response) => (docs(request) ?? api)(request, response));
    const eventSources = startEventSources({ stack, functions, queues, urls: queueUrls, log });
    const schedules = startSchedules({ stack, functions });
    opened.push(async () => {
      apiPort.refuse();
      schedules.stop();
      await Promise.race([Promise.all([eventSources.close(), apiPort.idle()]), delay(graceMilliseconds)]);
    });
    // `npm run hub -- … --local` finds this hub by it.
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

/** The values of parameters that the stack has. */
const declared = (
  { Parameters }: Template,
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => Parameters[name] !== undefined));
