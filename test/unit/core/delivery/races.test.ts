import { describe, expect, test } from 'vitest';
import { type Accepted, acceptMessage } from '../../../../core/mission/accept-message.ts';
import { overdueMessage } from '../../../../core/mission/hub-messages.ts';
import type { MissionLog } from '../../../../core/mission/mission-log.ts';
import { hub as theHub, type MissionState } from '../../../../core/mission/state.ts';
import type { Refusal } from '../../../../schemas/faults.ts';
import { type Gate, gated } from '../../../memory/gate.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionCancel,
  missionDecision,
  parties,
  prearrivalResponse,
  resourceStatus,
  sentBy,
} from '../../../support/messages.ts';
import { given, mission, statusesOf, type Step, task, taskIn, timeOf } from '../../../support/given.ts';
import {
  accepted,
  acknowledges,
  asksCrew,
  cancels,
  crewReports,
  crewSays,
  decides,
  disputes,
  forwards,
  hospitalSays,
  opened,
  rejected,
  warnsHospital,
} from '../../../support/steps.ts';

const { la, otherLa, operator, hospital, otherHospital } = parties;

interface Race {
  readonly winner: Accepted | Refusal;
  readonly loser: Accepted | Refusal;
  readonly state: MissionState;
  /** Events in the order of the log, from the race on. */
  readonly log: readonly string[];
  /** How often the log was read: who loses the number reads again. */
  readonly reads: number;
}

const promised = () => {
  let keep = (): void => undefined;
  const kept = new Promise<void>((resolve) => {
    keep = () => resolve();
  });
  return { kept, keep };
};

/** Both messages are decided on the same state; the first one named is first in the log. */
const race = async (
  before: readonly Step[],
  first: Step,
  second: Step,
  more: { readonly ifMatch?: number } = {},
): Promise<Race> => {
  const hub = memoryHub();
  for (const [sender, message] of before) {
    const outcome = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
    expect(outcome.outcome).toBe('accepted');
    hub.clock.advance(60_000);
  }
  let reads = 0;
  const bothHaveRead = promised();
  const firstIsAnswered = promised();
  const gate =
    (waitsFor: Promise<void>): Gate =>
    async (name, call) => {
      if (name === 'missions.append') await waitsFor;
      const result = await call();
      if (name === 'missions.last') {
        reads += 1;
        if (reads === 2) bothHaveRead.keep();
      }
      return result;
    };
  const send = ([sender, message]: Step, log: MissionLog) =>
    acceptMessage(log, message, { ...sentBy(sender), ...more }, hub.now);
  const [winner, loser] = await Promise.all([
    send(first, gated(hub, gate(bothHaveRead.kept)).missions).finally(() => {
      bothHaveRead.keep();
      firstIsAnswered.keep();
    }),
    send(second, gated(hub, gate(firstIsAnswered.kept)).missions),
  ]);
  const log = await hub.missions.entries(mission, 1, 100);
  expect(log.map(({ number }) => number)).toEqual(log.map((_entry, index) => index + 1));
  const state = log.at(-1)?.state;
  if (state === undefined) throw new Error('the log is empty');
  return { winner, loser, state, log: log.slice(before.length).map(({ event }) => event), reads };
};

const answerOf = (outcome: Accepted | Refusal): string =>
  outcome.outcome === 'refused' ? outcome.faults[0].code : outcome.outcome;

