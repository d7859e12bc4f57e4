import { DeleteCommand, PutCommand } from '../../adapters/dynamodb/commands.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { nightlyReconcilePorts } from '../../adapters/dynamodb/reconcile.ts';
import { keys } from '../../adapters/dynamodb/table.ts';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import type { Reconciled } from '../../core/audit/reconcile/findings.ts';
import { reconcileNightly } from '../../core/audit/reconcile/nightly.ts';
import { missionIdOf, uuidOf } from '../../schemas/identifiers.ts';
import { endOfTime, sampleSubscription } from '../contract/scenario.ts';
import { type Ran, runHub } from '../support/commands.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { attempted } from '../support/endpoint-status.ts';
import { organisationOf, sampleDirectoryData } from '../support/examples.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { missionCancel, missionRequest, resourceRequest } from '../support/messages.ts';
import { type ApiHandler, ask } from '../support/requests.ts';

/** `npm run hub -- reconcile` on the stack's own table, filled by the function that accepts messages. */

let aws: EmbeddedAws;
let logs: Logs;
let send: ApiHandler;

const amk = organisationOf('amk-innlandet');
const la = organisationOf('amk-la-oslo');
const operator = organisationOf('operator-dombas');
const otherRegion = organisationOf('amk-la-tromso');

const subscribed = { [amk]: 'sub-amk', [la]: 'sub-la', [operator]: 'sub-operator', [otherRegion]: 'sub-other' };

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  await saveDirectory(logs.table, sampleDirectoryData, () => Date.parse('2026-01-01T00:00:00Z'));
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  for (const [organisation, id] of Object.entries(subscribed))
    await logs.subscriptions.create(
      { ...sampleSubscription(id, organisation), createdAt: '2026-01-01T00:00:00.000Z' },
      endOfTime,
    );
  ({ handler: send } = await import('../../functions/process-message/lambda.ts'));
});
afterAll(async () => {
  await aws.close();
});

let count = 0;

/** A mission of three entries, delivered to all of its parties. */
const flown = async (): Promise<string> => {
  count += 1;
  const id = uuidOf('reconcile test', String(count));
  const mission = missionIdOf(amk, id);
  const say = async (parent: string, body: string): Promise<void> => {
    const answer = await ask(send, { parent }, { method: 'POST', path: '$process-message', body });
    if (answer.statusCode !== 200) throw new Error(answer.body);
  };
  await say(amk, missionRequest({ id, to: [la] }).text);
  await say(la, resourceRequest({ id: uuidOf(id, 'resource'), mission, to: [operator] }).text);
  await say(amk, missionCancel({ id: uuidOf(id, 'cancel'), mission }).text);
  for (const { notified } of await logs.missions.entries(mission, 1, 10))
    for (const { subscription, number } of notified)
      await logs.notifications.record(
        subscription,
        number,
        attempted({ at: new Date().toISOString(), answer: 'HTTP 200', status: 'delivered' }),
      );
  return mission;
};

const reconcile = (...args: readonly string[]): Promise<Ran> =>
  runHub(['reconcile', '--table', aws.tableName, ...args]);

const shape = z.object({
  missions: z.number(),
  notifications: z.number(),
  unreadable: z.number(),
  notKnown: z.number(),
  findings: z.array(z.record(z.string(), z.unknown())),
});

const findingsOf = async (...args: readonly string[]) => {
  const { out } = await reconcile('--json', ...args);
  return shape.parse(JSON.parse(out)).findings;
};

