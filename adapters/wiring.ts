import type { MissionLog } from '../core/mission/mission-log.ts';
import type { Clock } from '../core/mission/clock.ts';
import type { Overview, Worklist } from '../core/mission/projections.ts';
import type { DeadLetters, Obligations, IdleMissions } from '../core/delivery/obligations.ts';
import type { DeliveryQueue } from '../core/delivery/delivery-queue.ts';
import type { EndpointHealthStore } from '../core/delivery/endpoint-health.ts';
import type { EventNumbers } from '../core/delivery/event-numbers.ts';
import type { Notifications } from '../core/delivery/notifications.ts';
import type { Subscriptions } from '../core/delivery/subscription.ts';
import type { AccessLog } from '../core/audit/access-log.ts';
import type { Guidelines } from '../schemas/guideline.ts';
import { accessLog } from './dynamodb/access-log.ts';
import { deadLetters } from './dynamodb/dead-letters.ts';
import { cachedDirectory, type PartyDirectory } from './dynamodb/directory-store.ts';
import { cachedGuidelines } from './dynamodb/guideline-store.ts';
import { missionLog } from './dynamodb/mission-log.ts';
import { obligations } from './dynamodb/obligations.ts';
import { overview } from './dynamodb/overview.ts';
import { idleMissions } from './dynamodb/idle-missions.ts';
import { endpointHealth } from './dynamodb/endpoint-health.ts';
import { eventNumbers } from './dynamodb/event-numbers.ts';
import { notifications } from './dynamodb/notifications.ts';
import { subscriptions } from './dynamodb/subscriptions.ts';
import { openTable, type Table } from './dynamodb/table.ts';
import { worklist } from './dynamodb/worklist.ts';
import { setting } from './settings.ts';
import { deliveryQueue, openQueues } from './sqs/queues.ts';

export const systemClock: Clock = { now: () => Date.now() };

/** The logs, as every function uses them. */
export interface Logs {
  readonly table: Table;
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
  readonly accesses: AccessLog;
  readonly directory: () => Promise<PartyDirectory>;
  readonly guidelines: () => Promise<Guidelines>;
}

export const openLogs = (tableName: string = setting('TABLE_NAME')): Logs => {
  const table = openTable(tableName);
  return {
    table,
    missions: missionLog(table),
    subscriptions: subscriptions(table),
    endpointHealth: endpointHealth(table),
    eventNumbers: eventNumbers(table),
    notifications: notifications(table),
    worklist: worklist(table),
    overview: overview(table),
    obligations: obligations(table),
    idleMissions: idleMissions(table),
    deadLetters: deadLetters(table),
    accesses: accessLog(table),
    directory: cachedDirectory(table),
    guidelines: cachedGuidelines(table),
  };
};

export const openDeliveryQueue = (): DeliveryQueue => deliveryQueue(openQueues(), setting('DELIVERY_QUEUE_URL'));
