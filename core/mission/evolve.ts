import type { MissionStatus } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { entryAddress, fingerprintOf } from '../../schemas/identifiers.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import type { Facts, MessageType } from '../../schemas/messages/message-type.ts';
import { isAirborne, isFinal, type MissionEvent, type MissionState, taskOf, type TaskState } from './state.ts';

/** Raise it whenever the fold changes: entries that carry the state of another fold are folded anew. */
export const foldVersion = 3;

/** Entries of the first release do not say by when a human must have acknowledged them; their time has passed long ago. */
const acknowledgeByOf = (event: MissionEvent): string => event.acknowledgeBy ?? event.receivedAt;

/** Which Task of the mission the event moves, if any. */
const movedTask = (type: MessageType, state: MissionState, facts: Facts): TaskState | undefined =>
  type.transitions === undefined ? undefined : taskOf(state, facts.task);

/** Each phase once, at the earliest time somebody saw it; the mission report is the last word. */
const phasesAfter = (type: MessageType, task: TaskState, said: Facts['phases']): TaskState['phases'] => {
  if (said === undefined) return task.phases;
  const phases: Record<string, string> = { ...task.phases };
  for (const { phase, seenAt } of said) {
    const before = phases[phase];
    const isEarlier = task.reported !== true && before !== undefined && timeOf(seenAt) < timeOf(before);
    if (before === undefined || isEarlier || type.corrects === true) phases[phase] = seenAt;
  }
  return phases;
};

/** Of two things said of one matter the one that was said last, by the time of who said it: what comes late replaces nothing newer. */
const saidLast = <Value>(
  known: Value | undefined,
  knownAt: string | undefined,
  said: Value | undefined,
  saidAt: string,
): { readonly value: Value | undefined; readonly at: string | undefined } =>
  said === undefined || (knownAt !== undefined && timeOf(saidAt) < timeOf(knownAt))
    ? { value: known, at: knownAt }
    : { value: said, at: saidAt };

