import { fingerprintWindow } from '../../core/mission/known-messages.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessLog } from '../../adapters/dynamodb/access-log.ts';
import { deliveryContexts } from '../../adapters/dynamodb/delivery-context.ts';
import { missionLists } from '../../adapters/dynamodb/mission-lists.ts';
import { missionLog } from '../../adapters/dynamodb/mission-log.ts';
import { requestBudgets } from '../../adapters/dynamodb/rate-limits.ts';
import { callSlots } from '../../adapters/dynamodb/call-slots.ts';
import { endpointHealth } from '../../adapters/dynamodb/endpoint-health.ts';
import { notifications } from '../../adapters/dynamodb/notifications.ts';
import { places } from '../../adapters/dynamodb/places.ts';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { usedProofs } from '../../adapters/dynamodb/used-proofs.ts';
import { overview } from '../../adapters/dynamodb/overview.ts';
import { worklist } from '../../adapters/dynamodb/worklist.ts';
import { deliveryQueue, openQueues } from '../../adapters/sqs/queues.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { recordAccess } from '../../core/audit/record.ts';
import { openMissionsOfCase } from '../../core/mission/same-case.ts';
import { deliver } from '../../core/delivery/deliver.ts';
import { deliverQuickly } from '../../core/delivery/quick-lane.ts';
import { deliverySettings } from '../../core/delivery/retry-policy.ts';
import { fanOut, jobOf } from '../../core/delivery/fan-out.ts';
import type { Entry, Party } from '../../core/mission/state.ts';
import { notificationBundle } from '../../core/fhir/notification.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { accessTo, freshMission } from '../contract/access-log.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import {
  directory,
  missionCancel,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceRequest,
  resourceResponse,
  sentBy,
  taskOpenedBy,
} from '../support/messages.ts';

/** Calls by kind since the last count, counted where the SDK sends them: retries and hidden calls are included. */
const calls: string[] = [];
const counted = (): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const name of calls.splice(0)) sums[name] = (sums[name] ?? 0) + 1;
  return sums;
};

let aws: EmbeddedAws;
let table: Table;
let sqs: ReturnType<typeof openQueues>;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  table = openTable(aws.tableName);
  sqs = openQueues();
  withoutTimeLimits(table.client);
  withoutTimeLimits(sqs);
  table.client.middlewareStack.add(
    (next, context) => (args) => {
      calls.push(String(context['commandName']).replace('Command', ''));
      return next(args);
    },
    { step: 'finalizeRequest', name: 'count' },
  );
  sqs.middlewareStack.add(
    (next, context) => (args) => {
      calls.push(String(context['commandName']).replace('Command', ''));
      return next(args);
    },
    { step: 'finalizeRequest', name: 'count' },
  );
});

afterAll(async () => {
  await aws.close();
});

const ports = () => {
  const missions = missionLog(table);
  return {
    missions,
    subscriptions: subscriptions(table),
    endpointHealth: endpointHealth(table),
    places: places(table),
    notifications: notifications(table),
    worklist: worklist(table),
    overview: overview(table),
    missionLists: missionLists(table),
    directory,
    lanes: { quick: deliveryQueue(sqs, aws.lanes.quick, 'quick'), slow: deliveryQueue(sqs, aws.lanes.slow, 'slow') },
    slots: callSlots(table),
    now: Date.now,
  };
};

/** Kinds of calls, with how often each is made. */
type Calls = Readonly<Record<string, number>>;

/** To number and write notifications: a read of the place and of the newest number; claim, notification, and settled place. */
const toNotify = (count: number): Calls => ({
  GetItem: count,
  Query: count,
  UpdateItem: 2 * count,
  PutItem: count,
});

/** A fan-out with recipients: their subscriptions, the heads of those that people wait for, one batch of jobs, and its end. */
const toFanOut: Calls = { BatchGetItem: 2, SendMessageBatch: 1, UpdateItem: 1 };

