import { announcementOf } from '../../core/mission/announcement.ts';
import type { MissionLog } from '../../core/mission/mission-log.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import type { DeadLetters, Obligations, IdleMissions } from '../../core/delivery/obligations.ts';
import type { DeliveryContexts, DeliveryQueue } from '../../core/delivery/delivery-queue.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { EventNumbers } from '../../core/delivery/event-numbers.ts';
import type { Notifications } from '../../core/delivery/notifications.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import type { Call, Step } from './process.ts';

/** What the hub keeps: everything but the endpoints, which answer for themselves. */
export interface Kept {
  readonly missions: MissionLog;
  readonly subscriptions: Subscriptions;
  readonly endpointHealth: EndpointHealthStore;
  readonly eventNumbers: EventNumbers;
  readonly notifications: Notifications;
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
  const subscriptions: Subscriptions = {
    create: (...args) => step(write('subscriptions.create'), () => kept.subscriptions.create(...args)),
    read: (id) => step(read('subscriptions.read'), () => kept.subscriptions.read(id)),
    ofOrganisation: (...args) =>
      step(read('subscriptions.ofOrganisation'), () => kept.subscriptions.ofOrganisation(...args)),
    turnOff: (id) => step(write('subscriptions.turnOff'), () => kept.subscriptions.turnOff(id)),
    change: (...args) => step(write('subscriptions.change'), () => kept.subscriptions.change(...args)),
    subscribers: (...args) => step(read('subscriptions.subscribers'), () => kept.subscriptions.subscribers(...args)),
  };
  const endpointHealth: EndpointHealthStore = {
    save: (...args) => step(write('endpointHealth.save'), () => kept.endpointHealth.save(...args)),
    countFailure: (...args) =>
      step(write('endpointHealth.countFailure'), () => kept.endpointHealth.countFailure(...args)),
    claimProbe: (...args) => step(write('endpointHealth.claimProbe'), () => kept.endpointHealth.claimProbe(...args)),
  };
  const eventNumbers: EventNumbers = {
    number: (...args) => step(write('eventNumbers.number'), () => kept.eventNumbers.number(...args)),
    numbered: (...args) => step(read('eventNumbers.numbered'), () => kept.eventNumbers.numbered(...args)),
  };
  const notifications: Notifications = {
    write: (...args) => step(write('notifications.write'), () => kept.notifications.write(...args)),
    read: (...args) => step(read('notifications.read'), () => kept.notifications.read(...args)),
    readAll: (...args) => step(read('notifications.readAll'), () => kept.notifications.readAll(...args)),
    range: (...args) => step(read('notifications.range'), () => kept.notifications.range(...args)),
    record: (...args) => step(write('notifications.record'), () => kept.notifications.record(...args)),
  };
  return {
    missions,
    subscriptions,
    endpointHealth,
    eventNumbers,
    notifications,
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
          subscriptions.read(id),
          notifications.read(id, number),
          before === undefined ? undefined : notifications.read(id, before),
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
