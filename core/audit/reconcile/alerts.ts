import type { LoggedEntry } from './logged.ts';
import type { Said } from './read-text.ts';

/** Whether people were alerted that a party has not been notified of an entry (docs/mission-rules.md, 16). */

interface Alert {
  readonly number: number;
  readonly event: string;
  readonly organisation: string;
  /** The entry that the party misses. */
  readonly entry: number;
  readonly reason: string | undefined;
  readonly receivedAt: string;
}

/** A party that does not have an entry. */
export interface Unnotified {
  readonly entry: LoggedEntry;
  readonly event: string;
  readonly organisation: string;
  /** Which alert the rules ask for. */
  readonly needs: 'any-alert' | 'delivery-failed' | 'none';
  /** An earlier alert about the party was in force when the entry was accepted. */
  readonly isKnown: boolean;
}

/** The fan-out writes its alerts before it is completed; clocks of functions differ. */
const slackMilliseconds = 60_000;

/** Collects the alerts of one mission, in the order of its log. */
export const alertLog = () => {
  const alerts: Alert[] = [];
  const lastHeard = new Map<string, number>();
  return {
    add: ({ sender, number, receivedAt }: LoggedEntry, { event, undelivered }: Said): void => {
      lastHeard.set(sender, number);
      if (sender === 'luftbro' && undelivered !== undefined)
        alerts.push({ number, event, receivedAt, reason: undefined, ...undelivered });
    },

    /** Once alerted, people are not alerted again until the hub has had a message of the party. */
    inForce: (organisation: string): boolean =>
      alerts.some((alert) => alert.organisation === organisation && alert.number > (lastHeard.get(organisation) ?? 0)),

    /** Whether people know that a party does not have an entry. To be asked when the whole log was read. */
    covers: ({ entry, organisation, isKnown }: Unnotified): boolean => {
      const until = Date.parse(entry.fanOutCompletedAt ?? entry.receivedAt) + slackMilliseconds;
      return (
        isKnown ||
        alerts.some(
          (alert) =>
            alert.organisation === organisation &&
            (alert.entry === entry.number ||
              (alert.reason === 'no-subscription' && alert.entry <= entry.number) ||
              (alert.number > entry.number && Date.parse(alert.receivedAt) <= until)),
        )
      );
    },

    /** Whether people were alerted that the hub stopped trying. */
    saysGivenUp: ({ entry, organisation }: Unnotified): boolean =>
      alerts.some(
        (alert) =>
          alert.event === 'delivery-failed' && alert.organisation === organisation && alert.entry === entry.number,
      ),
  };
};

export type AlertLog = ReturnType<typeof alertLog>;
