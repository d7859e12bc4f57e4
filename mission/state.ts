import type { MissionStatus, Role, TaskKind, TaskStatus, Urgency } from '../schemas/codes.ts';
import type { Facts, Position } from '../schemas/messages/message-type.ts';

/** One ask to one party: who asked whom for what, and how far it is. */
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
  /** When a human must have acknowledged it. */
  readonly acknowledgeBy: string;
  readonly acknowledgedAt?: string;
  /** The last answer and why, in the codes of the message type that gave it. */
  readonly answer?: { readonly event: string; readonly code: string };
  readonly reason?: { readonly code: string; readonly text?: string };
  readonly decider?: string;
  readonly until?: string;
  readonly eta?: string;
  readonly resourceKind?: string;
  readonly partOf?: string;
  readonly divertedTo?: string;
  readonly position?: Position;
  /** Earliest time each flight phase was seen. */
  readonly phases?: Readonly<Record<string, string>>;
  /** The mission was cancelled while this resource was airborne: the crew decides how the flight ends. */
  readonly cancelRequested?: boolean;
}

/** The mission after an entry: the fold of its log. Times are ISO 8601, the hub's clock. */
export interface MissionState {
  readonly mission: string;
  /** Number of the last entry; `ETag` of the mission. */
  readonly version: number;
  readonly status: MissionStatus;
  readonly exercise: boolean;
  readonly urgency: Urgency;
  /** Organisation numbers. */
  readonly requester: string;
  readonly coordinator: string;
  readonly openedAt: string;
  readonly changedAt: string;
  readonly position?: Position;
  readonly cancelReason?: { readonly code: string; readonly text?: string };
  /** Entry and place of the newest ServiceRequest that describes the mission. */
  readonly request: { readonly entry: number; readonly index: number };
  /** In the order in which they were opened. */
  readonly tasks: readonly TaskState[];
  /** 8 characters per entry: fingerprint of sender and message id, and of sender and Bundle id. */
  readonly messageFingerprints: string;
  readonly bundleFingerprints: string;
}

/** What an accepted message does to its mission: the part of an entry that is folded. */
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
}

/** An accepted message in the mission log. Never changed once written. */
export interface Entry extends MissionEvent {
  /** The message's own JSON text, and its digest without the Bundle's id. */
  readonly text: string;
  readonly digest: string;
  /** Organisation numbers of those who must be told. */
  readonly recipients: readonly string[];
  /** Organisation numbers that the sender addressed but that the mission does not concern: its answer says that they are not told. */
  readonly notTold: readonly string[];
  /** The earliest entry of this mission that may still owe notifications. */
  readonly unpaidFrom: number;
  readonly state: MissionState;
}

/** A party of the directory. */
export interface Party {
  /** Organisation number (ENH), nine digits. */
  readonly organisation: string;
  readonly name: string;
  readonly role: Role;
  /** Number to call when a machine cannot be reached. */
  readonly phone?: string;
}

const finalStatuses: readonly TaskStatus[] = ['rejected', 'completed', 'failed', 'cancelled'];

export const isFinal = (task: TaskState): boolean => finalStatuses.includes(task.status);

export const isAirborne = (task: TaskState): boolean => task.kind === 'resource' && task.status === 'in-progress';

/** Nothing is asked of anybody any more. A message may still arrive late. */
export const isOver = (state: MissionState): boolean => state.tasks.every(isFinal);

export const taskOf = (state: MissionState, id: string | undefined): TaskState | undefined =>
  state.tasks.find((task) => task.id === id);

/** Those whom the mission concerns now: who asked, who coordinates, and whoever has not declined or been let go. */
export const concernedParties = (state: MissionState): readonly string[] => [
  ...new Set([
    state.requester,
    state.coordinator,
    ...state.tasks.filter((task) => !isFinal(task) || task.status === 'completed').map((task) => task.owner),
  ]),
];

/** Everybody who ever had a part in the mission. */
export const isParty = (state: MissionState, organisation: string): boolean =>
  state.requester === organisation ||
  state.coordinator === organisation ||
  state.tasks.some((task) => task.owner === organisation || task.asker === organisation);
