import { setTimeout } from 'node:timers/promises';
import type { MissionLists } from '../core/mission/mission-lists.ts';
import type { MissionLog } from '../core/mission/mission-log.ts';
import type { Clock } from '../core/mission/clock.ts';
import type { Overview, Worklist } from '../core/mission/projections.ts';
import type { Obligations } from '../core/delivery/obligations.ts';
import type { DeadLetters } from '../core/delivery/dead-letters.ts';
import type { DeliveryLanes, Lane } from '../core/delivery/delivery-queue.ts';
import type { Channel } from '../core/delivery/channel.ts';
import type { EndpointHealthStore } from '../core/delivery/endpoint-health.ts';
import type { Notifications } from '../core/delivery/notifications.ts';
import type { Places } from '../core/delivery/places.ts';
import type { Subscriptions } from '../core/delivery/subscription.ts';
import type { AccessLog } from '../core/audit/access-log.ts';
import type { Guidelines } from '../schemas/guideline.ts';
import { callSlots } from './dynamodb/call-slots.ts';
import { accessLog } from './dynamodb/access-log.ts';
import { anchorStates } from './dynamodb/nightly-state.ts';
import { nightlyReconcilePorts } from './dynamodb/reconcile.ts';
import { deadLetters } from './dynamodb/dead-letters.ts';
import { cachedDirectory } from './dynamodb/directory-store.ts';
import type { PartyDirectory } from './party-directory.ts';
import { cachedGuidelines } from './dynamodb/guideline-store.ts';
import { missionLists } from './dynamodb/mission-lists.ts';
import { missionLog } from './dynamodb/mission-log.ts';
import { obligations } from './dynamodb/obligations.ts';
import { overview } from './dynamodb/overview.ts';
import { endpointHealth } from './dynamodb/endpoint-health.ts';
import { notifications } from './dynamodb/notifications.ts';
import { places } from './dynamodb/places.ts';
import { subscriptions } from './dynamodb/subscriptions.ts';
import type { Shards } from './dynamodb/shards.ts';
import { openTable, type Table } from './dynamodb/table.ts';
import { chainsIn } from './dynamodb/chains.ts';
import { worklist } from './dynamodb/worklist.ts';
import { requestBudgets } from './dynamodb/rate-limits.ts';
import { proofLookup, usedProofs } from './dynamodb/used-proofs.ts';
import { deliveryContexts } from './dynamodb/delivery-context.ts';
import { endpointRules, webhookChannel, withinHosts } from './http/channel.ts';
import { allowList } from './http/egress-guard.ts';
import { anchorStore } from './s3/anchor-store.ts';
import { bucketBeside } from './s3/bucket.ts';
import { secrets } from './secrets.ts';
import { type Environment, readSettings, settings } from './settings.ts';
import { deliveryQueue, isQueue, openQueues, readJob, returnAfter } from './sqs/queues.ts';
import { accessTokenVerifier } from './tokens/access-token.ts';

const systemClock: Clock = { now: () => Date.now() };

/** The logs of one table, as every function uses them. */
export interface Logs {
  readonly table: Table;
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
  readonly accesses: AccessLog;
  readonly directory: () => Promise<PartyDirectory>;
  readonly guidelines: () => Promise<Guidelines>;
}

/** One client and one cache of the directory and of the guidelines for all: call it once in a process. */
export const openLogs = (tableName: string, shards?: Shards): Logs => {
  const table = openTable(tableName, shards);
  return {
    table,
    missions: missionLog(table),
    subscriptions: subscriptions(table),
    endpointHealth: endpointHealth(table),
    places: places(table),
    notifications: notifications(table),
    worklist: worklist(table),
    overview: overview(table),
    missionLists: missionLists(table),
    obligations: obligations(table),
    deadLetters: deadLetters(table),
    accesses: accessLog(table),
    directory: cachedDirectory(table),
    guidelines: cachedGuidelines(table),
  };
};

/*
 * What each function gets: it reads its environment, throws if a variable is missing or not usable, and opens only the
 * adapters that the function needs. One of these for each function, so that its bundle holds no code of the others.
 */

/** The logs of a function that writes obligations. */
const openLogsOf = (set: {
  readonly TABLE_NAME: string;
  readonly OBLIGATION_SHARDS_WRITTEN: number;
  readonly OBLIGATION_SHARDS_READ: number;
}): Logs => openLogs(set.TABLE_NAME, { written: set.OBLIGATION_SHARDS_WRITTEN, read: set.OBLIGATION_SHARDS_READ });

