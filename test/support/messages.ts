import type { Urgency } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { entryAddress, missionIdOf, uuidOf } from '../../schemas/identifiers.ts';
import { type Message, readMessage } from '../../schemas/message.ts';
import { systems } from '../../schemas/names.ts';
import type { Directory } from '../../mission/ports.ts';
import type { Party } from '../../mission/state.ts';

/** Small valid messages of every type, the same for the same arguments, and the parties that exchange them. */

/** Made-up organisation numbers: no real one begins with 1. */
export const parties = {
  amk: { organisation: '100000001', name: 'AMK Innlandet', role: 'local-amk', phone: '+47 00 00 00 01' },
  otherAmk: { organisation: '100000002', name: 'AMK Agder', role: 'local-amk' },
  la: { organisation: '100000011', name: 'AMK LA Oslo', role: 'amk-la', phone: '+47 00 00 00 11' },
  otherLa: { organisation: '100000012', name: 'AMK LA Bergen', role: 'amk-la' },
  operator: { organisation: '100000021', name: 'Helicopter Dombås', role: 'operator', phone: '+47 00 00 00 21' },
  otherOperator: { organisation: '100000022', name: 'Helicopter Ål', role: 'operator' },
  thirdOperator: { organisation: '100000023', name: 'Rescue helicopter Rygge', role: 'operator' },
  hospital: { organisation: '100000031', name: 'Ullevål emergency department', role: 'hospital' },
  otherHospital: { organisation: '100000032', name: 'St. Olavs emergency department', role: 'hospital' },
  observer: { organisation: '100000041', name: 'Hovedredningssentralen', role: 'observer' },
  quality: { organisation: '100000051', name: 'Luftambulansetjenesten', role: 'quality' },
} as const satisfies Record<string, Party>;

/** An organisation number that is not in the directory. */
export const strangerToTheDirectory = '199999999';

const everybody: ReadonlyMap<string, Party> = new Map(Object.values(parties).map((one) => [one.organisation, one]));

export const partyOf = (organisation: string): Party | undefined => everybody.get(organisation);
export const directory: Directory = { partyOf };

/** What any message may be given. */
export interface Envelope {
  /** `MessageHeader.id`; derived from the content if not given. */
  readonly id?: string;
  /** `Bundle.id`; derived from the message id if not given, left out if `none`. */
  readonly bundleId?: string;
  readonly exercise?: boolean;
  /** Organisation numbers in `MessageHeader.destination`. */
  readonly to?: readonly string[];
  /** The person who decided. */
  readonly by?: string;
  /** Further resources in the Bundle. */
  readonly more?: readonly Readonly<Record<string, unknown>>[];
}

type Resource = Readonly<Record<string, unknown>>;

const fullUrlOf = (...names: readonly string[]): string => `urn:uuid:${uuidOf('test resource', ...names)}`;

const concept = (system: string, code: string, text?: string): Resource => ({
  coding: [{ system, code }],
  ...defined({ text }),
});

const organisationReference = (organisation: string): Resource => ({
  identifier: { system: systems.organisationNumber, value: organisation },
});

const missionReference = (mission: string): Resource => ({ identifier: { system: systems.mission, value: mission } });

interface Content {
  readonly event: string;
  /** The resource that the header's focus points to. */
  readonly focus?: Resource;
  readonly mission?: string;
  readonly others?: readonly { readonly fullUrl: string; readonly resource: Resource }[];
}

/** The JSON text of a message. */
const messageText = ({ event, focus, mission, others = [] }: Content, envelope: Envelope): string => {
  const id = envelope.id ?? uuidOf('test message', event, JSON.stringify([focus, mission, others, envelope]));
  const bundleId = envelope.bundleId ?? uuidOf('test Bundle', id);
  const focusUrl = fullUrlOf('focus', id);
  const security = envelope.exercise === true ? [{ system: systems.actReason, code: 'HTEST' }] : [];
  return JSON.stringify({
    resourceType: 'Bundle',
    ...(bundleId === 'none' ? {} : { id: bundleId }),
    ...(security.length === 0 ? {} : { meta: { security } }),
    type: 'message',
    timestamp: '2026-02-01T12:00:00+01:00',
    entry: [
      {
        fullUrl: fullUrlOf('header', id),
        resource: {
          resourceType: 'MessageHeader',
          id,
          eventCoding: { system: systems.event, code: event },
          source: { name: 'test', endpoint: 'https://partner.example/fhir' },
          ...(envelope.to === undefined
            ? {}
            : {
                destination: envelope.to.map((organisation) => ({
                  endpoint: 'https://receiver.example/fhir',
                  receiver: organisationReference(organisation),
                })),
              }),
          ...(envelope.by === undefined ? {} : { author: { display: envelope.by } }),
          focus: [
            ...(focus === undefined ? [] : [{ reference: focusUrl }]),
            ...(mission === undefined ? [] : [missionReference(mission)]),
          ],
        },
      },
      ...(focus === undefined ? [] : [{ fullUrl: focusUrl, resource: focus }]),
      ...others,
      ...(envelope.more ?? []).map((resource, index) => ({ fullUrl: fullUrlOf('more', id, String(index)), resource })),
    ],
  });
};

