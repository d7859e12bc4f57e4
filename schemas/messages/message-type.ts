import type { z } from 'zod';
import type { CodeTable, MissionStatus, RefusalClass, Role, TaskKind, TaskStatus, Urgency } from '../codes.ts';
import type { Family } from '../scopes.ts';

/** What the hub understands of a message, whatever its type. The rest stays in the text of the message. */
export interface Facts {
  /** Id of the Task that the message is about, as the hub gave it. */
  readonly task?: string;
  /** Which of the type's answers the message gives: a key of `transitions.byAnswer`. */
  readonly answer?: string;
  readonly urgency?: Urgency;
  readonly resourceKind?: string;
  /** Why the answer is a refusal, or why the mission or Task is cancelled. */
  readonly reason?: Reason;
  /** Free text of the sender where the message has no code: why a rejection is disputed. */
  readonly words?: string;
  /** When the sender made the message (`Bundle.timestamp`): of a request, and of reports that replace each other. */
  readonly statedAt?: string;
  /** When a deferred decision can be expected. */
  readonly until?: string;
  /** Estimated time of arrival. */
  readonly eta?: string;
  /** Flight phases with the time at which each was observed. */
  readonly phases?: readonly { readonly phase: string; readonly seenAt: string }[];
  readonly position?: Position;
  /** Flight phase that the Task states without a time: it must be reported, now or before. */
  readonly statedPhase?: string;
  /** Answer that the Task states in a message that answers in another way: it must be the answer that the Task has. */
  readonly statedAnswer?: { readonly system: string; readonly code: string };
  /** Final status of the Task in a report of a flight: the report must end the flight, or the flight has ended. */
  readonly statedEnd?: TaskStatus;
  /** Organisation number of the hospital that a patient is diverted to. */
  readonly divertedTo?: string;
  /** Id of the Task that the new Task belongs to: a pre-arrival notification names the flight. */
  readonly partOf?: string;
  /** The person who gave the answer, from `MessageHeader.author`. */
  readonly decider?: Decider;
  /** Mission criteria of a request, or those that a decision is based on: codes of the mission's guideline. */
  readonly criteria?: readonly string[];
  /** Municipality of the place, four digits (Volven 3402). */
  readonly municipality?: string;
  /** Numbers under which the requester keeps the case (`ServiceRequest.identifier`), as they are compared. */
  readonly caseNumbers?: readonly CaseNumber[];
  /** Identifier of the incident that several missions belong to (`ServiceRequest.requisition`). */
  readonly incident?: { readonly system: string; readonly value: string };
  /** Elements of the description that an update states, and those of them that it takes back: keys of `statementsOf`. */
  readonly states?: readonly string[];
  readonly takesBack?: readonly string[];
  /** What the resource in focus asks for. */
  readonly ask?: Ask;
  /** Observations, conditions and allergies in a message that describes the mission. */
  readonly findings?: readonly Finding[];
  /** Call sign of one helicopter, aeroplane or car. */
  readonly resource?: string;
  /** Code of `resource-availability`. */
  readonly availability?: string;
  /** Organisation number of the hospital that a patient was handed over to. */
  readonly handedOverTo?: string;
  /** The deadline of the Task in `task` that has passed. */
  readonly deadline?: string;
  /** The entry that the hub could not deliver, and to which organisation. */
  readonly undelivered?: Undelivered;
}

/** A resource that a message refers to: an entry of the message by its index, or a resource at the hub by its id. */
export type Pointer = { readonly type: string } & ({ readonly index: number } | { readonly id: string });

/** A place or patient that a message states. A resource that has no address of its own is read in the resource in focus. */
export interface Stated {
  /** Missing if the message has an identifier or a name only. */
  readonly pointer?: Pointer;
  readonly identifier?: { readonly system?: string; readonly value: string };
  readonly display?: string;
}