/** How tokens and proofs are checked. */
const tokenRules = (set: {
  readonly PUBLIC_URL: string;
  readonly OTHER_BASES: readonly string[];
  readonly TOKEN_ISSUER: string;
  readonly TOKEN_AUDIENCE: string;
  readonly TOKEN_BINDING: 'required' | 'optional';
  readonly PROOF_SECONDS_BACK: number;
  readonly PROOF_SECONDS_AHEAD: number;
}) => ({
  ...systemClock,
  base: set.PUBLIC_URL,
  otherBases: set.OTHER_BASES,
  audience: set.TOKEN_AUDIENCE,
  bindingRequired: set.TOKEN_BINDING === 'required',
  proofWindow: { back: set.PROOF_SECONDS_BACK, ahead: set.PROOF_SECONDS_AHEAD },
  verify: accessTokenVerifier(set.TOKEN_ISSUER, set.TOKEN_AUDIENCE),
});

export const wireAuthorize = (environment: Environment) => {
  const set = readSettings(settings.authorize, environment);
  // Every request waits for the authorizer.
  const table = openTable(set.TABLE_NAME, undefined, { connection: 500, answer: 1_500 });
  const seconds = set.BUDGET_SECONDS;
  return {
    ...tokenRules(set),
    proofs: usedProofs(table),
    budgets: requestBudgets(table, {
      messages: { most: set.BUDGET_MESSAGES, seconds },
      requests: { most: set.BUDGET_REQUESTS, seconds },
    }),
  };
};

export const wireCheckToken = (environment: Environment) => {
  const set = readSettings(settings.checkToken, environment);
  const table = openTable(set.TABLE_NAME);
  return {
    ...tokenRules(set),
    issuer: set.TOKEN_ISSUER,
    wasUsed: proofLookup(table),
    directory: cachedDirectory(table),
    budgets: requestBudgets(table, { checks: { most: 30, seconds: 60 } }),
  };
};

export const wireProcessMessage = (environment: Environment) => {
  const set = readSettings(settings.processMessage, environment);
  return {
    ...openLogsOf(set),
    ...systemClock,
    base: set.PUBLIC_URL,
    lanes: lanesOf(openQueues(), set),
  };
};

export const wireRead = (environment: Environment) => {
  const set = readSettings(settings.read, environment);
  return { ...openLogs(set.TABLE_NAME), ...systemClock, base: set.PUBLIC_URL };
};

export const wireSubscribe = (environment: Environment) => {
  const set = readSettings(settings.subscribe, environment);
  return {
    ...openLogsOf(set),
    ...systemClock,
    base: set.PUBLIC_URL,
    lanes: { slow: deliveryQueue(openQueues(), set.SLOW_LANE_URL, 'slow') },
    endpointRules: endpointRules(allowList(set.ENDPOINT_ALLOW_LIST)),
    secrets,
  };
};

export const wireMetadata = (environment: Environment) => {
  const set = readSettings(settings.metadata, environment);
  return { ...systemClock, base: set.PUBLIC_URL, guidelines: cachedGuidelines(openTable(set.TABLE_NAME)) };
};

const lanesOf = (
  queues: ReturnType<typeof openQueues>,
  set: { readonly QUICK_LANE_URL: string; readonly SLOW_LANE_URL: string },
): DeliveryLanes => ({
  quick: deliveryQueue(queues, set.QUICK_LANE_URL, 'quick'),
  slow: deliveryQueue(queues, set.SLOW_LANE_URL, 'slow'),
});

export const wireDeliver = (environment: Environment) => {
  const set = readSettings(settings.deliver, environment);
  const logs = openLogsOf(set);
  const queues = openQueues();
  const channel = webhookChannel(allowList(set.ENDPOINT_ALLOW_LIST));
  return {
    ...logs,
    ...systemClock,
    base: set.PUBLIC_URL,
    random: Math.random,
    contexts: deliveryContexts(logs.table, logs.missions),
    channelWithin: (directory: PartyDirectory): Channel => withinHosts(channel, directory),
    lanes: lanesOf(queues, set),
    slots: callSlots(logs.table),
    readJob,
    laneOf: (queueArn: string): Lane => (isQueue(set.QUICK_LANE_URL, queueArn) ? 'quick' : 'slow'),
    returnAfter: (lane: Lane, receiptHandle: string, seconds: number): Promise<void> =>
      returnAfter(queues, lane === 'quick' ? set.QUICK_LANE_URL : set.SLOW_LANE_URL, receiptHandle, seconds),
  };
};

export const wireSweep = (environment: Environment) => {
  const set = readSettings(settings.sweep, environment);
  return {
    ...openLogsOf(set),
    ...systemClock,
    lanes: lanesOf(openQueues(), set),
    wait: (milliseconds: number): Promise<void> => setTimeout(milliseconds),
  };
};

export const wireNightly = (environment: Environment) => {
  const set = readSettings(settings.nightly, environment);
  const table = openTable(set.TABLE_NAME);
  const wait = (milliseconds: number): Promise<void> => setTimeout(milliseconds);
  return {
    ...systemClock,
    hub: set.TABLE_NAME,
    directory: cachedDirectory(table),
    wholeTable: chainsIn(table),
    anchorStates: anchorStates(table),
    anchors: anchorStore(bucketBeside(table, set.ANCHOR_BUCKET)),
    ...nightlyReconcilePorts(table, { ...systemClock, wait }),
    wait,
  };
};
