import type { MissionRole, MissionStatus, Role, TaskKind, TaskStatus, Urgency } from '../../schemas/codes.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import type { Decider, Facts, Position, Reason, Stated } from '../../schemas/messages/message-type.ts';

/** A place or patient: the address of a resource (`Location/<mission>.<entry>.<index>`), an identifier, a name for people. */
export interface Named extends Omit<Stated, 'pointer'> {
  readonly reference?: string;
}

export interface WhereAndWhom {
  readonly place?: Named;
  readonly patient?: Named;
}

/** What a Task asks for: type, entry and index of the resource that was sent, its words, and what it refers to. */
export interface TaskAsk extends WhereAndWhom {
  readonly type: string;
  readonly entry: number;
  readonly index: number;
  readonly words?: string;
  readonly refersTo?: readonly string[];
  /** The sender's own time limit, ISO 8601. */
  readonly limit?: string;
}

/** One request to one party, and its progress. */
export interface TaskState {
  readonly id: string;
  readonly kind: TaskKind;
  readonly owner: string;
  readonly asker: string;
  readonly status: TaskStatus;
  /** Number of the entry that opened it and of the one that last changed it. */
  readonly openedBy: number;
  readonly changedBy: number;
  readonly openedAt: string;
  readonly changedAt: string;
  /** When a person must have acknowledged it. */
  readonly acknowledgeBy: string;
  readonly acknowledgedAt?: string;
  /** The deadline that has passed and that people have been alerted to. */
  readonly overdue?: string;
  /** The last answer, in the codes of the message type that gave it. */
  readonly answer?: { readonly event: string; readonly code: string };
  readonly reason?: Reason;
  readonly decider?: Decider;
  readonly decidedAt?: string;
  /** Criteria of the guideline that the decision was judged on. */
  readonly criteria?: readonly string[];
  readonly until?: string;
  readonly eta?: string;
  readonly resourceKind?: string;
  readonly partOf?: string;
  readonly divertedTo?: string;
  /** The Task of the hospital that was to receive the patient before. */
  readonly divertedFrom?: string;
  /** What the newest message that asked says. */
  readonly ask?: TaskAsk;
  /** The rejected Task that this one reviews, and why the rejection is disputed. */
  readonly reviewOf?: string;
  readonly words?: string;
  /** The Task of the AMK LA that coordinated before, and whether the mission had been accepted there. */
  readonly forwardOf?: string;
  readonly agreed?: boolean;
  /** Call sign of the one helicopter, aeroplane or car. */
  readonly resource?: string;
  readonly position?: Position;
  /** When the sender stated the current ETA and position. */
  readonly etaStatedAt?: string;
  readonly positionStatedAt?: string;
  /** Earliest time at which each flight phase was seen; from the mission report on, the times that it gives. */
  readonly phases?: Readonly<Record<string, string>>;
  /** The mission report has been received: later reports add times and change none. */
  readonly reported?: boolean;
  /** The resource was airborne when it was stood down or its mission was cancelled: the crew decides how the flight ends. */
  readonly cancelRequested?: boolean;
}

/** A helicopter, aeroplane or car that is in no mission, as its operator reports it. */
export interface Readiness {
  /** Call sign. */
  readonly resource: string;
  readonly kind: string;
  readonly availability: string;
  readonly position?: Position;
  /** When the operator stated it. An older report never replaces a newer one. */
  readonly statedAt: string;
}

/** Organisation numbers: who opened the large event, and to whom. */
export interface IncidentShare {
  readonly by: string;
  readonly to: string;
}

/** A ServiceRequest that replaces elements of the description: entry, place, and keys of the elements (`statementsOf`). */
export interface DescriptionUpdate {
  readonly entry: number;
  readonly index: number;
  readonly elements: readonly string[];
}

/** The newest observation, condition or allergy with its key (`Finding`): its entry and place. */
export interface KnownFinding {
  readonly entry: number;
  readonly index: number;
  readonly key: string;
  /** Fingerprint of the sender and of its name for the finding. */
  readonly name: string;
  /** When it was found, ISO 8601. */
  readonly at: string;
}

