import { defined } from '../../schemas/defined.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { knownMessageType } from '../../schemas/messages/catalogue.ts';
import { payloadContents } from '../../schemas/subscription.ts';
import { ifReadable } from '../../schemas/newer-release.ts';
import { mayReadPrearrivalBeforeDiversion, prearrivalBeforeDiversion } from '../mission/diversion.ts';
import type { MissionLog } from '../mission/mission-log.ts';
import { loadSources } from '../mission/sources.ts';
import type { Subscription } from '../delivery/subscription.ts';
import type { Notification, Notifications } from '../delivery/notifications.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { addressesOfEvent, notificationBundle } from '../fhir/notification.ts';
import type { Notice, NotifiedEvent } from '../delivery/notice.ts';
import { type OperationValues, unknownParameter } from './operation-values.ts';
import { shownOf } from './shown.ts';
import { inBatches } from '../../schemas/in-batches.ts';

/** Events in one answer of `$events`; the caller follows the link to the next answer. With resources an answer often ends earlier. */
const eventsOfAnswer = { empty: 50, 'id-only': 50, 'full-resource': 10 } as const;

/** Bytes of one answer. A Lambda function can answer 6 MB, and the largest event has about 1 MB. */
const bytesOfAnswer = 4 * 1024 * 1024;

/** Events that are read at the same time. */
const width = 10;

const parameters = ['eventsSinceNumber', 'eventsUntilNumber', 'content', '_format'];

const numberIn = (search: OperationValues, name: string): number | undefined | Refusal => {
  const text = search.get(name);
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text)
    ? Number(text)
    : refuse('unknown-search', `http.${name}`, 'must be an event number, 0 or higher');
};

type EventsNotice = Extract<Notice, { readonly kind: 'query-event' | 'event-notification' }>;

/** The events of one answer. */
export interface FoundEvents extends EventsNotice {
  readonly kind: 'query-event';
  /** Number of the first requested event that is not in this answer, if there is one. */
  readonly next?: number;
  /** The parameters of the request, for the link to the next answer. */
  readonly asked: OperationValues;
}

