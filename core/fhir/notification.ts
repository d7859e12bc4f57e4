import type { CodeableConcept, Parameters, ParametersParameter } from 'fhir/r4.d.ts';
import { reasonCodeOf } from '../../schemas/call-result.ts';
import { type Role, unreachedReasons } from '../../schemas/codes.ts';
import { entryAddress, uuidOf } from '../../schemas/identifiers.ts';
import { missionTopic, systems } from '../../schemas/names.ts';
import type { StoredEntry } from '../mission/mission-log.ts';
import type { NumberGap, Subscription } from '../delivery/subscription.ts';
import type { Notification } from '../delivery/notifications.ts';
import {
  mayOpenMission,
  mayReadEntry,
  mayReadReadiness,
  mayReadTask,
  readsDescription,
  seesNoPerson,
} from '../mission/access-rules.ts';
import type { MissionState } from '../mission/state.ts';
import { markedAsExercise } from './exercise.ts';
import { securityOf, type Viewpoint } from './fhir.ts';
import { pictureFor } from '../mission/picture.ts';
import { sentEntries } from '../mission/sent-message.ts';
import { deIdentifiedSecurity, deIdentify, deIdentifyEntries, seenBy } from './de-identify.ts';
import { failedCallText } from './subscription.ts';
import { resourceOfReadiness } from './location.ts';
import { missionResource } from './service-request.ts';
import { taskResource } from './task.ts';
import type { Notice, NotifiedEvent } from '../delivery/notice.ts';

interface BundleHistoryEntry {
  readonly fullUrl?: string;
  readonly resource?: unknown;
  readonly request: { readonly method: string; readonly url: string };
  readonly response: { readonly status: string };
}

const statusProfile =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4';
const bundleProfile =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4';

/** The subject of the log: a mission, or a resource in no mission. */
const aboutOf = ({ mission, state }: StoredEntry): string =>
  state.readiness === undefined ? `ServiceRequest/${mission}` : `Location/${mission}`;

const namedOnlyText = (number: number, count: number): string =>
  `Event ${number} names ${count} more ${count === 1 ? 'resource' : 'resources'} of earlier messages that do not fit into it: read them at the hub.`;

const eventParameter = (
  event: NotifiedEvent,
  context: readonly string[],
  isNamed: boolean,
  view: Viewpoint,
): ParametersParameter => ({
  name: 'notification-event',
  part: [
    { name: 'event-number', valueString: String(event.notification.number) },
    { name: 'timestamp', valueInstant: event.entry.receivedAt },
    ...(!isNamed
      ? []
      : [
          { name: 'focus', valueReference: { reference: `${view.base}/${aboutOf(event.entry)}` } },
          ...context.map((reference) => ({ name: 'additional-context', valueReference: { reference } })),
        ]),
  ],
});

/** An event that only a newer release can read: it is listed with its number, so that no number is missing. */
const unreadableParameter = ({ number, writtenAt }: Notification): NumberedParameter => ({
  number,
  parameter: {
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: String(number) },
      { name: 'timestamp', valueInstant: writtenAt },
    ],
  },
});

interface NumberedParameter {
  readonly number: number;
  readonly parameter: ParametersParameter;
}

const unreadableIn = (notice: Notice): readonly Notification[] => ('events' in notice ? (notice.unreadable ?? []) : []);

const unreadableText = ({ number }: Notification): string =>
  `Event ${number} is kept, but cannot be read now: a newer release of the hub wrote it. Ask for it again later, and phone until then.`;

/** Number of events of the subscription, including those of the notice. */
const eventsSoFar = (notice: Notice): number =>
  Math.max(
    notice.newest ?? 0,
    ...('events' in notice ? notice.events.map(({ notification }) => notification.number) : []),
    ...unreadableIn(notice).map(({ number }) => number),
  );

const gapText = ({ after, next, at }: NumberGap): string =>
  `The hub was restored from a backup at ${at}. It has no events ${after + 1} to ${next - 1}: if you received some of them, the hub has lost their content. The next event has number ${next} or higher.`;

