import { describe, expect, test } from 'vitest';
import { type Accepted, acceptMessage } from '../../../../core/mission/accept-message.ts';
import { overdueMessage } from '../../../../core/mission/hub-messages.ts';
import type { MissionLog } from '../../../../core/mission/mission-log.ts';
import { hub as theHub, type MissionState } from '../../../../core/mission/state.ts';
import type { Refusal } from '../../../../schemas/faults.ts';
import { type Interceptor, withInterceptor } from '../../../memory/intercept.ts';
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
  /** How often the log was read: the sender that loses the number reads again. */
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
  const intercept =
    (waitsFor: Promise<void>): Interceptor =>
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
    send(first, withInterceptor(hub, intercept(bothHaveRead.kept)).missions).finally(() => {
      bothHaveRead.keep();
      firstIsAnswered.keep();
    }),
    send(second, withInterceptor(hub, intercept(firstIsAnswered.kept)).missions),
  ]);
  const log = await hub.missions.entries(mission, 1, 100);
  expect(log.map(({ number }) => number)).toEqual(log.map((_entry, index) => index + 1));
  const state = log.at(-1)?.state;
  if (state === undefined) throw new Error('the log is empty');
  return { winner, loser, state, log: log.slice(before.length).map(({ event }) => event), reads };
};

const answerOf = (outcome: Accepted | Refusal): string =>
  outcome.outcome === 'refused' ? outcome.faults[0].code : outcome.outcome;

describe('race: cancellation and departure', () => {
  const before = [opened, accepted, asksCrew, crewSays(task(3), 'accepted')];
  const departs = crewReports(task(3), 'departed');

  test('cancellation first: records the departure and keeps the Task cancelled', async () => {
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

  test('departure first: asks the crew to end its flight', async () => {
    const { winner, loser, state, log } = await race(before, departs, cancels);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'accepted']);
    expect(log).toEqual(['resource-status', 'mission-cancel']);
    expect(taskIn(state, task(3))).toMatchObject({ status: 'in-progress', cancelRequested: true });
    expect(state.status).toBe('revoked');
  });
});

