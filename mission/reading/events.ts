import { defined } from '../../schemas/defined.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import { announcementOf } from '../announcement.ts';
import type { Caller, MissionLog, PayloadContent, Subscription, SubscriptionLog } from '../ports.ts';
import type { Notice, NotifiedEvent } from '../views/notification.ts';
import type { Search } from './searching.ts';

/** Events of one answer of `$events`; the caller asks on from where it ends. */
const eventsOfAnswer = 50;

const payloads: readonly PayloadContent[] = ['empty', 'id-only', 'full-resource'];

const numberIn = (search: Search, name: string): number | undefined | Refusal => {
  const text = search.get(name);
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : refuse('unknown-search', `http.${name}`, 'is an event number');
};

/** `Subscription/{id}/$events`: what was or should have been notified, whether or not it was delivered. Both limits are included. */
export const readEvents = async (
  ports: { readonly missions: MissionLog; readonly subscriptions: SubscriptionLog },
  caller: Caller,
  subscription: Subscription,
  search: Search,
): Promise<Notice | Refusal> => {
  const since = numberIn(search, 'eventsSinceNumber');
  if (typeof since === 'object') return since;
  const until = numberIn(search, 'eventsUntilNumber');
  if (typeof until === 'object') return until;
  const content = search.get('content');
  const payload = content === undefined ? subscription.payload : payloads.find((known) => known === content);
  if (payload === undefined)
    return refuse('unknown-search', 'http.content', `content is one of ${payloads.join(', ')}`);

  const from = Math.max(1, since ?? 1);
  const to = Math.min(until ?? subscription.lastNumber, subscription.lastNumber, from + eventsOfAnswer - 1);
  const notifications = await ports.subscriptions.range(subscription.id, from, to);
  const events: NotifiedEvent[] = [];
  for (const notification of notifications) {
    const entry = await ports.missions.entry(notification.mission, notification.entry);
    const wanted = entry?.state.request.entry;
    const request =
      wanted === undefined || wanted === entry?.number
        ? entry
        : await ports.missions.entry(notification.mission, wanted);
    if (entry === undefined) continue;
    const announced = await announcementOf(ports.missions, entry, subscription.organisation);
    events.push({ notification, entry, request: request ?? entry, ...defined({ announced }) });
  }
  return { kind: 'query-event', subscription: { ...subscription, payload }, role: caller.role, events };
};
