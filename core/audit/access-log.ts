import type { MissionRole, Role } from '../../schemas/codes.ts';

/**
 * Kinds of read, and whether each is about one mission or lists many. A read of one mission is recorded in that mission's
 * chain, a list in the chain of its reader. `core/fhir/audit-event.ts` gives the request of each kind.
 */
export const readings = {
  mission: 'one-mission',
  history: 'one-mission',
  'history-entry': 'one-mission',
  task: 'one-mission',
  tasks: 'one-mission',
  message: 'one-mission',
  part: 'one-mission',
  receipts: 'one-mission',
  accesses: 'one-mission',
  worklist: 'many-missions',
  missions: 'many-missions',
  incident: 'many-missions',
  resources: 'many-missions',
  events: 'many-missions',
} as const satisfies Readonly<Record<string, 'one-mission' | 'many-missions'>>;

export type Reading = keyof typeof readings;

export interface Caller {
  readonly organisation: string;
  readonly role: Role;
}

/** What an answer shows of one mission. */
export interface Shown {
  readonly mission: string;
  readonly exercise: boolean;
  /** What the reader was in the mission at that time; empty for an organisation that was no party. */
  readonly relation: readonly MissionRole[];
  /** Entries of its log that the answer is made from, or places in them: `3`, `3.0`. */
  readonly parts: readonly string[];
}

/** One read of missions: by which organisation, in which role, when, and what. Numbers and codes only, no content of a message. */
export interface Access {
  /** ISO 8601, the hub's clock. */
  readonly at: string;
  /** Organisation number of the party that read. */
  readonly organisation: string;
  /** Organisation number of the supplier whose system read for the party. */
  readonly supplier?: string;
  readonly role: Role;
  /** Name of the client in its token. */
  readonly client: string;
  readonly reading: Reading;
  /** `refused`: the answer was "not found", whether or not the mission exists. */
  readonly outcome: 'shown' | 'refused';
  readonly missions: readonly Shown[];
  /** Correlation id of the request. */
  readonly request: string;
}

/** An access as it is stored: chained by digest to the record before it, so that a changed or removed record is detected. */
export interface AccessRecord {
  /** A mission's number; or day, organisation and client of a reader of lists. */
  readonly chain: string;
  /** 1, 2, 3 … in each chain, without a gap. */
  readonly number: number;
  /** Digest of the record before; empty for the first. */
  readonly previous: string;
  readonly digest: string;
  readonly access: Access;
}

/** The newest record of a chain, as noted after it was written. */
export type AccessHead = Pick<AccessRecord, 'number' | 'digest'>;

/** The stored accesses. Records are added and read, never changed. */
export interface AccessLog {
  /** The newest record of a chain, read consistently. */
  last(chain: string): Promise<AccessRecord | undefined>;
  /** Writes the record and notes it as the newest, unless its number is taken by another one. */
  append(record: AccessRecord): Promise<'appended' | 'taken'>;
  /** Up to `limit` records of a chain in order, starting with the number `from`. */
  range(chain: string, from: number, limit: number): Promise<readonly AccessRecord[]>;
  head(chain: string): Promise<AccessHead | undefined>;
  /** Notes that a chain other than the mission's own names the mission. */
  link(mission: string, chain: string): Promise<void>;
  /** Chains other than its own that name a mission, in order. */
  chainsNaming(mission: string): Promise<readonly string[]>;
}
