import type { z } from 'zod';
import type { MissionStatus, Role, TaskKind, TaskStatus, Urgency } from '../codes.ts';

/** What the hub understands of a message, whatever its type. Everything else stays in the message's own text. */
export interface Facts {
  /** The Task the message is about, by the hub's id. */
  readonly task?: string;
  /** Which of the type's answers the message gives: a key of `moves`. */
  readonly answer?: string;
  readonly urgency?: Urgency;
  readonly resourceKind?: string;
  /** Why not, or why cancelled: code of the type's code system, and the sender's words. */
  readonly reason?: { readonly code: string; readonly text?: string };
  /** When a deferred decision is to be expected. */
  readonly until?: string;
  /** Estimated time of arrival. */
  readonly eta?: string;
  /** Flight phases with the time at which somebody saw them. */
  readonly phases?: readonly { readonly phase: string; readonly seenAt: string }[];
  readonly position?: Position;
  /** Organisation number of the hospital a patient is diverted to. */
  readonly divertedTo?: string;
  /** Task that this ask belongs to: a pre-arrival notification names the flight it announces. */
  readonly partOf?: string;
  /** The person behind an answer, in the sender's words. */
  readonly decider?: string;
}

/** WGS84 decimal degrees, altitude in metres. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude?: number;
}

/** Who of a mission's parties may send a message. */
export type Relation =
  | 'anyone-of-the-role'
  | 'any-party'
  | 'requester-or-coordinator'
  | 'coordinator'
  | 'coordinator-or-operator'
  | 'task-owner';

/** Who is told that a message was accepted. The sender is never told of its own message. */
export type Audience = 'requester' | 'coordinator' | 'task-owner' | 'task-asker' | 'operator-of-task' | 'all-parties';

/** From which statuses a Task may move, and where to; `unchanged` records without moving. */
export interface Move {
  readonly from: readonly TaskStatus[];
  readonly to: TaskStatus | 'unchanged';
}

/** The resource that `MessageHeader.focus` points to in the Bundle, and how to read it. */
export interface Focus {
  readonly resource: 'ServiceRequest' | 'Task';
  /** Reads the facts out of the resource; its issues become `OperationOutcome` issues. */
  readonly schema: z.ZodType<Facts>;
  /** Element that references a Location whose position the hub routes by. */
  readonly location?: { readonly element: 'locationReference' | 'location'; readonly required: boolean };
}

/** One file of the catalogue: everything the hub knows about one message type. */
export interface MessageType {
  readonly event: string;
  readonly title: string;
  /** One sentence for people who will use it. */
  readonly purpose: string;
  readonly senders: readonly Role[];
  readonly relation: Relation;
  readonly focus?: Focus;
  /** `true` if the message may carry a focus resource but need not. */
  readonly focusOptional?: boolean;
  /** Code system and codes in which the answer is given, for types whose answer stays on the Task as its `businessStatus`. */
  readonly answers?: { readonly system: string; readonly codes: Readonly<Record<string, string>> };
  /** `MessageHeader.author` (the person who decided) is required for these answers. */
  readonly authorRequiredFor?: readonly string[];
  /** Mission states in which the message is legal; absent for the message that opens the mission. */
  readonly legalIn: readonly MissionStatus[];
  /** The message is legal only while a Task of this kind is open. */
  readonly whileOpen?: TaskKind;
  /** The Task this message opens for the party in `MessageHeader.destination`, unless it names one to move. */
  readonly opens?: { readonly kind: TaskKind; readonly owner: Role };
  /** Kinds of Task that the message may move, and the moves by answer. */
  readonly moves?: {
    readonly kinds: readonly TaskKind[];
    readonly byAnswer: Readonly<Record<string, readonly Move[]>>;
  };
  /** Opens or ends the mission itself. */
  readonly mission?: 'opens' | 'cancels';
  readonly told: readonly Audience[];
  /** Roles that may read the message although it was not sent to them, as long as the mission concerns them. */
  readonly readableBy: readonly Role[];
  /** File in `examples/`. */
  readonly example: string;
}