/** What a message asks for, as the worklist of the receiver shows it. */
export interface Ask {
  /** Type of the resource in focus. */
  readonly type: string;
  /** Description and notes, cut to 500 characters. */
  readonly words?: string;
  /** Missing if the message states none. */
  readonly place?: Stated;
  readonly patient?: Stated;
  /** Reasons, inputs and supporting information, up to ten. */
  readonly refersTo?: readonly Pointer[];
  /** Until when the sender wants it done (`Task.restriction.period.end`). */
  readonly limit?: string;
}

/** An observation, condition or allergy of a message: its place, what it is about, and when it was found. */
export interface Finding {
  /** Index in `Bundle.entry`. */
  readonly index: number;
  /** Fingerprint of patient, code, body site, method and components: the newest finding with a key replaces the others. */
  readonly key: string;
  readonly at?: string;
  /** The patient has neither an identifier nor an address at the hub: the key is a name that the sender chose. */
  readonly ofSender?: true;
  /** Fingerprint of the finding itself, as its sender names it. */
  readonly name: string;
  /** Entered in error, or cancelled: the finding with this name does not count. */
  readonly isVoid?: true;
}

/** A number of a case in the requester's own system; the system is empty if the sender gives none. */
export interface CaseNumber {
  readonly system: string;
  readonly value: string;
}

/** A code of its table, the class of a refusal reason in the mission's guideline, and the sender's free text. */
export interface Reason {
  readonly table: CodeTable;
  readonly code: string;
  readonly class?: RefusalClass;
  readonly text?: string;
}

/** The person who decided: a name, and the role and HPR number if the sender gave them. */
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
  /** When its endpoint stopped answering, ISO 8601. People are alerted to an outage once in each mission. */
  readonly outage?: string;
}

/** WGS84 decimal degrees, altitude in metres. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude?: number;
}

/** What an organisation must be in the mission to send a message. */
export type Relation =
  | 'anyone-of-the-role'
  | 'any-party'
  | 'requester'
  | 'requester-or-coordinator'
  | 'coordinator'
  /** The coordinator, or the AMK LA that forwarded the mission, until a person at the other AMK LA acknowledges it. */
  | 'coordinator-or-forwarder'
  | 'coordinator-or-operator'
  | 'task-owner'
  | 'hub';

/** The organisations that the hub notifies of an accepted message. It never notifies a sender of its own message. */
export type Audience =
  | 'requester'
  | 'coordinator'
  | 'task-owner'
  /** The owner of the Task that the message opened: the hospital diverted to, the AMK LA forwarded to. */
  | 'new-owner'
  | 'task-asker'
  | 'operator-of-task'
  /** Hospitals with an open Task for a patient of the flight. */
  | 'hospitals-of-task'
  | 'all-parties'
  /** Every AMK LA of the directory, whether it is party to the mission or not. */
  | 'every-amk-la'
  /** The quality systems of the directory. They get codes and times, without persons and free text. */
  | 'quality'
  /** The sender of the message that was not delivered. */
  | 'sender-of-undelivered';

/** The statuses that a Task may be in, and its next status. With `unchanged` the facts are recorded and the status stays. */
export interface Transition {
  readonly from: readonly TaskStatus[];
  readonly to: TaskStatus | 'unchanged';
}

/** The resource that `MessageHeader.focus` points to in the Bundle, and how to read it. */
export interface Focus {
  readonly resource: 'ServiceRequest' | 'Task' | 'ClinicalImpression' | 'Location' | 'CommunicationRequest';
  /** Reads the facts from the resource; its issues become `OperationOutcome` issues. Absent for the hub's own messages, which it does not parse. */
  readonly schema?: z.ZodType<Facts>;
  /** Element that references the person who decided, as `MessageHeader.author` does: both must mean one person. */
  readonly person?: 'assessor';
  /** Element that references a Location; the hub routes by its position. */
  readonly location?: { readonly element: 'locationReference' | 'location' | 'self'; readonly required: boolean };
}

