import { prearrivalBeforeDiversion } from '../../core/mission/diversion.ts';
import { loadSources } from '../../core/mission/sources.ts';
import type { Obligations } from '../../core/delivery/obligations.ts';
import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import type { DeliveryContexts } from '../../core/delivery/delivery-context.ts';
import { callSlots } from '../../adapters/in-process/call-slots.ts';
import { stubChannel } from './channel.ts';
import { manualClock } from './clock.ts';
import { memoryObligations } from './obligations.ts';
import { memoryQueue } from './delivery-queue.ts';
import { memoryMissionLists } from './mission-lists.ts';
import { memoryMissionLog } from './mission-log.ts';
import { directory } from '../support/messages.ts';
import { memoryOverview } from './overview.ts';
import { memoryEndpointHealth } from './endpoint-health.ts';
import { memoryNotifications } from './notifications.ts';
import { memoryPlaces } from './places.ts';
import { subscriptionStore } from './subscription-store.ts';
import { memorySubscriptions } from './subscriptions.ts';
import { memoryWorklist } from './worklist.ts';

/** All ports of the hub in memory, over one clock. */
export const memoryHub = (clock = manualClock(), store = subscriptionStore(), window?: number) => {
  const missions = memoryMissionLog(window);
  const subscriptions = memorySubscriptions(store);
  const endpointHealth = memoryEndpointHealth(store);
  const places = memoryPlaces(store);
  const notifications = memoryNotifications(store);
  const worklist = memoryWorklist();
  const obligations: Obligations = memoryObligations(missions, subscriptions, notifications, worklist);
  const deadLetters: DeadLetters = {
    list: (...args) => notifications.list(...args),
    redrive: (...args) => notifications.redrive(...args),
    discard: (...args) => notifications.discard(...args),
  };
  const contexts: DeliveryContexts = {
    load: async (job) => {
      const [subscription, notification, previous, entry] = await Promise.all([
        subscriptions.read(job.subscription),
        notifications.read(job.subscription, job.number),
        job.previous === undefined ? undefined : notifications.read(job.subscription, job.previous),
        missions.entry(job.mission, job.entry),
      ]);
      const sources =
        entry === undefined || notification === undefined
          ? []
          : await loadSources(missions, entry, notification.organisation);
      const announced =
        entry === undefined || notification === undefined
          ? undefined
          : await prearrivalBeforeDiversion(missions, entry, notification.organisation);
      return {
        ...(announced === undefined ? {} : { announced }),
        ...(subscription === undefined ? {} : { subscription }),
        ...(notification === undefined ? {} : { notification }),
        ...(previous === undefined ? {} : { previous }),
        ...(entry === undefined ? {} : { entry }),
        sources,
      };
    },
  };
  return {
    clock,
    store,
    now: () => clock.now(),
    missions,
    subscriptions,
    endpointHealth,
    places,
    notifications,
    obligations,
    contexts,
    worklist,
    overview: memoryOverview(),
    missionLists: memoryMissionLists(),
    directory,
    lanes: { quick: memoryQueue(clock, 'quick'), slow: memoryQueue(clock, 'slow') },
    slots: callSlots(),
    deadLetters,
    channel: stubChannel(),
  };
};

export type MemoryHub = ReturnType<typeof memoryHub>;
