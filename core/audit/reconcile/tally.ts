import type { Delivery, Finding, FindingKind, Reconciled } from './findings.ts';

/** Counts what the auditor sees, of one mission and of all. */
export interface Tally {
  entries: number;
  notifications: number;
  delivered: number;
  pending: number;
  givenUp: number;
  alerted: number;
  filtered: number;
  notKnown: number;
  unreadable: number;
  pendingSince: string | undefined;
  slowest: Delivery | undefined;
  readonly findings: Finding[];
  /** Keeps the older of the time and the one that is known, ISO 8601. */
  olderOf(since: string): void;
  /** Keeps the slower delivery. */
  slowerOf(delivery: Delivery): void;
}

export const emptyTally = (): Tally => ({
  entries: 0,
  notifications: 0,
  delivered: 0,
  pending: 0,
  givenUp: 0,
  alerted: 0,
  filtered: 0,
  notKnown: 0,
  unreadable: 0,
  pendingSince: undefined,
  slowest: undefined,
  findings: [],
  olderOf(since) {
    if (this.pendingSince === undefined || since < this.pendingSince) this.pendingSince = since;
  },
  slowerOf(delivery) {
    if (this.slowest === undefined || delivery.milliseconds > this.slowest.milliseconds) this.slowest = delivery;
  },
});

/** Findings that are kept; all are counted. */
const mostFindings = 1_000;

const counted = [
  'entries',
  'notifications',
  'delivered',
  'pending',
  'givenUp',
  'alerted',
  'filtered',
  'notKnown',
  'unreadable',
] as const;

/** Adds up the tallies of missions. */
export const totals = () => {
  const sum = emptyTally();
  const found: Record<FindingKind, number> = {
    missing: 0,
    'subscription-missing': 0,
    unexpected: 0,
    'receipt-differs': 0,
    twice: 0,
    late: 0,
    'fan-out-late': 0,
  };
  const addFindings = (findings: readonly Finding[]): void => {
    for (const finding of findings) {
      found[finding.kind] += 1;
      if (sum.findings.length < mostFindings) sum.findings.push(finding);
    }
  };
  return {
    add: (tally: Tally): void => {
      for (const name of counted) sum[name] += tally[name];
      if (tally.pendingSince !== undefined) sum.olderOf(tally.pendingSince);
      if (tally.slowest !== undefined) sum.slowerOf(tally.slowest);
      addFindings(tally.findings);
    },
    addFindings,
    result: (missions: number): Reconciled => {
      const { findings, pendingSince, slowest } = sum;
      const { entries, notifications, delivered, pending, givenUp, alerted, filtered, notKnown, unreadable } = sum;
      return {
        missions,
        entries,
        notifications,
        delivered,
        pending,
        ...(pendingSince === undefined ? {} : { pendingSince }),
        givenUp,
        alerted,
        filtered,
        notKnown,
        unreadable,
        ...(slowest === undefined ? {} : { slowest }),
        found,
        findings,
      };
    },
  };
};
