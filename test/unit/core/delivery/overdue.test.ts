import { allArrive } from '../../../support/endpoint-status.ts';
import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { sweep, type SweepPorts } from '../../../../core/delivery/sweep.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { Crash, type Interceptor, withInterceptor, crashingProcess } from '../../../memory/intercept.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  missionCancel,
  missionOpenedBy,
  missionRequest,
  parties,
  prearrivalNotification,
  sentBy,
} from '../../../support/messages.ts';
import { mission, type Step, task } from '../../../support/given.ts';
import {
  acknowledges,
  asksCrew,
  cancels,
  crewReports,
  crewSays,
  decides,
  opened,
  warnsHospital,
} from '../../../support/steps.ts';

/** The sweeper writes one message for each deadline that passes without an answer, also after crashes. */

const { amk, la, operator, hospital, quality } = parties;

const subscribers: readonly Party[] = [amk, la, operator, hospital, quality];

/** A hub with a mission. Each party has a subscription whose id is its organisation number. */
const hubAfter = async (...steps: readonly Step[]): Promise<MemoryHub> => {
  const hub = memoryHub();
  for (const { organisation } of subscribers)
    await hub.subscriptions.create(sampleSubscription(organisation, organisation), '2099-01-01T00:00:00.000Z');
  for (const step of steps) await send(hub, step);
  return hub;
};

/** Each message has its own correlation id. */
const correlationOf = ({ id }: Step[1]): string => `request of ${id}`;

/** Accepts a message and notifies its recipients, as the hub does when it is sent. */
const send = async (hub: MemoryHub, [sender, message]: Step): Promise<void> => {
  const origin = { correlationId: correlationOf(message) };
  const outcome = await acceptMessage(hub.missions, message, { ...sentBy(sender), origin }, hub.now);
  if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
  await fanOut(hub, outcome.entry);
  await allArrive(hub);
};

const runSweeper = (ports: SweepPorts): Promise<unknown> =>
  sweep(
    ports,
    () => 60_000,
    () => undefined,
  );

/** Milliseconds: how far the clock of this sweeper is ahead of the clock of the hub. */
const withClockAhead = (hub: MemoryHub, milliseconds: number): SweepPorts => ({
  ...hub,
  now: () => hub.clock.now() + milliseconds,
});

const logOf = (hub: MemoryHub, id = mission): Promise<readonly StoredEntry[]> => hub.missions.entries(id, 1, 1000);
const overdueIn = async (hub: MemoryHub, id = mission): Promise<readonly StoredEntry[]> =>
  (await logOf(hub, id)).filter(({ event }) => event === 'acknowledgement-overdue');
/** The parties that were notified of an entry, one for each notification. */
const notifiedOf = async (hub: MemoryHub, entry: StoredEntry): Promise<readonly string[]> => {
  const notified: string[] = [];
  for (const { organisation } of subscribers)
    for (const one of await hub.notifications.range(organisation, 1, 1000))
      if (one.mission === entry.mission && one.entry === entry.number) notified.push(organisation);
  return notified;
};

/** Expects one message about the deadline, and one notification to each of these parties. */
const expectNotifiedOnce = async (hub: MemoryHub, id: string, ...notified: readonly Party[]): Promise<void> => {
  const found = (await overdueIn(hub)).filter(({ facts }) => facts.task === id);
  expect(found).toHaveLength(1);
  for (const entry of found) {
    expect(entry.fanOutPending).toBe(false);
    expect(await notifiedOf(hub, entry)).toEqual(notified.map(({ organisation }) => organisation));
  }
};

const minute = 60_000;
const hour = 60 * minute;

