import type { Refusal } from '../../schemas/faults.ts';
import type { Guideline, Guidelines } from '../../schemas/guideline.ts';
import type { Message } from '../../schemas/reading/message.ts';
import type { Directory } from './directory.ts';
import type { Entry, MissionState, Origin, Party, TaskState } from './state.ts';

/** What the rules need besides the message and the state. Time is an argument. */
export interface DecisionContext {
  readonly sender: Party;
  /** ISO 8601. */
  readonly now: string;
  /** Version in `If-Match`, if the sender gave one. */
  readonly ifMatch?: number;
  readonly directory: Directory;
  readonly guidelines: Guidelines;
  readonly origin?: Origin;
}

/** A message with everything that the rules look at. */
export interface Proposal extends DecisionContext {
  readonly message: Message;
  /** Id of the log that the message belongs to: a mission's, or a resource's. */
  readonly log: string;
  /** State of that log. Nothing if it has no entry yet. */
  readonly before?: MissionState;
  /** The Task that the message names, if the mission has it. */
  readonly task?: TaskState;
  /** The guideline that the mission was requested under; for a new mission the one in force. */
  readonly guideline: Guideline;
  /** The party that the message makes owner of a Task, or why it names none. */
  readonly newOwner?: Party | Refusal;
}

/** A message about a mission that exists. */
export interface MissionProposal extends Proposal {
  readonly before: MissionState;
}

/** A message about a Task of its mission. */
export interface TaskProposal extends MissionProposal {
  readonly task: TaskState;
}

/** Why a rule refuses a message; nothing if the rule is kept. */
export type Check<Checked extends Proposal = Proposal> = (proposal: Checked) => Refusal | undefined;

export const isInMission = (proposal: Proposal): proposal is MissionProposal =>
  proposal.before !== undefined &&
  proposal.before.readiness === undefined &&
  proposal.message.type.log !== 'resource' &&
  proposal.message.type.mission !== 'opens';

/** A check for messages about an existing mission. */
export const inMission =
  (check: Check<MissionProposal>): Check =>
  (proposal) =>
    isInMission(proposal) ? check(proposal) : undefined;

const isOnTask = (proposal: MissionProposal): proposal is TaskProposal => proposal.task !== undefined;

/** A check for messages that name a Task of their mission. */
export const onTask = (check: Check<TaskProposal>): Check =>
  inMission((proposal) => (isOnTask(proposal) ? check(proposal) : undefined));

/** The entry that a decision appends, without what only the log knows. */
export interface Decision {
  readonly outcome: 'accepted';
  readonly entry: Omit<Entry, 'pendingFrom' | 'fingerprints' | 'fold' | 'previous' | 'seal'>;
}
