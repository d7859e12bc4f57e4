import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { DeliverPorts } from '../../../../core/delivery/attempt.ts';
import { deliver } from '../../../../core/delivery/deliver.ts';
import { deliverySettings } from '../../../../core/delivery/retry-policy.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { type Cause, overdueMessage, unreachableMessage } from '../../../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { DeliveryJob } from '../../../../core/delivery/delivery-queue.ts';
import type { Subscription } from '../../../../core/delivery/subscription.ts';
import { hub as theHub, type Party } from '../../../../core/mission/state.ts';
import { sweep } from '../../../../core/delivery/sweep.ts';
import { systems } from '../../../../schemas/names.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { allArrive, becomes, deadNumbers } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { Crash, withInterceptor, crashingProcess } from '../../../memory/intercept.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import { directory, missionUpdate, parties, resourceAvailability, sentBy } from '../../../support/messages.ts';
import {
  codeOf,
  entryOf,
  expectIllegal,
  expectNotified,
  given,
  later,
  mission,
  type Step,
  task,
  taskIn,
  when,
} from '../../../support/given.ts';
import {
  acknowledges,
  asksCrew,
  cancels,
  crewSays,
  decides,
  hospitalSays,
  opened,
  warnsHospital,
} from '../../../support/steps.ts';

/** A party that cannot be reached by machine must be phoned: the hub alerts once, until it receives a message from the party. */
const { amk, la, operator, hospital, otherHospital, observer, quality } = parties;

const asked = given(opened, asksCrew, warnsHospital({ partOf: task(2) }));
const update: Step = [la, missionUpdate({ mission })];
const decision = entryOf(when(asked, update));

