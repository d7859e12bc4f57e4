import type { StoredEntry } from '../../core/mission/mission-log.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import type { Party } from '../../core/mission/state.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';

/** Dead letters in words for people on call: names and numbers, nothing of what a message says about people. */

/** One dead letter with what it is about. What is absent could not be found. */
export interface Letter {
  readonly notification: Notification;
  readonly party: Party | undefined;
  readonly entry: StoredEntry | 'unreadable' | undefined;
  readonly subscription: Subscription | undefined;
  /** Numbers of the mission's entries in which the hub told people of it. */
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

/** What people were told of it, for those who ask whether they must. */
const warned = ({ warnings }: Letter): string => {
  if (warnings === 'unreadable') return 'only a newer release can read whether anybody has been told: phone';
  return warnings.length === 0
    ? 'nobody has been told by the hub of this message: phone'
    : `told to phone in message ${warnings.join(', ')} of the mission`;
};

/** One line per letter. */
export const line = (letter: Letter): string => {
  const { notification } = letter;
  const { completedAt, attempts, lastAnswer, mission, entry } = notification;
  return `${nameOf(notification)}  given up ${completedAt ?? '?'}  ${whoOf(letter)}: ${whatOf(letter)} (mission ${mission}, message ${entry}), ${attempts} calls, last answer: ${lastAnswer ?? 'none'}${letter.warnings.length === 0 ? '; NOBODY WAS TOLD BY THE HUB' : ''}`;
};

/** Whom to phone: each party once, with how many of its notifications were given up. */
export const calls = (letters: readonly Letter[]): readonly string[] =>
  [...Map.groupBy(letters, whoOf)].map(
    ([who, theirs]) =>
      `${who}: ${theirs[0]?.party?.phone ?? 'the directory has no number'} (${theirs.length} not told)`,
  );

/** Origin of an endpoint: its path may hold a secret. */
const originOf = (endpoint: string): string => (URL.canParse(endpoint) ? new URL(endpoint).origin : 'no URL');

/** Everything there is to know of one. */
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
      : `subscription  ${subscription.status}, ${originOf(subscription.endpoint)}, ${subscription.failures} calls in a row without answer${subscription.error === undefined ? '' : `, last: ${subscription.error}`}`,
    ...(subscription?.status === 'off'
      ? ['              it is off: redriving will fail again, discard it when the party knows']
      : []),
    `pull          Subscription/${notification.subscription}/$events?eventsSinceNumber=${notification.number}&eventsUntilNumber=${notification.number}`,
  ];
};
