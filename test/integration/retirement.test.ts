import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import { keys, retirementShard } from '../../adapters/dynamodb/table.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import { removeIdleMissions } from '../../core/delivery/idle-missions.ts';
import { idleAfterMilliseconds } from '../../core/mission/idle.ts';
import type { Party } from '../../core/mission/state.ts';
import type { Message } from '../../schemas/messages/message.ts';
import { attempted } from '../support/contact.ts';
import { sampleSubscription } from '../contract/contract.ts';
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
const start = Date.parse('2026-02-01T10:00:00Z');

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  await logs.subscriptions.create(sampleSubscription('retire-la', la), '2099-01-01T00:00:00.000Z');
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

/** Everything that was told arrives. */
const arrive = async (): Promise<void> => {
  for (const { number } of await logs.notifications.range('retire-la', 1, 100))
    await logs.notifications.record(
      'retire-la',
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
    new GetCommand({ TableName: aws.tableName, Key: keys.subscription('retire-la') }),
  );
  return { missions: Object.keys(Item?.['numberOf'] ?? {}).length, lastNumber: Item?.['lastNumber'] };
};

const requests = Array.from({ length: 5 }, (_, index) => missionRequest({ id: `retire-${index}` }));

test('A mission that rests leaves the heads of the subscriptions, and the numbers go on without a gap when it speaks again', async () => {
  for (const [index, request] of requests.entries()) {
    await post(parties.amk, request, start);
    // Over or not: what counts is that nothing is said.
    if (index < 4)
      await post(
        parties.amk,
        missionCancel({ mission: missionOpenedBy(request), id: `retire-cancel-${index}` }),
        start,
      );
  }
  expect(await numbering()).toEqual({ missions: 5, lastNumber: 9 });
  expect(await logs.obligations.due('2099-01-01T00:00:00.000Z', 100)).not.toContainEqual(
    expect.objectContaining({ kind: 'fan-out' }),
  );

  expect(await look(start + idleAfterMilliseconds - 1)).toBe(0);
  // Somebody has not got everything yet.
  expect(await look(start + idleAfterMilliseconds)).toBe(5);
  expect(await numbering()).toEqual({ missions: 5, lastNumber: 9 });
  await arrive();
  expect(await look(start + 2 * idleAfterMilliseconds)).toBe(5);
  expect(await numbering()).toEqual({ missions: 0, lastNumber: 9 });

  const [first] = requests;
  if (first === undefined) throw new Error('no request');
  await post(
    parties.amk,
    missionUpdate({ mission: missionOpenedBy(first), id: 'retire-late' }),
    start + 3 * idleAfterMilliseconds,
  );
  await arrive();
  expect(await numbering()).toEqual({ missions: 1, lastNumber: 10 });
  expect((await logs.notifications.read('retire-la', 10))?.entry).toBe(3);
  await look(start + 5 * idleAfterMilliseconds);
  expect(await numbering()).toEqual({ missions: 0, lastNumber: 10 });
});

test('A mission that went on is not forgotten for what it was', async () => {
  const request = missionRequest({ id: 'retire-on' });
  const mission = missionOpenedBy(request);
  // Of an earlier time those would be refused who read before the missions above were forgotten.
  const later = start + 10 * idleAfterMilliseconds;
  await post(parties.amk, request, later);
  await post(parties.amk, missionCancel({ mission, id: 'retire-on-cancel' }), later);
  await logs.eventNumbers.number('retire-la', mission, 3, later);
  const before = await numbering();
  await logs.idleMissions.forget('retire-la', { mission, entry: 2 }, later);
  expect(await numbering()).toEqual(before);
});

test('What a newer release waits for there keeps no mission from being looked at', async () => {
  const { client } = logs.table;
  for (let index = 0; index < 120; index += 1)
    await client.send(
      new PutCommand({
        TableName: aws.tableName,
        Item: { pk: `FUTURE#${index}`, sk: 'WAIT', obligation: retirementShard, dueAt: new Date(start).toISOString() },
      }),
    );
  const request = missionRequest({ id: 'retire-behind' });
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
