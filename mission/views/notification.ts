import type { Parameters, ParametersParameter } from 'fhir/r4.d.ts';
import type { Role } from '../../schemas/codes.ts';
import { entryAddress, uuidOf } from '../../schemas/identifiers.ts';
import { missionTopic } from '../../schemas/names.ts';
import type { Notification, StoredEntry, Subscription } from '../ports.ts';
import { mayReadEntry, mayReadTask } from '../routing.ts';
import { securityOf, type Viewpoint } from './fhir.ts';
import { sentEntries } from './message-text.ts';
import { missionResource } from './service-request.ts';
import { taskResource } from './task.ts';

/** One event as a subscriber is told of it: the receipt, the entry, and the entry that describes the mission. */
export interface NotifiedEvent {
  readonly notification: Notification;
  readonly entry: StoredEntry;
  readonly request: StoredEntry;
}

/** What a notification Bundle is to say. */
export type Notice =
  | { readonly kind: 'handshake' | 'heartbeat' | 'query-status'; readonly subscription: Subscription }
  | {
      readonly kind: 'event-notification' | 'query-event';
      readonly subscription: Subscription;
      readonly role: Role;
      readonly events: readonly NotifiedEvent[];
    };

interface HistoryEntry {
  readonly fullUrl?: string;
  readonly resource?: unknown;
  readonly request: { readonly method: string; readonly url: string };
  readonly response: { readonly status: string };
}

const statusProfile =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4';
const bundleProfile =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4';

const eventParameter = (
  event: NotifiedEvent,
  context: readonly string[],
  payload: Subscription['payload'],
  view: Viewpoint,
): ParametersParameter => ({
  name: 'notification-event',
  part: [
    { name: 'event-number', valueString: String(event.notification.number) },
    { name: 'timestamp', valueInstant: event.entry.receivedAt },
    ...(payload === 'empty'
      ? []
      : [
          { name: 'focus', valueReference: { reference: `${view.base}/ServiceRequest/${event.entry.mission}` } },
          ...context.map((reference) => ({ name: 'additional-context', valueReference: { reference } })),
        ]),
  ],
});

/** The state of a subscription as the IG's `backport-subscription-status-r4`. */
export const statusParameters = (
  notice: Notice,
  events: readonly ParametersParameter[],
  view: Viewpoint,
): Parameters => {
  const { subscription } = notice;
  return {
    resourceType: 'Parameters',
    meta: { profile: [statusProfile] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${view.base}/Subscription/${subscription.id}` } },
      ...(subscription.payload === 'empty' ? [] : [{ name: 'topic', valueCanonical: missionTopic }]),
      { name: 'status', valueCode: subscription.status },
      { name: 'type', valueCode: notice.kind },
      { name: 'events-since-subscription-start', valueString: String(subscription.lastNumber) },
      ...events,
      ...(subscription.error === undefined
        ? []
        : [{ name: 'error', valueCodeableConcept: { text: subscription.error } }]),
    ],
  };
};

/** The hub's own resources that an event concerns, as this subscriber may see them. */
const hubResources = (
  { entry, request }: NotifiedEvent,
  organisation: string,
  view: Viewpoint,
): readonly { url: string; resource: unknown }[] => [
  { url: `ServiceRequest/${entry.mission}`, resource: missionResource(entry.state, request) },
  ...entry.state.tasks
    .filter((task) => task.changedBy === entry.number && mayReadTask(task, entry.state, organisation))
    .map((task) => ({
      url: `Task/${task.id}`,
      resource: taskResource(task, entry.mission, entry.exercise, entry.state.urgency, view),
    })),
];

const eventEntries = (
  event: NotifiedEvent,
  { subscription, role }: { subscription: Subscription; role: Role },
  view: Viewpoint,
) => {
  const hub = hubResources(event, subscription.organisation, view).map(
    ({ url, resource }): HistoryEntry => ({
      fullUrl: `${view.base}/${url}`,
      resource,
      request: { method: 'PUT', url },
      response: { status: '200' },
    }),
  );
  const sent = mayReadEntry(event.entry, event.entry.state, subscription.organisation, role)
    ? sentEntries(event.entry).map(
        ({ whole, resourceType }): HistoryEntry => ({
          ...whole,
          request: { method: 'POST', url: resourceType },
          response: { status: '201' },
        }),
      )
    : [];
  switch (subscription.payload) {
    case 'empty':
      return { entries: [], context: [] };
    case 'id-only': {
      const message = `Bundle/${entryAddress(event.entry.mission, event.entry.number)}`;
      const readable: HistoryEntry = {
        fullUrl: `${view.base}/${message}`,
        request: { method: 'POST', url: 'Bundle' },
        response: { status: '201' },
      };
      const named = [...hub.map(({ resource: _withheld, ...rest }) => rest), readable];
      return { entries: named, context: named.slice(1).map(({ fullUrl }) => fullUrl ?? '') };
    }
    case 'full-resource':
      return {
        entries: [...hub, ...sent],
        context: [...hub.slice(1), ...sent].flatMap(({ fullUrl }) => (fullUrl === undefined ? [] : [fullUrl])),
      };
  }
};

/**
 * A notification Bundle of the Subscriptions R5 Backport IG for R4: type `history`, the status `Parameters` first,
 * then the mission, the Tasks it changed, and every resource of the message exactly as it was sent.
 */
export const notificationBundle = (notice: Notice, view: Viewpoint, now: string): string => {
  const { subscription } = notice;
  const events =
    'events' in notice ? notice.events.map((event) => ({ event, ...eventEntries(event, notice, view) })) : [];
  const numbers = events.map(({ event }) => event.notification.number);
  const id = uuidOf('notification', subscription.id, notice.kind, numbers.length === 0 ? now : numbers.join(','));
  const status = statusParameters(
    notice,
    events.map(({ event, context }) => eventParameter(event, context, subscription.payload, view)),
    view,
  );
  const first: HistoryEntry = {
    fullUrl: `urn:uuid:${uuidOf('status', id)}`,
    resource: status,
    request: { method: 'GET', url: `Subscription/${subscription.id}/$status` },
    response: { status: '200' },
  };
  const exercise = events.some(({ event }) => event.entry.exercise);
  return JSON.stringify({
    resourceType: 'Bundle',
    id,
    meta: { profile: [bundleProfile], ...securityOf(exercise) },
    type: 'history',
    timestamp: events.at(-1)?.event.entry.receivedAt ?? now,
    entry: [first, ...events.flatMap(({ entries }) => entries)],
  });
};
