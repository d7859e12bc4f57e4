import type { z } from 'zod';
import type { CodeTable, MissionStatus, RefusalClass, Role, TaskKind, TaskStatus, Urgency } from '../codes.ts';
import type { Family } from '../scopes.ts';

/** What the hub understands of a message, whatever its type. Everything else stays in the message's own text. */
export interface Facts {
  /** The Task the message is about, by the hub's id. */
  readonly task?: string;
  /** Which of the type's answers the message gives: a key of `moves`. */
  readonly answer?: string;
  readonly urgency?: Urgency;
  readonly resourceKind?: string;
  /** Why not, or why cancelled. */
  readonly reason?: Reason;
  /** The sender's words where no code is asked for: why a rejection is disputed. */
  readonly words?: string;
  /** When the sender said it, for reports that replace each other. */
  readonly statedAt?: string;
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
  /** The person behind an answer, from `MessageHeader.author`. */
  readonly decider?: Decider;
  /** Mission criteria: those a request states, or those a decision was judged on. Codes of the mission's guideline. */
  readonly criteria?: readonly string[];
  /** Municipality of the place, four digits (Volven 3402). */
  readonly municipality?: string;
  /** Identifier of the incident that several missions belong to (`ServiceRequest.requisition`). */
  readonly incident?: { readonly system: string; readonly value: string };
  /** The one helicopter, aeroplane or car, as its operator names it (call sign). */
  readonly resource?: string;
  /** Code of `resource-availability`. */
  readonly availability?: string;
  /** Organisation number of the hospital a patient was handed over to. */
  readonly handedOverTo?: string;
  /** The deadline that has passed: of the Task in `task`. */
  readonly deadline?: string;
  /** What the hub could not tell, and whom. */
  readonly undelivered?: Undelivered;
}

/** A code of its table, the class of a refusal reason in the mission's guideline, and the sender's words. */
export interface Reason {
  readonly table: CodeTable;
  readonly code: string;
  readonly class?: RefusalClass;
  readonly text?: string;
}

/** Who decided: a name, and as far as the sender said so the role and the HPR number. */
export interface Decider {
  readonly name: string;
  readonly role?: string;
  /** HPR number. */
  readonly identifier?: string;
}

/** An entry of the mission that did not reach a party. */
export interface Undelivered {
  /** Organisation number of the party to phone. */
  readonly organisation: string;
  readonly entry: number;
  /** Organisation number of the entry's sender. */
  readonly sender: string;
  /** When its endpoint began not to answer, ISO 8601: people are told of each outage once in a mission. */
  readonly outage?: string;
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
  | 'requester'
  | 'requester-or-coordinator'
  | 'coordinator'
  /** Who coordinates, or who forwarded the mission as long as nobody at the other AMK LA has seen it. */
  | 'coordinator-or-forwarder'
  | 'coordinator-or-operator'
  | 'task-owner'
  | 'hub';

/** Who is told that a message was accepted. The sender is never told of its own message. */
export type Audience =
  | 'requester'
  | 'coordinator'
  | 'task-owner'
  /** The party of a Task that the message opened beside the one it moved: the hospital diverted to, the AMK LA forwarded to. */
  | 'new-owner'
  | 'task-asker'
  | 'operator-of-task'
  /** Hospitals that wait for the flight. */
  | 'hospitals-of-task'
  | 'all-parties'
  /** Every AMK LA of the directory, party to the mission or not. */
  | 'every-amk-la'
  /** The quality systems of the directory: they get codes and times, no person and no free text. */
  | 'quality'
  /** Who sent the message that did not arrive. */
  | 'sender-of-undelivered';

/** From which statuses a Task may move, and where to; `unchanged` records without moving. */
export interface Move {
  readonly from: readonly TaskStatus[];
  readonly to: TaskStatus | 'unchanged';
}

/** The resource that `MessageHeader.focus` points to in the Bundle, and how to read it. */
export interface Focus {
  readonly resource: 'ServiceRequest' | 'Task' | 'ClinicalImpression' | 'Location' | 'CommunicationRequest';
  /** Reads the facts out of the resource; its issues become `OperationOutcome` issues. The hub does not read what it says itself. */
  readonly schema?: z.ZodType<Facts>;
  /** Element that references a Location whose position the hub routes by. */
  readonly location?: { readonly element: 'locationReference' | 'location' | 'self'; readonly required: boolean };
}

/** What the hub reads of a message, for its profile and its page: an element of the focus resource or of the MessageHeader. */
export interface ElementRule {
  /** FHIRPath from the resource's type: `Task.businessStatus`, `MessageHeader.author`. */
  readonly path: string;
  /** `always`: refused without it. `some-answers`: needed for the answers that `what` names. */
  readonly required: 'always' | 'some-answers' | 'never';
  /** Of those, the answers it is needed for; where the type has no codes for its answers, statuses of the Task. */
  readonly neededFor?: readonly string[];
  /** Words (`text`) needed beside the code: whenever it is needed, or with the code `other`. */
  readonly words?: 'always' | 'with-other';
  /** Code of `task-detail` that the type of one `input` or `output` must have. */
  readonly detail?: string;
  /** One sentence for people. */
  readonly what: string;
  /** Code system that its codes come from. */
  readonly codes?: CodeTable;
}

/** One file of the catalogue: everything the hub knows about one message type. */
export interface MessageType {
  /** Name in the catalogue and in the log. */
  readonly event: string;
  /** Code in `MessageHeader.eventCoding` where it differs from `event`: two types may share one code and differ in their focus. */
  readonly code?: string;
  readonly title: string;
  /** Whose scope lets a system send it. */
  readonly family: Family;
  /** One sentence for people who will use it. */
  readonly purpose: string;
  readonly senders: readonly Role[];
  readonly relation: Relation;
  readonly focus?: Focus;
  /** `true` if the message may carry a focus resource but need not. */
  readonly focusOptional?: boolean;
  /** What the hub reads of it, in the order in which a sender fills it in. */
  readonly elements: readonly ElementRule[];
  /** The log it is written to, unless it is a mission's: that of a resource's readiness. */
  readonly log?: 'resource';
  /** Code system and codes in which the answer is given. It stays on the Task as its `businessStatus`, or belongs to this message only. */
  readonly answers?: {
    readonly system: string;
    readonly codes: Readonly<Record<string, string>>;
    readonly of: 'task' | 'message';
    /** The status a Task carries with each answer. */
    readonly statuses?: Readonly<Record<string, TaskStatus>>;
  };
  /** `MessageHeader.author` (the person who decided, and in which role) is required for these answers. */
  readonly authorRequiredFor?: readonly string[];
  /** `MessageHeader.author` carries an HPR number for these answers, so that another person can decide a review. */
  readonly identifierRequiredFor?: readonly string[];
  /** A report that replaces older ones by when it was made (`Bundle.timestamp`), not by when it came. */
  readonly dated?: true;
  /** The final account of a flight: its times replace those that were reported before. */
  readonly corrects?: true;
  /** Receivers of this role become party to the mission, if who leads it sends the message. */
  readonly invites?: Role;
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
  /** Opens the mission, ends it, moves its coordination to another AMK LA, or asks it to decide anew. */
  readonly mission?: 'opens' | 'cancels' | 'forwards' | 'reviews';
  readonly told: readonly Audience[];
  /** Roles that may read the message although it was not sent to them, as long as the mission concerns them. */
  readonly readableBy: readonly Role[];
  /** File in `partner/examples/`. */
  readonly example: string;
}