/**
 * The mission after an entry: the fold of its log. Times are ISO 8601, the hub's clock.
 * The readiness of a resource has such a log too, with `readiness` and without Tasks.
 */
export interface MissionState {
  readonly mission: string;
  readonly readiness?: Readiness;
  /** Version of the guideline the mission was requested under. */
  readonly guideline?: string;
  readonly criteria?: readonly string[];
  /** Municipality number of the place. */
  readonly municipality?: string;
  /** The large event the mission belongs to. */
  readonly incident?: { readonly system: string; readonly value: string };
  /** To which organisations its requester or coordinator has opened the large event. */
  readonly shared?: readonly IncidentShare[];
  /** Organisation numbers of observers made party to the mission. */
  readonly observers?: readonly string[];
  /** Parties that cannot be reached by machine, each with the entry that reports it, until the party sends a message. */
  readonly unreachable?: Readonly<Record<string, number>>;
  /** Number of the last entry; `ETag` of the mission. */
  readonly version: number;
  readonly status: MissionStatus;
  readonly exercise: boolean;
  readonly urgency: Urgency;
  /** Organisation numbers. */
  readonly requester: string;
  readonly coordinator: string;
  readonly openedAt: string;
  /** When the requester made the request, by its own clock (`Bundle.timestamp`). */
  readonly requestedAt?: string;
  readonly changedAt: string;
  readonly position?: Position;
  readonly cancelReason?: Reason;
  /** Entry and place of the ServiceRequest that opened the mission, or of the newest report of a resource. */
  readonly request: { readonly entry: number; readonly index: number };
  /** Later ServiceRequests, oldest first, each with the elements that no later one states. Together they describe the mission. */
  readonly updates?: readonly DescriptionUpdate[];
  /** Place and patient of the description, for Tasks whose sender gives none. */
  readonly about?: WhereAndWhom;
  /** What parties said of the patient in messages that describe the mission. Oldest first, the newest 50. */
  readonly findings?: readonly KnownFinding[];
  /** In the order in which they were opened. */
  readonly tasks: readonly TaskState[];
}

/** What every log's state has after an event. */
export type CommonState = Pick<MissionState, 'mission' | 'version' | 'changedAt'>;

/** The part of an entry that is folded into the state of the mission. */
export interface MissionEvent {
  readonly mission: string;
  /** 1, 2, 3 … per mission, without a gap. */
  readonly number: number;
  readonly event: string;
  /** Organisation number of the sender, from its token. */
  readonly sender: string;
  readonly messageId: string;
  readonly bundleId?: string;
  readonly exercise: boolean;
  /** When the hub accepted it, ISO 8601. */
  readonly receivedAt: string;
  readonly facts: Facts;
  readonly focusIndex?: number;
  /** Organisation number of the party that a new Task is for. */
  readonly owner?: string;
  /** When a person must have acknowledged what this message asks. */
  readonly acknowledgeBy?: string;
  /** Observers that it makes party to the mission. */
  readonly joins?: readonly string[];
  /** Organisations to which it opens the large event. */
  readonly shares?: readonly string[];
  /** Version of the guideline in force, for a message that opens a mission. */
  readonly guideline?: string;
}

/** Where a message came from; no rule depends on it. */
export interface Origin {
  /** Of the HTTP request, or of the one that a hub message follows from. */
  readonly correlationId?: string;
  /** The sender's system, as its token names it, and the organisation number of the supplier that runs it. */
  readonly client?: string;
  readonly supplier?: string;
}

/** 8 characters for each of the newest entries, oldest first: fingerprints of sender and message id, and of sender and Bundle id. */
export interface Fingerprints {
  readonly messages: string;
  readonly bundles: string;
}

