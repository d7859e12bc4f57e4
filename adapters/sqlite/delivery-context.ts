import type { DeliveryContext, DeliveryContexts } from '../../core/delivery/delivery-context.ts';
import type { Notifications } from '../../core/delivery/notifications.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import { prearrivalBeforeDiversion } from '../../core/mission/diversion.ts';
import type { MissionLog } from '../../core/mission/mission-log.ts';
import { loadSources } from '../../core/mission/sources.ts';
import { defined } from '../../schemas/defined.ts';

interface Stores {
  readonly missions: MissionLog;
  readonly subscriptions: Pick<Subscriptions, 'read'>;
  readonly notifications: Pick<Notifications, 'read'>;
}

/** What a delivery needs, by the other ports: each read takes microseconds, so there is nothing to gain from the hints of the job. */
export const deliveryContexts = ({ missions, subscriptions, notifications }: Stores): DeliveryContexts => ({
  async load(job) {
    const subscription = await subscriptions.read(job.subscription);
    const notification = await notifications.read(job.subscription, job.number);
    const previous = job.previous === undefined ? undefined : await notifications.read(job.subscription, job.previous);
    const entry = await missions.entry(job.mission, job.entry);
    const isComplete = entry !== undefined && notification !== undefined;
    const context: DeliveryContext = defined({
      subscription,
      notification,
      previous,
      entry,
      sources: isComplete ? await loadSources(missions, entry, notification.organisation) : [],
      announced: isComplete ? await prearrivalBeforeDiversion(missions, entry, notification.organisation) : undefined,
    });
    return context;
  },
});
