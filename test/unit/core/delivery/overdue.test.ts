import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { sweep, type SweepPorts } from '../../../../core/delivery/sweep.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { Crash, type Gate, gated, mortal } from '../../../memory/gate.ts';
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

/** What passes without an answer is told by the sweeper: once, whatever happens to it. */

const { amk, la, operator, hospital, quality } = parties;

const subscribers: readonly Party[] = [amk, la, operator, hospital, quality];

/** A hub with a mission; every party is subscribed, by its name. */
const playing = async (...steps: readonly Step[]): Promise<MemoryHub> => {
  const hub = memoryHub();
  for (const { organisation } of subscribers)
    await hub.subscriptions.create(sampleSubscription(organisation, organisation), '2099-01-01T00:00:00.000Z');
  for (const step of steps) await say(hub, step);
  return hub;
};

/** Each message comes with a request of its own. */
const correlationOf = ({ id }: Step[1]): string => `request of ${id}`;

/** Accepts a message and tells of it, as the hub does when it is sent. */
const say = async (hub: MemoryHub, [sender, message]: Step): Promise<void> => {
  const origin = { correlationId: correlationOf(message) };
  const outcome = await acceptMessage(hub.missions, message, { ...sentBy(sender), origin }, hub.now);
  if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
  await fanOut(hub, outcome.entry);
};

const look = (ports: SweepPorts): Promise<unknown> =>
  sweep(
    ports,
    () => 60_000,
    () => undefined,
  );

/** A sweeper whose clock is so many milliseconds ahead of the hub’s. */
const astray = (hub: MemoryHub, milliseconds: number): SweepPorts => ({
  ...hub,
  now: () => hub.clock.now() + milliseconds,
});

const logOf = (hub: MemoryHub, id = mission): Promise<readonly StoredEntry[]> => hub.missions.entries(id, 1, 1000);
const overdueIn = async (hub: MemoryHub, id = mission): Promise<readonly StoredEntry[]> =>
  (await logOf(hub, id)).filter(({ event }) => event === 'acknowledgement-overdue');
/** Which of the parties were told of an entry, and how often. */
const toldOf = async (hub: MemoryHub, entry: StoredEntry): Promise<readonly string[]> => {
  const told: string[] = [];
  for (const { organisation } of subscribers)
    for (const one of await hub.notifications.range(organisation, 1, 1000))
      if (one.mission === entry.mission && one.entry === entry.number) told.push(organisation);
  return told;
};

/** That one deadline was told, once, to these. */
const expectToldOnce = async (hub: MemoryHub, id: string, ...told: readonly Party[]): Promise<void> => {
  const found = (await overdueIn(hub)).filter(({ facts }) => facts.task === id);
  expect(found).toHaveLength(1);
  for (const entry of found) {
    expect(entry.fanOutPending).toBe(false);
    expect(await toldOf(hub, entry)).toEqual(told.map(({ organisation }) => organisation));
  }
};

const minute = 60_000;
const hour = 60 * minute;

