import type { Facts } from './facts.ts';
import type { OnViolation } from './invariants.ts';

/** Whether the numbers of each subscription are complete and in order, and whether endpoints see them so. */

export const numbersAreComplete = ({ notifications }: Facts, violated: OnViolation): void => {
  const broken = (detail: string): void => violated('notifications numbered without gaps', detail);
  for (const [id, own] of notifications) {
    for (const [index, { number }] of own.entries())
      if (number !== index + 1) broken(`${id} has ${own.length} notifications, and ${number} is number ${index + 1}`);
    for (const [mission, ofMission] of Map.groupBy(own, (one) => one.mission)) {
      for (const [index, { number, entry, previous }] of ofMission.entries()) {
        const before = ofMission[index - 1];
        if (before !== undefined && before.entry >= entry)
          broken(`${id}.${number} is ${mission.slice(0, 4)}#${entry}, after #${before.entry}`);
        if (previous !== before?.number)
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
    if (givenUp.has(webhookId)) continue;
    const sequence = `${subscription} ${String(received.mission)}`;
    const before = last.get(sequence) ?? 0;
    if (number < before)
      violated('delivered in log order', `${webhookId} first arrived after ${subscription}.${before}`);
    last.set(sequence, Math.max(before, number));
  }
};