/** Reads a text that must be a message. */
export const read = (text: string): Message => {
  const message = readMessage(text);
  if (message.outcome === 'refused') throw new Error(`not a valid message: ${JSON.stringify(message.faults)}`);
  return message;
};

const made = (content: Content, envelope: Envelope): Message => read(messageText(content, envelope));

/** Latitude and longitude, WGS84. */
export type Place = readonly [latitude: number, longitude: number];

/** Near Dovre. */
export const somewhere: Place = [62.0729, 9.1236];

const locationEntry = ([latitude, longitude]: Place) => ({
  fullUrl: fullUrlOf('place', String(latitude), String(longitude)),
  resource: { resourceType: 'Location', position: { latitude, longitude } },
});

const placed = (place: Place | undefined) => {
  const entry = place === undefined ? undefined : locationEntry(place);
  return {
    others: entry === undefined ? [] : [entry],
    references: entry === undefined ? undefined : [{ reference: entry.fullUrl }],
  };
};

const moments = (system: string, times: Readonly<Record<string, string>>): readonly Resource[] =>
  Object.entries(times).map(([code, valueDateTime]) => ({ type: concept(system, code), valueDateTime }));

/** The number of a mission that the message opened, given who sent it. */
export const missionOpenedBy = (message: Message, sender: Party = parties.amk): string =>
  missionIdOf(sender.organisation, message.id);

/** The hub's id of the Task that an entry of a mission opened. */
export const taskOpenedBy = (mission: string, entry: number): string => entryAddress(mission, entry);

export const missionRequest = ({
  urgency = 'stat',
  place = somewhere,
  ...envelope
}: Envelope & { readonly urgency?: Urgency; readonly place?: Place } = {}): Message => {
  const { others, references } = placed(place);
  return made(
    {
      event: 'mission-request',
      focus: {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        priority: urgency,
        subject: { display: 'Unknown' },
        reasonCode: [concept(systems.missionCriterion, 'time-to-definitive-care')],
        locationReference: references,
      },
      others,
    },
    { to: [parties.la.organisation], ...envelope },
  );
};

export const acknowledgement = ({ task, ...envelope }: Envelope & { readonly task: string }): Message =>
  made(
    { event: 'acknowledgement', focus: { resourceType: 'Task', id: task, status: 'received', intent: 'order' } },
    envelope,
  );

export const missionUpdate = ({
  mission,
  urgency,
  place,
  describes = true,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly urgency?: Urgency;
  readonly place?: Place;
  /** Whether it carries a ServiceRequest, a new description of the mission. */
  readonly describes?: boolean;
}): Message => {
  const { others, references } = placed(place);
  const focus = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { display: 'Unknown' },
    ...defined({ priority: urgency, locationReference: references }),
  };
  return made({ event: 'mission-update', mission, others, ...(describes ? { focus } : {}) }, envelope);
};

const decisionStatus = {
  accepted: 'accepted',
  'partially-accepted': 'accepted',
  deferred: 'on-hold',
  rejected: 'rejected',
} as const;

export const missionDecision = ({
  task,
  answer,
  reason = 'weather',
  until = '2026-02-01T14:00:00+01:00',
  ...envelope
}: Envelope & {
  readonly task: string;
  readonly answer: keyof typeof decisionStatus;
  readonly reason?: string;
  readonly until?: string;
}): Message =>
  made(
    {
      event: 'mission-decision',
      focus: {
        resourceType: 'Task',
        id: task,
        status: decisionStatus[answer],
        intent: 'order',
        businessStatus: concept(systems.missionDecision, answer),
        ...(answer === 'accepted' ? {} : { statusReason: concept(systems.refusalReason, reason, 'Fog at the scene') }),
        ...(answer === 'deferred' ? { restriction: { period: { end: until } } } : {}),
      },
    },
    { by: 'Kari Koordinator', ...envelope },
  );

