/** What the auditor finds. Organisation and mission numbers only: no person, no word of a message. */

export const findingKinds = {
  missing: 'was entitled, was not notified, and nobody was alerted',
  'subscription-missing': 'was not notified through this subscription',
  unexpected: 'was notified and is not entitled',
  'receipt-differs': 'has a receipt that is missing, or that names another entry or party',
  twice: 'was notified twice of one entry through one subscription',
  late: 'has a notification that has been pending for too long',
  'fan-out-late': 'the fan-out has been pending for too long',
} as const;

export type FindingKind = keyof typeof findingKinds;

export interface Finding {
  readonly kind: FindingKind;
  readonly mission: string;
  readonly entry: number;
  /** Name of the message. */
  readonly event: string;
  readonly organisation?: string;
  /** Notification, as `<subscription>.<number>`, or the subscription. */
  readonly at?: string;
  /** ISO 8601: since when it is pending. */
  readonly since?: string;
}

/** The result of a run. */
export interface Reconciled {
  readonly missions: number;
  readonly entries: number;
  /** Receipts that were compared. */
  readonly notifications: number;
  readonly delivered: number;
  readonly pending: number;
  /** When the oldest pending one was written, ISO 8601. */
  readonly pendingSince?: string;
  readonly givenUp: number;
  /** A party has no delivered notification of an entry, and people were alerted to phone it. */
  readonly alerted: number;
  /** A party's own filters exclude the entry. */
  readonly filtered: number;
  /** Whether a party had to be notified depends on a filter or a directory that was changed meanwhile. */
  readonly notKnown: number;
  /** Entries whose text the auditor cannot read, and all later ones of their missions. */
  readonly unreadable: number;
  /** From the acceptance of a message to the answer of the receiver. */
  readonly slowest?: Delivery;
  /** All findings, and the first of them. */
  readonly found: Readonly<Record<FindingKind, number>>;
  readonly findings: readonly Finding[];
}

export interface Delivery {
  readonly milliseconds: number;
  readonly mission: string;
  readonly entry: number;
  readonly organisation: string;
}