describe('Cancel against airborne', () => {
  const before = [opened, accepted, asksCrew, crewSays(task(3), 'accepted')];
  const departs = crewReports(task(3), 'departed');

  test('The cancellation first: nobody is in the air for the hub; the departure is recorded and moves nothing', async () => {
    const { winner, loser, state, log, reads } = await race(before, cancels, departs);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'accepted']);
    expect(log).toEqual(['mission-cancel', 'resource-status']);
    expect(taskIn(state, task(3))).toMatchObject({
      status: 'cancelled',
      phases: { departed: '2026-01-31T12:20:00+01:00' },
    });
    expect(taskIn(state, task(3)).cancelRequested).toBeUndefined();
    expect(state.status).toBe('revoked');
    expect(reads).toBe(3);
  });

  test('The departure first: the crew is told of the cancellation and decides', async () => {
    const { winner, loser, state, log } = await race(before, departs, cancels);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'accepted']);
    expect(log).toEqual(['resource-status', 'mission-cancel']);
    expect(taskIn(state, task(3))).toMatchObject({ status: 'in-progress', cancelRequested: true });
    expect(state.status).toBe('revoked');
  });
});

describe('Two coordinators decide at once', () => {
  const yes = decides('accepted', { by: 'Kari Koordinator' });
  const no = decides('rejected', { by: 'Ola Overlege' });
  const alsoYes = decides('accepted', { by: 'Ola Overlege' });

  test('The rejection first: the acceptance is refused, and the rejection must be disputed', async () => {
    const { loser, state } = await race([opened], no, yes);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(taskIn(state, task(1))).toMatchObject({ status: 'rejected', decider: { name: 'Ola Overlege' } });
  });

  test('The acceptance first: the rejection did not know of it, and must be decided anew with the version', async () => {
    const { loser, state, log } = await race([opened], yes, no);
    expect(answerOf(loser)).toBe('precondition-required');
    expect(log).toEqual(['mission-decision']);
    expect(taskIn(state, task(1))).toMatchObject({ status: 'accepted', decider: { name: 'Kari Koordinator' } });
  });

  test('Of two acceptances the second is refused: one person has decided', async () => {
    for (const [first, second, name] of [
      [yes, alsoYes, 'Kari Koordinator'],
      [alsoYes, yes, 'Ola Overlege'],
    ] as const) {
      const { loser, state } = await race([opened], first, second);
      expect(answerOf(loser)).toBe('illegal-transition');
      expect(loser).toMatchObject({ version: 2 });
      expect(taskIn(state, task(1)).decider?.name).toBe(name);
    }
  });

  test('Who says which version was decided on loses to any other message', async () => {
    for (const [first, second] of [
      [yes, no],
      [no, yes],
    ] as const) {
      const { winner, loser, log } = await race([opened], first, second, { ifMatch: 1 });
      expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'version-conflict']);
      expect(loser).toMatchObject({ version: 2 });
      expect(log).toHaveLength(1);
    }
  });
});

describe('Accept against withdraw', () => {
  const before = [opened, asksCrew];
  const accepts = crewSays(task(2), 'accepted');
  const withdraws = crewSays(task(2), 'withdrawn');

  test('Both decided on an ask that nobody had accepted: the acceptance stands, and the withdrawal is refused, in either order', async () => {
    for (const [first, second, expected] of [
      [accepts, withdraws, ['accepted', 'illegal-transition']],
      [withdraws, accepts, ['illegal-transition', 'accepted']],
    ] as const) {
      const { winner, loser, state, log } = await race(before, first, second);
      expect([answerOf(winner), answerOf(loser)]).toEqual(expected);
      expect(log).toEqual(['resource-response']);
      expect(taskIn(state, task(2)).status).toBe('accepted');
    }
  });

  test('A withdrawal that finds the acceptance in the log ends it', async () => {
    const { loser, state } = await race([...before, accepts], acknowledges(la, task(1)), withdraws);
    expect(answerOf(loser)).toBe('accepted');
    expect(taskIn(state, task(2))).toMatchObject({ status: 'failed', answer: { code: 'withdrawn' } });
  });

  test('The coordinator accepts while the crew withdraws: the mission is accepted and has no crew, in either order', async () => {
    const accepting = [opened, asksCrew, accepts];
    for (const [first, second] of [
      [accepted, withdraws],
      [withdraws, accepted],
    ] as const) {
      const { winner, loser, state } = await race(accepting, first, second);
      expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'accepted']);
      expect(statusesOf(state)).toEqual(['accepted', 'failed']);
      expect(state.status).toBe('active');
    }
  });

  test('The coordinator rejects while the crew withdraws: refused in either order, as it was decided with the crew in the log', async () => {
    const accepting = [opened, asksCrew, accepts];
    for (const [first, second, expected] of [
      [withdraws, rejected, ['accepted', 'illegal-transition']],
      [rejected, withdraws, ['illegal-transition', 'accepted']],
    ] as const) {
      const { winner, loser, state } = await race(accepting, first, second);
      expect([answerOf(winner), answerOf(loser)]).toEqual(expected);
      expect(statusesOf(state)).toEqual(['requested', 'failed']);
    }
  });
});