describe('sweep: a deadline', () => {
  test('notifies when the deadline has passed, not before', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(minute - 1);
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(1);
    await runSweeper(hub);
    await expectNotifiedOnce(hub, task(1), amk, la);
    expect((await overdueIn(hub))[0]).toMatchObject({
      sender: 'luftbro',
      number: 2,
      receivedAt: hub.clock.iso(),
      facts: { task: task(1), answer: 'overdue', deadline: '2026-02-01T11:01:00.000Z' },
    });
  });

  test('gives the number to phone', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(hour);
    await runSweeper(hub);
    expect((await overdueIn(hub))[0]?.text).toContain('Phone AMK LA Oslo: +47 00 00 00 11.');
  });

  test('notifies once, however often the sweeper runs', async () => {
    const hub = await hubAfter(opened, asksCrew, warnsHospital());
    for (let pass = 0; pass < 10; pass += 1) {
      hub.clock.advance(10 * minute);
      await runSweeper(hub);
    }
    await expectNotifiedOnce(hub, task(1), amk, la);
    // The coordinator asked the crew and the hospital.
    await expectNotifiedOnce(hub, task(2), la);
    await expectNotifiedOnce(hub, task(3), la);
    expect(await hub.obligations.due('2098-01-01T00:00:00.000Z', 100)).not.toContainEqual(
      expect.objectContaining({ kind: 'deadline' }),
    );
  });

  test('notifies once if several sweepers run concurrently', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(hour);
    await Promise.all([runSweeper(hub), runSweeper(hub), runSweeper(withClockAhead(hub, 5_000))]);
    await expectNotifiedOnce(hub, task(1), amk, la);
  });

  test('notifies late if the clock of the sweeper is behind, and once if another sweeper runs too', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(minute);
    await runSweeper(withClockAhead(hub, -30_000));
    expect(await overdueIn(hub)).toEqual([]);
    await runSweeper(hub);
    await runSweeper(withClockAhead(hub, -30_000));
    await runSweeper(withClockAhead(hub, 30_000));
    await expectNotifiedOnce(hub, task(1), amk, la);
  });

  test('notifies early if the clock of the sweeper is ahead, and not again at the deadline', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(minute / 2);
    await runSweeper(withClockAhead(hub, minute));
    await expectNotifiedOnce(hub, task(1), amk, la);
    hub.clock.advance(hour);
    await runSweeper(hub);
    await expectNotifiedOnce(hub, task(1), amk, la);
  });

  test('applies the clock of the sweeper although the index lists the deadline as due', async () => {
    const hub = await hubAfter(opened);
    const early: SweepPorts = {
      ...hub,
      obligations: { ...hub.obligations, due: async () => [{ kind: 'deadline', mission, task: task(1) }] },
    };
    await runSweeper(early);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(minute);
    await runSweeper(early);
    await runSweeper(early);
    await expectNotifiedOnce(hub, task(1), amk, la);
  });

  test('writes nothing for a mission or Task that does not exist', async () => {
    const hub = await hubAfter(opened);
    const confused: SweepPorts = {
      ...hub,
      obligations: {
        ...hub.obligations,
        due: async () => [
          { kind: 'deadline', mission: 'nowhere', task: task(1) },
          { kind: 'deadline', mission, task: task(9) },
        ],
      },
    };
    hub.clock.advance(hour);
    expect(await runSweeper(confused)).toEqual({ completed: 2, failed: 0, stalled: 0, more: false });
    expect(await logOf(hub)).toHaveLength(1);
  });

  test.each(['before the call', 'after the call'] as const)(
    'notifies once although a sweeper crashes at any call (%s), if another runs after it',
    async (when) => {
      const count = async (crashes: ReadonlySet<number>): Promise<number> => {
        const hub = await hubAfter(opened);
        hub.clock.advance(hour);
        const process = crashingProcess(crashes, when);
        // Only the simulated crash may fail.
        await runSweeper(withInterceptor(hub, process.intercept)).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
        for (let pass = 0; pass < 3; pass += 1) {
          hub.clock.advance(minute);
          await runSweeper(hub);
        }
        await expectNotifiedOnce(hub, task(1), amk, la);
        return process.calls();
      };
      const calls = await count(new Set());
      expect(calls).toBeGreaterThan(8);
      for (let crash = 1; crash <= calls; crash += 1) await count(new Set([crash]));
    },
  );

  test('notifies no party if a person has acknowledged and the index is not updated yet', async () => {
    const hub = await hubAfter(opened);
    const [sender, message] = acknowledges(la, task(1));
    await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
    hub.clock.advance(minute);
    const onlyDeadlines: SweepPorts = {
      ...hub,
      obligations: {
        ...hub.obligations,
        due: async (...args) => (await hub.obligations.due(...args)).filter(({ kind }) => kind === 'deadline'),
      },
    };
    expect(await runSweeper(onlyDeadlines)).toEqual({ completed: 1, failed: 0, stalled: 0, more: false });
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });

  test('notifies no party if the acknowledgement is stored between the read and the append of the sweeper', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(minute);
    let isAcknowledged = false;
    const [sender, message] = acknowledges(la, task(1));
    const intercept: Interceptor = async (name, call) => {
      if (name === 'missions.append' && !isAcknowledged) {
        isAcknowledged = true;
        await send(hub, [sender, message]);
      }
      return call();
    };
    await runSweeper(withInterceptor(hub, intercept));
    expect((await logOf(hub)).map(({ event }) => event)).toEqual(['mission-request', 'acknowledgement']);
  });

  test('retries a deadline whose message could not be appended', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(minute);
    const broken: Interceptor = (name, call) => (name === 'missions.append' ? Promise.reject(new Crash(name)) : call());
    expect(await runSweeper(withInterceptor(hub, broken))).toMatchObject({ failed: 1 });
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(30_000);
    await runSweeper(hub);
    await expectNotifiedOnce(hub, task(1), amk, la);
  });

  test('returns a passed deadline before all other obligations', async () => {
    const hub = await hubAfter(opened);
    hub.clock.advance(hour);
    const [first] = await hub.obligations.due(hub.clock.iso(), 10);
    expect(first).toEqual({ kind: 'deadline', mission, task: task(1) });
  });
});

