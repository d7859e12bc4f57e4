import { accessLog } from './access-log.ts';
import { chainEnds } from './chain-ends.ts';
import type { Database } from './database.ts';
import { deadLetters } from './dead-letters.ts';
import { deliveryContexts } from './delivery-context.ts';
import { cachedDirectory, directoryStore } from './directory-store.ts';
import { endpointHealth } from './endpoint-health.ts';
import { cachedGuidelines, guidelineStore } from './guideline-store.ts';
import { missionLists } from './mission-lists.ts';
import { missionLog } from './mission-log.ts';
import { anchorStates } from './nightly-states.ts';
import { notifications } from './notifications.ts';
import { obligations } from './obligations.ts';
import { overview } from './overview.ts';
import { places } from './places.ts';
import { proofLookup, usedProofs } from './used-proofs.ts';
import { subscriptions } from './subscriptions.ts';
import { worklist } from './worklist.ts';

/** Everything that a database stores. `window`: number of the newest entries whose fingerprints an entry carries. */
export const storesOf = (database: Database, window?: number) => {
  const logs = {
    missions: missionLog(database, window),
    subscriptions: subscriptions(database),
    notifications: notifications(database),
  };
  const [directories, guidelines] = [directoryStore(database), guidelineStore(database)];
  return {
    ...logs,
    contexts: deliveryContexts(logs),
    endpointHealth: endpointHealth(database),
    places: places(database),
    worklist: worklist(database),
    overview: overview(database),
    missionLists: missionLists(database),
    obligations: obligations(database),
    deadLetters: deadLetters(database),
    accesses: accessLog(database),
    directoryStore: directories,
    directory: cachedDirectory(directories),
    guidelineStore: guidelines,
    guidelines: cachedGuidelines(guidelines),
    proofs: usedProofs(database),
    wasUsed: proofLookup(database),
    wholeTable: chainEnds(database),
    anchorStates: anchorStates(database),
  };
};
