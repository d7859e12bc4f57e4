/** What was read, by how it is asked for; each is told of in `views/audit-event.ts`. */

import type { MissionRole, Role } from '../../schemas/codes.ts';

export type Reading =
  | 'mission'
  | 'story'
  | 'chapter'
  | 'task'
  | 'tasks'
  | 'message'
  | 'part'
  | 'receipts'
  | 'accesses'
  | 'worklist'
  | 'incident'
  | 'resources'
  | 'events';
/** What an answer shows of one mission. */
export interface Shown {
  readonly mission: string;
  readonly exercise: boolean;
  /** What the reader was in the mission then; nothing for who has no part in it. */
  readonly relation: readonly MissionRole[];
  /** Entries of its log that the answer draws on, or places in them: `3`, `3.0`. */
  readonly parts: readonly string[];
}

/** One read of missions: who, as what, when, what. Numbers and codes only, nothing that a message says. */
export interface Access {
  /** ISO 8601, the hub's clock. */
  readonly at: string;
  /** Organisation number of the party that read, and of the supplier whose system did it for the party. */
  readonly organisation: string;
  readonly supplier?: string;
  readonly role: Role;
  /** Name of the client in its token. */
  readonly client: string;
  readonly reading: Reading;
  /** `refused`: the reader was told that there is nothing, whether or not there is such a mission. */
  readonly outcome: 'shown' | 'refused';
  readonly missions: readonly Shown[];
  /** Correlation id of the request. */
  readonly request: string;
}

/** An access as it is kept: chained to the one before it by digest, so that what is changed or taken away shows. */
export interface AccessRecord {
  /** A mission's number; or day, organisation and client of who read lists. */
  readonly chain: string;
  /** 1, 2, 3 … per chain, without a gap. */
  readonly number: number;
  /** Digest of the record before; empty for the first. */
  readonly previous: string;
  readonly digest: string;
  readonly access: Access;
}

/** The newest record of a chain, as noted after it was written. */
export type AccessHead = Pick<AccessRecord, 'number' | 'digest'>;
/** Who read what. Records are added and read, never changed. */
export interface AccessLog {
  /** The newest record of a chain, read consistently. */
  last(chain: string): Promise<AccessRecord | undefined>;
  /** Writes the record and notes it as the newest, unless its number is taken by another one. */
  append(record: AccessRecord): Promise<'appended' | 'taken'>;
  /** So many records from a number on, in order. */
  range(chain: string, from: number, limit: number): Promise<readonly AccessRecord[]>;
  head(chain: string): Promise<AccessHead | undefined>;
  /** Notes that a chain other than the mission's own names the mission. */
  link(mission: string, chain: string): Promise<void>;
  /** Chains other than its own that name a mission, in order. */
  chainsNaming(mission: string): Promise<readonly string[]>;
}

export interface Caller {
  readonly organisation: string;
  readonly role: Role;
}
