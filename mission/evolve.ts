import { acknowledgementSeconds } from '../schemas/deadlines.ts';
import { defined } from '../schemas/defined.ts';
import { timeOf } from '../schemas/fhir/datatypes.ts';
import { entryAddress, fingerprintOf } from '../schemas/identifiers.ts';
import { knownMessageType } from '../schemas/messages/catalogue.ts';
import type { Facts, MessageType } from '../schemas/messages/message-type.ts';
import { isAirborne, isFinal, type MissionEvent, type MissionState, type TaskState, taskOf } from './state.ts';

/** Raise it whenever the fold changes: entries that carry the state of an older fold are folded anew. */
export const foldVersion = 1;

const secondsLater = (time: string, seconds: number): string =>
  new Date(Date.parse(time) + seconds * 1000).toISOString();

/** Which Task of the mission the event moves, if any. */
const movedTask = (type: MessageType, state: MissionState, facts: Facts): TaskState | undefined =>
  type.moves === undefined ? undefined : taskOf(state, facts.task);

const earliestPhases = (known: TaskState['phases'], reported: Facts['phases']): TaskState['phases'] => {
  if (reported === undefined) return known;
  const phases: Record<string, string> = { ...known };
  for (const { phase, seenAt } of reported) {
    const before = phases[phase];
    if (before === undefined || timeOf(seenAt) < timeOf(before)) phases[phase] = seenAt;
  }
  return phases;
};

const openTask = (
  type: MessageType,
  event: MissionEvent,
  urgency: MissionState['urgency'],
  kind: TaskState['kind'],
  owner: string,
): TaskState => ({
  id: entryAddress(event.mission, event.number),
  kind,
  owner,
  asker: event.sender,
  status: 'requested',
  openedBy: event.number,
  changedBy: event.number,
  openedAt: event.receivedAt,
  changedAt: event.receivedAt,
  acknowledgeBy: secondsLater(event.receivedAt, acknowledgementSeconds[kind][urgency]),
  ...defined({
    eta: event.facts.eta,
    resourceKind: event.facts.resourceKind,
    partOf: kind === 'prearrival' ? event.facts.partOf : undefined,
    reason: type.mission === 'opens' ? undefined : event.facts.reason,
  }),
});

