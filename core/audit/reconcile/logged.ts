/**
 * What the auditor reads. These are its own types: they have only what was stored as evidence (the sender's text, who sent it, the
 * receipts, the subscriptions), and nothing that the hub derived from it (recipients, facts, state).
 */

/** An entry of a mission's log, as far as the auditor trusts it. */
export interface LoggedEntry {
  readonly mission: string;
  readonly number: number;
  /** Organisation number of the sender, from its token; `luftbro` for the hub. */
  readonly sender: string;
  /** ISO 8601. */
  readonly receivedAt: string;
  /** The message, as it was sent. */
  readonly text: string;
  /** Organisation number that the hub chose as the owner of a new Task. Read only where the directory of that time is not known. */
  readonly owner?: string;
  readonly fanOutPending: boolean;
  /** ISO 8601. */
  readonly fanOutCompletedAt?: string;
  /** Where the receipts of the entry are. */
  readonly notified: readonly ReceiptName[];
}

export interface ReceiptName {
  readonly subscription: string;
  readonly number: number;
}

/** A notification that was written: the receipt. Times are ISO 8601. */
export interface Receipt extends ReceiptName {
  readonly organisation: string;
  readonly mission: string;
  readonly entry: number;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly writtenAt: string;
  readonly redrivenAt?: string;
  readonly completedAt?: string;
}

/** A subscription, also one that has ended. Times are ISO 8601. */
export interface StoredSubscription {
  readonly id: string;
  readonly organisation: string;
  readonly createdAt: string;
  /** Absent: its filter was never changed. */
  readonly filterChangedAt?: string;
  /** Absent: it has not ended. */
  readonly endedAt?: string;
  readonly isOff: boolean;
  readonly filter: {
    readonly events?: readonly string[];
    readonly urgencies?: readonly string[];
    readonly missions?: readonly string[];
    readonly roles?: readonly string[];
  };
}

/** The directory as it is now. */
export interface KnownParties {
  roleOf(organisation: string): string | undefined;
  /** Organisation numbers of the parties of a role. */
  ofRole(role: string): readonly string[];
  /** Organisation number of the AMK LA that covers a municipality. */
  covering(municipality: string): string | undefined;
  /** Since when it is so, ISO 8601; absent: not known. */
  readonly loadedAt?: string;
}

export interface ReconcilePorts {
  /** All subscriptions, and the missions (and readiness logs) with an entry received since then. */
  survey(since: string | undefined): Promise<{
    readonly subscriptions: readonly StoredSubscription[];
    readonly missions: readonly string[];
  }>;
  /** The whole log of a mission in order, in parts, so that a long one is not held at once. */
  log(mission: string): AsyncIterable<readonly LoggedEntry[]>;
  receipts(names: readonly ReceiptName[]): Promise<readonly Receipt[]>;
  /** Receipts of a subscription that were written since then, in any order. */
  receiptsOf(subscription: string, since: string | undefined): AsyncIterable<Receipt>;
  readonly parties: KnownParties;
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
}