/** Errors for the subscriber: the last call of its endpoint and, where the subscriber reads them, ranges of numbers without events. */
const errorsOf = (notice: Notice): readonly CodeableConcept[] => {
  const {
    kind,
    subscription: { failedCall, gaps = [] },
  } = notice;
  const reason = failedCall && reasonCodeOf(failedCall.result);
  return [
    ...(failedCall === undefined || reason === undefined
      ? []
      : [
          {
            coding: [{ system: systems.unreachedReason, code: reason, display: unreachedReasons[reason] }],
            text: failedCallText(failedCall),
          },
        ]),
    ...[
      ...(kind === 'event-notification' || kind === 'heartbeat' ? [] : gaps.map(gapText)),
      ...unreadableIn(notice).map(unreadableText),
    ].map((text) => ({ text })),
  ];
};

/** The state of a subscription as the IG's `backport-subscription-status-r4`. `id`: of what it is part of; its own is derived from it. */
export const statusParameters = (
  id: string,
  notice: Notice,
  events: readonly ParametersParameter[],
  view: Viewpoint,
  remarks: readonly string[] = [],
): Parameters => {
  const { subscription } = notice;
  return {
    resourceType: 'Parameters',
    id: uuidOf('status', id),
    meta: { profile: [statusProfile] },
    parameter: [
      { name: 'subscription', valueReference: { reference: `${view.base}/Subscription/${subscription.id}` } },
      ...(subscription.payload === 'empty' ? [] : [{ name: 'topic', valueCanonical: missionTopic }]),
      { name: 'status', valueCode: subscription.status },
      { name: 'type', valueCode: notice.kind },
      { name: 'events-since-subscription-start', valueString: String(eventsSoFar(notice)) },
      ...events,
      ...[...errorsOf(notice), ...remarks.map((text) => ({ text }))].map((valueCodeableConcept) => ({
        name: 'error',
        valueCodeableConcept,
      })),
    ],
  };
};

interface Reader {
  readonly subscription: Subscription;
  readonly role: Role;
  /** The answer has both real events and exercises: the Bundle cannot have the label, so each resource has it. */
  readonly isMixed: boolean;
}

/** The mission by which the reader's rights are judged. */
const currentOf = ({ entry, current }: NotifiedEvent): MissionState => current ?? entry.state;

/** Whether the reader may read what the event is about. Who was notified may not read it any more if its role is another one now. */
const mayRead = (event: NotifiedEvent, { subscription: { organisation }, role }: Reader): boolean =>
  event.entry.state.readiness === undefined
    ? mayOpenMission(currentOf(event), organisation, role)
    : mayReadReadiness(event.entry, organisation, role);

/** The subject of an event as of its entry: the mission as `GET ServiceRequest/{mission}` shows it to this reader, or a resource. */
const subjectOf = (
  event: NotifiedEvent,
  { subscription: { organisation }, role }: Reader,
  view: Viewpoint,
): unknown => {
  const { entry, sources } = event;
  const { state } = entry;
  if (state.readiness !== undefined) return resourceOfReadiness(state, view);
  const mission = missionResource(state, sources);
  return readsDescription(sources, currentOf(event), organisation, role)
    ? mission
    : deIdentify(mission, { role, entry, sources });
};

/** The hub's own resources that an event concerns, as this subscriber may see them; the subject of the event is first. */
const hubResources = (
  event: NotifiedEvent,
  reader: Reader,
  view: Viewpoint,
): readonly { url: string; resource: unknown }[] => {
  const { entry, sources } = event;
  const { state } = entry;
  const {
    subscription: { organisation },
    role,
  } = reader;
  const tasks = state.tasks
    .filter((task) => task.changedBy === entry.number && mayReadTask(task, currentOf(event), organisation, role))
    .map((task) => ({
      url: `Task/${task.id}`,
      resource: seenBy(taskResource(task, state, view), { role, entry, sources }),
    }));
  return [{ url: aboutOf(entry), resource: subjectOf(event, reader, view) }, ...tasks];
};

