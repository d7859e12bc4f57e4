import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  eventually,
  type FixtureHost,
  queueClient,
  removeFolder,
  sendWork,
  startFixtureHost,
  temporaryFolder,
} from './fixture-host.ts';

let fixture: FixtureHost;

beforeAll(async () => {
  fixture = await startFixtureHost(await temporaryFolder());
});

afterAll(async () => {
  await fixture.end();
  await removeFolder(fixture.dataDir);
});

const doneSchema = z.object({
  name: z.string(),
  time: z.number(),
  record: z.looseObject({ attributes: z.record(z.string(), z.string()) }),
});

/** Every handling of a message whose name begins so, in order, as `name#time`. */
const handled = async (prefix: string) =>
  (await fixture.journal('work')).map((entry) => doneSchema.parse(entry)).filter(({ name }) => name.startsWith(prefix));

const names = async (prefix: string): Promise<readonly string[]> =>
  (await handled(prefix)).map(({ name, time }) => `${name}#${time}`);

const untilHandled = (prefix: string, count: number): Promise<readonly string[]> =>
  eventually(async () => {
    const all = await names(prefix);
    return all.length >= count ? all : undefined;
  });

/** Until a function has a message in its hands. */
const untilBegun = (wanted: string): Promise<unknown> =>
  eventually(async () => (await fixture.journal('beginning')).find(({ name }) => name === wanted));

describe('queue that feeds a function', () => {
  it('delivers records in the format of Lambda', async () => {
    await sendWork(fixture.host, [{ name: 'shape', group: 'shape-group' }]);
    await untilHandled('shape', 1);
    const [first] = await handled('shape');
    expect(first?.record).toMatchObject({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: JSON.stringify({ name: 'shape' }),
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      attributes: {
        ApproximateReceiveCount: '1',
        MessageGroupId: 'shape-group',
        MessageDeduplicationId: 'shape-group.shape',
        SequenceNumber: expect.any(String),
        SentTimestamp: expect.stringMatching(/^\d+$/),
      },
      messageAttributes: { kind: { stringValue: 'fixture', dataType: 'String' } },
      eventSource: 'aws:sqs',
      eventSourceARN: fixture.host.outputs['WorkArn'],
      awsRegion: 'eu-north-1',
    });
  });

  it('keeps the order of a group over failures, and does not delay other groups', async () => {
    // Those that fail do so until the other one has passed.
    await sendWork(fixture.host, [
      { name: 'order-a1', group: 'order-a', fails: 2, waitsFor: 'order-b1' },
      { name: 'order-a2', group: 'order-a' },
      { name: 'order-a3', group: 'order-a' },
    ]);
    await untilBegun('order-a1');
    await sendWork(fixture.host, [{ name: 'order-b1', group: 'order-b' }]);
    const all = await untilHandled('order', 6);
    expect(all.filter((name) => name.startsWith('order-a'))).toEqual([
      'order-a1#1',
      'order-a1#2',
      'order-a1#3',
      'order-a2#1',
      'order-a3#1',
    ]);
    expect(all[0]).toBe('order-b1#1');
  });

  it('returns only the failed records of a batch', async () => {
    await sendWork(fixture.host, [
      { name: 'batch-1', group: 'batch-1' },
      { name: 'batch-2', group: 'batch-2', fails: 1 },
      { name: 'batch-3', group: 'batch-3' },
    ]);
    await untilHandled('batch', 4);
    // Whatever else would come back comes back at once too, before this one is handled.
    await sendWork(fixture.host, [{ name: 'after-batch', group: 'batch-1' }]);
    await untilHandled('after-batch', 1);
    expect((await names('batch')).toSorted()).toEqual(['batch-1#1', 'batch-2#1', 'batch-2#2', 'batch-3#1']);
  });

  it('returns a message at the time that the function set, not at the time of the queue', async () => {
    // The queue itself would hold it for ten minutes.
    await sendWork(fixture.host, [{ name: 'soon', group: 'soon', fails: 1, after: 1 }]);
    expect(await untilHandled('soon', 2)).toEqual(['soon#1', 'soon#2']);
  });

  it('returns a whole batch if the function throws', async () => {
    await sendWork(fixture.host, [{ name: 'throws', group: 'throws', fails: 1, throws: true }]);
    expect(await untilHandled('throws', 2)).toEqual(['throws#1', 'throws#2']);
  });

  it('is not delayed by one slow message', async () => {
    await sendWork(fixture.host, [{ name: 'slow', group: 'slow', waitsFor: 'last' }]);
    await untilBegun('slow');
    await sendWork(
      fixture.host,
      Array.from({ length: 10 }, (_, index) => ({ name: `quick-${index}`, group: `quick-${index}` })),
    );
    await untilHandled('quick', 10);
    expect(await names('slow')).toEqual([]);
    await sendWork(fixture.host, [{ name: 'last', group: 'last' }]);
    expect(await untilHandled('slow', 1)).toEqual(['slow#1']);
  });

  it('moves a message to the dead letters after too many returns', async () => {
    await sendWork(fixture.host, [
      { name: 'hopeless', group: 'hopeless', fails: 99 },
      { name: 'follower', group: 'hopeless' },
    ]);
    await untilHandled('follower', 1);
    expect(await names('hopeless')).toEqual(['hopeless#1', 'hopeless#2', 'hopeless#3', 'hopeless#4']);
    const client = queueClient(fixture.host);
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: fixture.host.outputs['LostUrl'], WaitTimeSeconds: 5 }),
    );
    client.destroy();
    expect(Messages.map(({ Body = '' }) => z.object({ name: z.string() }).parse(JSON.parse(Body)).name)).toEqual([
      'hopeless',
    ]);
  });
});
