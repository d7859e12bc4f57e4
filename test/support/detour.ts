import { copyFile, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { loadFirstData } from '../../local/first-data.ts';
import { startHost } from '../../local/host.ts';
import { readAssembly } from '../../local/aws/template.ts';
import type { Hub } from './partners.ts';

/** The embedded hub with a detour between its functions and AWS, on which tables and queues can be lost. */

/**
 * `open`: nothing is lost. `cut`: connections are reset. `silent`: there is no answer. `deaf`: the request is carried out, and its
 * answer is lost.
 */
export type Road = 'open' | 'cut' | 'silent' | 'deaf';

interface Detour {
  readonly url: string;
  /** The real address of the service. */
  lead: (target: string) => void;
  be: (road: Road) => void;
  /** Every request, headers and body, as text. */
  readonly passed: () => readonly string[];
  readonly close: () => Promise<void>;
}

const openDetour = async (): Promise<Detour> => {
  let road: Road = 'open';
  let target = '';
  let url = '';
  const passed: string[] = [];
  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    passed.push(`${incoming.url ?? ''} ${JSON.stringify(incoming.headers)}\n${body.toString('utf8')}`);
    if (road === 'cut') incoming.socket.destroy();
    if (road === 'cut' || road === 'silent') return;
    // A queue is called by the address in its URL, but knows only its real address.
    const text = body.toString('utf8').replaceAll(url, target);
    const onward = httpRequest(
      `${target}${incoming.url ?? ''}`,
      {
        method: incoming.method ?? 'POST',
        headers: { ...incoming.headers, 'content-length': Buffer.byteLength(text) },
      },
      (answer) => {
        if (road === 'deaf') {
          answer.resume();
          incoming.socket.destroy();
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => incoming.socket.destroy());
    onward.end(text);
  };
  const server = createServer((incoming, outgoing) => {
    take(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  // Requests are lost only as `road` says.
  server.keepAliveTimeout = 0;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return {
    url,
    lead: (to) => {
      target = to;
    },
    be: (now) => {
      road = now;
      // A request from before must not wait for ever.
      if (now !== 'silent') server.closeAllConnections();
    },
    passed: () => passed,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
};

const templateSchema = z.looseObject({
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Properties: z
        .looseObject({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }).optional() })
        .optional(),
    }),
  ),
});

/** The cloud assembly, with other addresses of AWS in the environment of its functions. */
const assemblyWith = async (variables: (given: Readonly<Record<string, unknown>>) => Record<string, string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-assembly-'));
  for (const { name } of await readdir('cdk.out', { withFileTypes: true })) {
    const [from, to] = [resolve('cdk.out', name), join(folder, name)];
    if (name.startsWith('asset.')) await symlink(from, to);
    else if (!name.endsWith('.template.json')) await copyFile(from, to).catch(() => {});
    else {
      const template = templateSchema.parse(JSON.parse(await readFile(from, 'utf8')));
      for (const { Type, Properties } of Object.values(template.Resources)) {
        const environment = Type === 'AWS::Lambda::Function' ? Properties?.Environment : undefined;
        if (environment !== undefined) Object.assign(environment.Variables, variables(environment.Variables));
      }
      await writeFile(to, JSON.stringify(template));
    }
  }
  return folder;
};

export interface FaultyHub extends Hub {
  /** Sets what happens to the functions' requests to the tables from now on. */
  readonly tables: (road: Road) => void;
  readonly queues: (road: Road) => void;
  /** The functions' requests to the tables and to the queues, headers and bodies. */
  readonly asked: { readonly tables: () => readonly string[]; readonly queues: () => readonly string[] };
  /** The log of its functions and its host. */
  readonly log: () => Promise<string>;
  readonly dataDir: string;
  readonly close: () => Promise<void>;
}

/** The trace header that Lambda gives a function. */
export const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

export const startFaultyHub = async (): Promise<FaultyHub> => {
  const tables = await openDetour();
  const queues = await openDetour();
  const dataDir = await mkdtemp(join(tmpdir(), 'luftbro-faults-'));
  const { stackName } = await readAssembly('cdk.out');
  const assembly = await assemblyWith((given) => ({
    AWS_ENDPOINT_URL_DYNAMODB: tables.url,
    _X_AMZN_TRACE_ID: trace,
    ...Object.fromEntries(
      (['quick', 'slow'] as const).flatMap((lane) => {
        const name = `${lane.toUpperCase()}_LANE_URL`;
        return given[name] === undefined ? [] : [[name, `${queues.url}/000000000000/${stackName}-${lane}-lane.fifo`]];
      }),
    ),
  }));
  const host = await startHost({ assembly, dataDir, port: 0, issuerPort: 0, afterTables: loadFirstData({}) });
  tables.lead(host.tables.endpoint);
  queues.lead(host.queuesEndpoint);
  return {
    url: host.url,
    issuerUrl: host.issuerUrl,
    tables: tables.be,
    queues: queues.be,
    asked: { tables: tables.passed, queues: queues.passed },
    log: () => readFile(host.logFile, 'utf8'),
    dataDir,
    close: async () => {
      await host.close();
      await tables.close();
      await queues.close();
      await rm(dataDir, { recursive: true, force: true });
      await rm(assembly, { recursive: true, force: true });
    },
  };
};