describe('sweep: a Task that was asked again', () => {
  test('writes a second message for the new deadline', async () => {
    const hub = await hubAfter(opened, asksCrew, warnsHospital());
    hub.clock.advance(2 * minute);
    await runSweeper(hub);
    const again = prearrivalNotification({ mission, task: task(3), to: [], id: 'again' });
    await send(hub, [la, again]);
    await runSweeper(hub);
    expect((await overdueIn(hub)).filter(({ facts }) => facts.task === task(3))).toHaveLength(1);
    hub.clock.advance(2 * minute);
    await runSweeper(hub);
    await runSweeper(hub);
    const notified = (await overdueIn(hub)).filter(({ facts }) => facts.task === task(3));
    expect(notified.map(({ facts }) => facts.deadline)).toEqual([
      '2026-02-01T11:02:00.000Z',
      '2026-02-01T11:04:00.000Z',
    ]);
    expect(new Set(notified.map(({ messageId }) => messageId)).size).toBe(2);
  });
});

describe('sweep: a deferred decision', () => {
  const deferred = decides('deferred', { until: '2026-02-01T12:30:00+01:00' });

  test('writes that the decision is overdue when its time has passed', async () => {
    const hub = await hubAfter(opened, deferred);
    hub.clock.advance(30 * minute - 1);
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(1);
    await runSweeper(hub);
    await runSweeper(hub);
    await expectNotifiedOnce(hub, task(1), amk, la);
    expect((await overdueIn(hub))[0]?.text).toContain('has not decided');
  });

  test('writes nothing about a decision that was made in time', async () => {
    const hub = await hubAfter(opened, deferred, decides('rejected'));
    hub.clock.advance(hour);
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });

  test('applies the later time after a second deferral', async () => {
    const hub = await hubAfter(opened, deferred, decides('deferred', { until: '2026-02-01T13:30:00+01:00' }));
    hub.clock.advance(hour);
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(hour + 30 * minute);
    await runSweeper(hub);
    await expectNotifiedOnce(hub, task(1), amk, la);
  });
});

