/**
 * A reference model of the mission rules, written from docs/mission-rules.md alone and not from the code, so that the two can
 * be compared. It uses neither catalogue nor FHIR: one function per message changes a copy of the mission, or returns why the
 * message is refused. Numbers in comments are sections of that page.
 */

export type Role = 'local-amk' | 'amk-la' | 'operator' | 'hospital' | 'observer' | 'quality' | 'hub';
export type Urgency = 'stat' | 'urgent' | 'routine';
export type Kind = 'coordination' | 'resource' | 'prearrival';
export type Status =
  | 'requested'
  | 'received'
  | 'accepted'
  | 'on-hold'
  | 'in-progress'
  | 'rejected'
  | 'completed'
  | 'failed'
  | 'cancelled';

export interface Person {
  readonly name: string;
  readonly number: string | undefined;
}

export interface ModelTask {
  /** The entry that opened it. */
  number: number;
  kind: Kind;
  asker: string;
  owner: string;
  status: Status;
  /** When the owner's acknowledgement is due, or a deferral ends; `undefined`: no deadline. */
  awaited: number | undefined;
  /** The passed deadlines that were reported. */
  overdue: number[];
  /** Prearrival: the flight that the notification named, if any. */
  flight: number | undefined;
  cancellation: 'none' | 'notified' | 'acknowledged';
  /** Coordination: the persons who rejected earlier requests of this line. */
  rejectedBefore: Person[];
  /** Coordination: the last person who decided it. */
  decider: Person | undefined;
  reviewed: boolean;
  /** Coordination: the mission had been accepted when it was forwarded. */
  acceptedBefore: boolean;
}

export interface ModelMission {
  status: 'active' | 'revoked' | 'entered-in-error' | 'completed';
  exercise: boolean;
  urgency: Urgency;
  requester: string;
  coordinator: string;
  observers: string[];
  /** Parties reported as unreachable, until they send a message. */
  unreachable: string[];
  tasks: ModelTask[];
  /** The number of entries in its log. */
  entries: number;
}

export type Content =
  | { readonly event: 'mission-request'; readonly urgency: Urgency; readonly municipality: string | undefined }
  | { readonly event: 'acknowledgement'; readonly task: number }
  | { readonly event: 'mission-update'; readonly describes: boolean; readonly urgency: Urgency | undefined }
  | { readonly event: 'medical-assessment' }
  | {
      readonly event: 'mission-decision';
      readonly task: number;
      readonly answer: 'accepted' | 'partially-accepted' | 'deferred' | 'rejected';
      readonly until: number;
    }
  | { readonly event: 'review-request'; readonly task: number }
  | { readonly event: 'mission-forward'; readonly task: number }
  /** With a Task: the resource is stood down. */
  | { readonly event: 'resource-request'; readonly task?: number | undefined }
  | {
      readonly event: 'resource-response';
      readonly task: number;
      readonly answer: 'accepted' | 'declined' | 'withdrawn' | 'aborted';
    }
  | {
      readonly event: 'resource-status';
      readonly task: number;
      readonly phases: readonly string[];
      readonly handedOverTo: string | undefined;
    }
  | {
      readonly event: 'prearrival-notification';
      readonly task: number | undefined;
      readonly flight: number | undefined;
      readonly takenBack: boolean;
      readonly divertedTo: string | undefined;
    }
  | {
      readonly event: 'prearrival-response';
      readonly task: number;
      readonly answer: 'accepted' | 'diverted' | 'cannot-receive';
      readonly divertedTo: string;
    }
  | { readonly event: 'mission-cancel'; readonly inError: boolean }
  | { readonly event: 'mission-report'; readonly task: number; readonly phases: readonly string[] }
  | { readonly event: 'outcome-feedback'; readonly task: number };

export type EventName = Content['event'];
type ContentOf<Name extends EventName> = Extract<Content, { readonly event: Name }>;

export interface Action {
  /** Organisation number of the sender. */
  readonly by: string;
  /** When the hub receives it. */
  readonly at: number;
  readonly exercise: boolean;
  readonly to: readonly string[];
  readonly person: Person | undefined;
  /** The version in the sender's `If-Match`, if given. */
  readonly knows?: number | undefined;
  readonly content: Content;
}

