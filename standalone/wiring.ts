import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { anchorStore } from '../adapters/files/anchor-store.ts';
import { allowList } from '../adapters/http/egress-guard.ts';
import { endpointRules, webhookChannel, withinHosts } from '../adapters/http/channel.ts';
import { callSlots } from '../adapters/in-process/call-slots.ts';
import { deliveryQueue } from '../adapters/in-process/delivery-queue.ts';
import { requestBudgets } from '../adapters/in-process/rate-limits.ts';
import type { PartyDirectory } from '../adapters/party-directory.ts';
import { secrets } from '../adapters/secrets.ts';
import type { Database } from '../adapters/sqlite/database.ts';
import { nightlyReconcilePorts } from '../adapters/sqlite/reconcile.ts';
import { storesOf } from '../adapters/sqlite/stores.ts';
import { accessTokenVerifier } from '../adapters/tokens/access-token.ts';
import type { DeliveryJob, Lane } from '../core/delivery/delivery-queue.ts';
import { createHandler as authorize } from '../functions/authorize/handler.ts';
import { createHandler as checkToken } from '../functions/check-token/handler.ts';
import { createHandler as deliver } from '../functions/deliver/handler.ts';
import { createHandler as metadata } from '../functions/metadata/handler.ts';
import { createHandler as nightly } from '../functions/nightly/handler.ts';
import { createHandler as processMessage } from '../functions/process-message/handler.ts';
import { createHandler as read } from '../functions/read/handler.ts';
import { createHandler as subscribe } from '../functions/subscribe/handler.ts';
import { createHandler as sweep } from '../functions/sweep/handler.ts';
import type { HubSettings } from './settings.ts';

/** Seconds for which a received job is hidden: twice the longest delivery. */
const visibilitySeconds = 60;

interface Running {
  /** Called when a job of a lane becomes ready. */
  readonly onReady: (lane: Lane) => void;
  /** The hub is being closed: nothing waits any longer. */
  readonly ending: AbortSignal;
}

/** The handlers of all functions on one database, and the queues between them. */
export const wireHub = (database: Database, settings: HubSettings, { onReady, ending }: Running) => {
  const clock = { now: () => Date.now() };
  const { base } = settings;
  const stores = storesOf(database);
  const queues = {
    quick: deliveryQueue(clock, 'quick', visibilitySeconds, () => onReady('quick')),
    slow: deliveryQueue(clock, 'slow', visibilitySeconds, () => onReady('slow')),
  };
  const { seconds, messages, requests } = settings.budgets;
  const tokens = {
    ...clock,
    base,
    otherBases: [],
    audience: settings.tokenAudience,
    bindingRequired: settings.tokenBinding === 'required',
    proofWindow: settings.proofWindow,
    verify: accessTokenVerifier(settings.tokenIssuer, settings.tokenAudience),
  };
  const channel = webhookChannel(allowList(settings.endpointAllowList));
  const hub = { ...stores, ...clock, base, lanes: queues };
  const pause = (milliseconds: number): Promise<void> =>
    wait(milliseconds, undefined, { signal: ending }).catch(() => undefined);

  return {
    stores,
    queues,
    authorize: authorize({
      ...tokens,
      proofs: stores.proofs,
      budgets: requestBudgets({ messages: { most: messages, seconds }, requests: { most: requests, seconds } }),
    }),
    answering: {
      'process-message': processMessage(hub),
      read: read(hub),
      subscribe: subscribe({ ...hub, endpointRules: endpointRules(allowList(settings.endpointAllowList)), secrets }),
      metadata: metadata({ ...clock, base, guidelines: stores.guidelines }),
      'check-token': checkToken({
        ...tokens,
        issuer: settings.tokenIssuer,
        wasUsed: stores.wasUsed,
        directory: stores.directory,
        budgets: requestBudgets({ checks: { most: 30, seconds: 60 } }),
      }),
    },
    deliver: deliver({
      ...hub,
      random: Math.random,
      channelWithin: (directory: PartyDirectory) => withinHosts(channel, directory),
      slots: callSlots(),
      readJob: (body): DeliveryJob => JSON.parse(body),
      laneOf: (lane) => (lane === 'quick' ? 'quick' : 'slow'),
      returnAfter: async (lane, receipt, delay) => queues[lane].hide(Number(receipt), delay),
    }),
    sweep: sweep({ ...hub, wait: pause }),
    nightly: nightly({
      ...clock,
      hub: 'standalone',
      directory: stores.directory,
      wholeTable: stores.wholeTable,
      anchorStates: stores.anchorStates,
      anchors: anchorStore(join(settings.folder, 'anchors')),
      ...nightlyReconcilePorts(database, stores.directoryStore, { ...clock, wait: pause }),
      wait: pause,
    }),
  };
};