const sumOf = (...all: readonly Calls[]): Calls => {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
};

const accept = async (sender: Party, message: Message): Promise<Entry> => {
  const accepted = await acceptMessage(ports().missions, message, sentBy(sender), Date.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  return accepted.entry;
};

describe('the AWS calls of the authorizer', () => {
  test('are one put and one update, in parallel, neither of more than a kilobyte; a replayed proof costs one update more', async () => {
    const lean = openTable(aws.tableName);
    withoutTimeLimits(lean.client);
    const units: number[] = [];
    lean.client.middlewareStack.add(
      (next, context) => async (args) => {
        calls.push(String(context['commandName']).replace('Command', ''));
        const { input } = args;
        units.push(Math.ceil(JSON.stringify(input).length / 1024));
        return next(args);
      },
      { step: 'initialize', name: 'count' },
    );
    const proofs = usedProofs(lean);
    const budgets = requestBudgets(lean, { messages: { most: 1, seconds: 10 } });
    const who = { parent: '311000012', client: 'counted' };
    counted();
    for (const proof of ['one', 'two', 'three']) {
      await Promise.all([proofs.use(proof, 2_000_000_000), budgets.spend(who, 'messages')]);
      // As many for a client over its limit.
      expect(counted()).toEqual({ PutItem: 1, UpdateItem: 1 });
    }
    const [isFirst, spent] = await Promise.all([proofs.use('three', 2_000_000_000), budgets.spend(who, 'messages')]);
    expect(isFirst).toBe(false);
    await spent.giveBack();
    expect(counted()).toEqual({ PutItem: 1, UpdateItem: 2 });
    expect(units).toEqual(units.map(() => 1));
  });
});

describe('the AWS calls of a message', () => {
  const request = missionRequest({ id: 'budget-request' });
  const mission = missionOpenedBy(request);

  beforeAll(async () => {
    // The AMK LA has two subscriptions, the operator one.
    const opened = ports();
    await opened.subscriptions.create(
      sampleSubscription('budget-la-1', parties.la.organisation),
      '2099-01-01T00:00:00.000Z',
    );
    await opened.subscriptions.create(
      sampleSubscription('budget-la-2', parties.la.organisation),
      '2099-01-01T00:00:00.000Z',
    );
    await opened.subscriptions.create(
      sampleSubscription('budget-operator', parties.operator.organisation),
      '2099-01-01T00:00:00.000Z',
    );
    await opened.subscriptions.create(
      sampleSubscription('budget-other-operator', parties.otherOperator.organisation),
      '2099-01-01T00:00:00.000Z',
    );
    await fanOut(ports(), await accept(parties.amk, request));
    const asked = resourceRequest({ mission, to: [parties.operator.organisation], id: 'budget-resource' });
    await fanOut(ports(), await accept(parties.la, asked));
    await fanOut(
      ports(),
      await accept(
        parties.operator,
        resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'accepted', id: 'budget-response' }),
      ),
    );
    counted();
  });

  test('are one query of one item and one conditional put to accept', async () => {
    await accept(parties.la, missionUpdate({ mission, id: 'budget-update-0', describes: false }));
    expect(counted()).toEqual({ Query: 1, PutItem: 1 });
  });

  test('are three writes and two reads per recipient, two batch reads, one batch send and one completing update to fan out', async () => {
    const entry = await accept(parties.amk, missionUpdate({ mission, id: 'budget-update-1' }));
    // The entry before is not fanned out yet. It is fanned out here, so that the next entry's own calls are counted.
    await fanOut(ports(), entry);
    counted();
    const next = await accept(parties.amk, missionUpdate({ mission, id: 'budget-update-2' }));
    counted();
    await fanOut(ports(), next);
    const recipients = 3;
    expect(counted()).toEqual(sumOf(toFanOut, toNotify(recipients)));
  });

  test("are one put more for a message that changes a Task, for its owner's worklist", async () => {
    const asked = resourceRequest({ mission, to: [parties.otherOperator.organisation], id: 'budget-resource-2' });
    const entry = await accept(parties.la, asked);
    counted();
    await fanOut(ports(), entry);
    const recipients = 1;
    expect(counted()).toEqual(sumOf(toFanOut, toNotify(recipients), { PutItem: 1 }));
  });

  test('are one put more for each list of a mission that a message opens or ends, and one for each case number', async () => {
    const opening = missionRequest({ id: 'budget-opening', identifiers: [{ system: 'urn:case', value: 'budget-1' }] });
    const opened = await accept(parties.amk, opening);
    expect(counted()).toEqual({ Query: 1, PutItem: 1 });
    await fanOut(ports(), opened);
    const [systems, task, lists, cases] = [2, 1, 2, 1];
    expect(counted()).toEqual(sumOf(toFanOut, toNotify(systems), { PutItem: task + lists + cases }));
    // The same number again: one query finds the mission, one its state.
    const again = missionRequest({ id: 'budget-again', identifiers: [{ system: 'urn:case', value: 'budget-1' }] });
    const second = await accept(parties.amk, again);
    counted();
    expect(await openMissionsOfCase(ports(), second)).toEqual([opened.mission]);
    expect(counted()).toEqual({ Query: 2 });
    const ended = await accept(parties.amk, missionCancel({ mission: opened.mission, id: 'budget-cancel' }));
    counted();
    await fanOut(ports(), ended);
    expect(counted()).toEqual(sumOf(toFanOut, toNotify(systems), { PutItem: task + lists }));
    await fanOut(ports(), second);
    counted();
  });

  test('include a hub message for a party without subscription, once per mission', async () => {
    const { organisation } = parties.thirdOperator;
    const entry = await accept(parties.la, resourceRequest({ mission, to: [organisation], id: 'budget-resource-3' }));
    counted();
    await fanOut(ports(), entry);
    // Fan-out of the request: 1 batch read, 1 put of the worklist, 1 update. The hub message: 1 query, 1 put.
    // Its fan-out to the AMK LA's two systems: 2 batch reads, 1 query of the entry before, whose fan-out is just complete.
    const systems = 2;
    expect(counted()).toEqual(
      sumOf({ BatchGetItem: 1, PutItem: 1, UpdateItem: 1 }, { Query: 2, PutItem: 1 }, toNotify(systems), toFanOut),
    );
    const again = await accept(parties.la, resourceRequest({ mission, to: [organisation], id: 'budget-resource-4' }));
    counted();
    await fanOut(ports(), again);
    expect(counted()).toEqual({ BatchGetItem: 1, PutItem: 1, UpdateItem: 1 });
  });

  test('are one query and one read of the stored entry for a message sent again', async () => {
    await accept(parties.amk, request);
    expect(counted()).toEqual({ Query: 1, GetItem: 1 });
  });

  test('are one batch read and one update to deliver', async () => {
    const delivery = ports();
    const entry = await accept(parties.amk, missionUpdate({ mission, id: 'budget-update-3' }));
    await fanOut(ports(), entry);
    const { number } = await delivery.places.read({ subscription: 'budget-operator', mission });
    const numbered = await delivery.notifications.read('budget-operator', number);
    if (numbered?.entry !== entry.number) throw new Error('the notification was not numbered');
    const delivering = {
      ...delivery,
      contexts: deliveryContexts(table, delivery.missions),
      channel: { post: async () => ({ status: 200 }) },
      directory,
      clock: { now: Date.now },
      random: () => 0.5,
      compose: (notice: Parameters<typeof notificationBundle>[0]) =>
        notificationBundle(notice, { base: 'https://hub.example/fhir', directory }, new Date().toISOString()),
      settings: deliverySettings,
    };
    // An earlier notification of the mission is delivered first and is not counted.
    if (numbered.previous !== undefined)
      await deliver(
        jobOf(
          { subscription: 'budget-operator', organisation: parties.operator.organisation, number: numbered.previous },
          { ...entry, number: entry.number - 1 },
        ),
        delivering,
      );
    const job = jobOf(
      { subscription: 'budget-operator', organisation: parties.operator.organisation, number: numbered.number },
      entry,
    );
    counted();
    expect(await deliverQuickly(job, delivering)).toEqual({ outcome: 'complete' });
    expect(counted()).toEqual({ BatchGetItem: 1, UpdateItem: 1 });
  });

  test('do not grow with the mission, to accept and to fan out', async () => {
    for (let index = 0; index < 40; index += 1)
      await fanOut(ports(), await accept(parties.amk, missionUpdate({ mission, id: `budget-long-${index}` })));
    counted();
    const entry = await accept(parties.amk, missionUpdate({ mission, id: 'budget-long-last' }));
    await fanOut(ports(), entry);
    const recipients = 4;
    expect(counted()).toEqual(sumOf({ Query: 1, PutItem: 1 }, toFanOut, toNotify(recipients)));
  });
});

