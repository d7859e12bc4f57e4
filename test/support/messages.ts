import type { Urgency } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { digestOf, entryAddress, missionIdOf, uuidOf } from '../../schemas/identifiers.ts';
import { readMessage } from '../../schemas/messages/read-message.ts';
import type { Message } from '../../schemas/messages/message.ts';
import { municipalityExtension, systems } from '../../schemas/names.ts';
import type { Directory } from '../../core/mission/directory.ts';
import { hub, type Party } from '../../core/mission/state.ts';

/** Small valid messages of every type, the same for the same arguments, and the parties that exchange them. */

/** Made-up organisation numbers: no real one begins with 1. */
export const parties = {
  amk: { organisation: '100000001', name: 'AMK Innlandet', role: 'local-amk', phone: '+47 00 00 00 01' },
  otherAmk: { organisation: '100000002', name: 'AMK Agder', role: 'local-amk', phone: '+47 00 00 00 02' },
  la: { organisation: '100000011', name: 'AMK LA Oslo', role: 'amk-la', phone: '+47 00 00 00 11' },
  otherLa: { organisation: '100000012', name: 'AMK LA Bergen', role: 'amk-la', phone: '+47 00 00 00 12' },
  operator: { organisation: '100000021', name: 'Helicopter Dombås', role: 'operator', phone: '+47 00 00 00 21' },
  otherOperator: { organisation: '100000022', name: 'Helicopter Ål', role: 'operator' },
  thirdOperator: { organisation: '100000023', name: 'Rescue helicopter Rygge', role: 'operator' },
  hospital: {
    organisation: '100000031',
    name: 'Ullevål emergency department',
    role: 'hospital',
    phone: '+47 00 00 00 31',
  },
  otherHospital: { organisation: '100000032', name: 'St. Olavs emergency department', role: 'hospital' },
  observer: { organisation: '100000041', name: 'Hovedredningssentralen', role: 'observer' },
  quality: { organisation: '100000051', name: 'Luftambulansetjenesten', role: 'quality' },
} as const satisfies Record<string, Party>;

/** An organisation number that is not in the directory. */
export const strangerToTheDirectory = '199999999';

const everybody: ReadonlyMap<string, Party> = new Map(
  [...Object.values(parties), hub].map((one: Party) => [one.organisation, one]),
);

export const partyOf = (organisation: string): Party | undefined => everybody.get(organisation);

/** A unit of the AMK, and the legal entity above it. */
export const ofAmk = { unit: '100000091', legalEntity: '100000092' };
const unitsAndLegalEntity: ReadonlyMap<string, readonly string[]> = new Map([
  [parties.amk.organisation, Object.values(ofAmk)],
]);

/** County 34 is covered by one AMK LA, 46 by the other; nobody covers the rest. */
export const directory: Directory = {
  partyOf,
  numbersOf: (organisation) => [organisation, ...(unitsAndLegalEntity.get(organisation) ?? [])],
  partiesOf: (role) => [...everybody.values()].filter((one) => one.role === role),
  coordinatorFor: (municipality) =>
    municipality.startsWith('34') ? parties.la : municipality.startsWith('46') ? parties.otherLa : undefined,
  resourceOf: () => undefined,
};

/** Who sends, and what the rules need besides. */
export const sentBy = (sender: Party) => ({ sender, directory, guidelines: firstGuidelines });