/** What the rules need to know besides the mission. */
export interface World {
  readonly roleOf: (organisation: string) => Role | undefined;
  readonly covering: (municipality: string) => string | undefined;
  readonly seconds: (kind: Kind, urgency: Urgency) => number;
}

export type Verdict =
  | { readonly verdict: 'accepted'; readonly mission: ModelMission }
  | { readonly verdict: 'refused'; readonly why: string };

const finals: readonly Status[] = ['rejected', 'completed', 'failed', 'cancelled'];
const inTheAir: readonly string[] = [
  'departed',
  'on-scene',
  'patient-contact',
  'departed-scene',
  'arrived-at-destination',
];

/** Statuses of a flight that can be reported on: from its acceptance, and also after its end. */
const reportable: readonly Status[] = ['accepted', 'in-progress', 'completed', 'failed', 'cancelled'];

export const isOver = ({ status }: Pick<ModelTask, 'status'>): boolean => finals.includes(status);
const open = (mission: ModelMission, kind?: Kind): ModelTask[] =>
  mission.tasks.filter((task) => !isOver(task) && (kind === undefined || task.kind === kind));
const flying = (mission: ModelMission): ModelTask[] =>
  mission.tasks.filter(({ kind, status }) => kind === 'resource' && status === 'in-progress');

/** 6 */
export const hasPart = (mission: ModelMission, party: string): boolean =>
  party === mission.requester ||
  party === mission.coordinator ||
  mission.observers.includes(party) ||
  mission.tasks.some(({ asker, owner }) => party === asker || party === owner);

/** 6 */
export const concerns = (mission: ModelMission, party: string): boolean =>
  party === mission.requester ||
  party === mission.coordinator ||
  mission.observers.includes(party) ||
  mission.tasks.some((task) => task.owner === party && (!isOver(task) || task.status === 'completed'));

const samePerson = (one: Person, other: Person): boolean =>
  one.name === other.name || (one.number !== undefined && one.number === other.number);

const copyOf = (mission: ModelMission): ModelMission => ({
  ...mission,
  observers: [...mission.observers],
  unreachable: [...mission.unreachable],
  tasks: mission.tasks.map((task) => ({
    ...task,
    overdue: [...task.overdue],
    rejectedBefore: [...task.rejectedBefore],
  })),
});

/** One step: a copy of the mission that may be changed, and the message. */
interface Step {
  readonly mission: ModelMission;
  readonly action: Action;
  readonly world: World;
}

const deadline = ({ mission, action, world }: Step, kind: Kind): number =>
  action.at + 1000 * world.seconds(kind, mission.urgency);

/** No reason to refuse. */
const fine = undefined;
type Why = string | undefined;

const answered = (task: ModelTask, status: Status): Why => {
  task.status = status;
  task.awaited = undefined;
  return fine;
};

/** Opens a Task, or returns why it cannot be opened. */
const ask = (step: Step, kind: Kind, asker: string, owner: string, more: Partial<ModelTask> = {}): Why => {
  const { mission } = step;
  if (mission.status !== 'active' && flying(mission).length === 0)
    return 'the mission is over and no crew is in the air';
  if (mission.tasks.length >= 60) return 'sixty Tasks';
  mission.tasks.push({
    number: mission.entries,
    kind,
    asker,
    owner,
    status: 'requested',
    awaited: deadline(step, kind),
    overdue: [],
    flight: undefined,
    cancellation: 'none',
    rejectedBefore: [],
    decider: undefined,
    reviewed: false,
    acceptedBefore: false,
    ...more,
  });
  return fine;
};

/** The one receiver that must be of a role. */
const receiver = ({ action, world }: Step, role: Role): string | undefined => {
  const [one, ...more] = action.to;
  return one !== undefined && more.length === 0 && world.roleOf(one) === role ? one : undefined;
};

