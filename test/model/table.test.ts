import { describe, expect, test } from 'vitest';
import { decide } from '../../core/mission/decide.ts';
import { overdueMessage, unreachableMessage } from '../../core/mission/hub-messages.ts';
import { deadlineOf, hub, isFinal, type MissionState, type Party, type TaskState } from '../../core/mission/state.ts';
import { type MissionStatus, type Role, roles, type TaskKind, type TaskStatus } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import type { MessageType, Relation } from '../../schemas/messages/message-type.ts';
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
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  resourceWithdrawal,
  reviewRequest,
  sentBy,
  taskOpenedBy,
} from '../support/messages.ts';
import {
  concerns,
  mayReportReadiness,
  type ModelMission,
  type Content,
  step,
  reportOverdue,
  reportUnreachable,
  type World,
} from './mission-model.ts';

/**
 * Every role, event, state of a mission and status of the Task that matters: the hub, the catalogue and the model agree. The
 * states are constructed, whether or not messages can lead to them.
 */

/** Parties that had a part in the mission, which has ended. */
const formerLa: Party = { ...parties.otherLa, organisation: '100000013' };
const formerHospital: Party = { ...parties.otherHospital, organisation: '100000033' };

/** Per role: a party with a part in the mission, if the role can have one, a party without, and one that had another part. */
const senders: Readonly<Record<Role, readonly Party[]>> = {
  'local-amk': [parties.amk, parties.otherAmk],
  'amk-la': [parties.la, parties.otherLa, formerLa],
  operator: [parties.operator, parties.otherOperator, parties.thirdOperator],
  hospital: [parties.hospital, parties.otherHospital, formerHospital],
  observer: [parties.observer, { ...parties.observer, organisation: '100000042' }],
  quality: [parties.quality],
  hub: [hub],
};
const missionStatuses: readonly MissionStatus[] = ['active', 'revoked', 'entered-in-error', 'completed'];
const taskStatuses: readonly TaskStatus[] = [
  'requested',
  'received',
  'accepted',
  'on-hold',
  'in-progress',
  'rejected',
  'completed',
  'failed',
  'cancelled',
];

const request = missionRequest();
const mission = missionOpenedBy(request);
const numbers: Readonly<Record<TaskKind, number>> = { coordination: 1, resource: 3, prearrival: 5 };
const addressed = (kind: TaskKind): string => taskOpenedBy(mission, numbers[kind]);
const owners: Readonly<Record<TaskKind, Party>> = {
  coordination: parties.la,
  resource: parties.operator,
  prearrival: parties.hospital,
};

const now = '2026-02-01T12:00:00.000Z';
const before = '2026-02-01T11:30:00.000Z';
const later = '2026-02-01T13:00:00.000Z';

const formerOwners: Readonly<Record<TaskKind, Party>> = {
  coordination: formerLa,
  resource: parties.thirdOperator,
  prearrival: formerHospital,
};

const taskOf = (kind: TaskKind, status: TaskStatus, isOver: boolean): TaskState => {
  const waitsForCrew = isOver && kind === 'resource' && status === 'in-progress';
  return {
    id: addressed(kind),
    kind,
    owner: owners[kind].organisation,
    asker: kind === 'coordination' ? parties.amk.organisation : parties.la.organisation,
    status,
    openedBy: numbers[kind],
    changedBy: numbers[kind],
    openedAt: before,
    changedAt: before,
    acknowledgeBy: before,
    ...(kind === 'coordination' ? { decider: { name: 'Kari Koordinator' } } : {}),
    ...(status === 'requested' || waitsForCrew ? {} : { acknowledgedAt: before }),
    ...(status === 'on-hold' ? { until: before } : {}),
    ...(waitsForCrew ? { cancelRequested: true } : {}),
  };
};

/** The statuses of the other two Tasks: all final but the request, or a crew in the air to a hospital that expects the patient. */
const backgrounds: Readonly<Record<string, Readonly<Record<TaskKind, TaskStatus>>>> = {
  quiet: { coordination: 'accepted', resource: 'failed', prearrival: 'rejected' },
  busy: { coordination: 'accepted', resource: 'in-progress', prearrival: 'accepted' },
};
const kinds: readonly TaskKind[] = ['coordination', 'resource', 'prearrival'];

const opened = decide(undefined, request, { ...sentBy(parties.amk), now: before });

