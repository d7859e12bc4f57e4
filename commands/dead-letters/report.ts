import type { StoredEntry } from '../../core/mission/mission-log.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import type { Party } from '../../core/mission/state.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';

/** Dead letters as text for people on call: names and numbers, no content of a message. */

/** One dead letter with what it refers to. A property is `undefined` if it was not found. */
export interface Letter {
  readonly notification: Notification;
  readonly party: Party | undefined;
  readonly entry: StoredEntry | 'unreadable' | undefined;
  readonly subscription: Subscription | undefined;
  /** Numbers of the mission's entries in which the hub warned people about it. */
  readonly warnings: readonly number[] | 'unreadable';
}

export const nameOf = ({ subscription, number }: Notification): string => `${subscription}.${number}`;

/** `<subscription>.<number>`, as `webhook-id` and the list show it. */
export const readName = (text: string): { readonly subscription: string; readonly number: number } | undefined => {
  const [, subscription, number] = /^([0-9a-f-]{36})\.(\d{1,9})$/.exec(text) ?? [];
  return subscription === undefined || number === undefined ? undefined : { subscription, number: Number(number) };
};

const whoOf = ({ party, notification }: Letter): string => party?.name ?? notification.organisation;

const whatOf = ({ entry }: Letter): string => {
  if (entry === undefined) return 'an entry that is not in the log';
  if (entry === 'unreadable') return 'an entry that only a newer release can read';
  return `${entry.exercise ? 'exercise, ' : ''}${knownMessageType(entry.event).title}`;
};

/** Whether the hub has warned people, and what the operator must do. */
const warned = ({ warnings }: Letter): string => {
  if (warnings === 'unreadable') return 'only a newer release can read whether the hub has warned anybody: phone';
  return warnings.length === 0
    ? 'the hub has warned nobody about this message: phone'
    : `asked to phone in message ${warnings.join(', ')} of the mission`;
};

/** One line per letter. */
export const line = (letter: Letter): string => {
  const { notification } = letter;
  const { completedAt, attempts, lastAnswer, mission, entry } = notification;
  return `${nameOf(notification)}  given up ${completedAt ?? '?'}  ${whoOf(letter)}: ${whatOf(letter)} (mission ${mission}, message ${entry}), ${attempts} calls, last answer: ${lastAnswer ?? 'none'}${letter.warnings.length === 0 ? '; THE HUB HAS WARNED NOBODY' : ''}`;
};

/** Whom to phone: each party once, with how many of its notifications were given up. */
export const calls = (letters: readonly Letter[]): readonly string[] =>
  [...Map.groupBy(letters, whoOf)].map(
    ([who, theirs]) =>
      `${who}: ${theirs[0]?.party?.phone ?? 'the directory has no number'} (${theirs.length} not delivered)`,
  );

/** Origin of an endpoint; its path may hold a secret. */
const originOf = (endpoint: string): string => (URL.canParse(endpoint) ? new URL(endpoint).origin : 'no URL');

/** Everything that is known of one letter. */
export const details = (letter: Letter): readonly string[] => {
  const { notification, subscription, party, entry } = letter;
  return [
    line(letter),
    `organisation  ${notification.organisation} ${whoOf(letter)}, phone ${party?.phone ?? 'not in the directory'}`,
    `urgency       ${typeof entry === 'object' ? entry.state.urgency : 'unknown'}`,
    `written       ${notification.writtenAt}, first tried ${notification.firstTriedAt ?? 'never'}, last tried ${notification.lastAttemptAt ?? 'never'}`,
    ...(notification.redrivenAt === undefined ? [] : [`redriven      ${notification.redrivenAt}`]),
    `people        ${warned(letter)}`,
    subscription === undefined
      ? 'subscription  not found'
      : `subscription  ${subscription.status}, ${originOf(subscription.endpoint)}, ${subscription.failures} calls in a row without an answer${subscription.failedCall === undefined ? '' : `, last: ${subscription.failedCall.call}, ${subscription.failedCall.result} at ${subscription.failedCall.at}`}`,
    ...(subscription?.status === 'off'
      ? ['              it is off: redriving will fail again. Discard the letter when the party has been informed']
      : []),
    `pull          Subscription/${notification.subscription}/$events?eventsSinceNumber=${notification.number}&eventsUntilNumber=${notification.number}`,
  ];
};