const whereabouts = (task: TaskState, { facts, receivedAt }: MissionEvent) => {
  const saidAt = facts.statedAt ?? receivedAt;
  const eta = saidLast(task.eta, task.etaSaidAt, facts.eta, saidAt);
  const position = saidLast(task.position, task.positionSaidAt, facts.position, saidAt);
  return { eta: eta.value, etaSaidAt: eta.at, position: position.value, positionSaidAt: position.at };
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

/** The Task that an event opens. It may follow from another: a review, a forwarding, another hospital. */
const openTask = (type: MessageType, event: MissionEvent, target: TaskState | undefined): readonly TaskState[] => {
  const { facts, owner } = event;
  const kind = type.opens?.kind ?? target?.kind;
  if (owner === undefined || kind === undefined) return [];
  const task = newTask(event, kind, owner);
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
      // What was deferred since is open again.
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

/** Whether the owner of a Task has shown by this event that a person there has seen what is asked. */
const hasSeen = (type: MessageType, task: TaskState, event: MissionEvent): boolean =>
  event.sender === task.owner && !isFinal(task) && (task.cancelRequested !== true || type.event !== 'resource-status');

const moveTask = (type: MessageType, task: TaskState, event: MissionEvent): TaskState => {
  const { facts } = event;
  const move = type.transitions?.byAnswer[facts.answer ?? '']?.find(({ from }) => from.includes(task.status));
  const status = move === undefined || move.to === 'unchanged' ? task.status : move.to;
  const asksAgain = move?.to === 'requested';
  const answers = type.answers?.of === 'task' && facts.answer !== undefined;
  const { acknowledgedAt, overdue, answer, reason, decidedAt, criteria, until, ...kept } = task;
  const stays = status === task.status;
  return {
    ...kept,
    status,
    changedBy: event.number,
    changedAt: event.receivedAt,
    ...(asksAgain
      ? { acknowledgeBy: acknowledgeByOf(event) }
      : defined({
          acknowledgedAt: acknowledgedAt ?? (hasSeen(type, task, event) ? event.receivedAt : undefined),
          overdue: facts.deadline ?? overdue,
          answer: answers ? { event: event.event, code: facts.answer } : answer,
          decidedAt: answers ? event.receivedAt : decidedAt,
          criteria: answers ? facts.criteria : criteria,
        })),
    ...defined({
      // Why not belongs to the status it explains.
      reason: stays ? (facts.reason ?? reason) : facts.reason,
      decider: answers ? (facts.decider ?? task.decider) : task.decider,
      until: stays ? (facts.until ?? until) : facts.until,
      ...whereabouts(task, event),
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

/** The flight that a hospital was warned of, or any flight if none was named. */
const isOnItsWay = (task: TaskState, tasks: readonly TaskState[]): boolean =>
  tasks.some((other) => isAirborne(other) && (task.partOf === undefined || task.partOf === other.id));

/** A crew in the air is told that it is not needed any more, and a person there must have seen it. */
const askToEnd = (task: TaskState, event: MissionEvent): TaskState => {
  const { acknowledgedAt: _asked, overdue: _told, ...flying } = task;
  return {
    ...flying,
    cancelRequested: true,
    acknowledgeBy: acknowledgeByOf(event),
    changedBy: event.number,
    changedAt: event.receivedAt,
  };
};

/**
 * Cancelling ends what has not departed. Who is airborne is asked to end its flight, and a person there must have seen it;
 * the hospital it may still come to stays warned.
 */
const cancelTask = (task: TaskState, tasks: readonly TaskState[], event: MissionEvent): TaskState => {
  if (isFinal(task)) return task;
  if (isAirborne(task)) return askToEnd(task, event);
  const mayStillCome =
    event.facts.reason?.code !== 'entered-in-error' && task.kind === 'prearrival' && isOnItsWay(task, tasks);
  return mayStillCome ? task : withStatus(task, 'cancelled', event);
};

/** A patient handed over ends the Task of the hospital that has the patient now. */
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
  // The last of several patients handed over ends the flight.
  const expected = received.some((task) => task.kind === 'prearrival' && !isFinal(task) && waitsFor(task));
  return handedOverTo === undefined || expected
    ? received
    : received.map((task) =>
        task.id === flight && task.kind === 'resource' && !isFinal(task) ? withStatus(task, 'completed', event) : task,
      );
};

/** Agreed to by the AMK LA that coordinates, or by the one it took the mission over from. */
const isAgreed = (task: TaskState): boolean =>
  task.status === 'accepted' || (task.agreed === true && task.status === 'received');

/** When no ask is open any more and a resource has done its part, the coordination is done too. */
const settle = (tasks: readonly TaskState[], event: MissionEvent): readonly TaskState[] => {
  const asked = tasks.filter((task) => task.kind !== 'coordination');
  const done = asked.some((task) => task.kind === 'resource' && task.status === 'completed') && asked.every(isFinal);
  return tasks.map((task) =>
    done && task.kind === 'coordination' && isAgreed(task) ? withStatus(task, 'completed', event) : task,
  );
};

const isMissionDone = (tasks: readonly TaskState[]): boolean =>
  tasks.some((task) => task.kind === 'coordination' && task.status === 'completed');

/** A resource reports every few hours for years: only the newest of its messages are known again when they come twice. */
const mostFingerprints = 500 * 8;

const unreachableAfter = (before: MissionState, { event, sender, number, facts }: MissionEvent) => {
  const missed = facts.undelivered?.organisation;
  const still = Object.entries(before.unreachable ?? {}).filter(([organisation]) => organisation !== sender);
  if (missed !== undefined && knownMessageType(event).relation === 'hub') still.push([missed, number]);
  return still.length === 0 ? undefined : Object.fromEntries(still);
};

const endOf = (type: MessageType, facts: Facts): MissionStatus | undefined => {
  if (type.mission !== 'cancels') return undefined;
  return facts.reason?.code === 'entered-in-error' ? 'entered-in-error' : 'revoked';
};

type Common = Pick<MissionState, 'mission' | 'version' | 'changedAt' | 'messageFingerprints' | 'bundleFingerprints'>;

/** The readiness of a resource: the newest thing its operator said, whenever it came. */
const readinessAfter = (before: MissionState | undefined, event: MissionEvent, common: Common): MissionState => {
  const { facts, receivedAt } = event;
  const known = before?.readiness;
  const statedAt = facts.statedAt ?? receivedAt;
  const isNewest = known === undefined || timeOf(statedAt) >= timeOf(known.statedAt);
  const said = {
    resource: facts.resource ?? '',
    kind: facts.resourceKind ?? '',
    availability: facts.availability ?? '',
    statedAt,
    ...defined({ position: facts.position }),
  };
  const request = { entry: event.number, index: event.focusIndex ?? 0 };
  return {
    ...common,
    messageFingerprints: common.messageFingerprints.slice(-mostFingerprints),
    bundleFingerprints: common.bundleFingerprints.slice(-mostFingerprints),
    status: 'active',
    exercise: event.exercise,
    urgency: 'routine',
    requester: event.sender,
    coordinator: event.sender,
    openedAt: before?.openedAt ?? receivedAt,
    request: isNewest ? request : (before?.request ?? request),
    tasks: [],
    readiness: isNewest ? said : known,
  };
};

/** The next state of a mission. Total over the log: an entry that was accepted always folds. */
export const evolve = (before: MissionState | undefined, event: MissionEvent): MissionState => {
  const type = knownMessageType(event.event);
  const { facts } = event;
  const common: Common = {
    mission: event.mission,
    version: event.number,
    changedAt: event.receivedAt,
    messageFingerprints: (before?.messageFingerprints ?? '') + fingerprintOf(event.sender, event.messageId),
    bundleFingerprints:
      (before?.bundleFingerprints ?? '') + fingerprintOf(event.sender, 'Bundle', event.bundleId ?? ''),
  };
  if (type.log === 'resource') return readinessAfter(before, event, common);

  if (before === undefined) {
    return {
      ...common,
      status: 'active',
      exercise: event.exercise,
      urgency: facts.urgency ?? 'stat',
      requester: event.sender,
      coordinator: event.owner ?? event.sender,
      openedAt: event.receivedAt,
      request: { entry: event.number, index: event.focusIndex ?? 0 },
      tasks: openTask(type, event, undefined),
      ...defined({
        position: facts.position,
        guideline: event.guideline,
        criteria: facts.criteria,
        municipality: facts.municipality,
        incident: facts.incident,
      }),
    };
  }

  const target = movedTask(type, before, facts);
  const standsDown = facts.answer === 'cancelled' && target !== undefined && isAirborne(target);
  const moved = before.tasks.map((task) => {
    if (task.id !== target?.id) return task;
    const next = moveTask(type, task, event);
    return standsDown ? askToEnd(next, event) : next;
  });
  const opened = [...moved, ...openTask(type, event, target)];
  const cancelled = type.mission === 'cancels' ? opened.map((task) => cancelTask(task, opened, event)) : opened;
  const settled = settle(handOver(before.tasks, cancelled, event), event);
  // In a cancelled mission a hospital waits only as long as its flight is in the air.
  const tasks =
    before.status === 'active'
      ? settled
      : settled.map((task) =>
          task.kind === 'prearrival' && !isFinal(task) && !isOnItsWay(task, settled)
            ? withStatus(task, 'cancelled', event)
            : task,
        );
  const describes =
    type.focus?.resource === 'ServiceRequest' && type.mission !== 'cancels' && event.focusIndex !== undefined;
  const joined = event.joins === undefined ? before.observers : [...(before.observers ?? []), ...event.joins];
  const { unreachable: _unreachable, ...kept } = before;
  return {
    ...kept,
    ...common,
    status: endOf(type, facts) ?? (before.status === 'active' && isMissionDone(tasks) ? 'completed' : before.status),
    urgency: facts.urgency ?? before.urgency,
    coordinator: type.mission === 'forwards' ? (event.owner ?? before.coordinator) : before.coordinator,
    request: describes ? { entry: event.number, index: event.focusIndex ?? 0 } : before.request,
    tasks,
    ...defined({
      position: describes ? (facts.position ?? before.position) : before.position,
      // A new place does not lie in the old one's municipality unless somebody says so.
      municipality: describes && facts.position !== undefined ? facts.municipality : before.municipality,
      criteria: describes ? (facts.criteria ?? before.criteria) : before.criteria,
      incident: describes ? (facts.incident ?? before.incident) : before.incident,
      cancelReason: type.mission === 'cancels' ? facts.reason : before.cancelReason,
      observers: joined,
      unreachable: unreachableAfter(before, event),
    }),
  };
};

/** Folds a whole log. */
export const fold = (events: readonly MissionEvent[]): MissionState | undefined =>
  events.reduce<MissionState | undefined>(evolve, undefined);
