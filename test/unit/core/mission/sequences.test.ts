import { describe, expect, test } from 'vitest';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { responseMessage } from '../../../../core/fhir/response-message.ts';
import { type Accepted, acceptMessage } from '../../../../core/mission/accept-message.ts';
import { decide } from '../../../../core/mission/decide.ts';
import { evolve, fold } from '../../../../core/mission/evolve.ts';
import { type Cause, overdueMessage, unreachableMessage } from '../../../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import { loadSources } from '../../../../core/mission/sources.ts';
import {
  deadlineOf,
  hub as theHub,
  isAirborne,
  isFinal,
  isParty,
  rolesIn,
  type MissionState,
  type Party,
  taskOf,
  type TaskState,
} from '../../../../core/mission/state.ts';
import type { TaskStatus } from '../../../../schemas/codes.ts';
import { parseAddress } from '../../../../schemas/identifiers.ts';
import { catalogue, knownMessageType } from '../../../../schemas/messages/catalogue.ts';
import { mayBeNotified, missionRolesOf } from '../../../../schemas/messages/notified-roles.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { memoryHub, type MemoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  directory,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionReport,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  parties,
  partyOf,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
  sentBy,
  taskOpenedBy,
} from '../../../support/scenario.ts';
import { array, assert, asyncProperty, constantFrom, integer, record, sample } from 'fast-check';

/** The plan of a message. Its Task, and whether it is legal, depend on the mission when it is sent. */
interface Intent {
  readonly event: string;
  readonly sender: keyof typeof parties;
  readonly to: keyof typeof parties;
  readonly task: number;
  readonly choice: number;
  /** From 0 to 9. Above 0 a fitting party sends the message, so that most messages are legal. */
  readonly sensible: number;
}

const names = Object.keys(parties).filter((name): name is keyof typeof parties => Object.hasOwn(parties, name));

const often = ['mission-decision', 'resource-request', 'resource-response', 'resource-status', 'prearrival-response'];

const intents = record<Intent>({
  // Flights are reported more often than missions are requested.
  event: constantFrom(...catalogue.map(({ event }) => event), ...often, ...often, ...often),
  sender: constantFrom(...names),
  to: constantFrom('operator', 'otherOperator', 'hospital', 'otherHospital', 'la'),
  task: integer({ min: 0, max: 20 }),
  choice: integer({ min: 0, max: 1000 }),
  sensible: integer({ min: 0, max: 9 }),
});

/** What an organisation of a role can be in a mission. */
const possibleRoles = new Map(Object.values(parties).map(({ role }) => [role, missionRolesOf(role)] as const));

const pick = <Item>(list: readonly Item[], choice: number): Item => {
  const item = list[choice % list.length];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
};

const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);

const phases = [
  'unit-alerted',
  'departed',
  'on-scene',
  'patient-contact',
  'arrived-at-destination',
  'handed-over',
  'available',
];
const kindAnsweredBy: Readonly<Record<string, string>> = {
  'mission-decision': 'coordination',
  'mission-forward': 'coordination',
  'resource-response': 'resource',
  'resource-status': 'resource',
  'mission-report': 'resource',
  'prearrival-response': 'prearrival',
  'outcome-feedback': 'prearrival',
};

/** Whether a message can be about a Task, by the kind of the Task and, for a review, its rejection. */
const fits = (event: string, task: TaskState): boolean => {
  if (event === 'review-request') return task.kind === 'coordination' && task.status === 'rejected';
  return (kindAnsweredBy[event] ?? task.kind) === task.kind;
};

/** The Task of an intent: mostly a fitting one, sometimes any, sometimes one that does not exist. */
const taskFor = (state: MissionState, { event, task, sensible }: Intent): string => {
  const fitting = state.tasks.filter((one) => fits(event, one));
  const open = fitting.filter((one) => !isFinal(one));
  if (sensible > 2 && open.length > 0) return pick(open, task).id;
  if (sensible > 1 && fitting.length > 0) return pick(fitting, task).id;
  return taskOpenedBy(mission, task + 1);
};