describe('Divert against landed', () => {
  const before = [
    opened,
    accepted,
    asksCrew,
    crewSays(task(3), 'accepted'),
    warnsHospital({ partOf: task(3) }),
    crewReports(task(3), 'departed'),
  ];
  const diverts = hospitalSays(task(5), 'diverted');
  const lands: Step = [
    operator,
    resourceStatus({
      task: task(3),
      phases: { 'handed-over': '2026-01-31T13:05:00+01:00' },
      handedOverTo: hospital.organisation,
    }),
  ];

  test('The landing first: the hospital has the patient and cannot divert any more', async () => {
    const { loser, state } = await race(before, lands, diverts);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('The diversion first: the other hospital waits, and the flight goes on until somebody says that it does not', async () => {
    const { loser, state } = await race(before, diverts, lands);
    expect(answerOf(loser)).toBe('accepted');
    expect(statusesOf(state)).toEqual(['accepted', 'in-progress', 'rejected', 'requested']);
    expect(state.tasks.at(-1)?.owner).toBe(otherHospital.organisation);
    expect(state.status).toBe('active');
  });

  test('A crew that lands without saying where ends the wait of every hospital of its flight', async () => {
    const { loser, state } = await race(before, diverts, crewReports(task(3), 'handed-over'));
    expect(answerOf(loser)).toBe('accepted');
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'rejected', 'completed']);
  });
});

describe('Review against new resource', () => {
  const before = [opened, rejected];

  test('The crew is not asked for a request that was rejected when both looked, and the review begins, in either order', async () => {
    for (const [first, second, expected] of [
      [disputes(), asksCrew, ['accepted', 'illegal-transition']],
      [asksCrew, disputes(), ['illegal-transition', 'accepted']],
    ] as const) {
      const { winner, loser, state } = await race(before, first, second);
      expect([answerOf(winner), answerOf(loser)]).toEqual(expected);
      expect(statusesOf(state)).toEqual(['rejected', 'requested']);
    }
  });

  test('A crew that is asked for a review keeps it from being rejected again', async () => {
    const judges = decides('rejected', { task: task(3), by: 'Ola Overlege' });
    const { winner, loser, state } = await race([...before, disputes()], asksCrew, judges);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(statusesOf(state)).toEqual(['rejected', 'requested', 'requested']);
  });
});

