import type { LoggedEntry } from './logged.ts';
import type { Said } from './read-text.ts';

/**
 * The auditor's own account of a mission, from the texts of its log: who asked, who coordinates, which Tasks are open. It follows
 * docs/mission-rules.md (the numbers in comments) and checks no rule: every entry of the log was accepted. It shares no code with
 * the fold of the hub (`core/mission/evolve.ts`).
 */

type Kind = 'coordination' | 'resource' | 'prearrival';

export interface AuditedTask {
  /** Number of the entry that opened it. */
  readonly number: number;
  readonly kind: Kind;
  readonly asker: string;
  readonly owner: string;
  status: string;
  flight: number | undefined;
  /** Coordination: it was accepted before the mission was forwarded. */
  readonly wasAccepted: boolean;
}

export interface AuditedMission {
  status: 'active' | 'revoked' | 'entered-in-error' | 'completed';
  urgency: string;
  readonly requester: string;
  coordinator: string;
  readonly observers: Set<string>;
  readonly tasks: AuditedTask[];
  /** Organisations that may be observers, depending on a directory that is not known any more. */
  readonly maybeObservers: Set<string>;
}

/** What the auditor knows of one message: its entry, its content, and the roles of receivers. */
export interface Heard {
  readonly entry: LoggedEntry;
  readonly said: Said;
  readonly roleOf: (organisation: string) => string | undefined;
  /** The directory is as it was when the message was accepted. */
  readonly knowsDirectory: boolean;
}

const finals: readonly string[] = ['rejected', 'completed', 'failed', 'cancelled'];

export const isOver = ({ status }: Pick<AuditedTask, 'status'>): boolean => finals.includes(status);

const openOf = (mission: AuditedMission, kind: Kind): readonly AuditedTask[] =>
  mission.tasks.filter((task) => task.kind === kind && !isOver(task));

/** 6: parties that the mission concerns. */
export const concerned = ({ requester, coordinator, observers, tasks }: AuditedMission): ReadonlySet<string> =>
  new Set([
    requester,
    coordinator,
    ...observers,
    ...tasks.filter((task) => !isOver(task) || task.status === 'completed').map(({ owner }) => owner),
  ]);

export const taskIn = ({ tasks }: AuditedMission, number: number | undefined): AuditedTask | undefined =>
  tasks.find((task) => task.number === number);

/** A new mission. `coordinator`: the receiver, or the AMK LA that covers the place (2). */
export const opened = ({ entry, said }: Heard, coordinator: string): AuditedMission => ({
  status: 'active',
  urgency: said.urgency ?? '',
  requester: entry.sender,
  coordinator,
  observers: new Set(),
  maybeObservers: new Set(),
  tasks: [
    {
      number: entry.number,
      kind: 'coordination',
      asker: entry.sender,
      owner: coordinator,
      status: 'requested',
      flight: undefined,
      wasAccepted: false,
    },
  ],
});

/** The log of a resource that is in no mission (18). It has no Tasks and no other parties than its operator. */
export const readinessOf = ({ sender }: LoggedEntry): AuditedMission => ({
  status: 'active',
  urgency: 'routine',
  requester: sender,
  coordinator: sender,
  observers: new Set(),
  maybeObservers: new Set(),
  tasks: [],
});

const open = (
  mission: AuditedMission,
  { entry }: Heard,
  kind: Kind,
  owner: string | undefined,
  more: Partial<Pick<AuditedTask, 'asker' | 'flight' | 'wasAccepted'>> = {},
): void => {
  if (owner === undefined) return;
  mission.tasks.push({
    number: entry.number,
    kind,
    asker: entry.sender,
    owner,
    status: 'requested',
    flight: undefined,
    wasAccepted: false,
    ...more,
  });
};

/** 12: hospitals that still wait for a patient of the flight. */
const waitingFor = (mission: AuditedMission, flight: AuditedTask): readonly AuditedTask[] => {
  const isOnly = openOf(mission, 'resource').every((one) => one === flight);
  return openOf(mission, 'prearrival').filter((one) =>
    one.flight === undefined ? isOnly : one.flight === flight.number,
  );
};

/** 12 */
const land = (mission: AuditedMission, flight: AuditedTask): void => {
  for (const hospital of waitingFor(mission, flight)) hospital.status = 'completed';
  flight.status = 'completed';
};

const groundPhases: readonly string[] = ['alarm-received', 'unit-alerted'];

const reportFlight = (mission: AuditedMission, { phases, handedOverTo }: Said, flight: AuditedTask): void => {
  for (const hospital of openOf(mission, 'prearrival'))
    if (hospital.owner === handedOverTo && (hospital.flight === undefined || hospital.flight === flight.number))
      hospital.status = 'completed';
  if (isOver(flight)) return;
  const namesHospital = handedOverTo !== undefined;
  const isHandedOver = namesHospital || phases.includes('handed-over');
  const isExpected = namesHospital && waitingFor(mission, flight).length > 0;
  if (phases.includes('available') || (isHandedOver && !isExpected)) land(mission, flight);
  else if (isHandedOver || phases.some((phase) => !groundPhases.includes(phase))) flight.status = 'in-progress';
};

