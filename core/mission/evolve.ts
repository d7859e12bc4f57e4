import type { MissionStatus } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { entryAddress } from '../../schemas/identifiers.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Facts, MessageType } from '../../schemas/messages/message-type.ts';
import { aboutAfter, askOf } from './ask.ts';
import { findingsAfter } from './findings.ts';
import { descriptionAfter } from './description-after.ts';
import { sharedAfter } from './incident.ts';
import { readinessAfter } from './readiness.ts';
import { withinTextLimit } from './task-texts.ts';
import {
  type CommonState,
  isAirborne,
  isFinal,
  type MissionEvent,
  type MissionState,
  taskOf,
  type TaskState,
  type WhereAndWhom,
} from './state.ts';

/**
 * Raise it with every change of the fold, or of what is read from a text: a state of another version is folded again from the log,
 * and a verification compares facts and states of this version only.
 */
export const foldVersion = 10;

/**
 * The deadline of an event that asks for an acknowledgement. Every entry that asks is written with one. Without one it is the time
 * of receipt: the mission stays readable, and people are alerted at once if nobody has acknowledged.
 */
const acknowledgeByOf = ({ acknowledgeBy, receivedAt }: MissionEvent): string => acknowledgeBy ?? receivedAt;

/** The Task that the event changes, if any. */
const changedTask = (type: MessageType, state: MissionState, facts: Facts): TaskState | undefined =>
  type.transitions === undefined ? undefined : taskOf(state, facts.task);

/** Each phase with the earliest time at which it was seen. The mission report replaces earlier times. */
const phasesAfter = (type: MessageType, task: TaskState, reported: Facts['phases']): TaskState['phases'] => {
  if (reported === undefined) return task.phases;
  const phases: Record<string, string> = { ...task.phases };
  for (const { phase, seenAt } of reported) {
    const before = phases[phase];
    const isEarlier = task.reported !== true && before !== undefined && timeOf(seenAt) < timeOf(before);
    if (before === undefined || isEarlier || type.corrects === true) phases[phase] = seenAt;
  }
  return phases;
};

/** The value with the newer time of statement: a report that arrives late does not replace a newer one. */
const latestStated = <Value>(
  known: Value | undefined,
  knownAt: string | undefined,
  stated: Value | undefined,
  statedAt: string,
): { readonly value: Value | undefined; readonly at: string | undefined } =>
  stated === undefined || (knownAt !== undefined && timeOf(statedAt) < timeOf(knownAt))
    ? { value: known, at: knownAt }
    : { value: stated, at: statedAt };

const etaAndPosition = (
  task: TaskState,
  { facts, receivedAt }: MissionEvent,
): Readonly<Record<'eta' | 'etaStatedAt', string | undefined>> & {
  readonly position: TaskState['position'] | undefined;
  readonly positionStatedAt: string | undefined;
} => {
  const statedAt = facts.statedAt ?? receivedAt;
  const eta = latestStated(task.eta, task.etaStatedAt, facts.eta, statedAt);
  const position = latestStated(task.position, task.positionStatedAt, facts.position, statedAt);
  return { eta: eta.value, etaStatedAt: eta.at, position: position.value, positionStatedAt: position.at };
};

const newTask = (event: MissionEvent, kind: TaskState['kind'], owner: string): TaskState => ({
  id: entryAddress(event.mission, event.number),
  kind,
  owner,
  asker: event.sender,
  status: 'requested',
  openedBy: event.number,
  changedBy: event.number,
  openedAt: event.receivedAt,
  changedAt: event.receivedAt,
  acknowledgeBy: acknowledgeByOf(event),
});