describe('the AWS calls of a mission that is longer than the window of fingerprints', () => {
  const long = missionRequest({ id: 'calls-long', bundleId: 'calls-long-bundle' });
  const mission = missionOpenedBy(long);

  /** As if the mission had a number of messages: an entry with as many fingerprints as it would carry. */
  const lengthened = async (number: number): Promise<void> => {
    const first = await ports().missions.entry(mission, 1);
    if (first === undefined) throw new Error('the mission is not there');
    const fingerprints = { messages: 'm'.repeat(8 * fingerprintWindow), bundles: 'b'.repeat(8 * fingerprintWindow) };
    const entry = { ...first, number, pendingFrom: number, messageId: `${number}`, fingerprints };
    expect(await ports().missions.append({ ...entry, state: { ...entry.state, version: number } }, at)).toBe(
      'appended',
    );
  };
  const at = '2099-01-01T00:00:00.000Z';

  test('are one query, one batch read, two updates of one item each, and one put, at any length', async () => {
    await accept(parties.amk, long);
    const seen = [];
    for (const number of [1_000, 30_000, 900_000]) {
      await lengthened(number);
      counted();
      await accept(parties.amk, missionUpdate({ mission, id: `calls-long-${number}`, bundleId: `b-${number}` }));
      seen.push(counted());
    }
    const each = { Query: 1, BatchGetItem: 1, UpdateItem: 2, PutItem: 1 };
    expect(seen).toEqual([each, each, each]);
  });
});

describe('the AWS calls that record a read', () => {
  const lists = (...missions: readonly string[]) =>
    accessTo('', {
      reading: 'worklist',
      client: 'budget',
      missions: missions.map((mission) => ({ mission, exercise: false, relation: [], parts: ['1'] })),
    });

  test('are one query, one conditional put and one put of the newest record number, however often the mission was read', async () => {
    const mission = freshMission();
    for (let index = 0; index < 20; index += 1) {
      counted();
      await recordAccess(accessLog(table), accessTo(mission));
      expect(counted()).toEqual({ Query: 1, PutItem: 2 });
    }
  });

  test('are as many for a list, whatever it shows, plus one put for each mission that was added to it', async () => {
    const missions = Array.from({ length: 30 }, freshMission);
    counted();
    await recordAccess(accessLog(table), lists(...missions));
    expect(counted()).toEqual({ Query: 1, PutItem: 2 + missions.length });
    await recordAccess(accessLog(table), lists(...missions));
    expect(counted()).toEqual({ Query: 1, PutItem: 2 });
    await recordAccess(accessLog(table), lists(...missions, freshMission()));
    expect(counted()).toEqual({ Query: 1, PutItem: 3 });
  });
});