const own = ({ mission, action }: Step, kind: Kind, number: number): ModelTask | string => {
  const task = mission.tasks.find((one) => one.number === number);
  if (task === undefined) return 'no such Task';
  if (task.kind !== kind) return `the Task is not ${kind}`;
  if (task.owner !== action.by) return 'the Task has another owner';
  return task;
};

const missionIs = ({ mission }: Step, ...statuses: readonly ModelMission['status'][]): boolean =>
  statuses.includes(mission.status);

const hasOpenFlight = ({ mission, action }: Step): boolean =>
  open(mission, 'resource').some(({ owner }) => owner === action.by);

const mayReport = (step: Step): boolean => step.action.by === step.mission.coordinator || hasOpenFlight(step);

// One function per message: it changes the mission, or returns why the message is refused.

const acknowledge = (step: Step, content: ContentOf<'acknowledgement'>): Why => {
  if (!missionIs(step, 'active', 'revoked', 'entered-in-error')) return 'the mission is done';
  const task = step.mission.tasks.find(({ number }) => number === content.task);
  if (task === undefined) return 'no such Task';
  if (task.owner !== step.action.by) return 'the Task has another owner';
  if (task.status === 'requested') return answered(task, 'received');
  if (task.status === 'in-progress' && task.cancellation === 'notified') {
    task.cancellation = 'acknowledged';
    task.awaited = undefined;
    return fine;
  }
  return 'nothing is to be acknowledged';
};

const update = ({ mission, action, world }: Step, content: ContentOf<'mission-update'>): Why => {
  if (!concerns(mission, action.by)) return 'the mission does not concern the sender';
  if (world.roleOf(action.by) === 'observer') return 'observers send no updates';
  const leads = action.by === mission.requester || action.by === mission.coordinator;
  if (content.describes && !leads) return 'others do not describe the mission';
  if (content.describes && content.urgency !== undefined) mission.urgency = content.urgency;
  if (!leads) return fine;
  for (const one of action.to) {
    if (world.roleOf(one) === 'observer' && !mission.observers.includes(one)) mission.observers.push(one);
  }
  return fine;
};

const assess = (step: Step): Why => {
  if (!missionIs(step, 'active')) return 'the mission is over';
  if (!mayReport(step)) return 'neither coordinator nor an operator of the mission';
  if (step.action.person === undefined) return 'an assessment names the person';
  return fine;
};

const decideOn = (step: Step, content: ContentOf<'mission-decision'>): Why => {
  const { mission, action } = step;
  if (!missionIs(step, 'active')) return 'the mission is over';
  const task = own(step, 'coordination', content.task);
  if (typeof task === 'string') return task;
  const { person } = action;
  if (person === undefined) return 'a decision names the person';
  const undecided = ['requested', 'received', 'on-hold'].includes(task.status);
  const turnsDown = content.answer === 'deferred' || content.answer === 'rejected';
  if (!undecided && !(turnsDown && task.status === 'accepted')) return `the Task is ${task.status}`;
  if (task.status === 'accepted' && action.knows === undefined) return 'an acceptance is overturned knowingly';
  if (content.answer === 'rejected' && person.number === undefined) return 'a rejection names an HPR number';
  if (task.rejectedBefore.length > 0 && person.number === undefined) return 'a review names an HPR number';
  // 7
  if (turnsDown && open(mission, 'resource').length > 0) return 'over the head of a crew';
  // 8
  if (task.rejectedBefore.some((one) => samePerson(one, person))) return 'the same person reviews';
  if (content.answer === 'deferred' && content.until <= action.at) return 'deferred into the past';
  task.decider = person;
  answered(task, content.answer === 'deferred' ? 'on-hold' : content.answer === 'rejected' ? 'rejected' : 'accepted');
  // 14
  if (content.answer === 'deferred') task.awaited = content.until;
  return fine;
};