describe('A deadline', () => {
  test('is not told before it has passed, and is told when it has', async () => {
    const hub = await playing(opened);
    hub.clock.advance(minute - 1);
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(1);
    await look(hub);
    await expectToldOnce(hub, task(1), amk, la);
    expect((await overdueIn(hub))[0]).toMatchObject({
      sender: 'luftbro',
      number: 2,
      receivedAt: hub.clock.iso(),
      facts: { task: task(1), answer: 'overdue', deadline: '2026-02-01T11:01:00.000Z' },
    });
  });

  test('is told with the number to phone', async () => {
    const hub = await playing(opened);
    hub.clock.advance(hour);
    await look(hub);
    expect((await overdueIn(hub))[0]?.text).toContain('Phone AMK LA Oslo: +47 00 00 00 11.');
  });

  test('is told once, however often the sweeper looks', async () => {
    const hub = await playing(opened, asksCrew, warnsHospital());
    for (let pass = 0; pass < 10; pass += 1) {
      hub.clock.advance(10 * minute);
      await look(hub);
    }
    await expectToldOnce(hub, task(1), amk, la);
    // The coordinator asked the crew and the hospital.
    await expectToldOnce(hub, task(2), la);
    await expectToldOnce(hub, task(3), la);
    expect(await hub.obligations.due('2098-01-01T00:00:00.000Z', 100)).not.toContainEqual(
      expect.objectContaining({ kind: 'deadline' }),
    );
  });

  test('is told once by two sweepers at once', async () => {
    const hub = await playing(opened);
    hub.clock.advance(hour);
    await Promise.all([look(hub), look(hub), look(astray(hub, 5_000))]);
    await expectToldOnce(hub, task(1), amk, la);
  });

  test('is told late by a sweeper whose clock is behind, and once when another looks as well', async () => {
    const hub = await playing(opened);
    hub.clock.advance(minute);
    await look(astray(hub, -30_000));
    expect(await overdueIn(hub)).toEqual([]);
    await look(hub);
    await look(astray(hub, -30_000));
    await look(astray(hub, 30_000));
    await expectToldOnce(hub, task(1), amk, la);
  });

  test('is told early by a sweeper whose clock is ahead, and not again when its time comes', async () => {
    const hub = await playing(opened);
    hub.clock.advance(minute / 2);
    await look(astray(hub, minute));
    await expectToldOnce(hub, task(1), amk, la);
    hub.clock.advance(hour);
    await look(hub);
    await expectToldOnce(hub, task(1), amk, la);
  });

  test('is judged by the sweeper’s clock also when the index says that it is due', async () => {
    const hub = await playing(opened);
    const early: SweepPorts = {
      ...hub,
      obligations: { ...hub.obligations, due: async () => [{ kind: 'deadline', mission, task: task(1) }] },
    };
    await look(early);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(minute);
    await look(early);
    await look(early);
    await expectToldOnce(hub, task(1), amk, la);
  });

  test('of a mission or a Task that is not there is nothing', async () => {
    const hub = await playing(opened);
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
    expect(await look(confused)).toEqual({ completed: 2, failed: 0, stalled: 0, more: false });
    expect(await logOf(hub)).toHaveLength(1);
  });

  test.each(['before the call', 'after the call'] as const)(
    'is told once whichever call is the sweeper’s last (%s), when another comes after it',
    async (dies) => {
      const count = async (deaths: ReadonlySet<number>): Promise<number> => {
        const hub = await playing(opened);
        hub.clock.advance(hour);
        const process = mortal(deaths, dies);
        // What fails is the sweeper's to bear, not the test's.
        await look(gated(hub, process.gate)).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
        for (let pass = 0; pass < 3; pass += 1) {
          hub.clock.advance(minute);
          await look(hub);
        }
        await expectToldOnce(hub, task(1), amk, la);
        return process.calls();
      };
      const calls = await count(new Set());
      expect(calls).toBeGreaterThan(8);
      for (let death = 1; death <= calls; death += 1) await count(new Set([death]));
    },
  );

  test('is told to nobody when a person has acknowledged meanwhile, though the index does not know it yet', async () => {
    const hub = await playing(opened);
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
    expect(await look(onlyDeadlines)).toEqual({ completed: 1, failed: 0, stalled: 0, more: false });
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });

  test('is told to nobody when the acknowledgement comes between the sweeper’s look and its word', async () => {
    const hub = await playing(opened);
    hub.clock.advance(minute);
    let spoken = false;
    const [sender, message] = acknowledges(la, task(1));
    const gate: Gate = async (name, call) => {
      if (name === 'missions.append' && !spoken) {
        spoken = true;
        await say(hub, [sender, message]);
      }
      return call();
    };
    await look(gated(hub, gate));
    expect((await logOf(hub)).map(({ event }) => event)).toEqual(['mission-request', 'acknowledgement']);
  });

  test('that could not be told has another turn', async () => {
    const hub = await playing(opened);
    hub.clock.advance(minute);
    const broken: Gate = (name, call) => (name === 'missions.append' ? Promise.reject(new Crash(name)) : call());
    expect(await look(gated(hub, broken))).toMatchObject({ failed: 1 });
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(30_000);
    await look(hub);
    await expectToldOnce(hub, task(1), amk, la);
  });

  test('that passed is told ahead of what else is owed', async () => {
    const hub = await playing(opened);
    hub.clock.advance(hour);
    const [first] = await hub.obligations.due(hub.clock.iso(), 10);
    expect(first).toEqual({ kind: 'deadline', mission, task: task(1) });
  });
});

describe('A Task asked again', () => {
  test('has a new deadline, told by a message of its own', async () => {
    const hub = await playing(opened, asksCrew, warnsHospital());
    hub.clock.advance(2 * minute);
    await look(hub);
    const again = prearrivalNotification({ mission, task: task(3), to: [], id: 'again' });
    await say(hub, [la, again]);
    await look(hub);
    expect((await overdueIn(hub)).filter(({ facts }) => facts.task === task(3))).toHaveLength(1);
    hub.clock.advance(2 * minute);
    await look(hub);
    await look(hub);
    const told = (await overdueIn(hub)).filter(({ facts }) => facts.task === task(3));
    expect(told.map(({ facts }) => facts.deadline)).toEqual(['2026-02-01T11:02:00.000Z', '2026-02-01T11:04:00.000Z']);
    expect(new Set(told.map(({ messageId }) => messageId)).size).toBe(2);
  });
});

describe('A deferred decision', () => {
  const deferred = decides('deferred', { until: '2026-02-01T12:30:00+01:00' });

  test('is overdue when its time has passed and nobody has decided', async () => {
    const hub = await playing(opened, deferred);
    hub.clock.advance(30 * minute - 1);
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(1);
    await look(hub);
    await look(hub);
    await expectToldOnce(hub, task(1), amk, la);
    expect((await overdueIn(hub))[0]?.text).toContain('has not decided');
  });

  test('that was decided in time is not overdue', async () => {
    const hub = await playing(opened, deferred, decides('rejected'));
    hub.clock.advance(hour);
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });

  test('that is deferred again has the later time', async () => {
    const hub = await playing(opened, deferred, decides('deferred', { until: '2026-02-01T13:30:00+01:00' }));
    hub.clock.advance(hour);
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
    hub.clock.advance(hour + 30 * minute);
    await look(hub);
    await expectToldOnce(hub, task(1), amk, la);
  });
});

