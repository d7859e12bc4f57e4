import type { MissionLog } from '../../../core/mission/mission-log.ts';
import type { DeliveryContext, DeliveryContexts } from '../../../core/delivery/delivery-context.ts';
import type { Attempt, Notifications } from '../../../core/delivery/notifications.ts';
import { hub } from '../../../core/mission/state.ts';
import { log } from './log.ts';
import { countDelivery, countHubMessage } from './metrics.ts';

/** Ports that log and count what is written through them, once for each write, whichever use case writes. */

/** Logs and counts the hub's own messages. A message of a partner is logged where it is answered. */
export const instrumented = (missions: MissionLog): MissionLog => ({
  ...missions,
  append: async (entry, dueAt) => {
    const appended = await missions.append(entry, dueAt);
    if (appended === 'appended' && entry.sender === hub.organisation) {
      const { event, mission, number, correlationId } = entry;
      log('HUB_MESSAGE_STORED', { event, mission, entry: number, correlationId });
      countHubMessage(entry);
    }
    return appended;
  },
});

const outcomeOf = ({ status, called }: Attempt): 'delivered' | 'given-up' | 'retry' | 'not-called' => {
  switch (status) {
    case 'delivered':
      return 'delivered';
    case 'failed':
      return 'given-up';
    case 'pending':
      return called ? 'retry' : 'not-called';
  }
};

const logAttempt = ({ notification, entry }: DeliveryContext, attempt: Attempt): void => {
  if (notification === undefined || entry === undefined) return;
  const { subscription, number, mission } = notification;
  log(attempt.status === 'pending' ? 'DELIVERY_RETRIED' : 'DELIVERY_COMPLETED', {
    subscription,
    number,
    mission,
    entry: entry.number,
    outcome: outcomeOf(attempt),
    answer: attempt.answer,
    correlationId: entry.correlationId,
  });
  countDelivery(entry, notification, attempt);
};

/** Logs and counts each attempt of one delivery job. The attempt has the result, the delivery context the entry. */
export const instrumentedDelivery = <Ports extends Pick<Notifications, 'record'>>(
  contexts: DeliveryContexts,
  notifications: Ports,
): { readonly contexts: DeliveryContexts; readonly notifications: Ports } => {
  const opened = new Map<string, DeliveryContext>();
  const nameOf = (subscription: string, number: number): string => `${subscription}.${number}`;
  return {
    contexts: {
      load: async (job) => {
        const found = await contexts.load(job);
        opened.set(nameOf(job.subscription, job.number), found);
        return found;
      },
    },
    notifications: {
      ...notifications,
      record: async (subscription, number, attempt) => {
        await notifications.record(subscription, number, attempt);
        logAttempt(opened.get(nameOf(subscription, number)) ?? { sources: [] }, attempt);
      },
    },
  };
};
