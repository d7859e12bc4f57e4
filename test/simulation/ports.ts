import { prearrivalBeforeDiversion } from '../../core/mission/diversion.ts';
import { loadSources } from '../../core/mission/sources.ts';
import type { MissionLists } from '../../core/mission/mission-lists.ts';
import type { MissionLog } from '../../core/mission/mission-log.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import type { Obligations } from '../../core/delivery/obligations.ts';
import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import type { CallSlots } from '../../core/delivery/call-slots.ts';
import type { DeliveryLanes } from '../../core/delivery/delivery-queue.ts';
import type { DeliveryContexts } from '../../core/delivery/delivery-context.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { Notifications } from '../../core/delivery/notifications.ts';
import type { Places } from '../../core/delivery/places.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import type { Call, Step } from './process.ts';

/** The hub's ports, without the endpoints. */
export interface HubPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Subscriptions;
  readonly endpointHealth: EndpointHealthStore;
  readonly places: Places;
  readonly notifications: Notifications;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly missionLists: MissionLists;
  readonly obligations: Obligations;
  readonly deadLetters: DeadLetters;
  readonly lanes: DeliveryLanes;
  readonly slots: CallSlots;
}

export type SteppedPorts = HubPorts & { readonly contexts: DeliveryContexts };

/**
 * The same ports, every call a step. A delivery context is read in several steps: a batch read of DynamoDB is consistent
 * per item, not as a whole.
 */