/** The sender and the message of an intent, for the current state of the mission. */
const say = (state: MissionState, intent: Intent, id: string): readonly [Party, Message] => {
  const { event, choice } = intent;
  const task = taskFor(state, intent);
  const owner = partyOf(state.tasks.find((one) => one.id === task)?.owner ?? '');
  const coordinator = partyOf(state.coordinator) ?? parties.la;
  const any: Party = parties[intent.sender];
  const speaks = (sensible: Party | undefined): Party => (intent.sensible > 0 ? (sensible ?? any) : any);
  const asked =
    event === 'resource-request'
      ? pick([parties.operator, parties.otherOperator], choice)
      : pick([parties.hospital, parties.otherHospital], choice);
  const to = [(intent.sensible > 0 ? asked : parties[intent.to]).organisation];
  const exercise = intent.sensible === 0 && choice % 7 === 0;
  const flight = state.tasks.find(({ kind }) => kind === 'resource')?.id;
  switch (event) {
    case 'mission-request':
      return [any, missionRequest({ id })];
    case 'acknowledgement':
      return [speaks(owner), acknowledgement({ id, task, exercise })];
    case 'mission-decision':
      return [
        speaks(owner),
        missionDecision({
          id,
          task,
          answer: pick(['accepted', 'accepted', 'partially-accepted', 'deferred', 'rejected'] as const, choice),
          by: pick(['Kari Koordinator', 'Ola Overlege', 'Nils Natt'], Math.floor(choice / 5)),
          exercise,
        }),
      ];
    case 'resource-request':
      return [speaks(coordinator), resourceRequest({ id, mission, to, exercise })];
    case 'resource-response':
      return [
        speaks(owner),
        resourceResponse({
          id,
          task,
          answer: pick(['accepted', 'accepted', 'declined', 'withdrawn', 'aborted'] as const, choice),
        }),
      ];
    case 'resource-status':
      return [
        speaks(owner),
        resourceStatus({
          id,
          task,
          phases: { [pick(phases, choice)]: `2026-01-31T12:${10 + (choice % 50)}:00+01:00` },
          ...(choice % 11 === 0 ? { handedOverTo: asked.organisation } : {}),
        }),
      ];
    case 'prearrival-notification':
      if (choice % 7 === 0) {
        const divertedTo = choice % 14 === 0 ? { divertedTo: asked.organisation } : {};
        return [speaks(coordinator), prearrivalWithdrawal({ id, mission, task, ...divertedTo })];
      }
      return [
        speaks(choice % 2 === 0 ? coordinator : parties.operator),
        prearrivalNotification({
          id,
          mission,
          to,
          ...(choice % 3 === 0 ? { task, to: [] } : {}),
          ...(choice % 5 < 2 && flight !== undefined ? { partOf: flight } : {}),
        }),
      ];
    case 'prearrival-response':
      return [
        speaks(owner),
        prearrivalResponse({ id, task, answer: pick(['accepted', 'diverted', 'cannot-receive'] as const, choice) }),
      ];
    case 'mission-cancel':
      // Rarely: otherwise most missions would be short.
      return choice % 10 === 0
        ? [
            speaks(coordinator),
            missionCancel({ id, mission, reason: pick(['no-longer-needed', 'entered-in-error'], choice / 10) }),
          ]
        : [any, missionUpdate({ id, mission, describes: false })];
    case 'medical-assessment':
      return [
        speaks(choice % 2 === 0 ? coordinator : parties.operator),
        medicalAssessment({ id, mission, ground: pick(['indicated', 'not-indicated', 'undetermined'], choice) }),
      ];
    case 'review-request':
      return [speaks(parties.amk), reviewRequest({ id, task })];
    case 'mission-forward': {
      const other = state.coordinator === parties.la.organisation ? parties.otherLa : parties.la;
      return [speaks(choice % 3 === 0 ? other : coordinator), missionForward({ id, task, to: [other.organisation] })];
    }
    case 'mission-report':
      return [
        speaks(owner),
        missionReport({ id, task, phases: { available: `2026-01-31T13:${10 + (choice % 50)}:00+01:00` } }),
      ];
    case 'outcome-feedback':
      return [speaks(owner), outcomeFeedback({ id, task, assessment: pick(['appropriate', 'over-triage'], choice) })];
    case 'resource-availability':
      return [speaks(parties.operator), resourceAvailability({ id })];
    case 'acknowledgement-overdue': {
      const late = taskOf(state, task) ?? state.tasks[0];
      if (late === undefined) throw new Error('a mission has a Task');
      return [theHub, overdueMessage(state, late, deadlineOf(late) ?? late.acknowledgeBy, directory)];
    }
    case 'delivery-failed':
    case 'party-unreachable': {
      const about = { mission, number: state.version, event: 'mission-update', sender: state.requester, state };
      const cause: Cause = {
        code: event === 'delivery-failed' ? 'gave-up' : 'endpoint-down',
        lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' },
      };
      const message = unreachableMessage(about, asked.organisation, cause, directory);
      return message === undefined ? [any, missionUpdate({ id, mission, describes: false })] : [theHub, message];
    }
    default:
      if (choice % 5 === 0)
        return [
          speaks(coordinator),
          missionUpdate({ id, mission, describes: false, to: [parties.observer.organisation] }),
        ];
      return [any, missionUpdate({ id, mission, describes: choice % 2 === 0, exercise })];
  }
};