const posted = (whole: Readonly<Record<string, unknown>>, resourceType: string): BundleHistoryEntry => ({
  ...whole,
  request: { method: 'POST', url: resourceType },
  response: { status: '201' },
});

/** The resources of the message, each exactly as it was sent, or de-identified. */
const sentResources = (
  event: NotifiedEvent,
  { subscription: { organisation }, role, isMixed }: Reader,
  view: Viewpoint,
): readonly BundleHistoryEntry[] => {
  const { entry, sources, announced } = event;
  if (!mayReadEntry(entry, currentOf(event), organisation, role)) return [];
  if (seesNoPerson(role))
    return deIdentifyEntries({ role, entry, sources }, view).map(({ fullUrl, resource, resourceType }) =>
      posted({ fullUrl, resource }, resourceType),
    );
  const sent = sentEntries(entry);
  const newest = new Set(sent.map(({ fullUrl }) => fullUrl));
  // The hospital diverted to gets the content for the first hospital; resources in both are those of the diversion.
  const before = announced === undefined ? [] : sentEntries(announced);
  const others = before.filter(({ fullUrl }) => fullUrl === undefined || !newest.has(fullUrl));
  return [...sent, ...others].map(({ whole, resource, resourceType }) =>
    posted(isMixed && entry.exercise ? { ...whole, resource: markedAsExercise(resource) } : whole, resourceType),
  );
};

/** What an asked party needs to know from earlier messages, under the addresses by which it is read at the hub. */
const pictureEntries = (
  event: NotifiedEvent,
  { subscription: { organisation }, role, isMixed }: Reader,
  view: Viewpoint,
): readonly BundleHistoryEntry[] => {
  const { entry, sources } = event;
  return pictureFor(entry, sources, { organisation, role, current: currentOf(event), base: view.base }).flatMap(
    (one): readonly BundleHistoryEntry[] => {
      const url = `${one.resourceType}/${one.id}`;
      const resource = seenBy(one.resource, { role, entry, sources });
      if (resource === undefined) return [];
      return [
        {
          fullUrl: `${view.base}/${url}`,
          ...(one.fits ? { resource: isMixed && entry.exercise ? markedAsExercise(resource) : resource } : {}),
          request: { method: 'PUT', url },
          response: { status: '200' },
        },
      ];
    },
  );
};

const eventEntries = (event: NotifiedEvent, reader: Reader, view: Viewpoint) => {
  const { mission, number } = event.entry;
  if (!mayRead(event, reader)) return { entries: [], context: [], namedOnly: 0 };
  const hub = hubResources(event, reader, view).map(
    ({ url, resource }): BundleHistoryEntry => ({
      fullUrl: `${view.base}/${url}`,
      resource,
      request: { method: 'PUT', url },
      response: { status: '200' },
    }),
  );
  const { payload } = reader.subscription;
  if (payload === 'empty') return { entries: [], context: [], namedOnly: 0 };
  if (payload === 'full-resource') {
    const picture = pictureEntries(event, reader, view);
    const sent = [...picture, ...sentResources(event, reader, view)];
    return {
      namedOnly: picture.filter(({ resource }) => resource === undefined).length,
      entries: [...hub, ...sent],
      context: [...hub.slice(1), ...sent].flatMap(({ fullUrl }) => (fullUrl === undefined ? [] : [fullUrl])),
    };
  }
  // Also for a payload content that only a newer release knows: ids disclose nothing, and lead to the rest.
  const messages = [number, ...(event.announced === undefined ? [] : [event.announced.number])].map(
    (one): BundleHistoryEntry => ({
      fullUrl: `${view.base}/Bundle/${entryAddress(mission, one)}`,
      request: { method: 'POST', url: 'Bundle' },
      response: { status: '201' },
    }),
  );
  const picture = pictureEntries(event, reader, view);
  const named = [...[...hub, ...picture].map(({ resource: _withheld, ...rest }) => rest), ...messages];
  return { entries: named, context: named.slice(1).map(({ fullUrl }) => fullUrl ?? ''), namedOnly: 0 };
};