/** An accepted message in the mission log. Never changed once written. */
export interface Entry extends MissionEvent, Origin {
  /** The message's own JSON text, and the digest of what it says (`schemas/reading/message-identity.ts`). */
  readonly text: string;
  readonly digest: string;
  /** Organisation numbers of the parties to notify. */
  readonly recipients: readonly string[];
  /** Organisation numbers that the sender addressed and that are not notified, because the mission does not concern them. The answer names them. */
  readonly notParties: readonly string[];
  /** The earliest entry of this mission whose fan-out may be pending. */
  readonly pendingFrom: number;
  /** Of the newest entries, up to and with this one (`core/mission/known-messages.ts`). */
  readonly fingerprints: Fingerprints;
  readonly state: MissionState;
  /** Version of the fold that made the state. */
  readonly fold: number;
  /** Seal of the entry before; empty for the first. */
  readonly previous: string;
  /** Digest of this entry (`core/mission/seal.ts`). */
  readonly seal: string;
}

/** A party of the directory. */
export interface Party {
  /** Organisation number (ENH), nine digits. */
  readonly organisation: string;
  readonly name: string;
  readonly role: Role;
  /** Phone number for when its system cannot be reached. */
  readonly phone?: string;
}

/** The hub as the sender of its own messages. */
export const hub: Party = { organisation: 'luftbro', name: 'luftbro', role: 'hub' };

const finalStatuses: readonly TaskStatus[] = ['rejected', 'completed', 'failed', 'cancelled'];

export const isFinalStatus = (status: TaskStatus): boolean => finalStatuses.includes(status);

export const isFinal = (task: TaskState): boolean => isFinalStatus(task.status);

export const isAirborne = (task: TaskState): boolean => task.kind === 'resource' && task.status === 'in-progress';

export const taskOf = (state: MissionState, id: string | undefined): TaskState | undefined =>
  state.tasks.find((task) => task.id === id);

/**
 * When a person must have acknowledged a Task or decided a deferred request, ISO 8601 in UTC. Nothing if that has happened, or
 * if people have been alerted that it has not.
 */
export const deadlineOf = (task: TaskState): string | undefined => {
  if (isFinal(task)) return undefined;
  const waits = task.acknowledgedAt === undefined ? task.acknowledgeBy : undefined;
  const due = task.status === 'on-hold' ? task.until : waits;
  const deadline = due === undefined ? undefined : new Date(timeOf(due)).toISOString();
  return deadline === task.overdue ? undefined : deadline;
};

/** Parties that the mission concerns now: requester, coordinator, owners of open or completed Tasks, and observers. */
export const concernedParties = (state: MissionState): readonly string[] => [
  ...new Set([
    state.requester,
    state.coordinator,
    ...state.tasks.filter((task) => !isFinal(task) || task.status === 'completed').map((task) => task.owner),
    ...(state.observers ?? []),
  ]),
];

/** Every AMK LA that coordinates the mission, has coordinated it, or is asked to. */
export const coordinatorsOf = ({ coordinator, tasks }: MissionState): readonly string[] => [
  ...new Set([coordinator, ...tasks.filter(({ kind }) => kind === 'coordination').map(({ owner }) => owner)]),
];

/** Whether an organisation is requester or coordinator. */
export const leads = (state: MissionState, organisation: string): boolean =>
  organisation === state.requester || organisation === state.coordinator;

/** The roles of an organisation in the mission: none, one or several. */
export const rolesIn = (state: MissionState, organisation: string): readonly MissionRole[] => [
  ...(organisation === state.requester ? ['requester' as const] : []),
  ...(organisation === state.coordinator ? ['coordinator' as const] : []),
  ...(state.tasks.some(({ owner }) => owner === organisation) ? ['performer' as const] : []),
  ...(state.observers?.includes(organisation) === true ? ['observer' as const] : []),
];

/** Organisations that have, or had, a part in the mission, each once. */
export const partiesOf = (state: MissionState): readonly string[] => [
  ...new Set([
    state.requester,
    state.coordinator,
    ...state.tasks.flatMap(({ owner, asker }) => [owner, asker]),
    ...(state.observers ?? []),
  ]),
];

/** Whether an organisation has, or had, a part in the mission. */
export const isParty = (state: MissionState, organisation: string): boolean =>
  leads(state, organisation) ||
  state.observers?.includes(organisation) === true ||
  state.tasks.some((task) => task.owner === organisation || task.asker === organisation);
