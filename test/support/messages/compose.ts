import { defined } from '../../../schemas/defined.ts';
import { uuidIn } from '../../../schemas/fhir/addresses.ts';
import { digestOf, uuidOf } from '../../../schemas/identifiers.ts';
import type { Message } from '../../../schemas/reading/message.ts';
import { readMessage } from '../../../schemas/reading/read-message.ts';
import { municipalityExtension, systems } from '../../../schemas/names.ts';

/** Builds the text of a small valid message, the same for the same arguments. */

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

export const concept = (system: string, code: string, text?: string): Resource => ({
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
        fullUrl: uuidIn(`urn:uuid:${id}`) === undefined ? fullUrlOf('header', id) : `urn:uuid:${id}`,
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

export const made = (content: Content, envelope: Envelope): Message => read(messageText(content, envelope));

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

export const placed = (place: Place | undefined, municipality?: string) => {
  const entry = place === undefined ? undefined : locationEntry(place, municipality);
  return {
    others: entry === undefined ? [] : [entry],
    references: entry === undefined ? undefined : [{ reference: entry.fullUrl }],
  };
};

export const moments = (system: string, times: Readonly<Record<string, string>>): readonly Resource[] =>
  Object.entries(times).map(([code, valueDateTime]) => ({ type: concept(system, code), valueDateTime }));

export const callSign = (value: string): Resource => ({
  type: concept(systems.taskDetail, 'resource'),
  valueReference: { identifier: { system: systems.resource, value } },
});

export const hospitalDetail = (code: string, organisation: string): Resource => ({
  type: concept(systems.taskDetail, code),
  valueReference: organisationReference(organisation),
});