/** What any message may be given. */
export interface Envelope {
  /** `MessageHeader.id`; derived from the content if not given. */
  readonly id?: string;
  /** `Bundle.id`; derived from the message id if not given, left out if `none`. */
  readonly bundleId?: string;
  readonly exercise?: boolean;
  /** Organisation numbers in `MessageHeader.destination`. */
  readonly to?: readonly string[];
  /** What the header says of who sends. */
  readonly from?: Readonly<Record<string, unknown>>;
  /** The person who decided, by name, or by name and HPR number. */
  readonly by?: string | { readonly name: string; readonly number?: string };
  /** In which role; `none` to leave it out. */
  readonly as?: string;
  /** `Bundle.timestamp`. */
  readonly at?: string;
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

/** A made-up HPR number, the same for the same name. */
const numberFor = (name: string): string =>
  String(900_000_000 + (Number.parseInt(digestOf(name.toLowerCase()).slice(0, 8), 16) % 99_999_999));

/** Who decided, as a PractitionerRole. */
const authorOf = ({ by, as: duty = 'Coordinator' }: Envelope, id: string) => {
  if (by === undefined) return undefined;
  const { name, number } = typeof by === 'string' ? { name: by, number: numberFor(by) } : by;
  return {
    fullUrl: fullUrlOf('author', id),
    resource: {
      resourceType: 'PractitionerRole',
      practitioner: defined({
        display: name,
        identifier: number === undefined ? undefined : { system: systems.healthPersonnel, value: number },
      }),
      ...(duty === 'none' ? {} : { code: [{ text: duty }] }),
    },
  };
};

/** The JSON text of a message. */
const messageText = ({ event, focus, mission, others = [] }: Content, envelope: Envelope): string => {
  const id = envelope.id ?? uuidOf('test message', event, JSON.stringify([focus, mission, others, envelope]));
  const bundleId = envelope.bundleId ?? uuidOf('test Bundle', id);
  const focusUrl = fullUrlOf('focus', id);
  const author = authorOf(envelope, id);
  const security = envelope.exercise === true ? [{ system: systems.actReason, code: 'HTEST' }] : [];
  return JSON.stringify({
    resourceType: 'Bundle',
    ...(bundleId === 'none' ? {} : { id: bundleId }),
    ...(security.length === 0 ? {} : { meta: { security } }),
    type: 'message',
    timestamp: envelope.at ?? '2026-02-01T12:00:00+01:00',
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
          ...envelope.from,
          ...(author === undefined ? {} : { author: { reference: author.fullUrl } }),
          focus: [
            ...(focus === undefined ? [] : [{ reference: focusUrl }]),
            ...(mission === undefined ? [] : [missionReference(mission)]),
          ],
        },
      },
      ...(focus === undefined ? [] : [{ fullUrl: focusUrl, resource: focus }]),
      ...others,
      ...(author === undefined ? [] : [author]),
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

const locationEntry = ([latitude, longitude]: Place, municipality?: string) => ({
  fullUrl: fullUrlOf('place', String(latitude), String(longitude)),
  resource: {
    resourceType: 'Location',
    position: { latitude, longitude },
    ...defined({
      address:
        municipality === undefined
          ? undefined
          : {
              district: 'Somewhere',
              _district: {
                extension: [
                  { url: municipalityExtension, valueCoding: { system: systems.municipality, code: municipality } },
                ],
              },
            },
    }),
  },
});

/** The identifier that the missions of one large event share. */
export const incidentIdentifier = (value: string) => ({ system: 'https://amk.example/incident', value });

const placed = (place: Place | undefined, municipality?: string) => {
  const entry = place === undefined ? undefined : locationEntry(place, municipality);
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
  criterion = 'time-to-definitive-care',
  municipality,
  incident,
  ...envelope
}: Envelope & {
  readonly urgency?: Urgency;
  readonly place?: Place;
  readonly criterion?: string;
  /** Municipality number of the place. */
  readonly municipality?: string;
  /** Value of the incident's identifier. */
  readonly incident?: string;
} = {}): Message => {
  const { others, references } = placed(place, municipality);
  return made(
    {
      event: 'mission-request',
      focus: {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        priority: urgency,
        subject: { display: 'Unknown' },
        reasonCode: [concept(systems.missionCriterion, criterion)],
        locationReference: references,
        ...defined({ requisition: incident === undefined ? undefined : incidentIdentifier(incident) }),
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
  municipality,
  criterion,
  incident,
  describes = true,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly urgency?: Urgency;
  readonly place?: Place;
  /** Municipality number of the place. */
  readonly municipality?: string;
  readonly criterion?: string;
  /** Value of the incident's identifier. */
  readonly incident?: string;
  /** Whether it carries a ServiceRequest, a new description of the mission. */
  readonly describes?: boolean;
}): Message => {
  const { others, references } = placed(place, municipality);
  const focus = {
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: { display: 'Unknown' },
    ...defined({
      priority: urgency,
      locationReference: references,
      reasonCode: criterion === undefined ? undefined : [concept(systems.missionCriterion, criterion)],
      requisition: incident === undefined ? undefined : incidentIdentifier(incident),
    }),
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
  criterion,
  ...envelope
}: Envelope & {
  readonly task: string;
  readonly answer: keyof typeof decisionStatus;
  readonly reason?: string;
  /** The criterion it was judged on. */
  readonly criterion?: string;
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
        ...(criterion === undefined ? {} : { reasonCode: concept(systems.missionCriterion, criterion) }),
      },
    },
    { by: 'Kari Koordinator', ...envelope },
  );

export const resourceRequest = ({
  mission,
  kind = 'helicopter',
  resource,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly kind?: string;
  /** Call sign. */
  readonly resource?: string;
}): Message =>
  made(
    {
      event: 'resource-request',
      mission,
      focus: {
        resourceType: 'Task',
        status: 'requested',
        intent: 'order',
        code: concept(systems.resourceKind, kind),
        ...(resource === undefined ? {} : { input: [callSign(resource)] }),
      },
    },
    { to: [parties.operator.organisation], ...envelope },
  );

const callSign = (value: string): Resource => ({
  type: concept(systems.taskDetail, 'resource'),
  valueReference: { identifier: { system: systems.resource, value } },
});

const hospitalDetail = (code: string, organisation: string): Resource => ({
  type: concept(systems.taskDetail, code),
  valueReference: organisationReference(organisation),
});

const responseStatus = { accepted: 'accepted', declined: 'rejected', withdrawn: 'failed', aborted: 'failed' } as const;

export const resourceResponse = ({
  task,
  answer,
  reason = 'weather',
  eta = '2026-02-01T12:30:00+01:00',
  resource,
  ...envelope
}: Envelope & {
  readonly task: string;
  /** Call sign. */
  readonly resource?: string;
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
          ? {
              output: [
                ...moments(systems.taskDetail, { eta }),
                ...(resource === undefined ? [] : [callSign(resource)]),
              ],
            }
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
  handedOverTo,
  ...envelope
}: Envelope & {
  readonly task: string;
  /** Flight phase → when it was seen. */
  readonly phases?: Readonly<Record<string, string>>;
  readonly eta?: string;
  readonly place?: Place;
  /** Organisation number of the hospital that has the patient. */
  readonly handedOverTo?: string;
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
          ...(handedOverTo === undefined ? [] : [hospitalDetail('handed-over-to', handedOverTo)]),
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
              output: [hospitalDetail('diverted-to', divertedTo)],
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

/** A pre-arrival notification taken back: the patient does not come, or comes to another hospital. */
export const prearrivalWithdrawal = ({
  mission,
  task,
  reason = 'weather',
  divertedTo,
  ...envelope
}: Envelope & {
  readonly mission: string;
  readonly task: string;
  readonly reason?: string;
  readonly divertedTo?: string;
}): Message =>
  made(
    {
      event: 'prearrival-notification',
      mission,
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'cancelled',
        intent: 'order',
        statusReason: concept(systems.refusalReason, reason, 'Fog at the helipad'),
        ...(divertedTo === undefined ? {} : { output: [hospitalDetail('diverted-to', divertedTo)] }),
      },
    },
    envelope,
  );

export const medicalAssessment = ({
  mission,
  ground,
  ...envelope
}: Envelope & { readonly mission: string; readonly ground: string }): Message =>
  made(
    {
      event: 'medical-assessment',
      mission,
      focus: {
        resourceType: 'ClinicalImpression',
        status: 'completed',
        subject: { display: 'Unknown' },
        finding: [{ itemCodeableConcept: concept(systems.medicalGround, ground) }],
        summary: 'Stable, can go by road',
      },
    },
    { by: 'Frida Flylege', as: 'Air-ambulance physician', ...envelope },
  );

export const reviewRequest = ({
  task,
  words = 'The road is closed',
  ...envelope
}: Envelope & { readonly task: string; readonly words?: string }): Message =>
  made(
    {
      event: 'review-request',
      focus: { resourceType: 'Task', id: task, status: 'requested', intent: 'order', description: words },
    },
    envelope,
  );

export const missionForward = ({
  task,
  reason = 'place-in-other-region',
  ...envelope
}: Envelope & { readonly task: string; readonly reason?: string }): Message =>
  made(
    {
      event: 'mission-forward',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'cancelled',
        intent: 'order',
        statusReason: concept(systems.forwardReason, reason, 'In words'),
      },
    },
    { to: [parties.otherLa.organisation], ...envelope },
  );

export const missionReport = ({
  task,
  phases = {},
  ...envelope
}: Envelope & { readonly task: string; readonly phases?: Readonly<Record<string, string>> }): Message =>
  made(
    {
      event: 'mission-report',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'completed',
        intent: 'order',
        output: moments(systems.flightPhase, phases),
      },
    },
    envelope,
  );

export const outcomeFeedback = ({
  task,
  assessment = 'appropriate',
  ...envelope
}: Envelope & { readonly task: string; readonly assessment?: string }): Message =>
  made(
    {
      event: 'outcome-feedback',
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'completed',
        intent: 'order',
        businessStatus: concept(systems.outcomeAssessment, assessment),
      },
    },
    envelope,
  );