/** 10: the hospital that the patient comes to instead. */
const divert = (mission: AuditedMission, heard: Heard, from: AuditedTask): void =>
  open(mission, heard, 'prearrival', heard.said.divertedTo, { asker: from.asker, flight: from.flight });

/** 11: a flight in the air may still come to this hospital. */
const mayCome = (mission: AuditedMission, hospital: AuditedTask): boolean =>
  mission.tasks.some(
    ({ kind, status, number }) =>
      kind === 'resource' && status === 'in-progress' && (hospital.flight === undefined || hospital.flight === number),
  );

const cancel = (mission: AuditedMission, { said }: Heard): void => {
  const isError = said.status === 'entered-in-error';
  mission.status = isError ? 'entered-in-error' : 'revoked';
  const staying = new Set(openOf(mission, 'prearrival').filter((hospital) => !isError && mayCome(mission, hospital)));
  for (const task of mission.tasks)
    if (!isOver(task) && task.status !== 'in-progress' && !staying.has(task)) task.status = 'cancelled';
};

const forward = (mission: AuditedMission, heard: Heard, task: AuditedTask | undefined): void => {
  const [next] = heard.said.receivers;
  const wasAccepted = task?.status === 'accepted' || (task?.wasAccepted === true && task.status !== 'on-hold');
  if (task !== undefined) task.status = 'cancelled';
  mission.coordinator = next ?? mission.coordinator;
  open(mission, heard, 'coordination', next, { wasAccepted });
};

const invite = (mission: AuditedMission, { entry, said, roleOf, knowsDirectory }: Heard): void => {
  if (entry.sender !== mission.requester && entry.sender !== mission.coordinator) return;
  for (const receiver of said.receivers) {
    if (roleOf(receiver) === 'observer') mission.observers.add(receiver);
    if (!knowsDirectory) mission.maybeObservers.add(receiver);
  }
};

/** Messages about a Task of the mission. */
const aboutTask: readonly string[] = [
  'acknowledgement',
  'mission-decision',
  'review-request',
  'mission-forward',
  'resource-response',
  'resource-status',
  'prearrival-response',
  'mission-report',
  'outcome-feedback',
  'acknowledgement-overdue',
];

const apply = (mission: AuditedMission, heard: Heard): void => {
  const { said } = heard;
  const task = taskIn(mission, said.task);
  const [receiver] = said.receivers;
  switch (said.event) {
    case 'mission-update':
      mission.urgency = said.urgency ?? mission.urgency;
      return invite(mission, heard);
    case 'acknowledgement':
      if (task?.status === 'requested') task.status = 'received';
      return undefined;
    case 'mission-decision':
    case 'resource-response':
      if (task !== undefined) task.status = said.status ?? task.status;
      return undefined;
    case 'review-request':
      return open(mission, heard, 'coordination', mission.coordinator);
    case 'mission-forward':
      return forward(mission, heard, task);
    case 'resource-request':
      if (said.status !== 'cancelled') return open(mission, heard, 'resource', receiver);
      if (task !== undefined && task.status !== 'in-progress') task.status = 'cancelled';
      return undefined;
    case 'resource-status':
      return task === undefined ? undefined : reportFlight(mission, said, task);
    case 'prearrival-notification':
      if (task === undefined) return open(mission, heard, 'prearrival', receiver, { flight: said.flight });
      if (said.status === 'cancelled') {
        task.status = 'cancelled';
        return divert(mission, heard, task);
      }
      task.status = 'requested';
      task.flight = said.flight ?? task.flight;
      return undefined;
    case 'prearrival-response':
      if (task === undefined) return undefined;
      task.status = said.status ?? task.status;
      return divert(mission, heard, task);
    case 'mission-cancel':
      return cancel(mission, heard);
    case 'mission-report':
      return task === undefined || isOver(task) ? undefined : land(mission, task);
    default:
      return undefined;
  }
};

/** What follows by itself (11, 13). */
const conclude = (mission: AuditedMission): void => {
  if (mission.status !== 'active') {
    for (const hospital of openOf(mission, 'prearrival'))
      if (!mayCome(mission, hospital)) hospital.status = 'cancelled';
    return;
  }
  const hasFlown = mission.tasks.some(({ kind, status }) => kind === 'resource' && status === 'completed');
  const isBusy = openOf(mission, 'resource').length + openOf(mission, 'prearrival').length > 0;
  const decided = openOf(mission, 'coordination').find(
    ({ status, wasAccepted }) => status === 'accepted' || (status === 'received' && wasAccepted),
  );
  if (!hasFlown || isBusy || decided === undefined) return;
  decided.status = 'completed';
  mission.status = 'completed';
};

const isAboutTask = ({ event, task, status }: Said): boolean =>
  aboutTask.includes(event) ||
  (event === 'prearrival-notification' && task !== undefined) ||
  (event === 'resource-request' && status === 'cancelled');

/** Applies an entry to the mission. `false`: the message is about a Task that the auditor does not know. */
export const follow = (mission: AuditedMission, heard: Heard): boolean => {
  if (isAboutTask(heard.said) && taskIn(mission, heard.said.task) === undefined) return false;
  apply(mission, heard);
  conclude(mission);
  return true;
};
