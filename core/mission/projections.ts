import type { Urgency } from '../../schemas/codes.ts';
import type { MissionState, TaskState } from './state.ts';

/** A Task of a party's worklist, with the mission facts a list needs. */
export interface WorklistItem {
  readonly task: TaskState;
  readonly mission: string;
  readonly exercise: boolean;
  readonly urgency: Urgency;
  /** Organisation number. */
  readonly coordinator: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page starts, opaque. */
  readonly next?: string;
}

/** The two lists of a worklist: Tasks in progress, and Tasks in a final status. */
export type ListName = 'open' | 'closed';

/** Place of a Task in its list. It never changes, so that a Task that changes between two pages is not passed over. */
export const placeOfTask = ({ openedAt, id }: Pick<TaskState, 'openedAt' | 'id'>): string => `${openedAt}#${id}`;

/** Open Tasks with the longest waiting first, closed ones with the newest first. A page begins after a place (`placeOfTask`). */
type TaskList = (organisation: string, list: ListName, limit: number, from?: string) => Promise<Page<WorklistItem>>;

export interface Worklist {
  /** Stores a Task as of an entry, with the deadline it waits for. An older entry never overwrites a newer one. */
  put(task: TaskState, state: MissionState): Promise<void>;
  /** The Tasks that an organisation owns. */
  list: TaskList;
  /** The Tasks that an organisation has asked for. */
  asked: TaskList;
}

/** Reads across missions: the readiness of resources, and the missions of one large event. */
export interface Overview {
  /** Stores the readiness of a resource as of an entry of its log. An older entry never overwrites a newer one. */
  putReadiness(state: MissionState): Promise<void>;
  /** The states of an operator's resources, those in exercises included. */
  readinessOf(operator: string): Promise<readonly MissionState[]>;
  /**
   * Links a mission to its incident: for everybody, for these parties of it, and for these organisations to which it opens the
   * incident. Incidents of exercises are separate.
   */
  link(state: MissionState, organisations: IncidentLink): Promise<void>;
  /** Missions of an incident, the first opened first, `limit` at most: all, or those linked for an organisation. */
  missionsOf(
    incident: Incident,
    exercise: boolean,
    list: IncidentList,
    limit: number,
  ): Promise<readonly LinkedMission[]>;
}

/** A mission of an incident, and when it was opened, ISO 8601. */
export interface LinkedMission {
  readonly mission: string;
  readonly openedAt: string;
}

/** Organisation numbers. */
export interface IncidentLink {
  readonly parties: readonly string[];
  readonly shares: readonly string[];
}

export type IncidentList =
  | { readonly list: 'all' }
  | { readonly list: 'of-party' | 'shared-with'; readonly organisation: string };

export interface Incident {
  readonly system: string;
  readonly value: string;
}