const review = (step: Step, content: ContentOf<'review-request'>): Why => {
  const { mission, action } = step;
  if (!missionIs(step, 'active')) return 'the mission is over';
  if (action.by !== mission.requester) return 'only the requester asks for a review';
  const task = mission.tasks.find(({ number }) => number === content.task);
  if (task === undefined || task.kind !== 'coordination') return 'no such request';
  if (task.status !== 'rejected' || task.decider === undefined) return 'it was not rejected';
  if (task.reviewed) return 'it has been reviewed';
  if (open(mission, 'coordination').length > 0) return 'the mission is being judged already';
  task.reviewed = true;
  return ask(step, 'coordination', mission.requester, mission.coordinator, {
    rejectedBefore: [...task.rejectedBefore, task.decider],
  });
};

const forward = (step: Step, content: ContentOf<'mission-forward'>): Why => {
  const { mission, action, world } = step;
  if (!missionIs(step, 'active')) return 'the mission is over';
  const task = mission.tasks.find(({ number }) => number === content.task);
  if (task === undefined || task.kind !== 'coordination') return 'no such request';
  if (!['requested', 'received', 'accepted', 'on-hold'].includes(task.status)) return `the Task is ${task.status}`;
  const hadIt = world.roleOf(action.by) === 'amk-la' && task.asker === action.by && task.status === 'requested';
  if (action.by !== mission.coordinator && !hadIt)
    return 'neither the coordinator nor the party that forwarded it last';
  const next = receiver(step, 'amk-la');
  if (next === undefined) return 'forwarded without a receiver';
  if (next === task.owner) return 'forwarded to its owner';
  const accepted = task.status === 'accepted' || (task.acceptedBefore && task.status !== 'on-hold');
  answered(task, 'cancelled');
  mission.coordinator = next;
  return ask(step, 'coordination', action.by, next, {
    rejectedBefore: [...task.rejectedBefore],
    acceptedBefore: accepted,
  });
};

const standDown = (step: Step, task: ModelTask): Why => {
  if (step.action.to.some((one) => one !== task.owner)) return 'addressed to another';
  if (['requested', 'received', 'accepted'].includes(task.status)) {
    answered(task, 'cancelled');
    return fine;
  }
  if (task.status !== 'in-progress') return `the Task is ${task.status}`;
  if (task.cancellation !== 'none') return 'the crew has been notified';
  task.cancellation = 'notified';
  task.awaited = deadline(step, 'resource');
  return fine;
};

const requestResource = (step: Step, content: ContentOf<'resource-request'>): Why => {
  const { mission, action } = step;
  if (!missionIs(step, 'active')) return 'the mission is over';
  if (action.by !== mission.coordinator) return 'only the coordinator asks operators';
  if (content.task !== undefined) {
    const task = mission.tasks.find(({ number }) => number === content.task);
    return task?.kind === 'resource' ? standDown(step, task) : 'no such resource';
  }
  if (open(mission, 'coordination').length === 0) return 'no request is open';
  const operator = receiver(step, 'operator');
  return operator === undefined ? 'no operator' : ask(step, 'resource', action.by, operator);
};

const respond = (step: Step, content: ContentOf<'resource-response'>): Why => {
  if (!missionIs(step, 'active', 'revoked', 'entered-in-error')) return 'the mission is done';
  const task = own(step, 'resource', content.task);
  if (typeof task === 'string') return task;
  if (content.answer !== 'accepted' && step.action.person === undefined) return 'a refusal names the person';
  const asked = task.status === 'requested' || task.status === 'received';
  const promised = task.status === 'accepted' || task.status === 'in-progress';
  if (content.answer === 'accepted' && asked) return answered(task, 'accepted');
  if (content.answer === 'declined' && asked) return answered(task, 'rejected');
  if ((content.answer === 'withdrawn' || content.answer === 'aborted') && promised) return answered(task, 'failed');
  return `the Task is ${task.status}`;
};

/** 12: the hospitals that wait for this flight. */
const waitingFor = (mission: ModelMission, flight: ModelTask): ModelTask[] => {
  const others = open(mission, 'resource').some((one) => one !== flight);
  return open(mission, 'prearrival').filter((one) =>
    one.flight === undefined ? !others : one.flight === flight.number,
  );
};

/** 12 */
const land = (mission: ModelMission, flight: ModelTask): Why => {
  for (const one of waitingFor(mission, flight)) answered(one, 'completed');
  return answered(flight, 'completed');
};