/** The Task that an event opens, if any. It may follow from another Task: a review, a forwarding, a diversion. */
const openedTasks = (
  type: MessageType,
  event: MissionEvent,
  target: TaskState | undefined,
  about: WhereAndWhom | undefined,
): readonly TaskState[] => {
  const { facts, owner } = event;
  const kind = type.opens?.kind ?? target?.kind;
  if (owner === undefined || kind === undefined) return [];
  const task = { ...newTask(event, kind, owner), ...defined({ ask: askOf(event, target?.ask ?? about) }) };
  if (target === undefined) {
    const { eta, resourceKind, resource, partOf } = facts;
    return [{ ...task, ...defined({ eta, resourceKind, resource, partOf }) }];
  }
  switch (kind) {
    case 'prearrival':
      return [
        {
          ...task,
          asker: target.asker,
          divertedFrom: target.id,
          ...defined({ eta: facts.eta ?? target.eta, partOf: target.partOf }),
        },
      ];
    case 'coordination': {
      if (type.mission === 'reviews') return [{ ...task, reviewOf: target.id, ...defined({ words: facts.words }) }];
      // A deferral after the acceptance makes the decision open again.
      const agreed =
        target.status === 'accepted' || (target.agreed === true && target.status !== 'on-hold') ? true : undefined;
      return [
        { ...task, forwardOf: target.id, ...defined({ agreed, reviewOf: target.reviewOf, words: target.words }) },
      ];
    }
    case 'resource':
      return [task];
  }
};

/** Whether this event shows that a person at the owner has seen the Task. */
const showsSeen = (type: MessageType, task: TaskState, event: MissionEvent): boolean =>
  event.sender === task.owner && !isFinal(task) && (task.cancelRequested !== true || type.event !== 'resource-status');

const changeTask = (type: MessageType, task: TaskState, event: MissionEvent): TaskState => {
  const { facts } = event;
  const transition = type.transitions?.byAnswer[facts.answer ?? '']?.find(({ from }) => from.includes(task.status));
  const status = transition === undefined || transition.to === 'unchanged' ? task.status : transition.to;
  const asksAgain = transition?.to === 'requested';
  const answers = type.answers?.of === 'task' && facts.answer !== undefined;
  const { acknowledgedAt, overdue, answer, reason, decidedAt, criteria, until, ...kept } = task;
  const stays = status === task.status;
  return {
    ...kept,
    status,
    changedBy: event.number,
    changedAt: event.receivedAt,
    ...(asksAgain
      ? { acknowledgeBy: acknowledgeByOf(event), ...defined({ ask: askOf(event, task.ask) }) }
      : defined({
          acknowledgedAt: acknowledgedAt ?? (showsSeen(type, task, event) ? event.receivedAt : undefined),
          overdue: facts.deadline ?? overdue,
          answer: answers ? { event: event.event, code: facts.answer } : answer,
          decidedAt: answers ? event.receivedAt : decidedAt,
          criteria: answers ? facts.criteria : criteria,
        })),
    ...defined({
      // A reason belongs to the status that it explains.
      reason: stays ? (facts.reason ?? reason) : facts.reason,
      decider: answers ? (facts.decider ?? task.decider) : task.decider,
      until: stays ? (facts.until ?? until) : facts.until,
      ...etaAndPosition(task, event),
      divertedTo: facts.divertedTo ?? task.divertedTo,
      partOf: facts.partOf ?? task.partOf,
      resource: facts.resource ?? task.resource,
      phases: phasesAfter(type, task, facts.phases),
      reported: type.corrects === true ? true : task.reported,
    }),
  };
};

const withStatus = (task: TaskState, status: TaskState['status'], event: MissionEvent): TaskState => ({
  ...task,
  status,
  changedBy: event.number,
  changedAt: event.receivedAt,
});

/** Whether the flight that a hospital was notified of is airborne, or any flight if none was named. */
const hasFlightAirborne = (task: TaskState, tasks: readonly TaskState[]): boolean =>
  tasks.some((other) => isAirborne(other) && (task.partOf === undefined || task.partOf === other.id));