const stateWith = (
  status: MissionStatus,
  kind: TaskKind,
  taskStatus: TaskStatus,
  others: Readonly<Record<TaskKind, TaskStatus>>,
): MissionState => {
  if (opened.outcome === 'refused') throw new Error('the mission was not opened');
  return {
    ...opened.entry.state,
    status,
    version: 9,
    observers: [parties.observer.organisation],
    tasks: [
      ...kinds.map((one) => taskOf(one, one === kind ? taskStatus : others[one], status !== 'active')),
      ...kinds.map((one, index) => ({
        ...taskOf(one, 'completed', false),
        id: taskOpenedBy(mission, 7 + index),
        openedBy: 7 + index,
        owner: formerOwners[one].organisation,
      })),
    ],
  };
};

const entryOf = (id: string | undefined): number | undefined =>
  id === undefined ? undefined : parseAddress(id)?.entry;

/** The same mission in the form of the model. */
const modelOf = (state: MissionState): ModelMission => ({
  status: state.status,
  exercise: state.exercise,
  urgency: state.urgency,
  requester: state.requester,
  coordinator: state.coordinator,
  observers: [...(state.observers ?? [])],
  unreachable: Object.keys(state.unreachable ?? {}),
  entries: state.version,
  tasks: state.tasks.map((task) => {
    const deadline = deadlineOf(task);
    return {
      number: task.openedBy,
      kind: task.kind,
      asker: task.asker,
      owner: task.owner,
      status: task.status,
      awaited: deadline === undefined ? undefined : Date.parse(deadline),
      overdue: [],
      flight: entryOf(task.partOf),
      cancellation:
        task.cancelRequested !== true ? 'none' : task.acknowledgedAt === undefined ? 'notified' : 'acknowledged',
      rejectedBefore: [],
      decider: task.decider === undefined ? undefined : { name: task.decider.name, number: undefined },
      reviewed: false,
      acceptedBefore: false,
    };
  }),
});

const world: World = {
  roleOf: (organisation) => directory.partyOf(organisation)?.role,
  covering: (municipality) => directory.coordinatorFor(municipality)?.organisation,
  seconds: () => 60,
};

/** One kind of message: the message, the Task whose status matters, and its content in the model. */
interface MessageCase {
  readonly name: string;
  readonly kind: TaskKind;
  /** Whether the message is about that Task, or its status matters for another reason. */
  readonly names: boolean;
  readonly message: (state: MissionState) => Message;
  readonly content?: Content;
}

const about = (kind: TaskKind, message: Message, content: Content, detail = ''): MessageCase => ({
  name: `${message.type.event}${detail === '' ? '' : ` (${detail})`}`,
  kind,
  names: true,
  message: () => message,
  content,
});
const beside = (kind: TaskKind, message: Message, content: Content, detail = ''): MessageCase => ({
  ...about(kind, message, content, detail),
  names: false,
});
const task = numbers;