const report = (step: Step, content: ContentOf<'resource-status'>): Why => {
  const { mission } = step;
  const flight = own(step, 'resource', content.task);
  if (typeof flight === 'string') return flight;
  if (!reportable.includes(flight.status)) return `the Task is ${flight.status}`;
  const named = content.handedOverTo;
  for (const one of open(mission, 'prearrival')) {
    const mine = one.flight === undefined || one.flight === flight.number;
    if (mine && one.owner === named) answered(one, 'completed');
  }
  if (isOver(flight)) return fine;
  const handed = named !== undefined || content.phases.includes('handed-over');
  const othersWait = named !== undefined && waitingFor(mission, flight).length > 0;
  if (content.phases.includes('available') || (handed && !othersWait)) return land(mission, flight);
  if (handed || content.phases.some((phase) => inTheAir.includes(phase))) flight.status = 'in-progress';
  return fine;
};

const warn = (step: Step, content: ContentOf<'prearrival-notification'>): Why => {
  const { mission, action, world } = step;
  if (!missionIs(step, 'active', 'revoked')) return 'no hospital is to be notified';
  if (!mayReport(step)) return 'neither coordinator nor an operator of the mission';
  const coordinates = action.by === mission.coordinator;
  if (content.flight !== undefined) {
    const flight = mission.tasks.find(({ number }) => number === content.flight);
    if (flight === undefined || flight.kind !== 'resource') return 'no such flight';
    if (!coordinates && flight.owner !== action.by) return 'the flight is another’s';
    if (isOver(flight)) return 'the flight is over';
  }
  if (content.task === undefined) {
    const hospital = receiver(step, 'hospital');
    if (hospital === undefined) return 'no hospital';
    return ask(step, 'prearrival', action.by, hospital, { flight: content.flight });
  }
  const task = mission.tasks.find(({ number }) => number === content.task);
  if (task === undefined || task.kind !== 'prearrival') return 'no such notification';
  if (!coordinates && task.asker !== action.by) return 'the notification is another’s';
  if (!['requested', 'received', 'accepted'].includes(task.status)) return `the Task is ${task.status}`;
  if (!content.takenBack) {
    answered(task, 'requested');
    task.awaited = deadline(step, 'prearrival');
    if (content.flight !== undefined) task.flight = content.flight;
    return fine;
  }
  answered(task, 'cancelled');
  // 10
  return content.divertedTo === undefined ? fine : divert(step, task, content.divertedTo, world);
};

/** 10 */
const divert = (step: Step, task: ModelTask, hospital: string, world: World): Why => {
  if (world.roleOf(hospital) !== 'hospital') return 'diverted to no hospital';
  if (hospital === task.owner) return 'diverted to itself';
  return ask(step, 'prearrival', task.asker, hospital, { flight: task.flight });
};

const respondHospital = (step: Step, content: ContentOf<'prearrival-response'>): Why => {
  if (!missionIs(step, 'active', 'revoked')) return 'the mission is over';
  const task = own(step, 'prearrival', content.task);
  if (typeof task === 'string') return task;
  const asked = task.status === 'requested' || task.status === 'received';
  if (content.answer === 'accepted') return asked ? answered(task, 'accepted') : `the Task is ${task.status}`;
  if (!asked && task.status !== 'accepted') return `the Task is ${task.status}`;
  if (step.action.person === undefined) return 'a refusal names the person';
  answered(task, 'rejected');
  return content.answer === 'diverted' ? divert(step, task, content.divertedTo, step.world) : fine;
};

/** 11: the patient may still come to this hospital. */
const mayCome = (hospital: ModelTask, airborne: readonly ModelTask[]): boolean =>
  airborne.some(({ number }) => hospital.flight === undefined || hospital.flight === number);