/** An airborne crew is asked to end its flight, and a person there must acknowledge that. */
const requestFlightEnd = (task: TaskState, event: MissionEvent): TaskState => {
  const { acknowledgedAt: _acknowledgedAt, overdue: _overdue, ...flying } = task;
  return {
    ...flying,
    cancelRequested: true,
    acknowledgeBy: acknowledgeByOf(event),
    changedBy: event.number,
    changedAt: event.receivedAt,
  };
};

/**
 * Cancelling a mission ends the Tasks of resources that have not departed and asks airborne crews to end their flights. The Task
 * of a hospital that such a flight may still come to stays open, unless the mission was entered in error.
 */
const cancelTask = (task: TaskState, tasks: readonly TaskState[], event: MissionEvent): TaskState => {
  if (isFinal(task)) return task;
  if (isAirborne(task)) return requestFlightEnd(task, event);
  const mayStillCome =
    event.facts.reason?.code !== 'entered-in-error' && task.kind === 'prearrival' && hasFlightAirborne(task, tasks);
  return mayStillCome ? task : withStatus(task, 'cancelled', event);
};

/** A hand-over ends the Task of the hospital that has the patient. */
const handOver = (
  before: readonly TaskState[],
  tasks: readonly TaskState[],
  event: MissionEvent,
): readonly TaskState[] => {
  const { handedOverTo, task: flight } = event.facts;
  const landed = tasks.find(
    (task) =>
      task.kind === 'resource' &&
      task.status === 'completed' &&
      before.find(({ id }) => id === task.id)?.status !== 'completed',
  );
  const othersFlying = tasks.some((task) => task.kind === 'resource' && task.id !== flight && !isFinal(task));
  const waitsFor = (task: TaskState): boolean => task.partOf === flight || (task.partOf === undefined && !othersFlying);
  const isReceived = (task: TaskState): boolean => {
    if (task.kind !== 'prearrival' || isFinal(task)) return false;
    if (handedOverTo === task.owner && (task.partOf === undefined || task.partOf === flight)) return true;
    return landed !== undefined && waitsFor(task);
  };
  const received = tasks.map((task) => (isReceived(task) ? withStatus(task, 'completed', event) : task));
  // The hand-over of the last of several patients ends the flight.
  const expected = received.some((task) => task.kind === 'prearrival' && !isFinal(task) && waitsFor(task));
  return handedOverTo === undefined || expected
    ? received
    : received.map((task) =>
        task.id === flight && task.kind === 'resource' && !isFinal(task) ? withStatus(task, 'completed', event) : task,
      );
};

/** Accepted by the AMK LA that coordinates, or by the one that forwarded the mission to it. */
const isAgreed = (task: TaskState): boolean =>
  task.status === 'accepted' || (task.agreed === true && task.status === 'received');

/** The coordination is complete when a resource has completed its Task and no other Task is open. */
const completeCoordination = (tasks: readonly TaskState[], event: MissionEvent): readonly TaskState[] => {
  const others = tasks.filter((task) => task.kind !== 'coordination');
  const isDone =
    others.some((task) => task.kind === 'resource' && task.status === 'completed') && others.every(isFinal);
  return tasks.map((task) =>
    isDone && task.kind === 'coordination' && isAgreed(task) ? withStatus(task, 'completed', event) : task,
  );
};

const isMissionDone = (tasks: readonly TaskState[]): boolean =>
  tasks.some((task) => task.kind === 'coordination' && task.status === 'completed');

const unreachableAfter = (before: MissionState, { event, sender, number, facts }: MissionEvent) => {
  const missed = facts.undelivered?.organisation;
  const still = Object.entries(before.unreachable ?? {}).filter(([organisation]) => organisation !== sender);
  if (missed !== undefined && knownMessageType(event).relation === 'hub') still.push([missed, number]);
  return still.length === 0 ? undefined : Object.fromEntries(still);
};

const endStatusOf = (type: MessageType, facts: Facts): MissionStatus | undefined => {
  if (type.mission !== 'cancels') return undefined;
  return facts.reason?.code === 'entered-in-error' ? 'entered-in-error' : 'revoked';
};