describe('npm run hub -- reconcile', () => {
  test('prints one line, and returns 0 if everybody was notified', async () => {
    const mission = await flown();
    const { code, out, errors } = await reconcile('--mission', mission);
    expect([code, errors]).toEqual([0, '']);
    expect(out.split('\n')[0]).toMatch(/^1 mission, 4 notifications, 0 missing, slowest \d+\.\d s$/);
    expect(out).not.toContain('cannot be known');
  });

  test('compares entries since a time', async () => {
    await flown();
    const all = shape.parse(JSON.parse((await reconcile('--json', '--since', '1h')).out));
    expect(all.missions).toBe(count);
    expect(all).toMatchObject({ unreadable: 0, notKnown: 0, findings: [] });
    const none = shape.parse(JSON.parse((await reconcile('--json', '--since', '2099-01-01T00:00:00Z')).out));
    expect(none).toMatchObject({ missions: 0, notifications: 0 });
  });

  test('finds a receipt that is gone', async () => {
    const mission = await flown();
    const [first] = await logs.missions.entries(mission, 1, 1);
    const [note] = first?.notified ?? [];
    if (note === undefined) throw new Error('nobody was notified');
    const item = await logs.notifications.read(note.subscription, note.number);
    const Key = keys.notification(note.subscription, note.number);
    await logs.table.client.send(new DeleteCommand({ TableName: aws.tableName, Key }));
    const { code, errors } = await reconcile();
    expect(code).toBe(1);
    expect(errors).toContain(
      `${mission}, entry 1 (mission-request): ${la} was entitled, was not notified, and nobody was alerted`,
    );
    if (item !== undefined)
      await logs.table.client.send(new PutCommand({ TableName: aws.tableName, Item: { ...Key, ...item } }));
    expect((await reconcile()).code).toBe(0);
  });

  test('finds a notification of a party that has no part in the mission', async () => {
    const mission = await flown();
    const Key = keys.notification('sub-other', 1);
    await logs.table.client.send(
      new PutCommand({
        TableName: aws.tableName,
        Item: {
          ...Key,
          subscription: 'sub-other',
          number: 1,
          organisation: otherRegion,
          mission,
          entry: 1,
          writtenAt: new Date().toISOString(),
          status: 'delivered',
          attempts: 1,
        },
      }),
    );
    expect(await findingsOf('--since', '1h')).toEqual([
      {
        kind: 'unexpected',
        mission,
        entry: 1,
        event: 'mission-request',
        organisation: otherRegion,
        at: 'sub-other.1',
      },
    ]);
    await logs.table.client.send(new DeleteCommand({ TableName: aws.tableName, Key }));
  });

  test('is made at night by a pass over the table, which continues after an interruption', async () => {
    await flown();
    const ports = { now: () => Date.now(), wait: async () => undefined };
    const nightly = { ...ports, ...nightlyReconcilePorts(logs.table, ports) };
    const results: Reconciled[] = [];
    const run = (milliseconds: number): Promise<void> =>
      reconcileNightly(
        nightly,
        () => milliseconds,
        (result, more) => {
          expect(more).toBe(false);
          results.push(result);
        },
      );
    // Time for the pass, and not for the comparison.
    await run(2 * 60_000);
    expect(results).toEqual([]);
    const { open } = (await nightly.reconcileState.read()) ?? {};
    expect(open?.places.every((place) => place === 'end')).toBe(true);
    await run(14 * 60_000);
    expect(results).toMatchObject([{ missions: count, findings: [] }]);
    expect(await nightly.reconcileState.read()).toEqual({ completed: open?.from });
    await run(14 * 60_000);
    expect(results).toHaveLength(1);
  });

  test('finds a party whose subscription the fan-out no longer finds', async () => {
    await logs.table.client.send(new DeleteCommand({ TableName: aws.tableName, Key: keys.subscribers(la) }));
    const mission = await flown();
    const findings = await findingsOf('--mission', mission);
    expect(findings).toContainEqual({
      kind: 'missing',
      mission,
      entry: 1,
      event: 'mission-request',
      organisation: la,
      at: 'sub-la',
    });
  });

  test('says that there is no such mission', async () => {
    const { code, errors } = await reconcile('--mission', uuidOf('nowhere'));
    expect([code, errors]).toEqual([1, `There is no mission ${uuidOf('nowhere')}.\n`]);
  });
});