/** 11 */
const cancel = (step: Step, content: ContentOf<'mission-cancel'>): Why => {
  const { mission, action } = step;
  if (!missionIs(step, 'active')) return 'the mission is over';
  if (action.by !== mission.requester && action.by !== mission.coordinator) return 'neither requester nor coordinator';
  mission.status = content.inError ? 'entered-in-error' : 'revoked';
  const airborne = flying(mission);
  for (const task of open(mission)) {
    const mayStillCome = task.kind === 'prearrival' && !content.inError && mayCome(task, airborne);
    if (airborne.includes(task)) {
      task.cancellation = 'notified';
      task.awaited = deadline(step, 'resource');
    } else if (!mayStillCome) answered(task, 'cancelled');
  }
  return fine;
};

const reportMission = (step: Step, content: ContentOf<'mission-report'>): Why => {
  if (!missionIs(step, 'active', 'revoked', 'completed')) return 'the mission never was';
  const flight = own(step, 'resource', content.task);
  if (typeof flight === 'string') return flight;
  if (!reportable.includes(flight.status)) return `the Task is ${flight.status}`;
  return isOver(flight) ? fine : land(step.mission, flight);
};

const feedBack = (step: Step, content: ContentOf<'outcome-feedback'>): Why => {
  if (!missionIs(step, 'active', 'revoked', 'completed')) return 'the mission never was';
  const task = own(step, 'prearrival', content.task);
  if (typeof task === 'string') return task;
  if (!['requested', 'received', 'accepted', 'completed'].includes(task.status)) return `the Task is ${task.status}`;
  task.awaited = undefined;
  return fine;
};

const apply = (step: Step): Why => {
  const { content } = step.action;
  switch (content.event) {
    case 'mission-request':
      return 'a request opens a mission of its own';
    case 'acknowledgement':
      return acknowledge(step, content);
    case 'mission-update':
      return update(step, content);
    case 'medical-assessment':
      return assess(step);
    case 'mission-decision':
      return decideOn(step, content);
    case 'review-request':
      return review(step, content);
    case 'mission-forward':
      return forward(step, content);
    case 'resource-request':
      return requestResource(step, content);
    case 'resource-response':
      return respond(step, content);
    case 'resource-status':
      return report(step, content);
    case 'prearrival-notification':
      return warn(step, content);
    case 'prearrival-response':
      return respondHospital(step, content);
    case 'mission-cancel':
      return cancel(step, content);
    case 'mission-report':
      return reportMission(step, content);
    case 'outcome-feedback':
      return feedBack(step, content);
  }
};

/** What follows by itself from how the Tasks stand (11, 13). */
const finish = (mission: ModelMission): void => {
  if (mission.status !== 'active') {
    const airborne = flying(mission);
    for (const task of open(mission, 'prearrival')) if (!mayCome(task, airborne)) answered(task, 'cancelled');
    return;
  }
  const flown = mission.tasks.some(({ kind, status }) => kind === 'resource' && status === 'completed');
  const judged = open(mission, 'coordination').find(
    ({ status, acceptedBefore }) => status === 'accepted' || (status === 'received' && acceptedBefore),
  );
  const busy = open(mission, 'resource').length + open(mission, 'prearrival').length > 0;
  if (!flown || busy || judged === undefined) return;
  answered(judged, 'completed');
  mission.status = 'completed';
};

/** 1, 2 */
const openMission = (action: Action, content: ContentOf<'mission-request'>, world: World): Verdict => {
  if (world.roleOf(action.by) !== 'local-amk') return { verdict: 'refused', why: 'not a local AMK' };
  const covering = content.municipality === undefined ? undefined : world.covering(content.municipality);
  const mission: ModelMission = {
    status: 'active',
    exercise: action.exercise,
    urgency: content.urgency,
    requester: action.by,
    coordinator: covering ?? '',
    observers: [],
    unreachable: [],
    tasks: [],
    entries: 1,
  };
  const step = { mission, action, world };
  const coordinator = action.to.length === 0 ? covering : receiver(step, 'amk-la');
  if (coordinator === undefined) return { verdict: 'refused', why: 'no AMK LA' };
  mission.coordinator = coordinator;
  ask(step, 'coordination', action.by, coordinator);
  return { verdict: 'accepted', mission };
};