const logOf = (hub: MemoryHub): Promise<readonly StoredEntry[]> => hub.missions.entries(mission, 1, 10_000);

const stateOf = (log: readonly StoredEntry[]): MissionState => {
  const state = log.at(-1)?.state;
  if (state === undefined) throw new Error('the mission was not opened');
  return state;
};

/** Sends a request, then the message of each intent. Returns the accepted messages in order. */
const play = async (plan: readonly Intent[]) => {
  const hub = memoryHub();
  const sent: (readonly [Party, Message, Accepted])[] = [];
  const send = async (sender: Party, message: Message): Promise<void> => {
    const outcome = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
    if (outcome.outcome === 'accepted') sent.push([sender, message, outcome]);
  };
  await send(parties.amk, request);
  for (const [index, intent] of plan.entries()) {
    hub.clock.advance(1_000 * (intent.choice % 90));
    const last = await hub.missions.last(mission);
    await send(...say(stateOf(last === undefined ? [] : [last]), intent, `message-${index}`));
  }
  return { hub, sent, log: await logOf(hub) };
};

const plans = array(intents, { minLength: 1, maxLength: 30, size: 'max' });

/** Statuses that only an answer of the owner can cause. */
const answered: readonly TaskStatus[] = ['received', 'accepted', 'on-hold', 'rejected', 'in-progress', 'failed'];

/** Invariants of every mission after every message. */
const expectSane = (state: MissionState): void => {
  expect(partyOf(state.coordinator)?.role).toBe('amk-la');
  for (const { organisation, role } of Object.values(parties))
    expect(rolesIn(state, organisation).filter((one) => possibleRoles.get(role)?.includes(one) !== true)).toEqual([]);
  expect(state.requester).toBe(parties.amk.organisation);
  const coordination = state.tasks.filter(({ kind }) => kind === 'coordination');
  // Exactly one AMK LA coordinates: the owner of the latest coordination Task.
  expect(coordination.at(-1)?.owner).toBe(state.coordinator);
  expect(coordination.filter((one) => !isFinal(one)).length).toBeLessThanOrEqual(1);
  expect(new Set(state.tasks.map(({ id }) => id)).size).toBe(state.tasks.length);
  const wanted = { coordination: 'amk-la', resource: 'operator', prearrival: 'hospital' } as const;
  for (const task of state.tasks) {
    expect(parseAddress(task.id)).toEqual({ mission, entry: task.openedBy });
    expect(partyOf(task.owner)?.role).toBe(wanted[task.kind]);
    expect(task.openedBy).toBeLessThanOrEqual(task.changedBy);
    expect(task.changedBy).toBeLessThanOrEqual(state.version);
    expect(task.acknowledgeBy > task.openedAt).toBe(true);
    // A hospital may send its feedback without an acknowledgement.
    if (task.status === 'requested' && task.kind !== 'prearrival') expect(task.acknowledgedAt).toBeUndefined();
    if (answered.includes(task.status) && task.cancelRequested !== true) expect(task.acknowledgedAt).toBeDefined();
    if (task.reviewOf !== undefined) expect(taskOf(state, task.reviewOf)?.status).toBe('rejected');
    if (task.forwardOf !== undefined) expect(taskOf(state, task.forwardOf)?.status).toBe('cancelled');
    if (task.divertedFrom !== undefined) expect(taskOf(state, task.divertedFrom)?.owner).not.toBe(task.owner);
  }
  if (state.status === 'completed') expect(state.tasks.every(isFinal)).toBe(true);
  if (state.status === 'revoked' || state.status === 'entered-in-error') {
    for (const task of state.tasks.filter((one) => !isFinal(one) && !isAirborne(one))) {
      expect(task.kind).toBe('prearrival');
      expect(state.tasks.some(isAirborne)).toBe(true);
    }
    expect(state.tasks.filter(isAirborne).every(({ cancelRequested }) => cancelRequested === true)).toBe(true);
  }
};

