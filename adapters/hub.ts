import type {
  Clock,
  DeliveryQueue,
  Directory,
  MissionLog,
  Obligations,
  Retirements,
  SubscriptionLog,
  Worklist,
} from '../mission/ports.ts';
import { cachedDirectory } from './dynamodb/directory-store.ts';
import { missionLog } from './dynamodb/mission-log.ts';
import { obligations } from './dynamodb/obligations.ts';
import { retirements } from './dynamodb/retirements.ts';
import { subscriptionLog } from './dynamodb/subscription-log.ts';
import { openTable, type Table } from './dynamodb/table.ts';
import { worklist } from './dynamodb/worklist.ts';
import { setting } from './settings.ts';
import { deliveryQueue, openQueues } from './sqs/queues.ts';

export const systemClock: Clock = { now: () => Date.now() };

/** The logs, as every function uses them. */
export interface Logs {
  readonly table: Table;
  readonly missions: MissionLog;
  readonly subscriptions: SubscriptionLog;
  readonly worklist: Worklist;
  readonly obligations: Obligations;
  readonly retirements: Retirements;
  readonly directory: () => Promise<Directory>;
}

export const openLogs = (tableName: string = setting('TABLE_NAME')): Logs => {
  const table = openTable(tableName);
  return {
    table,
    missions: missionLog(table),
    subscriptions: subscriptionLog(table),
    worklist: worklist(table),
    obligations: obligations(table),
    retirements: retirements(table),
    directory: cachedDirectory(table),
  };
};

export const openDeliveryQueue = (): DeliveryQueue => deliveryQueue(openQueues(), setting('DELIVERY_QUEUE_URL'));
