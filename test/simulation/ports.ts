import { announcementOf } from '../../core/mission/announcement.ts';
import type { MissionLog } from '../../core/mission/mission-log.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import type { DeadLetters, Obligations, IdleMissions } from '../../core/delivery/obligations.ts';
import type { DeliveryContexts, DeliveryQueue } from '../../core/delivery/delivery-queue.ts';
import type { SubscriptionLog } from '../../core/delivery/subscription-log.ts';
import { defined } from '../../schemas/defined.ts';
import type { Call, Step } from './process.ts';

/** What the hub keeps: everything but the endpoints, which answer for themselves. */
export interface Kept {
  readonly missions: MissionLog;
  readonly subscriptions: SubscriptionLog;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly obligations: Obligations;
  readonly idleMissions: IdleMissions;
  readonly deadLetters: DeadLetters;
  readonly queue: DeliveryQueue;
}

export type KeptThroughSteps = Kept & { readonly contexts: DeliveryContexts };

/**
 * The same ports, every call a step. The contexts is put together from steps of its own: a batch read of DynamoDB is consistent
 * item by item, not as a whole.
 */
export const throughSteps = (kept: Kept, step: Step): KeptThroughSteps => {
  const read = (name: string): Call => ({ place: 'table', name, writes: false });
  const write = (name: string): Call => ({ place: 'table', name, writes: true });
  const missions: MissionLog = {
    last: (mission) => step(read('missions.last'), () => kept.missions.last(mission)),
    entry: (mission, number) => step(read('missions.entry'), () => kept.missions.entry(mission, number)),
    entries: (...args) => step(read('missions.entries'), () => kept.missions.entries(...args)),
    append: (...args) => step(write('missions.append'), () => kept.missions.append(...args)),
    completeFanOut: (...args) => step(write('missions.settle'), () => kept.missions.completeFanOut(...args)),
  };
  const { subscriptions: log } = kept;
  const subscriptions: SubscriptionLog = {
    create: (...args) => step(write('subscriptions.create'), () => log.create(...args)),
    subscription: (id) => step(read('subscriptions.subscription'), () => log.subscription(id)),
    subscriptionsOf: (...args) => step(read('subscriptions.subscriptionsOf'), () => log.subscriptionsOf(...args)),
    saveEndpointHealth: (...args) => step(write('subscriptions.contact'), () => log.saveEndpointHealth(...args)),
    numbered: (...args) => step(read('subscriptions.numbered'), () => log.numbered(...args)),
    countFailure: (...args) => step(write('subscriptions.missed'), () => log.countFailure(...args)),
    claimProbe: (...args) => step(write('subscriptions.claimProbe'), () => log.claimProbe(...args)),
    turnOff: (id) => step(write('subscriptions.turnOff'), () => log.turnOff(id)),
    change: (...args) => step(write('subscriptions.change'), () => log.change(...args)),
    subscribers: (...args) => step(read('subscriptions.subscribers'), () => log.subscribers(...args)),
    number: (...args) => step(write('subscriptions.number'), () => log.number(...args)),
    write: (...args) => step(write('subscriptions.write'), () => log.write(...args)),
    notification: (...args) => step(read('subscriptions.notification'), () => log.notification(...args)),
    notifications: (...args) => step(read('subscriptions.notifications'), () => log.notifications(...args)),
    range: (...args) => step(read('subscriptions.range'), () => log.range(...args)),
    record: (...args) => step(write('subscriptions.record'), () => log.record(...args)),
  };
  return {
    missions,
    subscriptions,
    worklist: {
      put: (...args) => step(write('worklist.put'), () => kept.worklist.put(...args)),
      list: (...args) => step(read('worklist.list'), () => kept.worklist.list(...args)),
    },
    overview: {
      putReadiness: (...args) => step(write('overview.putReadiness'), () => kept.overview.putReadiness(...args)),
      readinessOf: (...args) => step(read('overview.readinessOf'), () => kept.overview.readinessOf(...args)),
      link: (...args) => step(write('overview.link'), () => kept.overview.link(...args)),
      missionsOf: (...args) => step(read('overview.missionsOf'), () => kept.overview.missionsOf(...args)),
    },
    obligations: {
      due: (...args) => step(read('obligations.due'), () => kept.obligations.due(...args)),
      postpone: (...args) => step(write('obligations.postpone'), () => kept.obligations.postpone(...args)),
    },
    idleMissions: {
      due: (...args) => step(read('idleMissions.due'), () => kept.idleMissions.due(...args)),
      forget: (...args) => step(write('idleMissions.forget'), () => kept.idleMissions.forget(...args)),
      postpone: (...args) => step(write('idleMissions.postpone'), () => kept.idleMissions.postpone(...args)),
      done: (...args) => step(write('idleMissions.done'), () => kept.idleMissions.done(...args)),
    },
    deadLetters: {
      list: (...args) => step(read('deadLetters.list'), () => kept.deadLetters.list(...args)),
      redrive: (...args) => step(write('deadLetters.redrive'), () => kept.deadLetters.redrive(...args)),
      discard: (...args) => step(write('deadLetters.discard'), () => kept.deadLetters.discard(...args)),
    },
    queue: {
      send: (orders) => step({ place: 'queue', name: 'queue.send', writes: true }, () => kept.queue.send(orders)),
    },
    contexts: {
      load: async ({ subscription: id, number, previous: before, mission, entry: entryNumber, request: hint }) => {
        const [subscription, notification, previous, entry, hinted] = await Promise.all([
          subscriptions.subscription(id),
          subscriptions.notification(id, number),
          before === undefined ? undefined : subscriptions.notification(id, before),
          missions.entry(mission, entryNumber),
          hint === entryNumber ? undefined : missions.entry(mission, hint),
        ]);
        const wanted = entry?.state.request.entry;
        const known = [entry, hinted].find((one) => one?.number === wanted);
        const request = wanted === undefined ? hinted : (known ?? (await missions.entry(mission, wanted)));
        const announced =
          entry === undefined || notification === undefined
            ? undefined
            : await announcementOf(missions, entry, notification.organisation);
        return defined({ subscription, notification, previous, entry, request, announced });
      },
    },
  };
};
