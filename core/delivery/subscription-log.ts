import type { NumberedNotification } from '../mission/mission-log.ts';
import type { Attempt, EndpointHealth, Notification, Subscriber, Subscription } from './subscription.ts';

export interface SubscriptionLog {
  create(subscription: Subscription, dueAt: string): Promise<void>;
  subscription(id: string): Promise<Subscription | undefined>;
  subscriptionsOf(organisation: string): Promise<readonly Subscription[]>;
  /** Notes how it stands with the endpoint, unless the status, the outage or the settings are not those that were seen: `false`. What is `off` stays off. */
  saveEndpointHealth(
    seen: Pick<Subscription, 'id' | 'status' | 'revision' | 'failingSince'>,
    contact: EndpointHealth,
  ): Promise<boolean>;
  /**
   * Counts one more call that an active endpoint has not answered: how many in a row that makes, each of those that happen
   * at once counted, and since when; nothing if it is not active any more or its settings were changed.
   */
  countFailure(
    seen: Pick<Subscription, 'id' | 'revision'>,
    error: string,
    at: string,
  ): Promise<{ readonly failures: number; readonly failingSince: string } | undefined>;
  /** Takes the one probe of an open circuit: `false` if another has it. The circuit stays open until then. */
  claimProbe(seen: Pick<Subscription, 'id' | 'revision' | 'retryAt'>, until: string): Promise<boolean>;
  /** Ends the subscription for good; nothing is owed to its endpoint any more. */
  turnOff(id: string): Promise<void>;
  /**
   * Changes the settings (all but id, organisation and numbers), unless somebody changed them since: `false`.
   * `contactDueAt`: it begins anew as `requested`, and a handshake is owed by then.
   */
  change(changed: Subscription, contactDueAt?: string): Promise<boolean>;
  /** Subscriptions of these organisations that want notifications now, in one consistent read. */
  subscribers(organisations: readonly string[]): Promise<readonly Subscriber[]>;
  /**
   * Numbers the notification of an entry by one conditional update.
   * Asked again for the same entry it gives the same number; `passed` if a later entry of the mission has been numbered;
   * `full` if the subscription takes no further mission, whoever tries.
   * `asOf`: milliseconds at which the entry was known to owe. `forgotThrough`, and no number, if the mission may have been forgotten
   * since: whoever was held up for so long would number anew what is told already.
   */
  number(
    subscription: string,
    mission: string,
    entry: number,
    asOf: number,
  ): Promise<
    { readonly number: number; readonly previous?: number } | { readonly forgotThrough: number } | 'passed' | 'full'
  >;
  /** The number that was given to an entry before; nothing if it was not numbered, or if a later entry of the mission was. */
  numbered(
    subscription: string,
    mission: string,
    entry: number,
  ): Promise<{ readonly number: number; readonly previous?: number } | undefined>;
  /** Writes a notification with its debt, unless it is written. */
  write(notification: Notification, dueAt: string): Promise<void>;
  notification(subscription: string, number: number): Promise<Notification | undefined>;
  notifications(
    keys: readonly Pick<NumberedNotification, 'subscription' | 'number'>[],
  ): Promise<readonly Notification[]>;
  /** Notifications `from` to `to`, both included, in order. */
  range(subscription: string, from: number, to: number): Promise<readonly Notification[]>;
  record(subscription: string, number: number, attempt: Attempt): Promise<void>;
}