const messageCases: readonly MessageCase[] = [
  beside('coordination', request, { event: 'mission-request', urgency: 'stat', municipality: undefined }),
  ...kinds.map((kind) =>
    about(kind, acknowledgement({ task: addressed(kind) }), { event: 'acknowledgement', task: task[kind] }, kind),
  ),
  ...kinds.flatMap((kind) => [
    beside(
      kind,
      missionUpdate({ mission, describes: false }),
      { event: 'mission-update', describes: false, urgency: undefined },
      `of ${kind}`,
    ),
    beside(
      kind,
      missionUpdate({ mission, describes: true }),
      { event: 'mission-update', describes: true, urgency: undefined },
      `with a new description, of ${kind}`,
    ),
  ]),
  beside('resource', medicalAssessment({ mission, ground: 'indicated' }), { event: 'medical-assessment' }),
  ...(['accepted', 'partially-accepted', 'deferred', 'rejected'] as const).map((answer) =>
    about(
      'coordination',
      missionDecision({ task: addressed('coordination'), answer, until: later }),
      { event: 'mission-decision', task: task.coordination, answer, until: Date.parse(later) },
      answer,
    ),
  ),
  about('coordination', reviewRequest({ task: addressed('coordination') }), {
    event: 'review-request',
    task: task.coordination,
  }),
  about('coordination', missionForward({ task: addressed('coordination') }), {
    event: 'mission-forward',
    task: task.coordination,
  }),
  beside('coordination', resourceRequest({ mission }), { event: 'resource-request' }),
  about(
    'resource',
    resourceWithdrawal({ mission, task: addressed('resource') }),
    { event: 'resource-request', task: task.resource },
    'cancelled',
  ),
  ...(['accepted', 'declined', 'withdrawn', 'aborted'] as const).map((answer) =>
    about(
      'resource',
      resourceResponse({ task: addressed('resource'), answer }),
      { event: 'resource-response', task: task.resource, answer },
      answer,
    ),
  ),
  ...['unit-alerted', 'departed', 'handed-over', 'available'].map((phase) =>
    about(
      'resource',
      resourceStatus({ task: addressed('resource'), phases: { [phase]: before } }),
      { event: 'resource-status', task: task.resource, phases: [phase], handedOverTo: undefined },
      phase,
    ),
  ),
  about(
    'resource',
    resourceStatus({
      task: addressed('resource'),
      phases: { 'handed-over': before },
      handedOverTo: parties.hospital.organisation,
    }),
    {
      event: 'resource-status',
      task: task.resource,
      phases: ['handed-over'],
      handedOverTo: parties.hospital.organisation,
    },
    'handed over to a hospital',
  ),
  beside(
    'resource',
    prearrivalNotification({ mission }),
    { event: 'prearrival-notification', task: undefined, flight: undefined, takenBack: false, divertedTo: undefined },
    'new',
  ),
  about(
    'prearrival',
    prearrivalNotification({ mission, task: addressed('prearrival'), to: [] }),
    {
      event: 'prearrival-notification',
      task: task.prearrival,
      flight: undefined,
      takenBack: false,
      divertedTo: undefined,
    },
    'again',
  ),
  ...[undefined, parties.otherHospital.organisation].map((divertedTo) =>
    about(
      'prearrival',
      prearrivalWithdrawal({
        mission,
        task: addressed('prearrival'),
        ...(divertedTo === undefined ? {} : { divertedTo }),
      }),
      { event: 'prearrival-notification', task: task.prearrival, flight: undefined, takenBack: true, divertedTo },
      divertedTo === undefined ? 'taken back' : 'taken back for another hospital',
    ),
  ),
  ...(['accepted', 'diverted', 'cannot-receive'] as const).map((answer) =>
    about(
      'prearrival',
      prearrivalResponse({ task: addressed('prearrival'), answer }),
      {
        event: 'prearrival-response',
        task: task.prearrival,
        answer,
        divertedTo: parties.otherHospital.organisation,
      },
      answer,
    ),
  ),
  ...[false, true].map((inError) =>
    beside(
      'resource',
      missionCancel({ mission, reason: inError ? 'entered-in-error' : 'condition-improved' }),
      { event: 'mission-cancel', inError },
      inError ? 'entered in error' : 'revoked',
    ),
  ),
  about('resource', missionReport({ task: addressed('resource') }), {
    event: 'mission-report',
    task: task.resource,
    phases: [],
  }),
  ...(['appropriate', 'over-triage', 'under-triage', 'undetermined'] as const).map((assessment) =>
    about(
      'prearrival',
      outcomeFeedback({ task: addressed('prearrival'), assessment }),
      { event: 'outcome-feedback', task: task.prearrival },
      assessment,
    ),
  ),
  {
    name: 'resource-availability',
    kind: 'resource',
    names: false,
    message: () => resourceAvailability(),
  },
  ...kinds.map(
    (kind): MessageCase => ({
      name: `acknowledgement-overdue (${kind})`,
      kind,
      names: true,
      message: (state) => {
        const waiting = state.tasks.find((one) => one.kind === kind);
        if (waiting === undefined) throw new Error('the mission has a Task of every kind');
        return overdueMessage(state, waiting, deadlineOf(waiting) ?? later, directory);
      },
    }),
  ),
  ...(['gave-up', 'endpoint-down'] as const).map(
    (code): MessageCase => ({
      name: code === 'gave-up' ? 'delivery-failed' : 'party-unreachable',
      kind: 'resource',
      names: false,
      message: (state) => {
        if (opened.outcome === 'refused') throw new Error('the mission was not opened');
        const entry = { ...opened.entry, number: 1, state };
        const alert = unreachableMessage(
          entry,
          parties.la.organisation,
          { code, lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' } },
          directory,
        );
        if (alert === undefined) throw new Error('the hub writes no message');
        return alert;
      },
    }),
  ),
];

/** A relation of the catalogue, in terms of the model. */
const relates = (relation: Relation, state: MissionState, { organisation, role }: Party, of: TaskState): boolean => {
  const leads = organisation === state.coordinator;
  const flies = state.tasks.some((one) => one.kind === 'resource' && one.owner === organisation && !isFinal(one));
  switch (relation) {
    case 'anyone-of-the-role':
      return true;
    case 'any-party':
      return concerns(modelOf(state), organisation);
    case 'requester':
      return organisation === state.requester;
    case 'requester-or-coordinator':
      return leads || organisation === state.requester;
    case 'coordinator':
    // This mission was not forwarded.
    case 'coordinator-or-forwarder':
      return leads;
    case 'coordinator-or-operator':
      return leads || (flies && of.kind !== 'prearrival');
    case 'task-owner':
      return of.owner === organisation;
    case 'hub':
      return role === 'hub';
  }
};

/** Whether the catalogue alone lets a party send the message. */
const declared = (
  type: MessageType,
  message: Message,
  sender: Party,
  state: MissionState | undefined,
  { kind, names }: MessageCase,
): boolean => {
  if (!type.senders.includes(sender.role)) return false;
  if (type.mission === 'opens' || type.log === 'resource') return true;
  const of = state?.tasks.find((one) => one.kind === kind);
  if (state === undefined || of === undefined) return false;
  const { transitions, whileOpen } = type;
  const from = transitions?.byAnswer[message.facts.answer ?? '']?.flatMap((move) => move.from) ?? [];
  return (
    relates(type.relation, state, sender, of) &&
    type.legalIn.includes(state.status) &&
    (whileOpen === undefined || names || state.tasks.some((one) => one.kind === whileOpen && !isFinal(one))) &&
    (!names || (transitions?.kinds.includes(kind) === true && from.includes(of.status)))
  );
};

/** Why a message that the catalogue allows is refused by the rules beyond single Tasks. */
const beyond = (message: Message, state: MissionState, sender: Party, { kind }: MessageCase): string | undefined => {
  const { type, facts } = message;
  const of = state.tasks.find((one) => one.kind === kind);
  const airborne = state.tasks.some((one) => one.kind === 'resource' && one.status === 'in-progress');
  const crew = state.tasks.some((one) => one.kind === 'resource' && !isFinal(one));
  if (facts.answer === 'rejected' || facts.answer === 'deferred') return crew ? 'a resource Task is open' : undefined;
  if (type.event === 'acknowledgement' && of?.status === 'in-progress') {
    const waitsForCrew = of.cancelRequested === true && of.acknowledgedAt === undefined;
    return waitsForCrew ? undefined : 'a flight in the air has nothing to acknowledge';
  }
  if (type.event === 'resource-request' && of?.cancelRequested === true && facts.task !== undefined)
    return 'the crew has been notified';
  if (type.event === 'acknowledgement-overdue' && of !== undefined)
    return deadlineOf(of) === undefined ? 'there is no such deadline' : undefined;
  const leads = [state.requester, state.coordinator].includes(sender.organisation);
  if (type.event === 'mission-update' && message.focusIndex !== undefined)
    return leads ? undefined : 'only the leading parties describe the mission';
  const asks = type.opens !== undefined && type.mission !== 'opens' && facts.task === undefined;
  const opens = facts.divertedTo !== undefined || asks;
  return opens && state.status !== 'active' && !airborne ? 'no flight is in the air' : undefined;
};

/** Whether the model accepts the message. */
const allowedByModel = (
  message: Message,
  sender: Party,
  state: MissionState | undefined,
  { kind, content }: MessageCase,
): boolean => {
  const model = state === undefined ? undefined : modelOf(state);
  const { facts, type } = message;
  if (content !== undefined) {
    const verdict = step(
      model,
      {
        by: sender.organisation,
        at: Date.parse(now),
        exercise: false,
        to: message.destinations,
        person:
          facts.decider === undefined ? undefined : { name: facts.decider.name, number: facts.decider.identifier },
        knows: model?.entries,
        content,
      },
      // Some senders are in no directory.
      { ...world, roleOf: (one) => (one === sender.organisation ? sender.role : world.roleOf(one)) },
    );
    return verdict.verdict === 'accepted';
  }
  if (type.event === 'resource-availability')
    return mayReportReadiness(sender.organisation, { roleOf: () => sender.role });
  if (sender.role !== 'hub' || model === undefined) return false;
  if (type.event === 'acknowledgement-overdue')
    return reportOverdue(model, numbers[kind], Date.parse(now)) !== undefined;
  return type.event !== 'party-unreachable' || reportUnreachable(model, parties.la.organisation) !== undefined;
};

interface Cell {
  readonly where: string;
  readonly sender: Party;
  readonly state: MissionState | undefined;
  readonly message: Message;
  readonly messageCase: MessageCase;
}

/** Every message of every sender in every state. */
const cells = function* (): Generator<Cell> {
  for (const messageCase of messageCases) {
    for (const [background, others] of Object.entries(backgrounds)) {
      for (const taskStatus of taskStatuses) {
        for (const status of [undefined, ...missionStatuses]) {
          const made = stateWith(status ?? 'active', messageCase.kind, taskStatus, others);
          const state = status === undefined ? undefined : made;
          const message = messageCase.message(made);
          for (const [role, list] of Object.entries(senders)) {
            for (const [index, sender] of list.entries()) {
              const party = `${role}${['', ' that has no part', ' that had another part'][index] ?? ''}`;
              const where = `${party}: ${messageCase.name}, mission ${status ?? 'unknown'}, ${messageCase.kind} ${taskStatus}, ${background}`;
              yield { where, sender, state, message, messageCase };
            }
          }
        }
      }
    }
  }
};

const accepts = ({ sender, state, message }: Cell): boolean =>
  // With the current version, so that overturning an acceptance is not refused for a missing `If-Match`.
  decide(state, message, { ...sentBy(sender), now, ...defined({ ifMatch: state?.version }) }).outcome === 'accepted';

describe('every role, event, state of the mission and status of the Task', () => {
  test('covers every role, every event of the catalogue and every answer', () => {
    expect(Object.keys(senders).sort()).toEqual(Object.keys(roles).sort());
    const covered = new Set([...cells()].map(({ message: { type, facts } }) => `${type.event} ${facts.answer ?? ''}`));
    const possible = catalogue.flatMap(({ event, transitions, answers }) =>
      Object.keys(transitions?.byAnswer ?? answers?.codes ?? { '': '' }).map((answer) => `${event} ${answer}`),
    );
    // One finding of a physician covers all: none of them changes a status.
    const missing = possible.filter((one) => !covered.has(one) && !one.startsWith('medical-assessment'));
    expect(missing).toEqual([]);
  });

  test('gives each event to the roles that the rules name', () => {
    const la: readonly Role[] = ['amk-la'];
    const crew: readonly Role[] = ['operator'];
    const rules: Readonly<Record<string, readonly Role[]>> = {
      'mission-request': ['local-amk'],
      acknowledgement: ['amk-la', 'operator', 'hospital'],
      'mission-update': ['local-amk', 'amk-la', 'operator', 'hospital'],
      'medical-assessment': ['amk-la', 'operator'],
      'mission-decision': la,
      'review-request': ['local-amk'],
      'mission-forward': la,
      'resource-request': la,
      'resource-response': crew,
      'resource-status': crew,
      'prearrival-notification': ['amk-la', 'operator'],
      'prearrival-response': ['hospital'],
      'mission-cancel': ['local-amk', 'amk-la'],
      'mission-report': crew,
      'outcome-feedback': ['hospital'],
      'resource-availability': crew,
      'acknowledgement-overdue': ['hub'],
      'delivery-failed': ['hub'],
      'party-unreachable': ['hub'],
    };
    expect(Object.fromEntries(catalogue.map(({ event, senders: list }) => [event, list]))).toEqual(rules);
  });

  test('accepts what the catalogue declares, except for the rules beyond single Tasks', () => {
    const disagreements: string[] = [];
    const exceptions = new Map<string, number>();
    let accepted = 0;
    for (const cell of cells()) {
      const { where, sender, state, message, messageCase } = cell;
      const is = accepts(cell);
      if (is) accepted += 1;
      const may = declared(message.type, message, sender, state, messageCase);
      const why = may && state !== undefined ? beyond(message, state, sender, messageCase) : undefined;
      if (why !== undefined) exceptions.set(why, (exceptions.get(why) ?? 0) + 1);
      if (is !== (may && why === undefined))
        disagreements.push(`${where}: ${is ? 'accepted' : 'refused'}, declared otherwise`);
    }
    expect(disagreements).toEqual([]);
    expect([...exceptions.keys()].sort()).toEqual([
      'a flight in the air has nothing to acknowledge',
      'a resource Task is open',
      'no flight is in the air',
      'only the leading parties describe the mission',
      'there is no such deadline',
    ]);
    expect(accepted).toBeGreaterThan(1_000);
  });

  test('accepts what the model of the rules accepts', () => {
    const disagreements = [...cells()].flatMap((cell) => {
      const is = accepts(cell);
      const may = allowedByModel(cell.message, cell.sender, cell.state, cell.messageCase);
      return is === may ? [] : [`${cell.where}: ${is ? 'accepted, refused' : 'refused, accepted'} by the model`];
    });
    expect(disagreements).toEqual([]);
  });
});