describe('A cancelled mission', () => {
  const flying = [opened, asksCrew, crewSays(task(2), 'accepted'), crewReports(task(2), 'departed')];

  test('waits for the crew in the air, and says that nobody there has seen the cancellation', async () => {
    const hub = await playing(...flying, cancels);
    hub.clock.advance(hour);
    await look(hub);
    await look(hub);
    await expectToldOnce(hub, task(2), la);
    expect((await overdueIn(hub))[0]?.text).toContain('This resource is not needed any more');
    expect(await overdueIn(hub)).toHaveLength(1);
  });

  test('whose crew has acknowledged waits for nobody', async () => {
    const hub = await playing(...flying, cancels, acknowledges(operator, task(2)));
    hub.clock.advance(hour);
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });

  test('in which nobody was in the air waits for nobody', async () => {
    const hub = await playing(opened, asksCrew, warnsHospital(), cancels);
    hub.clock.advance(hour);
    await look(hub);
    expect(await overdueIn(hub)).toEqual([]);
  });
});

describe('An exercise', () => {
  const drill = missionRequest({ exercise: true });
  const played = missionOpenedBy(drill);

  test('is one to its last word: what is overdue is said as an exercise, in its own log', async () => {
    const hub = await playing(opened, [amk, drill]);
    hub.clock.advance(hour);
    await look(hub);
    const [real] = await overdueIn(hub);
    const [exercise] = await overdueIn(hub, played);
    expect(real).toMatchObject({ exercise: false, state: { exercise: false } });
    expect(real?.text).not.toContain('HTEST');
    expect(exercise).toMatchObject({ exercise: true, state: { exercise: true } });
    expect(exercise?.text).toContain('HTEST');
    expect(exercise?.text).toContain('EXERCISE. Nobody at AMK LA Oslo');
  });

  test('is answered by exercise messages only', async () => {
    const hub = await playing([amk, drill]);
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
    await say(hub, [la, acknowledgement({ task: coordination, exercise: true })]);
    expect(await logOf(hub, played)).toHaveLength(2);
  });
});

describe('A state of the first release', () => {
  test('whose Tasks say no deadline is told of at once, once', async () => {
    const hub = memoryHub();
    for (const { organisation } of subscribers)
      await hub.subscriptions.create(sampleSubscription(organisation, organisation), '2099-01-01T00:00:00.000Z');
    const outcome = await acceptMessage(hub.missions, opened[1], sentBy(amk), hub.now);
    if (outcome.outcome === 'refused') throw new Error('refused');
    const { entry } = outcome;
    // As an older fold left it: no deadline but the moment it was opened.
    const [first] = entry.state.tasks;
    if (first === undefined) throw new Error('a request opens a Task');
    const old = { ...entry, state: { ...entry.state, tasks: [{ ...first, acknowledgeBy: entry.receivedAt }] } };
    const older = memoryHub(hub.clock);
    await older.missions.append(old, hub.clock.iso());
    for (const { organisation } of subscribers)
      await older.subscriptions.create(sampleSubscription(organisation, organisation), '2099-01-01T00:00:00.000Z');
    for (let pass = 0; pass < 3; pass += 1) {
      await look(older);
      hub.clock.advance(minute);
    }
    await expectToldOnce(older, task(1), amk, la);
  });
});

describe('What the hub says of a deadline carries the correlation id of the message that set it', () => {
  const defers = decides('deferred', { until: '2026-02-01T12:30:00+01:00' });
  const cases: readonly (readonly [what: string, sets: Step, steps: readonly Step[]])[] = [
    ['an ask, when nothing else was said', opened, [opened]],
    ['an ask, when more was said since', opened, [opened, asksCrew]],
    ['a deferral', defers, [opened, defers, asksCrew]],
    [
      'a cancellation that asks a crew to turn back, though the crew has reported since',
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
    const hub = await playing(...steps);
    hub.clock.advance(3 * 3600_000);
    await look(hub);
    const said = (await overdueIn(hub)).map(({ correlationId }) => correlationId);
    expect(said).toContain(correlationOf(message));
  });

  test('and none if an older release accepted that message', async () => {
    const hub = memoryHub();
    const [sender, message] = opened;
    const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
    if (accepted.outcome === 'refused') throw new Error('the request was refused');
    await fanOut(hub, accepted.entry);
    hub.clock.advance(3600_000);
    await look(hub);
    expect((await overdueIn(hub)).map(({ correlationId }) => correlationId)).toEqual([undefined]);
  });
});