describe('random sequences of messages', () => {
  test('keep the log without gaps, the state equal to its fold, and closed Tasks closed', async () => {
    await assert(
      asyncProperty(plans, async (plan) => {
        const { log } = await play(plan);
        expect(log.map(({ number }) => number)).toEqual(log.map((_entry, index) => index + 1));
        let folded: MissionState | undefined;
        for (const [index, entry] of log.entries()) {
          const { state } = entry;
          expect(state.version).toBe(entry.number);
          folded = evolve(folded, entry);
          expect(folded).toEqual(state);
          expectSane(state);
          const before = log[index - 1]?.state;
          if (before === undefined) continue;
          if (entry.event !== 'mission-forward') expect(state.coordinator).toBe(before.coordinator);
          expect(state.exercise).toBe(before.exercise);
          expect(state.openedAt).toBe(before.openedAt);
          if (before.status !== 'active') expect(state.status).toBe(before.status);
          for (const [at, task] of before.tasks.entries()) {
            const next = state.tasks[at];
            expect(next?.id).toBe(task.id);
            if (isFinal(task)) expect(next?.status).toBe(task.status);
            expect(next?.owner).toBe(task.owner);
            expect(next?.asker).toBe(task.asker);
          }
        }
      }),
      { numRuns: 250 },
    );
  });

  test('notify parties and the quality system only, each once, never the sender', async () => {
    await assert(
      asyncProperty(plans, async (plan) => {
        const { log } = await play(plan);
        for (const { event, recipients, notParties, sender, state } of log) {
          for (const organisation of recipients)
            expect(mayBeNotified(knownMessageType(event), partyOf(organisation)?.role ?? 'hub')).toBe(true);
          expect(recipients).not.toContain(sender);
          expect(recipients.filter((organisation) => notParties.includes(organisation))).toEqual([]);
          expect(new Set(recipients).size).toBe(recipients.length);
          for (const organisation of recipients)
            expect(isParty(state, organisation) || organisation === parties.quality.organisation).toBe(true);
          expect(isParty(state, sender) || sender === theHub.organisation).toBe(true);
        }
      }),
      { numRuns: 120 },
    );
  });

  test('return the first answer to each repeated message, without a new entry', async () => {
    await assert(
      asyncProperty(plans, async (plan) => {
        const { hub, sent, log } = await play(plan);
        for (const [sender, message, first] of sent) {
          const outcome = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
          if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
          expect(outcome.repeated).toBe(true);
          expect(outcome.entry).toMatchObject(first.entry);
        }
        expect(await logOf(hub)).toEqual(log);
      }),
      { numRuns: 100 },
    );
  });

  test('accept concurrent messages as if they came one after another', async () => {
    await assert(
      asyncProperty(plans, plans, async (first, second) => {
        const { hub, log: before } = await play(first.slice(0, 8));
        const state = stateOf(before);
        const outcomes = await Promise.all(
          second.slice(0, 6).map((intent, index) => {
            const [sender, message] = say(state, intent, `at-once-${index}`);
            return acceptMessage(hub.missions, message, sentBy(sender), hub.now);
          }),
        );
        const log = await logOf(hub);
        const accepted = outcomes.flatMap((outcome) =>
          outcome.outcome === 'accepted' && outcome.entry.mission === mission && !outcome.repeated
            ? [outcome.entry.number]
            : [],
        );
        expect(log.slice(before.length).map(({ number }) => number)).toEqual(accepted.sort((a, b) => a - b));
        expect(fold(log)).toEqual(stateOf(log));
        for (const entry of log) expectSane(entry.state);
      }),
      { numRuns: 150 },
    );
  });

  test('store entries as JSON without loss', async () => {
    await assert(
      asyncProperty(plans, async (plan) => {
        const { log } = await play(plan);
        const kept: unknown = JSON.parse(JSON.stringify(log));
        expect(kept).toStrictEqual(log);
      }),
      { numRuns: 100 },
    );
  });

  test('produce an answer and a notification for each recipient of each accepted message', async () => {
    const view = { base: 'https://hub.example/fhir', directory };
    await assert(
      asyncProperty(plans, async (plan) => {
        const { hub, log } = await play(plan);
        for (const entry of log) {
          expect(responseMessage(entry, view).entry?.[0]?.resource).toMatchObject({
            response: { identifier: entry.messageId, code: 'ok' },
          });
          for (const organisation of entry.recipients) {
            const text = notificationBundle(
              {
                kind: 'event-notification',
                subscription: sampleSubscription('one', organisation),
                role: partyOf(organisation)?.role ?? 'observer',
                events: [
                  {
                    notification: {
                      subscription: 'one',
                      number: 1,
                      organisation,
                      mission,
                      entry: entry.number,
                      writtenAt: entry.receivedAt,
                      status: 'pending',
                      attempts: 0,
                    },
                    entry,
                    sources: await loadSources(hub.missions, entry, organisation),
                  },
                ],
              },
              view,
              entry.receivedAt,
            );
            expect(text).toContain(mission);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keep the state of the mission at a refusal, and name the element at fault', async () => {
    await assert(
      asyncProperty(plans, intents, async (plan, intent) => {
        const { log } = await play(plan.slice(0, 12));
        const state = stateOf(log);
        const before = structuredClone(state);
        const [sender, message] = say(state, intent, 'tried');
        const outcome = decide(state, message, { ...sentBy(sender), now: '2026-02-01T20:00:00.000Z' });
        expect(state).toEqual(before);
        if (outcome.outcome === 'accepted') return;
        for (const { code, at } of outcome.faults) {
          expect(at).toMatch(code === 'precondition-required' ? /^http\.If-Match$/ : /^Bundle/);
          if (code === 'illegal-transition') expect(outcome.version).toBe(state.version);
        }
      }),
      { numRuns: 250 },
    );
  });

  test('reach every status of every kind of Task, and every event', async () => {
    const seen = new Set<string>();
    for (const plan of sample(plans, { numRuns: 600, seed: 1 })) {
      const { log } = await play(plan);
      for (const { event, state } of log) {
        seen.add(event);
        seen.add(`mission ${state.status}`);
        for (const { kind, status } of state.tasks) seen.add(`${kind} ${status}`);
      }
    }
    const expected = [
      ...catalogue.filter(({ log }) => log === undefined).map(({ event }) => event),
      ...['active', 'revoked', 'entered-in-error', 'completed'].map((status) => `mission ${status}`),
      ...['requested', 'received', 'accepted', 'on-hold', 'rejected', 'completed', 'cancelled'].map(
        (status) => `coordination ${status}`,
      ),
      ...['requested', 'received', 'accepted', 'in-progress', 'rejected', 'completed', 'failed', 'cancelled'].map(
        (status) => `resource ${status}`,
      ),
      ...['requested', 'received', 'accepted', 'rejected', 'completed', 'cancelled'].map(
        (status) => `prearrival ${status}`,
      ),
    ];
    expect([...seen].sort()).toEqual(expected.sort());
  });
});
