import type { Urgency } from '../../schemas/codes.ts';
import type { MissionState, TaskState } from './state.ts';

/** A Task of a party's worklist, with the mission facts a list needs. */
export interface WorklistItem {
  readonly task: TaskState;
  readonly mission: string;
  readonly exercise: boolean;
  readonly urgency: Urgency;
  /** Organisation number; items of the first release do not say it. */
  readonly coordinator?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page starts, opaque. */
  readonly next?: string;
}

export interface Worklist {
  /** Notes a Task as of an entry, and the deadline it waits for; an older entry never overwrites a newer one. */
  put(task: TaskState, state: MissionState): Promise<void>;
  /** Open Tasks by who has waited longest, closed ones newest first; a page ends at `<Task.changedAt>#<Task.id>`. */
  list(owner: string, open: boolean, limit: number, from?: string): Promise<Page<WorklistItem>>;
}

/** What is seen across missions: how ready the resources are, and which missions belong to one large event. */
export interface Overview {
  /** Notes the readiness of a resource as of an entry of its log; an older entry never overwrites a newer one. */
  putReadiness(state: MissionState): Promise<void>;
  /** The logs of an operator's resources as of their newest entries, exercises among them. */
  readinessOf(operator: string): Promise<readonly MissionState[]>;
  /** Notes that a mission belongs to its incident; exercises have incidents of their own. */
  link(state: MissionState): Promise<void>;
  /** Missions of an incident, in no order. */
  missionsOf(incident: Incident, exercise: boolean): Promise<readonly string[]>;
}

export interface Incident {
  readonly system: string;
  readonly value: string;
}