describe('race: two decisions', () => {
  const yes = decides('accepted', { by: 'Kari Koordinator' });
  const no = decides('rejected', { by: 'Ola Overlege' });
  const alsoYes = decides('accepted', { by: 'Ola Overlege' });

  test('rejection first: refuses the acceptance', async () => {
    const { loser, state } = await race([opened], no, yes);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(taskIn(state, task(1))).toMatchObject({ status: 'rejected', decider: { name: 'Ola Overlege' } });
  });

  test('acceptance first: refuses the rejection, which must name the version', async () => {
    const { loser, state, log } = await race([opened], yes, no);
    expect(answerOf(loser)).toBe('precondition-required');
    expect(log).toEqual(['mission-decision']);
    expect(taskIn(state, task(1))).toMatchObject({ status: 'accepted', decider: { name: 'Kari Koordinator' } });
  });

  test('refuses the second of two acceptances: one person has decided', async () => {
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

  test('refuses a decision on a version that is no longer the last one', async () => {
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

describe('race: acceptance and withdrawal', () => {
  const before = [opened, asksCrew];
  const accepts = crewSays(task(2), 'accepted');
  const withdraws = crewSays(task(2), 'withdrawn');

  test('accepts the acceptance and refuses the withdrawal of an ask without an answer, in either order', async () => {
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

  test('accepts a withdrawal after the acceptance is in the log', async () => {
    const { loser, state } = await race([...before, accepts], acknowledges(la, task(1)), withdraws);
    expect(answerOf(loser)).toBe('accepted');
    expect(taskIn(state, task(2))).toMatchObject({ status: 'failed', answer: { code: 'withdrawn' } });
  });

  test('accepts both the decision of the coordinator and the withdrawal of the crew, in either order', async () => {
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

  test('refuses a rejection that was decided while the crew was in the log, in either order', async () => {
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

describe('race: diversion and landing', () => {
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

  test('landing first: refuses the diversion, as the hospital has the patient', async () => {
    const { loser, state } = await race(before, lands, diverts);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'completed']);
    expect(state.status).toBe('completed');
  });

  test('diversion first: opens the Task of the other hospital and keeps the flight in progress', async () => {
    const { loser, state } = await race(before, diverts, lands);
    expect(answerOf(loser)).toBe('accepted');
    expect(statusesOf(state)).toEqual(['accepted', 'in-progress', 'rejected', 'requested']);
    expect(state.tasks.at(-1)?.owner).toBe(otherHospital.organisation);
    expect(state.status).toBe('active');
  });

  test('completes the Tasks of all hospitals of a flight that lands without naming one', async () => {
    const { loser, state } = await race(before, diverts, crewReports(task(3), 'handed-over'));
    expect(answerOf(loser)).toBe('accepted');
    expect(statusesOf(state)).toEqual(['completed', 'completed', 'rejected', 'completed']);
  });
});

describe('race: review and new resource', () => {
  const before = [opened, rejected];

  test('refuses a resource for a request that is rejected and opens the review, in either order', async () => {
    for (const [first, second, expected] of [
      [disputes(), asksCrew, ['accepted', 'illegal-transition']],
      [asksCrew, disputes(), ['illegal-transition', 'accepted']],
    ] as const) {
      const { winner, loser, state } = await race(before, first, second);
      expect([answerOf(winner), answerOf(loser)]).toEqual(expected);
      expect(statusesOf(state)).toEqual(['rejected', 'requested']);
    }
  });

  test('refuses a second rejection while a resource of the review is requested', async () => {
    const judges = decides('rejected', { task: task(3), by: 'Ola Overlege' });
    const { winner, loser, state } = await race([...before, disputes()], asksCrew, judges);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(statusesOf(state)).toEqual(['rejected', 'requested', 'requested']);
  });
});

describe('race: rejection and new resource', () => {
  test('accepts the first: refuses a rejection while a resource Task is open, and a resource for a rejected request', async () => {
    const asks = await race([opened], asksCrew, rejected);
    expect([answerOf(asks.winner), answerOf(asks.loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(statusesOf(asks.state)).toEqual(['requested', 'requested']);
    const rejects = await race([opened], rejected, asksCrew);
    expect([answerOf(rejects.winner), answerOf(rejects.loser)]).toEqual(['accepted', 'illegal-transition']);
    expect(statusesOf(rejects.state)).toEqual(['rejected']);
  });
});

describe('race: forwarding and decision', () => {
  test('forwarding first: refuses the decision on the closed Task', async () => {
    const { loser, state } = await race([opened], forwards(), accepted);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(state.coordinator).toBe(otherLa.organisation);
    expect(statusesOf(state)).toEqual(['cancelled', 'requested']);
    expect(taskIn(state, task(2)).agreed).toBeUndefined();
  });

  test('acceptance first: forwards the mission as agreed', async () => {
    const { loser, state } = await race([opened], accepted, forwards());
    expect(answerOf(loser)).toBe('accepted');
    expect(taskIn(state, task(3))).toMatchObject({ owner: otherLa.organisation, agreed: true });
  });

  test('rejection first: refuses the forwarding', async () => {
    const { loser, state } = await race([opened], rejected, forwards());
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(state.coordinator).toBe(la.organisation);
  });

  test('gives the mission to the first of return and acknowledgement', async () => {
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

describe('race: acknowledgement and deadline', () => {
  const waiting = given(opened);
  const late = taskIn(waiting, task(1));
  const overdue: Step = [theHub, overdueMessage(waiting, late, late.acknowledgeBy, directory)];
  const sees = acknowledges(la, task(1));

  test('acknowledgement first: refuses the overdue message', async () => {
    const { loser, state, log } = await race([opened], sees, overdue);
    expect(answerOf(loser)).toBe('illegal-transition');
    expect(log).toEqual(['acknowledgement']);
    expect(taskIn(state, task(1))).toMatchObject({ status: 'received', acknowledgedAt: timeOf(2) });
    expect(taskIn(state, task(1)).overdue).toBeUndefined();
  });

  test('deadline first: accepts the acknowledgement and keeps the overdue mark', async () => {
    const { loser, state, log } = await race([opened], overdue, sees);
    expect(answerOf(loser)).toBe('accepted');
    expect(log).toEqual(['acknowledgement-overdue', 'acknowledgement']);
    expect(taskIn(state, task(1))).toMatchObject({
      status: 'received',
      acknowledgedAt: timeOf(2),
      overdue: '2026-02-01T11:01:00.000Z',
    });
  });

  test('appends the overdue message of two sweepers once, and answers both with it', async () => {
    const { winner, loser, log } = await race([opened], overdue, overdue);
    expect(log).toEqual(['acknowledgement-overdue']);
    expect(winner).toMatchObject({ outcome: 'accepted', repeated: false });
    expect(loser).toMatchObject({ outcome: 'accepted', repeated: true });
  });
});

describe('race: two cancellations', () => {
  test('accepts the first cancellation and refuses the second', async () => {
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

describe('race: independent messages', () => {
  test('accepts the diversions of two hospitals, each of its own Task', async () => {
    const before = [opened, asksCrew, warnsHospital(), warnsHospital({ to: [otherHospital.organisation] })];
    const { winner, loser, state } = await race(before, hospitalSays(task(3), 'diverted'), [
      otherHospital,
      prearrivalResponse({ task: task(4), answer: 'diverted', divertedTo: hospital.organisation }),
    ]);
    expect([answerOf(winner), answerOf(loser)]).toEqual(['accepted', 'accepted']);
    expect(statusesOf(state).slice(2)).toEqual(['rejected', 'rejected', 'requested', 'requested']);
  });

  test('accepts an ask after a decision that does not close the Task', async () => {
    const judged: Step = [la, missionDecision({ task: task(1), answer: 'partially-accepted' })];
    const { loser } = await race([opened], judged, asksCrew);
    expect(answerOf(loser)).toBe('accepted');
  });
});