const contentOf = ({ resource }: BundleHistoryEntry): string => JSON.stringify(resource) ?? '';

/** Entries without those that say again, under the same address, what an earlier one says. */
const eachOnce = (entries: readonly BundleHistoryEntry[]): readonly BundleHistoryEntry[] => {
  const said = new Map<string, { readonly first: BundleHistoryEntry; contents?: Set<string> }>();
  return entries.filter((entry) => {
    if (entry.fullUrl === undefined) return true;
    const known = said.get(entry.fullUrl);
    if (known === undefined) {
      said.set(entry.fullUrl, { first: entry });
      return true;
    }
    // Contents are written for comparison only if an address is there twice, which is rare.
    known.contents ??= new Set([contentOf(known.first)]);
    const content = contentOf(entry);
    return !known.contents.has(content) && known.contents.add(content) !== undefined;
  });
};

/** The addresses that an event names, each with the content there. One answer holds no address with two contents. */
export const addressesOfEvent = (
  event: NotifiedEvent,
  { subscription, role }: Omit<Reader, 'isMixed'>,
  view: Viewpoint,
): ReadonlyMap<string, string> =>
  new Map(
    eventEntries(event, { subscription, role, isMixed: false }, view).entries.flatMap((entry) =>
      entry.fullUrl === undefined ? [] : [[entry.fullUrl, contentOf(entry)] as const],
    ),
  );

/**
 * A notification Bundle of the Subscriptions R5 Backport IG for R4: type `history`, the status `Parameters` first,
 * then the mission, the Tasks that changed, and every resource of the message exactly as it was sent; de-identified for roles
 * that may not see persons. `links`: paths below the base URL, by relation.
 */
export const notificationBundle = (
  notice: Notice,
  view: Viewpoint,
  now: string,
  links: Readonly<Record<string, string>> = {},
): string => {
  const { subscription } = notice;
  const notified = 'events' in notice ? notice.events : [];
  const exercise = notified.length > 0 && notified.every(({ entry }) => entry.exercise);
  const isMixed = !exercise && notified.some(({ entry }) => entry.exercise);
  const events =
    'events' in notice
      ? notified.map((event) => ({ event, ...eventEntries(event, { ...notice, isMixed }, view) }))
      : [];
  const numbers = [...events.map(({ event }) => event.notification), ...unreadableIn(notice)].map(
    ({ number }) => number,
  );
  const id = uuidOf('notification', subscription.id, notice.kind, numbers.length === 0 ? now : numbers.join(','));
  const status = statusParameters(
    id,
    notice,
    [
      ...events.map(({ event, context, entries }) => ({
        number: event.notification.number,
        parameter: eventParameter(event, context, entries.length > 0, view),
      })),
      ...unreadableIn(notice).map(unreadableParameter),
    ]
      .toSorted((one, other) => one.number - other.number)
      .map(({ parameter }) => parameter),
    view,
    events.flatMap(({ event, namedOnly }) =>
      namedOnly === 0 ? [] : [namedOnlyText(event.notification.number, namedOnly)],
    ),
  );
  const first: BundleHistoryEntry = {
    fullUrl: `urn:uuid:${status.id}`,
    resource: status,
    request: { method: 'GET', url: `Subscription/${subscription.id}/$status` },
    response: { status: '200' },
  };
  const security =
    'role' in notice && seesNoPerson(notice.role) ? deIdentifiedSecurity(exercise) : securityOf(exercise);
  return JSON.stringify({
    resourceType: 'Bundle',
    id,
    meta: { profile: [bundleProfile], ...security },
    type: 'history',
    ...(Object.keys(links).length === 0
      ? {}
      : { link: Object.entries(links).map(([relation, path]) => ({ relation, url: `${view.base}/${path}` })) }),
    timestamp: events.at(-1)?.event.entry.receivedAt ?? now,
    entry: [first, ...eachOnce(events.flatMap(({ entries }) => entries))],
  });
};