/** Applies a message to a mission. */
export const step = (before: ModelMission | undefined, action: Action, world: World): Verdict => {
  if (action.content.event === 'mission-request') return openMission(action, action.content, world);
  if (before === undefined) return { verdict: 'refused', why: 'no such mission' };
  if (!hasPart(before, action.by)) return { verdict: 'refused', why: 'no part in the mission' };
  // 5
  if (action.exercise !== before.exercise)
    return { verdict: 'refused', why: 'an exercise and a real mission do not mix' };
  if (action.knows !== undefined && action.knows !== before.entries)
    return { verdict: 'refused', why: 'the mission has changed since' };
  const mission = copyOf(before);
  mission.entries += 1;
  const why = apply({ mission, action, world });
  if (why !== undefined) return { verdict: 'refused', why };
  finish(mission);
  mission.unreachable = mission.unreachable.filter((one) => one !== action.by);
  return { verdict: 'accepted', mission };
};

/** 15: the Tasks whose passed deadline is not reported yet. */
export const overdueAt = (mission: ModelMission, now: number): readonly ModelTask[] =>
  mission.tasks.filter(({ awaited, overdue }) => awaited !== undefined && awaited <= now && !overdue.includes(awaited));

/** 15: the hub reports a missed deadline; `undefined` if there is none to report. */
export const reportOverdue = (before: ModelMission, number: number, now: number): ModelMission | undefined => {
  // A completed mission has no deadlines.
  if (before.status === 'completed') return undefined;
  if (!overdueAt(before, now).some((task) => task.number === number)) return undefined;
  const mission = copyOf(before);
  mission.entries += 1;
  for (const task of mission.tasks) if (task.number === number) task.overdue.push(task.awaited ?? 0);
  return mission;
};

/** 16: the hub reports an unreachable party; `undefined` if it is reported and the party has sent nothing since. */
export const reportUnreachable = (before: ModelMission, party: string): ModelMission | undefined => {
  if (before.unreachable.includes(party)) return undefined;
  const mission = copyOf(before);
  mission.entries += 1;
  mission.unreachable.push(party);
  return mission;
};

/** 16: the hub reports each notification that it gives up, so that people phone the party. */
export const reportDeliveryFailed = (before: ModelMission, party: string): ModelMission => {
  const mission = copyOf(before);
  mission.entries += 1;
  mission.unreachable = [...new Set([...mission.unreachable, party])];
  return mission;
};

/** 18: whether a party may report the readiness of a resource. */
export const mayReportReadiness = (party: string, { roleOf }: Pick<World, 'roleOf'>): boolean =>
  roleOf(party) === 'operator';

const roles: Readonly<Record<Kind, Role>> = { coordination: 'amk-la', resource: 'operator', prearrival: 'hospital' };

/** The rules that a mission breaks. */
export const forbiddenIn = (mission: ModelMission, world: World): readonly string[] => {
  const wrong: string[] = [];
  const must = (holds: boolean, rule: string): void => {
    if (!holds) wrong.push(rule);
  };
  const active = mission.status === 'active';
  const airborne = flying(mission);
  const judging = open(mission, 'coordination');
  must(world.roleOf(mission.coordinator) === 'amk-la', 'the coordinator is an AMK LA');
  must(world.roleOf(mission.requester) === 'local-amk', 'the requester is a local AMK');
  must(judging.length <= 1, 'one request is open at a time');
  must(mission.tasks.length <= 60, 'a mission has at most sixty Tasks');
  must(new Set(mission.tasks.map(({ number }) => number)).size === mission.tasks.length, 'an entry opens one Task');
  for (const task of judging) must(task.owner === mission.coordinator, 'the owner of the request is the coordinator');
  for (const task of mission.tasks) {
    const name = `Task ${task.number}`;
    must(world.roleOf(task.owner) === roles[task.kind], `${name}: the owner has the role of its kind`);
    must(task.number <= mission.entries, `${name} was opened by an entry`);
    if (task.status === 'on-hold') must(task.awaited !== undefined, `${name}: a deferral has an end`);
    if (task.cancellation === 'notified' && !isOver(task))
      must(task.awaited !== undefined, `${name}: a crew notified of a cancellation has a deadline`);
    if (isOver(task)) must(task.awaited === undefined, `${name}: a Task that is over has no deadline`);
    if (task.kind !== 'resource') must(task.status !== 'in-progress', `${name}: only resources fly`);
    if (task.kind !== 'coordination') must(task.status !== 'on-hold', `${name}: only requests are deferred`);
    const { decider } = task;
    if (decider !== undefined)
      must(!task.rejectedBefore.some((one) => samePerson(one, decider)), `${name}: another person decides a review`);
    if (!active && !isOver(task)) {
      must(
        (task.kind === 'resource' && task.status === 'in-progress' && task.cancellation !== 'none') ||
          (task.kind === 'prearrival' && mission.status === 'revoked' && mayCome(task, airborne)),
        `${name}: an open Task of an ended mission is a flight in the air, or the hospital that it flies to`,
      );
    }
  }
  if (mission.status === 'completed') {
    must(open(mission).length === 0, 'a completed mission has no open Task');
    must(
      mission.tasks.some(({ kind, status }) => kind === 'resource' && status === 'completed'),
      'a completed mission had a flight',
    );
  }
  return wrong;
};

