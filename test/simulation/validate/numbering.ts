import type { Notification } from '../../../core/delivery/notifications.ts';
import { idleAfterMilliseconds } from '../../../core/mission/idle.ts';
import type { World } from '../world.ts';
import {
  clocksAhead,
  appendTimes,
  creationTimes,
  entryKey,
  type Facts,
  fanOutTimes,
  nameOf,
  requestWithin,
  second,
} from './facts.ts';
import type { OnViolation } from './invariants.ts';

/** Whether the numbers of each subscription are complete and in order, and whether endpoints see them so. */

/**
 * Numbers that may have no notification, or a late one: two processes fanned the entry out at once, the subscription was
 * made or changed between their reads, and the one that numbered it crashed or was paused (docs/simulation.md, "Known limits").
 * Before the fan-out is completed, the second process is one that helps with the earlier entries of a later message.
 */
const disputedNumbers = (world: World): ReadonlySet<string> => {
  const { history } = world;
  const createdAt = creationTimes(world);
  const appendedAt = appendTimes(world);
  const completedAt = fanOutTimes(world);
  const never = Number.POSITIVE_INFINITY;
  return new Set(
    history.numbered.flatMap(({ at, subscription, number, mission, entry }) => {
      const key = entryKey(mission, entry);
      const appended = appendedAt.get(key) ?? 0;
      const completed = completedAt.get(key) ?? never;
      const isNew = (createdAt.get(subscription) ?? never) >= appended;
      const hasHelper = (appendedAt.get(entryKey(mission, entry + 1)) ?? never) <= at;
      const isRefiltered = history.filterChanges.some(
        (change) =>
          change.subscription === subscription && change.at >= appended - requestWithin && change.at <= completed,
      );
      return isNew || at >= completed || (hasHelper && isRefiltered) ? [`${subscription}.${number}`] : [];
    }),
  );
};

/** Clocks may differ by this, milliseconds. */
const clockTolerance = 10 * second;

/** After an idle time the first notification of a mission names none before it, if no earlier one is pending. */
const mayStartAgain = (before: Notification, { writtenAt }: Notification): boolean => {
  const isCompleted =
    before.redrivenAt !== undefined || Date.parse(before.completedAt ?? '') < Date.parse(writtenAt) + clockTolerance;
  return isCompleted && Date.parse(before.writtenAt) + idleAfterMilliseconds - clockTolerance < Date.parse(writtenAt);
};

export const numbersAreComplete = ({ world, subscriptions, notifications }: Facts, violated: OnViolation): void => {
  const broken = (detail: string): void => violated('notifications numbered without gaps', detail);
  const written = new Set(
    [...notifications.values()].flat().map(({ subscription, number }) => `${subscription}.${number}`),
  );
  const disputed = disputedNumbers(world);
  for (const { id, lastNumber, status } of subscriptions) {
    const own = notifications.get(id) ?? [];
    // A party that ended the subscription between numbering and writing reads neither.
    const mayBeMissing = (number: number | undefined): boolean => status === 'off' || disputed.has(`${id}.${number}`);
    for (let number = 1; number <= lastNumber; number += 1)
      if (!written.has(`${id}.${number}`) && !mayBeMissing(number))
        broken(`${id} has numbered ${lastNumber}, but ${number} has no notification`);
    for (const { number } of own)
      if (number > lastNumber) broken(`${id} has numbered ${lastNumber}, but written ${number}`);
    for (const [mission, ofMission] of Map.groupBy(own, (one) => one.mission)) {
      for (const [index, notification] of ofMission.entries()) {
        const { number, entry, previous } = notification;
        const before = ofMission[index - 1];
        if (before !== undefined && before.entry >= entry)
          broken(`${id}.${number} is ${mission.slice(0, 4)}#${entry}, after #${before.entry}`);
        // A clock that is ahead finds a mission idle too early; what was removed had been completed.
        const mayBeIdle = (earlier: Notification): boolean =>
          clocksAhead(world) > 0 || mayStartAgain(earlier, notification);
        const startsAgain = previous === undefined && before !== undefined && mayBeIdle(before);
        if (previous !== before?.number && !startsAgain && !mayBeMissing(previous))
          broken(`${id}.${number} names ${previous} before it, but it is ${before?.number}`);
      }
    }
  }
};

interface ReceivedBody {
  readonly kind?: unknown;
  readonly mission?: unknown;
  readonly entry?: unknown;
  readonly messageId?: unknown;
}

export const arrivalsMatch = ({ world, logs, notifications }: Facts, violated: OnViolation): void => {
  const givenUp = new Set<string>(
    [...notifications.values()]
      .flat()
      .flatMap(({ subscription, number, status, redrivenAt }) =>
        status === 'failed' || redrivenAt !== undefined ? [`${subscription}.${number}`] : [],
      ),
  );
  const disputed = disputedNumbers(world);
  const seen = new Set<string>();
  const last = new Map<string, number>();
  for (const { subscription, webhookId, body } of world.endpoints.arrivals) {
    const received: ReceivedBody = JSON.parse(body);
    if (received.kind !== 'event-notification') continue;
    const number = Number(webhookId.slice(webhookId.lastIndexOf('.') + 1));
    const notification = notifications.get(subscription)?.find((one) => one.number === number);
    const entry = logs.get(String(received.mission))?.[Number(received.entry) - 1];
    if (
      notification === undefined ||
      notification.mission !== received.mission ||
      notification.entry !== received.entry ||
      entry?.messageId !== received.messageId ||
      webhookId !== `${subscription}.${number}`
    )
      violated(
        'content matches the number',
        `${webhookId} arrived as ${body}, but its number is ${notification?.mission}#${notification?.entry}`,
      );
    if (seen.has(webhookId)) continue;
    seen.add(webhookId);
    if (givenUp.has(webhookId) || disputed.has(webhookId)) continue;
    const sequence = `${subscription} ${String(received.mission)}`;
    const before = last.get(sequence) ?? 0;
    if (number < before)
      violated('delivered in log order', `${webhookId} first arrived after ${subscription}.${before}`);
    last.set(sequence, Math.max(before, number));
  }
};

/** A mission is idle after ten minutes; if a notification was pending then, it is checked every ten minutes. Milliseconds. */
const removedWithin = 35 * 60 * second;

export const idleMissionsAreRemoved = async (
  { world, logs, notifications, subscriptions }: Facts,
  violated: OnViolation,
): Promise<void> => {
  // The head of an ended subscription gives no more numbers.
  const ended = new Set(subscriptions.filter(({ status }) => status === 'off').map(({ id }) => id));
  const completedAt = new Map<string, number>();
  for (const { at, mission } of world.history.fanOutCompleted) completedAt.set(mission, at);
  for (const [id, own] of notifications) {
    if (ended.has(id)) continue;
    for (const notification of own) {
      const { mission, entry, status } = notification;
      const last = logs.get(mission)?.at(-1);
      const idleSince = Math.max(completedAt.get(mission) ?? 0, Date.parse(notification.completedAt ?? ''));
      if (last === undefined || last.fanOutPending || status === 'pending') continue;
      if (idleSince + removedWithin + clocksAhead(world) > world.scheduler.now()) continue;
      if ((await world.hub.eventNumbers.numbered(id, mission, entry)) !== undefined)
        violated('idle missions removed', `${nameOf(last)} is still in the subscription head of ${id}`);
    }
  }
};