describe('sweep: a cancelled mission', () => {
  const flying = [opened, asksCrew, crewSays(task(2), 'accepted'), crewReports(task(2), 'departed')];

  test('writes that an airborne crew has not acknowledged the cancellation', async () => {
    const hub = await hubAfter(...flying, cancels);
    hub.clock.advance(hour);
    await runSweeper(hub);
    await runSweeper(hub);
    await expectNotifiedOnce(hub, task(2), la);
    expect((await overdueIn(hub))[0]?.text).toContain('This resource is not needed any more');
    expect(await overdueIn(hub)).toHaveLength(1);
  });

  test('writes nothing if the crew has acknowledged', async () => {
    const hub = await hubAfter(...flying, cancels, acknowledges(operator, task(2)));
    hub.clock.advance(hour);
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });

  test('writes nothing if no crew was airborne', async () => {
    const hub = await hubAfter(opened, asksCrew, warnsHospital(), cancels);
    hub.clock.advance(hour);
    await runSweeper(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });
});

describe('sweep: an exercise', () => {
  const drill = missionRequest({ exercise: true });
  const played = missionOpenedBy(drill);

  test('marks the overdue message as an exercise and appends it to the log of the exercise', async () => {
    const hub = await hubAfter(opened, [amk, drill]);
    hub.clock.advance(hour);
    await runSweeper(hub);
    const [real] = await overdueIn(hub);
    const [exercise] = await overdueIn(hub, played);
    expect(real).toMatchObject({ exercise: false, state: { exercise: false } });
    expect(real?.text).not.toContain('HTEST');
    expect(exercise).toMatchObject({ exercise: true, state: { exercise: true } });
    expect(exercise?.text).toContain('HTEST');
    expect(exercise?.text).toContain('EXERCISE. Nobody at AMK LA Oslo');
  });

  test('accepts only exercise messages in an exercise', async () => {
    const hub = await hubAfter([amk, drill]);
    const coordination = (await hub.missions.last(played))?.state.tasks[0]?.id ?? '';
    for (const message of [acknowledgement({ task: coordination }), missionCancel({ mission: played })]) {
      const outcome = await acceptMessage(
        hub.missions,
        message,
        sentBy(message.type.event === 'mission-cancel' ? amk : la),
        hub.now,
      );
      expect(outcome).toMatchObject({ outcome: 'refused', faults: [{ code: 'exercise-mismatch' }] });
    }
    await send(hub, [la, acknowledgement({ task: coordination, exercise: true })]);
    expect(await logOf(hub, played)).toHaveLength(2);
  });
});

describe('sweep: an overdue message has the correlation id of the message that set the deadline', () => {
  const defers = decides('deferred', { until: '2026-02-01T12:30:00+01:00' });
  const cases: readonly (readonly [what: string, sets: Step, steps: readonly Step[]])[] = [
    ['an ask without a later message', opened, [opened]],
    ['an ask before other messages', opened, [opened, asksCrew]],
    ['a deferral', defers, [opened, defers, asksCrew]],
    [
      'a cancellation that asks a crew to turn back, before a report of the crew',
      cancels,
      [
        opened,
        acknowledges(la, task(1)),
        asksCrew,
        crewSays(task(3), 'accepted'),
        crewReports(task(3), 'departed'),
        cancels,
        crewReports(task(3), 'on-scene'),
      ],
    ],
  ];

  test.each(cases)('%s', async (_what, [, message], steps) => {
    const hub = await hubAfter(...steps);
    hub.clock.advance(3 * 3600_000);
    await runSweeper(hub);
    const said = (await overdueIn(hub)).map(({ correlationId }) => correlationId);
    expect(said).toContain(correlationOf(message));
  });
});