/** `Subscription/{id}/$events`: what was or should have been notified, whether or not it was delivered. Both limits are included. */
export const readEvents = async (
  ports: { readonly missions: MissionLog; readonly notifications: Notifications },
  caller: Caller,
  subscription: Subscription,
  search: OperationValues,
): Promise<FoundEvents | Refusal> => {
  const unknown = unknownParameter(search, parameters, `$events takes ${parameters.join(', ')}`);
  if (unknown !== undefined) return unknown;
  const since = numberIn(search, 'eventsSinceNumber');
  if (typeof since === 'object') return since;
  const until = numberIn(search, 'eventsUntilNumber');
  if (typeof until === 'object') return until;
  const content = search.get('content');
  const payload = content === undefined ? subscription.payload : payloadContents.find((known) => known === content);
  if (payload === undefined)
    return refuse('unknown-search', 'http.content', `content is one of ${payloadContents.join(', ')}`);

  const { gaps = [] } = subscription;
  const newest = await ports.notifications.newest(subscription.id);
  const asked = Math.max(1, since ?? 1);
  const from = gaps.reduce((at, { after, next }) => (at > after && at < next ? next : at), asked);
  const last = Math.min(until ?? newest, newest);
  // An answer ends at a gap and the next begins after it: a gap can have millions of numbers.
  const gap = gaps.find(({ after }) => after >= from);
  const to = Math.min(last, from + eventsOfAnswer[payload] - 1, gap?.after ?? last);
  const notifications = await ports.notifications.range(subscription.id, from, to);
  const eventOf = async (notification: Notification): Promise<NotifiedEvent> => {
    const entry = await ports.missions.entry(notification.mission, notification.entry);
    if (entry === undefined)
      throw new Error(`event ${subscription.id}.${notification.number} points to an entry that is not in the log`);
    // Throws `NewerRelease` if this release does not know the event: the answer lists it as unreadable.
    knownMessageType(entry.event);
    const sources = await loadSources(ports.missions, entry, subscription.organisation);
    const announced = await prearrivalBeforeDiversion(ports.missions, entry, subscription.organisation);
    const current = (await ports.missions.last(notification.mission))?.state;
    const isReadable =
      announced !== undefined &&
      (current === undefined || mayReadPrearrivalBeforeDiversion(announced, current, subscription.organisation));
    return { notification, entry, sources, ...defined({ current, announced: isReadable ? announced : undefined }) };
  };
  const read = await inBatches(notifications, width, async (notification) => ({
    notification,
    event: await ifReadable(() => eventOf(notification)),
  }));
  const next = to === gap?.after ? gap.next : to + 1;
  return {
    kind: 'query-event',
    subscription: { ...subscription, payload },
    newest,
    role: caller.role,
    events: read.flatMap(({ event }) => (event === 'unreadable' ? [] : [event])),
    unreadable: read.flatMap(({ event, notification }) => (event === 'unreadable' ? [notification] : [])),
    asked: search,
    ...(next <= last ? { next } : {}),
  };
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/**
 * As many of the events as fit into an answer, at least one. An answer names each address with one content: a second version of a
 * mission, or another resource under an address that a sender used before, begins the next answer. So every reference in an answer
 * has one target.
 */
const fitting = (found: FoundEvents, view: Viewpoint, now: string, most: number): FoundEvents => {
  let bytes = 0;
  const named = new Map<string, string>();
  const cut = found.events.findIndex((event, index) => {
    bytes += bytesOf(notificationBundle({ ...found, events: [event], unreadable: [] }, view, now));
    const addresses = [...addressesOfEvent(event, found, view)];
    const isNamedOtherwise = addresses.some(([address, content]) => (named.get(address) ?? content) !== content);
    for (const [address, content] of addresses) named.set(address, content);
    return index > 0 && (bytes > most || isNamedOtherwise);
  });
  const first = found.events[cut]?.notification.number;
  if (first === undefined) return found;
  const unreadable = found.unreadable?.filter(({ number }) => number < first) ?? [];
  return { ...found, events: found.events.slice(0, cut), unreadable, next: first };
};

/** The answer of `$events`. If it does not have all events, `Bundle.link` with relation `next` leads to the others. */
export const eventsBundle = (found: FoundEvents, view: Viewpoint, now: string, most = bytesOfAnswer): string =>
  bundleOf(fitting(found, view, now, most), view, now);

const bundleOf = (shown: FoundEvents, view: Viewpoint, now: string): string => {
  const path = `Subscription/${shown.subscription.id}/$events`;
  const addressOf = (search: OperationValues): string =>
    search.size === 0 ? path : `${path}?${new URLSearchParams([...search]).toString()}`;
  return notificationBundle(shown, view, now, {
    self: addressOf(shown.asked),
    ...(shown.next === undefined
      ? {}
      : { next: addressOf(new Map([...shown.asked, ['eventsSinceNumber', String(shown.next)]])) }),
  });
};

/** What the events show of their missions. With payload `empty` they show nothing. */
const shownIn = ({ subscription, events }: FoundEvents, caller: Caller): readonly Shown[] =>
  subscription.payload === 'empty'
    ? []
    : [...Map.groupBy(events, ({ entry }) => entry.mission).values()].flatMap((ofIt) => {
        const newest = ofIt.at(-1)?.entry.state;
        const parts = ofIt.map(({ entry }) => String(entry.number));
        return newest === undefined || newest.readiness !== undefined ? [] : [shownOf(newest, caller, parts)];
      });

/** Reads the events and returns the answer of `$events`. */
export const answerEvents = async (
  ports: Parameters<typeof readEvents>[0],
  caller: Caller,
  subscription: Subscription,
  search: OperationValues,
  view: Viewpoint,
  now: string,
): Promise<{ readonly outcome: 'found'; readonly text: string; readonly shows: readonly Shown[] } | Refusal> => {
  const found = await readEvents(ports, caller, subscription, search);
  if (isRefusal(found)) return found;
  const shown = fitting(found, view, now, bytesOfAnswer);
  return { outcome: 'found', text: bundleOf(shown, view, now), shows: shownIn(shown, caller) };
};
