import { prearrivalBeforeDiversion } from '../../core/mission/diversion.ts';
import type { MissionLog, StoredEntry } from '../../core/mission/mission-log.ts';
import type { DeliveryContext, DeliveryContexts } from '../../core/delivery/delivery-context.ts';
import { loadSources } from '../../core/mission/sources.ts';
import { defined } from '../../schemas/defined.ts';
import { isOfThisFold, storedEntry } from './mission-log.ts';
import { storedNotification } from './notifications.ts';
import { storedSubscription } from './subscriptions.ts';
import { batchGet, type Key, keys, type Table } from './table.ts';

/** A batch read takes 100 keys. */
const mostHints = 90;

/**
 * Loads what a delivery needs in one batch read. It reads again only if the job does not name every source, if
 * the entry diverts a patient to the hospital, or if another release has folded the entry.
 */
export const deliveryContexts = (table: Table, missions: MissionLog): DeliveryContexts => ({
  async load(job) {
    const places = {
      subscription: keys.subscription(job.subscription),
      notification: keys.notification(job.subscription, job.number),
      previous: job.previous === undefined ? undefined : keys.notification(job.subscription, job.previous),
      entry: keys.entry(job.mission, job.entry),
    };
    const hints = [...new Set(job.sources)].filter((number) => number !== job.entry).slice(0, mostHints);
    const items = await batchGet(table, [
      ...Object.values(places).filter((place) => place !== undefined),
      ...hints.map((number) => keys.entry(job.mission, number)),
    ]);
    const at = <T>(place: Key | undefined, read: (item: Record<string, unknown>) => T): T | undefined => {
      const item = place === undefined ? undefined : items.find(({ pk, sk }) => pk === place.pk && sk === place.sk);
      return item === undefined ? undefined : read(item);
    };
    const entryAt = async (place: Key, number: number): Promise<StoredEntry | undefined> => {
      const item = at(place, (found) => found);
      return item === undefined || isOfThisFold(item) ? item && storedEntry(item) : missions.entry(job.mission, number);
    };
    const entry = await entryAt(places.entry, job.entry);
    const known = await Promise.all(hints.map((number) => entryAt(keys.entry(job.mission, number), number)));
    const notification = at(places.notification, storedNotification);
    const found: DeliveryContext = defined({
      subscription: at(places.subscription, storedSubscription),
      notification,
      previous: at(places.previous, storedNotification),
      entry,
      sources:
        entry === undefined || notification === undefined
          ? []
          : await loadSources(
              missions,
              entry,
              notification.organisation,
              known.filter((one) => one !== undefined),
            ),
      announced:
        entry === undefined || notification === undefined
          ? undefined
          : await prearrivalBeforeDiversion(missions, entry, notification.organisation),
    });
    return found;
  },
});