/** What an operator says of a resource that is in no mission; `at` is when it says so. */
export const resourceAvailability = ({
  resource = 'LA-01',
  kind = 'helicopter',
  availability = 'free',
  place,
  ...envelope
}: Envelope & {
  readonly resource?: string;
  readonly place?: Place;
  readonly kind?: string;
  readonly availability?: string;
} = {}): Message =>
  made(
    {
      event: 'resource-status',
      focus: {
        resourceType: 'Location',
        identifier: [{ system: systems.resource, value: resource }],
        type: [concept(systems.resourceKind, kind)],
        operationalStatus: { system: systems.resourceAvailability, code: availability },
        ...defined({ position: place === undefined ? undefined : { latitude: place[0], longitude: place[1] } }),
      },
    },
    envelope,
  );

/** A resource that is stood down: it is not needed any more. */
export const resourceWithdrawal = ({
  mission,
  task,
  reason = 'other-resource-better',
  ...envelope
}: Envelope & { readonly mission: string; readonly task: string; readonly reason?: string }): Message =>
  made(
    {
      event: 'resource-request',
      mission,
      focus: {
        resourceType: 'Task',
        id: task,
        status: 'cancelled',
        intent: 'order',
        statusReason: concept(systems.refusalReason, reason, 'The other helicopter is there'),
      },
    },
    envelope,
  );
