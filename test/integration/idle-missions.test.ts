import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import { keys, idleCheckShard } from '../../adapters/dynamodb/table.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import { removeIdleMissions } from '../../core/delivery/idle-missions.ts';
import { idleAfterMilliseconds } from '../../core/mission/idle.ts';
import type { Party } from '../../core/mission/state.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { attempted } from '../support/endpoint-status.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import {
  directory,
  missionCancel,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  sentBy,
} from '../support/messages.ts';

let aws: EmbeddedAws;
let logs: Logs;
const la = parties.la.organisation;
const start = Date.parse('2026-02-01T11:00:00Z');

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  await logs.subscriptions.create(sampleSubscription('idle-la', la), '2099-01-01T00:00:00.000Z');
});

afterAll(async () => {
  await aws.close();
});

const post = async (sender: Party, message: Message, at: number): Promise<void> => {
  const now = (): number => at;
  const accepted = await acceptMessage(logs.missions, message, sentBy(sender), now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  await fanOut({ ...logs, directory, queue: { send: async () => {} }, now }, accepted.entry);
};

/** Records every notification as delivered. */
const arrive = async (): Promise<void> => {
  for (const { number } of await logs.notifications.range('idle-la', 1, 100))
    await logs.notifications.record(
      'idle-la',
      number,
      attempted({ at: new Date(start).toISOString(), answer: 'HTTP 200', status: 'delivered' }),
    );
};

const look = (at: number): Promise<number> =>
  removeIdleMissions(
    { ...logs, now: () => at },
    () => Number.POSITIVE_INFINITY,
    (_, error) => {
      throw error;
    },
  );

const numbering = async (): Promise<unknown> => {
  const { Item } = await logs.table.client.send(
    new GetCommand({ TableName: aws.tableName, Key: keys.subscription('idle-la') }),
  );
  return { missions: Object.keys(Item?.['numberOf'] ?? {}).length, lastNumber: Item?.['lastNumber'] };
};

const requests = Array.from({ length: 5 }, (_, index) => missionRequest({ id: `idle-${index}` }));

test('removes an idle mission from the subscription heads, and numbers its next entry without a gap', async () => {
  for (const [index, request] of requests.entries()) {
    await post(parties.amk, request, start);
    // Whether a mission is over does not matter: a mission is idle when it gets no messages.
    if (index < 4)
      await post(parties.amk, missionCancel({ mission: missionOpenedBy(request), id: `idle-cancel-${index}` }), start);
  }
  expect(await numbering()).toEqual({ missions: 5, lastNumber: 9 });
  expect(await logs.obligations.due('2099-01-01T00:00:00.000Z', 100)).not.toContainEqual(
    expect.objectContaining({ kind: 'fan-out' }),
  );

  expect(await look(start + idleAfterMilliseconds - 1)).toBe(0);
  // Some notifications are still pending.
  expect(await look(start + idleAfterMilliseconds)).toBe(5);
  expect(await numbering()).toEqual({ missions: 5, lastNumber: 9 });
  await arrive();
  expect(await look(start + 2 * idleAfterMilliseconds)).toBe(5);
  expect(await numbering()).toEqual({ missions: 0, lastNumber: 9 });

  const [first] = requests;
  if (first === undefined) throw new Error('no request');
  await post(
    parties.amk,
    missionUpdate({ mission: missionOpenedBy(first), id: 'idle-late' }),
    start + 3 * idleAfterMilliseconds,
  );
  await arrive();
  expect(await numbering()).toEqual({ missions: 1, lastNumber: 10 });
  expect((await logs.notifications.read('idle-la', 10))?.entry).toBe(3);
  await look(start + 5 * idleAfterMilliseconds);
  expect(await numbering()).toEqual({ missions: 0, lastNumber: 10 });
});

test('keeps the numbers of a mission that got another entry', async () => {
  const request = missionRequest({ id: 'idle-on' });
  const mission = missionOpenedBy(request);
  // An earlier time would be refused, as of before the missions above were removed.
  const later = start + 10 * idleAfterMilliseconds;
  await post(parties.amk, request, later);
  await post(parties.amk, missionCancel({ mission, id: 'idle-on-cancel' }), later);
  await logs.eventNumbers.number('idle-la', mission, 3, later);
  const before = await numbering();
  await logs.idleMissions.forget('idle-la', { mission, entry: 2 }, later);
  expect(await numbering()).toEqual(before);
});

test('checks a mission although 120 items of a newer release are due before it', async () => {
  const { client } = logs.table;
  for (let index = 0; index < 120; index += 1)
    await client.send(
      new PutCommand({
        TableName: aws.tableName,
        Item: { pk: `FUTURE#${index}`, sk: 'WAIT', obligation: idleCheckShard, dueAt: new Date(start).toISOString() },
      }),
    );
  const request = missionRequest({ id: 'idle-behind' });
  const later = start + 20 * idleAfterMilliseconds;
  await post(parties.amk, request, later);
  await arrive();
  const mission = missionOpenedBy(request);
  const due = (limit: number) => logs.idleMissions.due('2099-01-01T00:00:00.000Z', limit);
  expect(await due(1000)).toContainEqual({ mission, entry: 1 });
  expect(await due(1)).toHaveLength(1);
  await look(later + idleAfterMilliseconds);
  expect(await due(1000)).not.toContainEqual({ mission, entry: 1 });
});