export const resourceRequest = ({
  mission,
  kind = 'helicopter',
  ...envelope
}: Envelope & { readonly mission: string; readonly kind?: string }): Message =>
  made(
    {
      event: 'resource-request',
      mission,
      focus: {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        code: concept(systems.resourceKind, kind),
      },
    },
    { to: [parties.operator.organisation], ...envelope },
  );

const responseStatus = { accepted: 'accepted', declined: 'rejected', withdrawn: 'failed' } as const;

export const resourceResponse = ({
  task,
  answer,
  reason = 'weather',
  eta = '2026-02-01T12:30:00+01:00',
  ...envelope
}: Envelope & {
  readonly task: string;
  readonly answer: keyof typeof responseStatus;
  readonly reason?: string;
  readonly eta?: string;
}): Message =>
  made(
    {
      event: 'resource-response',
      focus: {
        resourceType: 'Task',
        id: task,
        status: responseStatus[answer],
        intent: 'order',
        businessStatus: concept(systems.resourceAnswer, answer),
        ...(answer === 'accepted'
          ? { output: moments(systems.taskDetail, { eta }) }
          : { statusReason: concept(systems.refusalReason, reason, 'Icing on the route') }),
      },
    },
    { by: 'Per Pilot', ...envelope },
  );

export const resourceStatus = ({
  task,
  phases = {},
  eta,
  place,
  ...envelope
}: Envelope & {
  readonly task: string;
  /** Flight phase → when it was seen. */
  readonly phases?: Readonly<Record<string, string>>;
  readonly eta?: string;
  readonly place?: Place;
}): Message => {
  const { others, references } = placed(place);
  return made(
    {
      event: 'resource-status',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'in-progress',
        intent: 'order',
        ...defined({ location: references?.[0] }),
        output: [
          ...moments(systems.flightPhase, phases),
          ...(eta === undefined ? [] : moments(systems.taskDetail, { eta })),
        ],
      },
      others,
    },
    envelope,
  );
};

export const prearrivalNotification = ({
  mission,
  task,
  partOf,
  eta = '2026-02-01T13:00:00+01:00',
  ...envelope
}: Envelope & {
  readonly mission: string;
  /** The hub's id of the Task that is brought up to date. */
  readonly task?: string;
  /** The hub's id of the flight's Task. */
  readonly partOf?: string;
  readonly eta?: string;
}): Message =>
  made(
    {
      event: 'prearrival-notification',
      mission,
      focus: {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        ...defined({ id: task, partOf: partOf === undefined ? undefined : [{ reference: `Task/${partOf}` }] }),
        input: moments(systems.taskDetail, { eta }),
      },
    },
    { to: [parties.hospital.organisation], ...envelope },
  );

const prearrivalStatus = { accepted: 'accepted', diverted: 'rejected', 'cannot-receive': 'rejected' } as const;

export const prearrivalResponse = ({
  task,
  answer,
  reason = 'no-resource-available',
  divertedTo = parties.otherHospital.organisation,
  ...envelope
}: Envelope & {
  readonly task: string;
  readonly answer: keyof typeof prearrivalStatus;
  readonly reason?: string;
  readonly divertedTo?: string;
}): Message =>
  made(
    {
      event: 'prearrival-response',
      focus: {
        resourceType: 'Task',
        id: task,
        status: prearrivalStatus[answer],
        intent: 'order',
        businessStatus: concept(systems.prearrivalAnswer, answer),
        ...(answer === 'accepted'
          ? {}
          : { statusReason: concept(systems.refusalReason, reason, 'No operating theatre free') }),
        ...(answer === 'diverted'
          ? {
              output: [
                {
                  type: concept(systems.taskDetail, 'diverted-to'),
                  valueReference: organisationReference(divertedTo),
                },
              ],
            }
          : {}),
      },
    },
    { by: 'Lise Lege', ...envelope },
  );

export const missionCancel = ({
  mission,
  reason = 'condition-improved',
  ...envelope
}: Envelope & { readonly mission: string; readonly reason?: string }): Message =>
  made(
    {
      event: 'mission-cancel',
      mission,
      focus: {
        resourceType: 'ServiceRequest',
        status: reason === 'entered-in-error' ? 'entered-in-error' : 'revoked',
        intent: 'order',
        subject: { display: 'Unknown' },
        reasonCode: [concept(systems.cancelReason, reason, 'In words')],
      },
    },
    envelope,
  );