describe('Rejection against new resource', () => {
  test('Whichever is first stands: nobody is turned down over the head of a crew, and no crew is asked for nothing', async () => {
    const asks = await race([opened], asksCrew, rejected);
    expect([answerOf(asks.winner), answerOf(asks.loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(statusesOf(asks.state)).toEqual(['requested', 'requested']);
    const rejects = await race([opened], rejected, asksCrew);
    expect([answerOf(rejects.winner), answerOf(rejects.loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(statusesOf(rejects.state)).toEqual(['rejected']);
  });
});

describe('Forward against decision', () => {
  test('The forwarding first: the Task that the decision is about is over, and another AMK LA decides', async () => {
    const { loser, state } = await race([opened], forwards(), accepted);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(state.coordinator).toBe(otherLa.organisation);
    expect(statusesOf(state)).toEqual(['cancelled', 'requested']);
    expect(taskIn(state, task(2)).agreed).toBeUndefined();
  });

  test('The acceptance first: the other AMK LA takes over a mission that is agreed', async () => {
    const { loser, state } = await race([opened], accepted, forwards());
    expect(answerOf(loser)).toBe('accepted');
    expect(taskIn(state, task(3))).toMatchObject({ owner: otherLa.organisation, agreed: true });
  });

  test('The rejection first: there is nothing to forward', async () => {
    const { loser, state } = await race([opened], rejected, forwards());
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(state.coordinator).toBe(la.organisation);
  });

  test('Taken back against seen: who is first has the mission', async () => {
    const before = [opened, forwards()];
    const back = forwards(task(2), la, la);
    const sees = acknowledges(otherLa, task(2));
    const seen = await race(before, sees, back);
    expect([answerOf(seen.winner), answerOf(seen.loser)]).toEqual(['accepted', 'forbidden-relation']);
    expect(seen.state.coordinator).toBe(otherLa.organisation);
    const returned = await race(before, back, sees);
    expect([answerOf(returned.winner), answerOf(returned.loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(returned.state.coordinator).toBe(la.organisation);
  });
});

describe('Acknowledge against overdue', () => {
  const waiting = given(opened);
  const late = taskIn(waiting, task(1));
  const overdue: Step = [theHub, overdueMessage(waiting, late, late.acknowledgeBy, directory)];
  const sees = acknowledges(la, task(1));

  test('The person first: nobody is told that it is overdue', async () => {
    const { loser, state, log } = await race([opened], sees, overdue);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(log).toEqual(['acknowledgement']);
    expect(taskIn(state, task(1))).toMatchObject({ status: 'received', acknowledgedAt: timeOf(2) });
    expect(taskIn(state, task(1)).overdue).toBeUndefined();
  });

  test('The deadline first: people have been told, and the acknowledgement counts all the same', async () => {
    const { loser, state, log } = await race([opened], overdue, sees);
    expect(answerOf(loser)).toBe('accepted');
    expect(log).toEqual(['acknowledgement-overdue', 'acknowledgement']);
    expect(taskIn(state, task(1))).toMatchObject({
      status: 'received',
      acknowledgedAt: timeOf(2),
      overdue: '2026-02-01T11:01:00.000Z',
    });
  });

  test('Said by two sweepers at once it is in the log once, and both know it', async () => {
    const { winner, loser, log } = await race([opened], overdue, overdue);
    expect(log).toEqual(['acknowledgement-overdue']);
    expect(winner).toMatchObject({ outcome: 'accepted', repeated: false });
    expect(loser).toMatchObject({ outcome: 'accepted', repeated: true });
  });
});

describe('Cancelled by both at once', () => {
  test('One of them cancels; the other is told that it is cancelled', async () => {
    const also: Step = [la, missionCancel({ mission })];
    for (const [first, second] of [
      [cancels, also],
      [also, cancels],
    ] as const) {
      const { winner, loser, log } = await race([opened], first, second);
      expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'illegal-transition']);
      expect(log).toEqual(['mission-cancel']);
    }
  });
});

describe('Two hospitals that turn a patient away at once', () => {
  test('Each diverts its own Task: both are in the log', async () => {
    const before = [opened, asksCrew, warnsHospital(), warnsHospital({ to: [otherHospital.organisation] })];
    const { winner, loser, state } = await race(before, hospitalSays(task(3), 'diverted'), [
      otherHospital,
      prearrivalResponse({ task: task(4), answer: 'diverted', divertedTo: hospital.organisation }),
    ]);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'accepted']);
    expect(statusesOf(state).slice(2)).toEqual(['rejected', 'rejected', 'requested', 'requested']);
  });

  test('A decision that nobody waits for loses nothing', async () => {
    const judged: Step = [la, missionDecision({ task: task(1), answer: 'partially-accepted' })];
    const { loser } = await race([opened], judged, asksCrew);
    expect(answerOf(loser)).toBe('accepted');
  });
});
