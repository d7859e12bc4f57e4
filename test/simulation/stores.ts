import { callSlots } from '../../adapters/in-process/call-slots.ts';
import { openDatabase } from '../../adapters/sqlite/open.ts';
import { plannedAfter, plannedObligation } from '../../adapters/sqlite/obligations.ts';
import { reconcilePorts } from '../../adapters/sqlite/reconcile.ts';
import { storesOf } from '../../adapters/sqlite/stores.ts';
import type { KnownParties, ReconcilePorts } from '../../core/audit/reconcile/logged.ts';
import type { Subscriptions } from '../../core/delivery/subscription.ts';
import type { ManualClock } from '../memory/clock.ts';
import { memoryHub } from '../memory/hub.ts';
import type { DueItem } from '../memory/obligations.ts';
import { memoryReconcile } from '../memory/reconcile.ts';
import { subscriptionStore } from '../memory/subscription-store.ts';
import { memorySubscriptions } from '../memory/subscriptions.ts';
import type { HubPorts } from './ports.ts';

/** What a simulated hub stores its data on. */
export type Storage = 'memory' | 'sqlite';

export interface HubStores {
  /** The storing ports without faults. */
  readonly ports: Omit<HubPorts, 'lanes'>;
  /** All obligations, due or not. */
  readonly pending: () => readonly Pick<DueItem, 'dueAt' | 'obligation'>[];
  /** The same subscriptions for a process that may crash where the storage needs two writes. */
  readonly interrupted: (between: () => Promise<void>) => Subscriptions;
  /** What the auditor reads. */
  readonly reconcile: (parties: KnownParties) => Promise<ReconcilePorts>;
  readonly close: () => void;
}

const memoryStores = (clock: ManualClock, window: number): HubStores => {
  const store = subscriptionStore();
  const hub = memoryHub(clock, store, window);
  return {
    ports: hub,
    pending: () => [hub.missions, hub.subscriptions, hub.notifications, hub.worklist].flatMap((one) => one.pending()),
    interrupted: (between) => memorySubscriptions(store, between),
    reconcile: async (parties) => memoryReconcile(hub, parties),
    close: () => undefined,
  };
};

const sqliteStores = (clock: ManualClock, window: number): HubStores => {
  // Each call is a transaction at once: virtual time knows no turns of the event loop.
  const database = openDatabase(':memory:', { by: 'hub', grouping: 'none' });
  const stores = storesOf(database, window);
  const planned = database.statement(plannedAfter);
  return {
    // Real time does not pass.
    ports: { ...stores, places: { ...stores.places, backOff: async () => undefined }, slots: callSlots() },
    pending: () => planned.all({ time: '', limit: -1 }).map(plannedObligation),
    interrupted: () => stores.subscriptions,
    reconcile: async (parties) => ({
      ...(await reconcilePorts(database, stores.directoryStore, {
        now: () => clock.now(),
        sleep: async () => undefined,
      })),
      parties,
    }),
    close: database.close,
  };
};

export const storesOn = (storage: Storage, clock: ManualClock, window: number): HubStores =>
  storage === 'memory' ? memoryStores(clock, window) : sqliteStores(clock, window);