const endpointDown: Cause = {
  code: 'endpoint-down',
  lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' },
};
const gaveUp: Cause = { code: 'gave-up', lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' } };

const missed = (cause: Cause, party: Party, entry = decision): Step => {
  const message = unreachableMessage(entry, party.organisation, cause, directory);
  if (message === undefined) throw new Error('no alert is due');
  return [theHub, message];
};

describe('unreachableMessage', () => {
  const state = later(asked, update);

  test('names the party, its phone number, the cause and the missed message to the sender and the coordinator', () => {
    const outcome = when(state, missed(endpointDown, hospital));
    expectNotified(outcome, la);
    const { text } = entryOf(outcome);
    expect(text).toContain(
      'Ullevål emergency department cannot be reached by machine (the last call, at 1 February 2026, 12:00:00 (UTC+01:00), got no answer in time)',
    );
    expect(text).toContain('(message 4 of the mission)');
    expect(text).toContain('Phone Ullevål emergency department: +47 00 00 00 31.');
    expect(text).toContain(`Bundle/${mission}`);
    const fromAmk = entryOf(when(asked, [amk, missionUpdate({ mission })]));
    expectNotified(when(state, missed(endpointDown, hospital, fromAmk)), amk, la);
    expect(
      missed({ code: 'gave-up', lastCall: { result: 'HTTP 404', at: '2026-02-01T11:00:00.000Z' } }, hospital)[1].text,
    ).toContain('The hub stopped trying: the last call, at 1 February 2026, 12:00:00 (UTC+01:00), got HTTP 404.');
  });

  test('never notifies the unreachable party itself', () => {
    const fromAmk = entryOf(when(asked, [amk, missionUpdate({ mission })]));
    expectNotified(when(state, missed(endpointDown, la, fromAmk)), amk);
  });

  test('keeps a party as unreachable until the hub receives a message from it', () => {
    const unreachable = later(state, missed(endpointDown, hospital), missed(endpointDown, operator));
    expect(unreachable.unreachable).toEqual({ [hospital.organisation]: 5, [operator.organisation]: 6 });
    const afterMessage = later(unreachable, acknowledges(hospital, task(3)));
    expect(afterMessage.unreachable).toEqual({ [operator.organisation]: 6 });
    expect(later(afterMessage, acknowledges(operator, task(2))).unreachable).toBeUndefined();
    expect(later(unreachable, [amk, missionUpdate({ mission, id: 'more' })]).unreachable).toEqual(
      unreachable.unreachable,
    );
  });

  test('alerts once per outage: not for another message, but again after a message from the party', () => {
    const unreachable = later(state, missed(endpointDown, hospital));
    const more = entryOf(when(unreachable, [la, missionUpdate({ mission, id: 'more' })]));
    expect(unreachableMessage(more, hospital.organisation, endpointDown, directory)).toBeUndefined();
    const older = missed(endpointDown, hospital, { ...decision, number: 2 });
    expectIllegal(when(unreachable, older), unreachable);
    const afterMessage = later(unreachable, acknowledges(hospital, task(3)));
    const news = entryOf(when(afterMessage, [la, missionUpdate({ mission, id: 'news' })]));
    expect(codeOf(when(news.state, missed(endpointDown, hospital, news)))).toBe('accepted');
  });

  test('alerts each time the hub gives up, also after an alert that the party is unreachable', () => {
    const unreachable = later(state, missed(endpointDown, hospital));
    const failed = later(unreachable, missed(gaveUp, hospital));
    expect(failed.unreachable).toEqual({ [hospital.organisation]: 6 });
    const more = entryOf(when(failed, [la, missionUpdate({ mission, id: 'more' })]));
    expect(codeOf(when(more.state, missed(gaveUp, hospital, more)))).toBe('accepted');
  });

  test('writes no alert of an unreachable party after the hub has given up', () => {
    const failed = later(state, missed(gaveUp, hospital));
    expectIllegal(when(failed, missed(endpointDown, hospital)), failed);
  });

  test.each([observer, quality])('writes no alert of a party of the role $role', (party) => {
    expect(unreachableMessage(decision, party.organisation, endpointDown, directory)).toBeUndefined();
    expect(unreachableMessage(decision, party.organisation, gaveUp, directory)).toBeUndefined();
    expect(unreachableMessage(decision, '199999999', gaveUp, directory)).toBeUndefined();
  });

  test.each([amk, la, operator, hospital])('writes an alert of a party of the role $role', (party) => {
    expect(unreachableMessage(decision, party.organisation, gaveUp, directory)).toBeDefined();
  });

  test('writes no alert of a missed hub message: the other parties were notified', () => {
    const late = overdueMessage(asked, taskIn(asked, task(1)), taskIn(asked, task(1)).acknowledgeBy, directory);
    const entry = entryOf(when(asked, [theHub, late]));
    for (const cause of [gaveUp, endpointDown])
      expect(unreachableMessage(entry, amk.organisation, cause, directory)).toBeUndefined();
  });

  test('writes no alert of a missed report of readiness', () => {
    const ready = entryOf(when(undefined, [operator, resourceAvailability()]));
    expect(unreachableMessage(ready, la.organisation, gaveUp, directory)).toBeUndefined();
  });

  test('alerts also when the mission has ended', () => {
    const over = later(state, cancels);
    for (const cause of [gaveUp, endpointDown]) expect(codeOf(when(over, missed(cause, hospital)))).toBe('accepted');
  });
});

const subscribe = async (hub: MemoryHub, party: Party, change: Partial<Subscription> = {}): Promise<void> => {
  const subscription = { ...sampleSubscription(change.id ?? party.organisation, party.organisation), ...change };
  await hub.subscriptions.create(subscription, '2099-01-01T00:00:00.000Z');
};
const say = async (hub: MemoryHub, [sender, message]: Step): Promise<StoredEntry> => {
  const outcome = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
  await fanOut(hub, outcome.entry);
  return { ...outcome.entry, fanOutPending: false, notified: [], withoutSubscription: [] };
};

const eventsOf = async (hub: MemoryHub): Promise<readonly string[]> =>
  (await hub.missions.entries(mission, 1, 1000)).map(({ event }) => event);
const warnings = async (hub: MemoryHub): Promise<readonly StoredEntry[]> =>
  (await hub.missions.entries(mission, 1, 1000)).filter(({ sender }) => sender === theHub.organisation);

describe('fan-out: a recipient without a subscription', () => {
  test('alerts the sender of the first message that has no subscription to go to', async () => {
    const hub = memoryHub();
    for (const party of [amk, la]) await subscribe(hub, party);
    await say(hub, opened);
    await say(hub, asksCrew);
    await say(hub, [amk, missionUpdate({ mission })]);
    expect(await eventsOf(hub)).toEqual(['mission-request', 'resource-request', 'party-unreachable', 'mission-update']);
    const [warning] = await warnings(hub);
    expect(warning).toMatchObject({
      facts: { undelivered: { organisation: operator.organisation, entry: 2, sender: la.organisation } },
      recipients: [la.organisation],
      fanOutPending: false,
    });
    expect(warning?.text).toContain('(no subscription)');
    expect((await hub.notifications.range(la.organisation, 1, 9)).map(({ entry }) => entry)).toEqual([1, 3, 4]);
  });

  test('writes no alert if a subscription exists whose filter excludes the message', async () => {
    const hub = memoryHub();
    for (const party of [amk, la]) await subscribe(hub, party);
    await subscribe(hub, operator, { filter: { events: ['mission-cancel'] } });
    await say(hub, opened);
    await say(hub, asksCrew);
    expect(await warnings(hub)).toEqual([]);
    expect((await hub.missions.entry(mission, 2))?.withoutSubscription).toEqual([operator.organisation]);
  });

  test('alerts once although several messages were sent before their fan-out', async () => {
    const hub = memoryHub();
    for (const party of [amk, la]) await subscribe(hub, party);
    const steps: readonly Step[] = [opened, asksCrew, [amk, missionUpdate({ mission })], cancels];
    for (const [sender, message] of steps) {
      const outcome = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
      expect(outcome.outcome).toBe('accepted');
    }
    hub.clock.advance(60_000);
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect((await warnings(hub)).map(({ event }) => event)).toEqual(['party-unreachable']);
  });

  test.each(['before the call', 'after the call'] as const)(
    'alerts once although a fan-out crashes at any call (%s)',
    async (moment) => {
      const run = async (crashes: ReadonlySet<number>): Promise<number> => {
        const hub = memoryHub();
        for (const party of [amk, la]) await subscribe(hub, party);
        await say(hub, opened);
        const [sender, message] = asksCrew;
        const outcome = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
        if (outcome.outcome === 'refused') throw new Error('refused');
        const process = crashingProcess(crashes, moment);
        await fanOut(withInterceptor(hub, process.intercept), outcome.entry).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
        for (let pass = 0; pass < 3; pass += 1) {
          hub.clock.advance(15_000);
          await allArrive(hub);
          await sweep(
            hub,
            () => 60_000,
            () => undefined,
          );
        }
        expect(await warnings(hub)).toHaveLength(1);
        expect((await hub.notifications.range(la.organisation, 1, 9)).map(({ entry }) => entry)).toEqual([1, 3]);
        expect((await hub.missions.entries(mission, 1, 9)).map(({ fanOutPending }) => fanOutPending)).toEqual([
          false,
          false,
          false,
        ]);
        return process.calls();
      };
      const calls = await run(new Set());
      expect(calls).toBeGreaterThan(6);
      for (let crash = 1; crash <= calls; crash += 1) await run(new Set([crash]));
    },
  );

  test('writes no alert of an observer, the quality system or a report of readiness', async () => {
    const hub = memoryHub();
    for (const party of [amk, la, operator]) await subscribe(hub, party);
    await say(hub, opened);
    await say(hub, [la, missionUpdate({ mission, to: [observer.organisation] })]);
    await say(hub, decides('accepted'));
    expect(await warnings(hub)).toEqual([]);
    const entry = await say(hub, [operator, resourceAvailability()]);
    expect(await hub.missions.entries(entry.mission, 1, 9)).toHaveLength(1);
  });
});

const portsOf = (hub: MemoryHub): DeliverPorts => ({
  ...hub,
  directory,
  random: () => 0.5,
  settings: deliverySettings,
  compose: () => '{}',
});

/** A hub with a pending notification of an ask to the crew, whose endpoint does not answer; every other endpoint answers. */
const unanswered = async (more: (hub: MemoryHub) => Promise<void> = async () => undefined) => {
  const hub = memoryHub();
  for (const party of [amk, la, operator]) await subscribe(hub, party);
  await more(hub);
  await say(hub, opened);
  await say(hub, asksCrew);
  hub.channel.answer(({ subscription }) =>
    subscription.id === operator.organisation ? { status: 503 } : { status: 200 },
  );
  const job = hub.lanes.quick.waiting().find(({ subscription }) => subscription === operator.organisation);
  if (job === undefined) throw new Error('no notification of the crew is pending');
  const tries = async (count: number, what: DeliveryJob = job): Promise<void> => {
    for (let number = 0; number < count; number += 1) {
      const delivered = await deliver(what, portsOf(hub));
      if (delivered.outcome === 'retry') hub.clock.advance(delivered.seconds * 1000);
    }
  };
  const untilGivenUp = async (): Promise<void> => {
    for (;;) {
      const delivered = await deliver(job, portsOf(hub));
      if (delivered.outcome === 'complete') return;
      hub.clock.advance(delivered.seconds * 1000);
    }
  };
  return { hub, job, tries, untilGivenUp };
};

describe('deliver: an endpoint without an answer', () => {
  test('alerts once, at the fifth failed attempt, while the hub continues to try', async () => {
    const { hub, tries } = await unanswered();
    await tries(4);
    expect(await warnings(hub)).toEqual([]);
    await tries(1);
    expect((await warnings(hub)).map(({ event }) => event)).toEqual(['party-unreachable']);
    await tries(9);
    const [warning] = await warnings(hub);
    expect(await warnings(hub)).toHaveLength(1);
    expect(warning).toMatchObject({
      facts: { undelivered: { organisation: operator.organisation, entry: 2, sender: la.organisation } },
    });
    expect(warning?.text).toContain('got HTTP 503)');
    expect((await hub.notifications.read(operator.organisation, 1))?.status).toBe('pending');
  });

  test('alerts again when the hub gives up', async () => {
    const { hub, untilGivenUp } = await unanswered();
    await untilGivenUp();
    expect((await warnings(hub)).map(({ event }) => event)).toEqual(['party-unreachable', 'delivery-failed']);
    expect(await deadNumbers(hub.deadLetters)).toHaveLength(1);
  });

  test('writes the alert with a pending fan-out that the sweeper completes at once', async () => {
    const { hub, tries } = await unanswered();
    await tries(5);
    expect((await warnings(hub))[0]).toMatchObject({ fanOutPending: true });
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toContainEqual({ kind: 'fan-out', mission, entry: 3 });
    await sweep(
      hub,
      () => 60_000,
      () => undefined,
    );
    expect((await hub.notifications.range(la.organisation, 1, 9)).map(({ entry }) => entry)).toContain(3);
  });

  test('writes no alert if another subscription of the party has the message', async () => {
    const { hub, untilGivenUp } = await unanswered((one) => subscribe(one, operator, { id: 'second' }));
    const job = hub.lanes.quick.waiting().find(({ subscription }) => subscription === 'second');
    if (job === undefined) throw new Error('no job');
    await deliver(job, portsOf(hub));
    await untilGivenUp();
    expect(await warnings(hub)).toEqual([]);
    expect(await deadNumbers(hub.deadLetters)).toHaveLength(1);
  });

  test('delays the alert, by less than a minute, while another subscription of the party may get the message', async () => {
    const { hub, tries } = await unanswered((one) => subscribe(one, operator, { id: 'second' }));
    await tries(5);
    expect(await warnings(hub)).toEqual([]);
    const start = hub.clock.now();
    while ((await warnings(hub)).length === 0) await tries(1);
    expect(hub.clock.now() - start).toBeLessThan(60_000);
  });

  test('alerts at once if the other subscription of the party is in error too', async () => {
    const { hub, tries } = await unanswered(async (one) => {
      await subscribe(one, operator, { id: 'second' });
      await becomes(one, 'second', 'error');
    });
    await tries(5);
    expect(await warnings(hub)).toHaveLength(1);
  });

  test('alerts although another party has the message', async () => {
    const { hub, job: ask } = await unanswered((one) => subscribe(one, hospital));
    await say(hub, warnsHospital());
    hub.channel.answer(() => ({ status: 200 }));
    await deliver(ask, portsOf(hub));
    hub.channel.answer(({ subscription }) => ({ status: subscription.id === operator.organisation ? 503 : 200 }));
    await say(hub, [amk, missionUpdate({ mission })]);
    const jobs = hub.lanes.quick.notifications().filter(({ entry }) => entry === 4);
    for (const job of jobs.filter(({ subscription }) => subscription !== operator.organisation))
      await deliver(job, portsOf(hub));
    const missing = jobs.find(({ subscription }) => subscription === operator.organisation);
    if (missing === undefined) throw new Error('no job');
    for (let number = 0; number < 5; number += 1) {
      await deliver(missing, portsOf(hub));
      hub.clock.advance(1);
    }
    expect((await warnings(hub)).map(({ facts }) => facts.undelivered?.entry)).toEqual([4]);
  });

  test.each([
    [422, 'delivery-failed'],
    [404, 'party-unreachable'],
  ])('alerts at once after HTTP %i, with the answer in words and as a code: %s', async (status, expected) => {
    const { hub, job } = await unanswered();
    hub.channel.answer(() => ({ status }));
    await deliver(job, portsOf(hub));
    const [warning, ...others] = await warnings(hub);
    expect([warning?.event, others]).toEqual([expected, []]);
    expect(warning?.text).toContain(`the last call, at 1 February 2026, 12:00:00 (UTC+01:00), got HTTP ${status}`);
    const request = JSON.parse(warning?.text ?? '').entry[1].resource;
    expect(problemsOf(JSON.parse(warning?.text ?? ''))).toEqual([]);
    expect(request.reasonCode[0].coding[0]).toMatchObject({
      system: systems.unreachedReason,
      code: status === 404 ? 'http-404' : 'http-4xx',
    });
    expect(warning?.text).not.toContain('partner.example');
  });

  test('appends the alert before the receipt is failed: a crash in between leads to a second attempt, not to a missing alert', async () => {
    const { hub, job } = await unanswered();
    hub.channel.answer(() => ({ status: 422 }));
    const forgetful: DeliverPorts = {
      ...portsOf(hub),
      notifications: { ...hub.notifications, record: () => Promise.reject(new Error('crash')) },
    };
    await expect(deliver(job, forgetful)).rejects.toThrow('crash');
    await deliver(job, portsOf(hub));
    // The same message: written twice, it is in the log once.
    expect(await warnings(hub)).toHaveLength(1);
    expect(await deadNumbers(hub.deadLetters)).toEqual([1]);
  });

  test('alerts again of a second outage after a message from the party', async () => {
    const { hub, tries } = await unanswered();
    await tries(5);
    hub.channel.answer(() => ({ status: 200 }));
    await tries(1);
    await say(hub, crewSays(task(2), 'accepted'));
    await say(hub, [amk, missionUpdate({ mission, id: 'more' })]);
    hub.channel.answer(({ subscription }) =>
      subscription.id === operator.organisation ? { status: 503 } : { status: 200 },
    );
    const next = hub.lanes.quick.waiting().filter(({ subscription }) => subscription === operator.organisation);
    for (const job of next.slice(1)) await tries(5, job);
    expect((await warnings(hub)).map(({ facts }) => facts.undelivered?.entry)).toEqual([2, 5]);
  });
});

describe('fan-out: a hospital that a patient is diverted to', () => {
  test('alerts the diverting hospital and the coordinator if the new hospital has no subscription', async () => {
    const hub = memoryHub();
    for (const party of [amk, la, operator, hospital]) await subscribe(hub, party);
    for (const step of [opened, asksCrew, warnsHospital()]) await say(hub, step);
    await say(hub, hospitalSays(task(3), 'diverted'));
    const [warning] = await warnings(hub);
    expect(warning?.facts.undelivered?.organisation).toBe(otherHospital.organisation);
    expect([...(warning?.recipients ?? [])].sort()).toEqual([la.organisation, hospital.organisation].sort());
  });
});