const opens = (content: Content): number => {
  switch (content.event) {
    case 'resource-request':
      return content.task === undefined ? 1 : 0;
    case 'review-request':
    case 'mission-forward':
      return 1;
    case 'prearrival-notification':
      return content.task === undefined || content.divertedTo !== undefined ? 1 : 0;
    case 'prearrival-response':
      return content.answer === 'diverted' ? 1 : 0;
    default:
      return 0;
  }
};

/** The rules that one step of a mission breaks. Without an action the hub wrote the entry. */
export const forbiddenBetween = (
  before: ModelMission,
  after: ModelMission,
  action: Action | undefined,
): readonly string[] => {
  const wrong: string[] = [];
  const must = (holds: boolean, rule: string): void => {
    if (!holds) wrong.push(rule);
  };
  const forwarded = action?.content.event === 'mission-forward';
  must(after.entries === before.entries + 1, 'numbers have no gap');
  must(after.exercise === before.exercise, 'an exercise stays an exercise');
  must(after.requester === before.requester, 'the requester stays');
  must(after.coordinator === before.coordinator || forwarded, 'only a forwarding changes the coordinator');
  must(before.status === 'active' || after.status === before.status, 'a mission that is over stays so');
  must(
    after.tasks.length - before.tasks.length === (action === undefined ? 0 : opens(action.content)),
    'a message opens as many Tasks as it asks for',
  );
  must(
    before.observers.every((one) => after.observers.includes(one)),
    'an observer stays an observer',
  );
  for (const [index, was] of before.tasks.entries()) {
    const is = after.tasks[index];
    const name = `Task ${was.number}`;
    if (is === undefined) {
      wrong.push(`${name} is still there`);
      continue;
    }
    must(is.number === was.number && is.kind === was.kind, `${name} keeps its number and kind`);
    must(is.owner === was.owner && is.asker === was.asker, `${name} keeps owner and asker`);
    must(!isOver(was) || is.status === was.status, `${name} is over and stays so`);
    if (was.status === is.status) continue;
    must(action !== undefined, `${name}: the hub changes no status of a Task`);
    if (was.status === 'in-progress') {
      must(is.status !== 'cancelled', `${name}: a flight in the air is not cancelled`);
      must(action?.by === was.owner, `${name}: only the crew ends its flight`);
    }
    if (is.kind === 'coordination' && (is.status === 'rejected' || is.status === 'on-hold'))
      must(open(after, 'resource').length === 0, `${name}: a request is not rejected while a resource Task is open`);
    if (is.status === 'requested') must(is.awaited !== undefined, `${name}: a request has a deadline`);
  }
  for (const opened of after.tasks.slice(before.tasks.length)) {
    must(opened.status === 'requested' && opened.number === after.entries, 'a Task is opened by its entry, requested');
    must(opened.awaited !== undefined, `Task ${opened.number}: a request has a deadline`);
  }
  return wrong;
};