/** An element of the focus resource or of the MessageHeader that the hub reads, for the profile and the page of the message. */
export interface ElementRule {
  /** FHIRPath from the resource's type: `Task.businessStatus`, `MessageHeader.author`. */
  readonly path: string;
  /** `always`: the hub refuses a message without it. `some-answers`: needed for the answers that `what` names. */
  readonly required: 'always' | 'some-answers' | 'never';
  /** With `some-answers`: codes of those answers. If the type has no codes for its answers: statuses of the Task. */
  readonly neededFor?: readonly string[];
  /** Whether the code needs a `text` beside it: always, or with the code `other`. */
  readonly words?: 'always' | 'with-other';
  /** Code of `task-detail` that the type of one `input` or `output` must have. */
  readonly detail?: string;
  /** One sentence for the page of the message. */
  readonly what: string;
  /** Code system of its codes. */
  readonly codes?: CodeTable;
}

/** One file of the catalogue: everything the hub knows about one message type. */
export interface MessageType<Event extends string = string> {
  /** Name in the catalogue and in the log. */
  readonly event: Event;
  /** Code in `MessageHeader.eventCoding` if it differs from `event`: two types may share a code and differ in their focus. */
  readonly code?: string;
  readonly title: string;
  /** Family of the OAuth scope that a system needs to send it. */
  readonly family: Family;
  /** What it is for, in one or two sentences for integrators. */
  readonly purpose: string;
  readonly senders: readonly Role[];
  readonly relation: Relation;
  readonly focus?: Focus;
  /** `true` if the focus resource is optional. */
  readonly focusOptional?: boolean;
  /** The elements that the hub reads, in the order in which a sender fills them in. */
  readonly elements: readonly ElementRule[];
  /** The log that it is written to, if that is not a mission's: the log of a resource's availability. */
  readonly log?: 'resource';
  /** Code system and codes of the answer. Of a `task`: the Task keeps it as its `businessStatus`. Of a `message`: it belongs to this message only. */
  readonly answers?: {
    readonly system: string;
    readonly codes: Readonly<Record<string, string>>;
    readonly of: 'task' | 'message';
    /** The status of the Task that goes with each answer. */
    readonly statuses?: Readonly<Record<string, TaskStatus>>;
  };
  /** Answers that require `MessageHeader.author`: the person who decided, and in which role. */
  readonly authorRequiredFor?: readonly string[];
  /** Answers that require an HPR number in `MessageHeader.author`, so that the hub can require another person for a review. */
  readonly identifierRequiredFor?: readonly string[];
  /** A report that replaces older ones by the time at which it was made, not by the time of receipt: it needs `Bundle.timestamp`. */
  readonly dated?: true;
  /** The final report of a flight: its times replace the times reported before. */
  readonly corrects?: true;
  /** Role of receivers that become party to the mission if its requester or coordinator sends the message. */
  readonly invites?: Role;
  /** Mission states in which the message is legal; empty for a message that does not name a mission. */
  readonly legalIn: readonly MissionStatus[];
  /** The message is legal only while a Task of this kind is open. */
  readonly whileOpen?: TaskKind;
  /** The Task that the message opens for the party in `MessageHeader.destination`, unless it names an existing Task. */
  readonly opens?: { readonly kind: TaskKind; readonly owner: Role };
  /** Kinds of Task that the message may change, and the allowed transitions by answer. */
  readonly transitions?: {
    readonly kinds: readonly TaskKind[];
    readonly byAnswer: Readonly<Record<string, readonly Transition[]>>;
  };
  /** Opens the mission, cancels it, moves its coordination to another AMK LA, or asks for a review of a rejection. */
  readonly mission?: 'opens' | 'cancels' | 'forwards' | 'reviews';
  readonly notifies: readonly Audience[];
  /** Roles that may read the message although it was not addressed to them, as long as they are party to the mission. */
  readonly readableBy: readonly Role[];
  /** File in `partner/examples/`. */
  readonly example: string;
}
