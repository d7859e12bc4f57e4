import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { localCredentials } from '../../../local/aws/credentials.ts';
import { type Host, type HostOptions, startHost } from '../../../local/host.ts';
import { afterRunning } from '../../../local/aws/running-time.ts';

/** A small stack of its own: the host is tested against this, not against the hub. */
export const fixtureAssembly = fileURLToPath(new URL('../../fixtures/embedded-stack', import.meta.url));

const entrySchema = z.looseObject({ from: z.string() });
type JournalEntry = z.output<typeof entrySchema>;

export interface FixtureHost {
  readonly host: Host;
  readonly dataDir: string;
  /** What the fixture's functions have written down, in order. */
  readonly journal: (from: string) => Promise<readonly JournalEntry[]>;
  /** Ends the host and leaves its data. */
  readonly end: () => Promise<void>;
}

const clients = { clients: { somebody: { orgnr_parent: '311000012', orgnr_child: '311000020' } } };

export const startFixtureHost = async (dataDir: string, options: HostOptions = {}): Promise<FixtureHost> => {
  const journalFile = join(dataDir, 'journal');
  const clientsFile = join(dataDir, 'clients.json');
  await writeFile(journalFile, '', { flag: 'a' });
  await writeFile(clientsFile, JSON.stringify(clients));
  const host = await startHost({
    assembly: fixtureAssembly,
    dataDir,
    port: 0,
    issuerPort: 0,
    clientsFile,
    parameters: { Journal: journalFile },
    afterTables: async () => {},
    ...options,
  });
  return {
    host,
    dataDir,
    journal: async (from) =>
      (await readFile(journalFile, 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => entrySchema.parse(JSON.parse(line)))
        .filter((entry) => entry.from === from),
    end: host.close,
  };
};

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'luftbro-host-'));

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Asks until it is so, and fails if it never is within two minutes in which the machine runs. */
export const eventually = async <Value>(ask: () => Promise<Value | undefined>): Promise<Value> => {
  let isLate = false;
  const inTime = afterRunning(120_000, () => {
    isLate = true;
  });
  try {
    for (;;) {
      const value = await ask();
      if (value !== undefined) return value;
      if (isLate) throw new Error('what is waited for did not come within two minutes');
      await delay(10);
    }
  } finally {
    inTime();
  }
};

export interface Work {
  readonly name: string;
  readonly group: string;
  /** So many times it is given back before it succeeds. */
  readonly fails?: number;
  /** Seconds until it may come back. */
  readonly after?: number;
  /** It is not done before the message of that name is. */
  readonly waitsFor?: string;
  readonly throws?: boolean;
}

export const queueClient = (host: Host): SQSClient =>
  new SQSClient({ endpoint: host.queuesEndpoint, region: host.tables.region, credentials: localCredentials });

export const sendWork = async (host: Host, works: readonly Work[]): Promise<void> => {
  const client = queueClient(host);
  await client.send(
    new SendMessageBatchCommand({
      QueueUrl: host.outputs['WorkUrl'],
      Entries: works.map(({ group, ...work }, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(work),
        MessageGroupId: group,
        MessageDeduplicationId: `${group}.${work.name}`,
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'fixture' } },
      })),
    }),
  );
  client.destroy();
};