export const steppedPorts = (ports: HubPorts, step: Step): SteppedPorts => {
  const read = (name: string): Call => ({ place: 'table', name, writes: false });
  const write = (name: string): Call => ({ place: 'table', name, writes: true });
  const missions: MissionLog = {
    window: ports.missions.window,
    keepFingerprint: (...args) =>
      step(write('missions.keepFingerprint'), () => ports.missions.keepFingerprint(...args)),
    entriesKept: (...args) => step(read('missions.entriesKept'), () => ports.missions.entriesKept(...args)),
    last: (mission) => step(read('missions.last'), () => ports.missions.last(mission)),
    entry: (mission, number) => step(read('missions.entry'), () => ports.missions.entry(mission, number)),
    entries: (...args) => step(read('missions.entries'), () => ports.missions.entries(...args)),
    append: (...args) => step(write('missions.append'), () => ports.missions.append(...args)),
    completeFanOut: (...args) => step(write('missions.completeFanOut'), () => ports.missions.completeFanOut(...args)),
  };
  const subscriptions: Subscriptions = {
    create: (...args) => step(write('subscriptions.create'), () => ports.subscriptions.create(...args)),
    read: (id) => step(read('subscriptions.read'), () => ports.subscriptions.read(id)),
    ofOrganisation: (...args) =>
      step(read('subscriptions.ofOrganisation'), () => ports.subscriptions.ofOrganisation(...args)),
    listings: (...args) => step(read('subscriptions.listings'), () => ports.subscriptions.listings(...args)),
    turnOff: (...args) => step(write('subscriptions.turnOff'), () => ports.subscriptions.turnOff(...args)),
    completeListing: (...args) =>
      step(write('subscriptions.completeListing'), () => ports.subscriptions.completeListing(...args)),
    change: (...args) => step(write('subscriptions.change'), () => ports.subscriptions.change(...args)),
    subscribers: (...args) => step(read('subscriptions.subscribers'), () => ports.subscriptions.subscribers(...args)),
    hindered: (...args) => step(read('subscriptions.hindered'), () => ports.subscriptions.hindered(...args)),
  };
  const endpointHealth: EndpointHealthStore = {
    save: (...args) => step(write('endpointHealth.save'), () => ports.endpointHealth.save(...args)),
    countFailure: (...args) =>
      step(write('endpointHealth.countFailure'), () => ports.endpointHealth.countFailure(...args)),
    saveSpeed: (...args) => step(write('endpointHealth.saveSpeed'), () => ports.endpointHealth.saveSpeed(...args)),
    claimProbe: (...args) => step(write('endpointHealth.claimProbe'), () => ports.endpointHealth.claimProbe(...args)),
  };
  const places: Places = {
    read: (...args) => step(read('places.read'), () => ports.places.read(...args)),
    claim: (...args) => step(write('places.claim'), () => ports.places.claim(...args)),
    settle: (...args) => step(write('places.settle'), () => ports.places.settle(...args)),
    backOff: (attempt) => ports.places.backOff(attempt),
  };
  const notifications: Notifications = {
    newest: (...args) => step(read('notifications.newest'), () => ports.notifications.newest(...args)),
    taken: (...args) => step(read('notifications.taken'), () => ports.notifications.taken(...args)),
    append: (...args) => step(write('notifications.append'), () => ports.notifications.append(...args)),
    read: (...args) => step(read('notifications.read'), () => ports.notifications.read(...args)),
    readAll: (...args) => step(read('notifications.readAll'), () => ports.notifications.readAll(...args)),
    range: (...args) => step(read('notifications.range'), () => ports.notifications.range(...args)),
    record: (...args) => step(write('notifications.record'), () => ports.notifications.record(...args)),
    noteWait: (...args) => step(write('notifications.noteWait'), () => ports.notifications.noteWait(...args)),
  };
  return {
    missions,
    subscriptions,
    endpointHealth,
    places,
    notifications,
    worklist: {
      put: (...args) => step(write('worklist.put'), () => ports.worklist.put(...args)),
      list: (...args) => step(read('worklist.list'), () => ports.worklist.list(...args)),
      asked: (...args) => step(read('worklist.asked'), () => ports.worklist.asked(...args)),
    },
    overview: {
      putReadiness: (...args) => step(write('overview.putReadiness'), () => ports.overview.putReadiness(...args)),
      readinessOf: (...args) => step(read('overview.readinessOf'), () => ports.overview.readinessOf(...args)),
      link: (...args) => step(write('overview.link'), () => ports.overview.link(...args)),
      missionsOf: (...args) => step(read('overview.missionsOf'), () => ports.overview.missionsOf(...args)),
    },
    missionLists: {
      put: (...args) => step(write('missionLists.put'), () => ports.missionLists.put(...args)),
      list: (...args) => step(read('missionLists.list'), () => ports.missionLists.list(...args)),
      linkCase: (...args) => step(write('missionLists.linkCase'), () => ports.missionLists.linkCase(...args)),
      missionsOfCase: (...args) =>
        step(read('missionLists.missionsOfCase'), () => ports.missionLists.missionsOfCase(...args)),
    },
    obligations: {
      due: (...args) => step(read('obligations.due'), () => ports.obligations.due(...args)),
      dueAfter: (...args) => step(read('obligations.dueAfter'), () => ports.obligations.dueAfter(...args)),
      undelivered: (...args) => step(read('obligations.undelivered'), () => ports.obligations.undelivered(...args)),
      postpone: (...args) => step(write('obligations.postpone'), () => ports.obligations.postpone(...args)),
    },
    deadLetters: {
      list: (...args) => step(read('deadLetters.list'), () => ports.deadLetters.list(...args)),
      redrive: (...args) => step(write('deadLetters.redrive'), () => ports.deadLetters.redrive(...args)),
      discard: (...args) => step(write('deadLetters.discard'), () => ports.deadLetters.discard(...args)),
    },
    slots: {
      take: (...args) => step(write('slots.take'), () => ports.slots.take(...args)),
      free: (...args) => step(write('slots.free'), () => ports.slots.free(...args)),
    },
    lanes: {
      quick: {
        send: (jobs) =>
          step({ place: 'queue', name: 'quick lane: send', writes: true }, () => ports.lanes.quick.send(jobs)),
      },
      slow: {
        send: (jobs) =>
          step({ place: 'queue', name: 'slow lane: send', writes: true }, () => ports.lanes.slow.send(jobs)),
      },
    },
    contexts: {
      load: async ({ subscription: id, number, previous: before, mission, entry: entryNumber, sources: hints }) => {
        const [subscription, notification, previous, entry, ...hinted] = await Promise.all([
          subscriptions.read(id),
          notifications.read(id, number),
          before === undefined ? undefined : notifications.read(id, before),
          missions.entry(mission, entryNumber),
          ...hints.map((hint) => missions.entry(mission, hint)),
        ]);
        const known = hinted.filter((one) => one !== undefined);
        const sources =
          entry === undefined || notification === undefined
            ? []
            : await loadSources(missions, entry, notification.organisation, known);
        const announced =
          entry === undefined || notification === undefined
            ? undefined
            : await prearrivalBeforeDiversion(missions, entry, notification.organisation);
        return { sources, ...defined({ subscription, notification, previous, entry, announced }) };
      },
    },
  };
};
