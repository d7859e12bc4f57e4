import { prearrivalBeforeDiversion } from '../../core/mission/diversion.ts';
import type { MissionLog, StoredEntry } from '../../core/mission/mission-log.ts';
import type { DeliveryContext, DeliveryContexts } from '../../core/delivery/delivery-queue.ts';
import { defined } from '../../schemas/defined.ts';
import { isOfThisFold, storedEntry } from './mission-log.ts';
import { storedNotification } from './notifications.ts';
import { storedSubscription } from './subscriptions.ts';
import { batchGet, type Key, keys, type Table } from './table.ts';

/**
 * Gathers what a delivery needs: one batch read, and another only if the mission's description was sent anew in between,
 * if a hospital is told that a patient was diverted to it, or if another release has folded the entry.
 */
export const deliveryDesk = (table: Table, missions: MissionLog): DeliveryContexts => ({
  async load(order) {
    const places = {
      subscription: keys.subscription(order.subscription),
      notification: keys.notification(order.subscription, order.number),
      previous: order.previous === undefined ? undefined : keys.notification(order.subscription, order.previous),
      entry: keys.entry(order.mission, order.entry),
      request: keys.entry(order.mission, order.request),
    };
    const items = await batchGet(
      table,
      Object.values(places).filter((place) => place !== undefined),
    );
    const at = <T>(place: Key | undefined, read: (item: Record<string, unknown>) => T): T | undefined => {
      const item = place === undefined ? undefined : items.find(({ pk, sk }) => pk === place.pk && sk === place.sk);
      return item === undefined ? undefined : read(item);
    };
    const entryAt = async (place: Key, number: number): Promise<StoredEntry | undefined> => {
      const item = at(place, (found) => found);
      return item === undefined || isOfThisFold(item)
        ? item && storedEntry(item)
        : missions.entry(order.mission, number);
    };
    const entry = await entryAt(places.entry, order.entry);
    // Often the entry is the request itself, and it is long.
    const hinted = order.request === order.entry ? entry : await entryAt(places.request, order.request);
    const wanted = entry?.state.request.entry;
    const request =
      wanted === undefined || hinted?.number === wanted ? hinted : await missions.entry(order.mission, wanted);
    const notification = at(places.notification, storedNotification);
    const found: DeliveryContext = defined({
      subscription: at(places.subscription, storedSubscription),
      notification,
      previous: at(places.previous, storedNotification),
      entry,
      request,
      announced:
        entry === undefined || notification === undefined
          ? undefined
          : await prearrivalBeforeDiversion(missions, entry, notification.organisation),
    });
    return found;
  },
});