const moveTask = (
  type: MessageType,
  task: TaskState,
  event: MissionEvent,
  urgency: MissionState['urgency'],
): TaskState => {
  const { facts } = event;
  const move = type.moves?.byAnswer[facts.answer ?? '']?.find(({ from }) => from.includes(task.status));
  const status = move === undefined || move.to === 'unchanged' ? task.status : move.to;
  const askedAgain = status === 'requested';
  const { acknowledgedAt, answer, reason, until, ...kept } = task;
  return {
    ...kept,
    status,
    changedBy: event.number,
    changedAt: event.receivedAt,
    ...(askedAgain
      ? { acknowledgeBy: secondsLater(event.receivedAt, acknowledgementSeconds[task.kind][urgency]) }
      : { acknowledgedAt: acknowledgedAt ?? event.receivedAt }),
    ...defined({
      answer:
        type.answers !== undefined && facts.answer !== undefined
          ? { event: event.event, code: facts.answer }
          : askedAgain
            ? undefined
            : answer,
      // Why not belongs to the status it explains.
      reason: status === task.status ? (facts.reason ?? reason) : facts.reason,
      decider: facts.decider ?? task.decider,
      until: status === task.status ? (facts.until ?? until) : facts.until,
      eta: facts.eta ?? task.eta,
      position: facts.position ?? task.position,
      divertedTo: facts.divertedTo ?? task.divertedTo,
      partOf: facts.partOf ?? task.partOf,
      phases: earliestPhases(task.phases, facts.phases),
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

/**
 * Cancelling ends what has not departed. Who is airborne is asked to end its flight and reports how;
 * the hospital it may still come to stays warned.
 */
const cancelTask = (task: TaskState, tasks: readonly TaskState[], event: MissionEvent): TaskState => {
  if (isFinal(task)) return task;
  if (isAirborne(task)) return { ...task, cancelRequested: true, changedBy: event.number, changedAt: event.receivedAt };
  const mayStillCome =
    event.facts.reason?.code !== 'entered-in-error' && task.kind === 'prearrival' && isOnItsWay(task, tasks);
  return mayStillCome ? task : withStatus(task, 'cancelled', event);
};

/** A patient handed over ends the hospital's Task for that flight, and when no ask is open the coordination is done too. */
const settle = (
  before: readonly TaskState[],
  tasks: readonly TaskState[],
  event: MissionEvent,
): readonly TaskState[] => {
  const justEnded = (task: TaskState): boolean =>
    task.status === 'completed' && before.find(({ id }) => id === task.id)?.status !== 'completed';
  const landed = tasks.find((task) => task.kind === 'resource' && justEnded(task));
  const othersFlying = tasks.some((task) => task.kind === 'resource' && !isFinal(task));
  const received = tasks.map((task) =>
    landed !== undefined &&
    task.kind === 'prearrival' &&
    !isFinal(task) &&
    (task.partOf === landed.id || (task.partOf === undefined && !othersFlying))
      ? withStatus(task, 'completed', event)
      : task,
  );
  const asked = received.filter((task) => task.kind !== 'coordination');
  const done = asked.some((task) => task.kind === 'resource' && task.status === 'completed') && asked.every(isFinal);
  return received.map((task) =>
    done && task.kind === 'coordination' && task.status === 'accepted' ? withStatus(task, 'completed', event) : task,
  );
};

const isMissionDone = (tasks: readonly TaskState[]): boolean =>
  tasks.some((task) => task.kind === 'coordination' && task.status === 'completed');

/** The next state of a mission. Total over the log: an entry that was accepted always folds. */
export const evolve = (before: MissionState | undefined, event: MissionEvent): MissionState => {
  const type = knownMessageType(event.event);
  const { facts } = event;
  const messageFingerprints = (before?.messageFingerprints ?? '') + fingerprintOf(event.sender, event.messageId);
  const bundleFingerprints =
    (before?.bundleFingerprints ?? '') + fingerprintOf(event.sender, 'Bundle', event.bundleId ?? '');
  const common = {
    mission: event.mission,
    version: event.number,
    changedAt: event.receivedAt,
    messageFingerprints,
    bundleFingerprints,
  };

  if (before === undefined) {
    const urgency = facts.urgency ?? 'stat';
    const coordinator = event.owner ?? event.sender;
    return {
      ...common,
      status: 'active',
      exercise: event.exercise,
      urgency,
      requester: event.sender,
      coordinator,
      openedAt: event.receivedAt,
      request: { entry: event.number, index: event.focusIndex ?? 0 },
      tasks: type.opens === undefined ? [] : [openTask(type, event, urgency, type.opens.kind, coordinator)],
      ...defined({ position: facts.position }),
    };
  }

  const urgency = facts.urgency ?? before.urgency;
  const target = movedTask(type, before, facts);
  const moved = before.tasks.map((task) => (task.id === target?.id ? moveTask(type, task, event, urgency) : task));
  const opened =
    type.opens !== undefined && target === undefined && event.owner !== undefined
      ? [...moved, openTask(type, event, urgency, type.opens.kind, event.owner)]
      : moved;
  const cancelled = type.mission === 'cancels' ? opened.map((task) => cancelTask(task, opened, event)) : opened;
  const settled = settle(before.tasks, cancelled, event);
  // In a cancelled mission a hospital waits only as long as somebody is in the air.
  const tasks =
    before.status === 'active' || settled.some(isAirborne)
      ? settled
      : settled.map((task) =>
          task.kind === 'prearrival' && !isFinal(task) ? withStatus(task, 'cancelled', event) : task,
        );
  const ended =
    type.mission === 'cancels'
      ? facts.reason?.code === 'entered-in-error'
        ? 'entered-in-error'
        : 'revoked'
      : undefined;
  const describes =
    type.focus?.resource === 'ServiceRequest' && type.mission !== 'cancels' && event.focusIndex !== undefined;
  return {
    ...before,
    ...common,
    status: ended ?? (before.status === 'active' && isMissionDone(tasks) ? 'completed' : before.status),
    urgency,
    request: describes ? { entry: event.number, index: event.focusIndex ?? 0 } : before.request,
    tasks,
    ...defined({
      position: describes ? (facts.position ?? before.position) : before.position,
      cancelReason: type.mission === 'cancels' ? facts.reason : before.cancelReason,
    }),
  };
};

/** Folds a whole log. */
export const fold = (events: readonly MissionEvent[]): MissionState | undefined =>
  events.reduce<MissionState | undefined>(evolve, undefined);