/** The state of a mission after the event that opens it. */
const openedMission = (type: MessageType, event: MissionEvent, common: CommonState): MissionState => {
  const { facts } = event;
  const about = aboutAfter(type, undefined, event);
  return {
    ...common,
    status: 'active',
    exercise: event.exercise,
    urgency: facts.urgency ?? 'stat',
    requester: event.sender,
    coordinator: event.owner ?? event.sender,
    openedAt: event.receivedAt,
    request: { entry: event.number, index: event.focusIndex ?? 0 },
    tasks: openedTasks(type, event, undefined, about),
    ...defined({
      about,
      findings: findingsAfter(undefined, event),
      position: facts.position,
      guideline: event.guideline,
      requestedAt: facts.statedAt,
      criteria: facts.criteria,
      municipality: facts.municipality,
      incident: facts.incident,
    }),
  };
};

/** The Tasks after an event: the one it names, those it opens, and those that end because of it. */
const tasksAfter = (type: MessageType, before: MissionState, event: MissionEvent): readonly TaskState[] => {
  const { facts } = event;
  const target = changedTask(type, before, facts);
  const isStoodDown = facts.answer === 'cancelled' && target !== undefined && isAirborne(target);
  const changed = before.tasks.map((task) => {
    if (task.id !== target?.id) return task;
    const next = changeTask(type, task, event);
    return isStoodDown ? requestFlightEnd(next, event) : next;
  });
  const all = [...changed, ...openedTasks(type, event, target, before.about)];
  const remaining = type.mission === 'cancels' ? all.map((task) => cancelTask(task, all, event)) : all;
  const tasks = completeCoordination(handOver(before.tasks, remaining, event), event);
  if (before.status === 'active') return tasks;
  // In a cancelled mission the Task of a hospital stays open only while its flight is airborne.
  return tasks.map((task) =>
    task.kind === 'prearrival' && !isFinal(task) && !hasFlightAirborne(task, tasks)
      ? withStatus(task, 'cancelled', event)
      : task,
  );
};

const missionAfter = (
  type: MessageType,
  before: MissionState,
  event: MissionEvent,
  common: CommonState,
): MissionState => {
  const { facts } = event;
  const tasks = withinTextLimit(tasksAfter(type, before, event));
  const description = descriptionAfter(type, before, event);
  const {
    unreachable: _unreachable,
    updates: _updates,
    shared: _shared,
    position: _position,
    municipality: _municipality,
    incident: _incident,
    ...kept
  } = before;
  return {
    ...kept,
    ...common,
    status:
      endStatusOf(type, facts) ?? (before.status === 'active' && isMissionDone(tasks) ? 'completed' : before.status),
    urgency: facts.urgency ?? before.urgency,
    coordinator: type.mission === 'forwards' ? (event.owner ?? before.coordinator) : before.coordinator,
    tasks,
    ...defined({
      ...description,
      about: aboutAfter(type, before.about, event),
      findings: findingsAfter(before.findings, event),
      cancelReason: type.mission === 'cancels' ? facts.reason : before.cancelReason,
      observers: event.joins === undefined ? before.observers : [...(before.observers ?? []), ...event.joins],
      shared: sharedAfter(before, description.incident, event),
      unreachable: unreachableAfter(before, event),
    }),
  };
};

/**
 * The state of a mission after an event. Every accepted entry folds, except one whose message type only a newer release knows:
 * throws `NewerRelease`.
 */
export const evolve = (before: MissionState | undefined, event: MissionEvent): MissionState => {
  const type = knownMessageType(event.event);
  const common: CommonState = {
    mission: event.mission,
    version: event.number,
    changedAt: event.receivedAt,
  };
  if (type.log === 'resource') return readinessAfter(before, event, common);
  return before === undefined ? openedMission(type, event, common) : missionAfter(type, before, event, common);
};

/** The state after a whole log. */
export const fold = (events: readonly MissionEvent[]): MissionState | undefined =>
  events.reduce<MissionState | undefined>(evolve, undefined);
