import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createIssuer } from '../../local/issuer/issuer.ts';
import { readAssembly } from '../../local/aws/template.ts';
import { runCommand } from './commands.ts';
import type { HubOptions, RunningHub } from './hub.ts';

/** The stack on an emulator of AWS, put there by CDK itself (docs/deploying.md). The issuer of the laptop gives the tokens. */

/** Where hubs are deployed. */
interface Deployment {
  /** The cloud assembly. */
  readonly assembly: string;
  readonly stackName: string;
  readonly endpoint: string;
  readonly region: string;
}

/** The place that the environment names, if hubs are to be deployed. Throws if that is not on this machine. */
export const deployment = async (): Promise<Deployment | undefined> => {
  const { DEPLOYED_ASSEMBLY: assembly, AWS_ENDPOINT_URL: endpoint, AWS_REGION: region } = process.env;
  if (assembly === undefined) return undefined;
  // Without an endpoint the tests would run on somebody's real account.
  if (endpoint === undefined || region === undefined || !/^(localhost|127\.0\.0\.1)$/.test(new URL(endpoint).hostname))
    throw new Error('DEPLOYED_ASSEMBLY goes with AWS_REGION and with an AWS_ENDPOINT_URL on this machine.');
  const { stackName } = await readAssembly(assembly);
  return { assembly, stackName, endpoint, region };
};

/** Runs a program of the project; its errors carry what it said. */
const run = async (file: string, ...args: readonly string[]): Promise<string> => {
  const { code, out, errors } = await runCommand(file, args);
  if (code === 0) return out;
  throw new Error(`${file} ${args.join(' ')}\n${out}${errors}`);
};

const cdk = (...args: readonly string[]): Promise<string> => run('node_modules/aws-cdk/bin/cdk', ...args);

const outputsSchema = z.object({ Url: z.string(), TableName: z.string(), QuickLaneUrl: z.string() });
type Outputs = z.output<typeof outputsSchema>;

/** Parameters that are not named keep their values. */
const deploy = async (
  { assembly, stackName }: Deployment,
  folder: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Outputs> => {
  const file = join(folder, 'outputs.json');
  const given = Object.entries(parameters).flatMap(([name, value]) => ['--parameters', `${name}=${value}`]);
  await cdk('deploy', stackName, '--app', assembly, '--require-approval', 'never', '--outputs-file', file, ...given);
  const written: unknown = JSON.parse(await readFile(file, 'utf8'));
  const outputs = z.record(z.string(), outputsSchema).parse(written)[stackName];
  if (outputs === undefined) throw new Error(`The deployment of ${stackName} has no outputs.`);
  return outputs;
};

/** A call that no client of the project makes. What is answered in JSON is returned. Emulators read region and service in the signature and check nothing. */
const askAws = async (
  { endpoint, region }: Deployment,
  service: string,
  path: string,
  { method = 'POST', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string },
): Promise<unknown> => {
  const answer = await fetch(`${endpoint}${path}`, {
    method,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`,
      ...headers,
    },
    ...(method === 'GET' ? {} : { body }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} ${path}: ${answer.status} ${text}`);
  return /json/.test(answer.headers.get('content-type') ?? '') && text !== '' ? JSON.parse(text) : undefined;
};

/** Stacks of test and prod are not deleted before somebody says so. */
const liftProtection = async (place: Deployment): Promise<void> => {
  await askAws(place, 'cloudformation', '/', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'UpdateTerminationProtection',
      Version: '2010-05-15',
      StackName: place.stackName,
      EnableTerminationProtection: 'false',
    }).toString(),
  });
};

/** The schedule begins up to a minute after the deployment; tests do not wait for that. */
const sweepNow = async (place: Deployment): Promise<void> => {
  const listed = await askAws(place, 'lambda', '/2015-03-31/functions/', { method: 'GET' });
  const { Functions } = z.object({ Functions: z.array(z.object({ FunctionName: z.string() })) }).parse(listed);
  for (const { FunctionName } of Functions.filter((one) => one.FunctionName.startsWith(`${place.stackName}-Sweep-`)))
    await askAws(place, 'lambda', `/2015-03-31/functions/${FunctionName}/invocations`, {
      headers: { 'x-amz-invocation-type': 'Event' },
      body: '{}',
    });
};

const groupsSchema = z.object({ logGroups: z.array(z.object({ logGroupName: z.string() })) });
const eventsSchema = z.object({
  events: z.array(z.object({ message: z.string() })),
  nextToken: z.string().optional(),
});

/** What stands in all log groups of the stack. */
const readLogs = async (place: Deployment): Promise<string> => {
  const ask = (action: string, input: unknown) =>
    askAws(place, 'logs', '/', {
      headers: { 'x-amz-target': `Logs_20140328.${action}`, 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify(input),
    });
  const lines: string[] = [];
  for (const { logGroupName } of groupsSchema.parse(await ask('DescribeLogGroups', {})).logGroups) {
    let nextToken: string | undefined;
    do {
      const page = eventsSchema.parse(await ask('FilterLogEvents', { logGroupName, nextToken }));
      lines.push(...page.events.map(({ message }) => message));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
  }
  return lines.join('\n');
};

const startIssuer = async (folder: string) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const { listener } = await createIssuer({
    url,
    audience: 'luftbro',
    clientsFile: 'local/sample/clients.json',
    keyFile: join(folder, 'issuer-key.json'),
  });
  server.on('request', listener);
  return {
    url,
    close: async (): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** Deploys the stack, and loads the sample directory by the project's own commands. `close` destroys it. */
export const deployHub = async (place: Deployment, { guideline, parameters = {} }: HubOptions): Promise<RunningHub> => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-deployed-'));
  const issuer = await startIssuer(folder);
  const close = async (): Promise<void> => {
    try {
      await liftProtection(place);
      await cdk('destroy', place.stackName, '--app', place.assembly, '--force');
    } finally {
      await issuer.close();
      await rm(folder, { recursive: true, force: true });
    }
  };
  try {
    const { Url, TableName, QuickLaneUrl } = await deploy(place, folder, {
      TokenIssuer: issuer.url,
      TokenBinding: 'optional',
      EndpointAllowList: 'http://localhost:*,http://127.0.0.1:*',
      BudgetMessages: '1000000',
      BudgetRequests: '1000000',
      ...parameters,
    });
    // What API Gateway would be called on the internet is not where the emulator has it.
    const api = new URL(Url).hostname.split('.')[0] ?? '';
    const url = `${place.endpoint}/restapis/${api}/live/_user_request_/fhir`;
    await deploy(place, folder, { PublicUrl: url });
    await run('commands/main.ts', 'directory', 'local/sample/directory.json', '--table', TableName);
    if (guideline !== undefined) await run('commands/main.ts', 'guideline', guideline, '--table', TableName);
    await sweepNow(place);
    return {
      url,
      issuerUrl: issuer.url,
      command: {
        options: ['--table', TableName, '--queue', QuickLaneUrl],
        env: {
          AWS_ENDPOINT_URL: place.endpoint,
          AWS_REGION: place.region,
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
        },
      },
      log: () => readLogs(place),
      close,
    };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
};
