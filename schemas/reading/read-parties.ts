import type { Fault } from '../faults.ts';
import { reference as referenceSchema } from '../fhir/datatypes.ts';
import type { MessageEntry, MessageHeader } from '../fhir/resources.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { mostOfKind, type Warning } from '../warnings.ts';
import { contradiction } from './contradiction.ts';
import { claimPath, destinationPathOf, receiverPath, resourcePath } from './fhir-paths.ts';
import type { Claim, NamedOrganisation } from './message.ts';
import type { Facts, MessageType } from '../messages/message-type.ts';
import type { OrganisationReader } from './read-organisation.ts';
import { inHeader } from './resolver.ts';

/** The organisations that the MessageHeader names. */

/** The directory, as far as the reader of a message needs it. */
export interface KnownEndpoints {
  /** Organisation numbers of the parties that have this endpoint in the directory. */
  readonly partiesAt: (endpoint: string) => readonly string[];
}

type Destination = NonNullable<MessageHeader['destination']>[number];

const fault = (code: Fault['code'], at: string, detail: string): Parsed<never> => ({
  ok: false,
  faults: [{ code, at, detail }],
});

/**
 * An address is not an identity: suppliers share endpoints, and endpoints move. The party that has it in the directory is the advice,
 * so that nobody is asked by mistake.
 */
const withoutReceiver = ({ endpoint }: Destination, index: number, parties: readonly string[]): Parsed<never> => {
  const [only, second] = parties;
  const advice =
    only === undefined
      ? `${endpoint === undefined ? 'names no party' : 'has an endpoint that no party has in the directory'}: give receiver with an organisation number`
      : second === undefined
        ? `has an endpoint and no receiver: in the directory it is the endpoint of ${only}. If you mean this party, give receiver with that organisation number`
        : 'has an endpoint that several parties share, and no receiver: give receiver with an organisation number';
  return fault('unresolved-reference', destinationPathOf(index), advice);
};

const readReceiver = ({ receiver }: Destination, index: number, organisations: OrganisationReader): Parsed<string> => {
  const at = receiverPath(index);
  const named = organisations.numbersOf(receiver, { ...inHeader, at });
  if (!named.ok) return named;
  const [only, second] = named.value;
  if (only === undefined)
    return fault('unresolved-reference', at, 'must be an organisation: give its organisation number');
  return second === undefined
    ? { ok: true, value: only.organisation }
    : { ok: false, faults: [contradiction(only, second, 'They are different organisations, and a receiver is one.')] };
};

/** The receivers of a message. */
export interface Destinations {
  /** Organisation numbers, one for each destination, in their order. */
  readonly receivers: readonly string[];
  readonly warnings: readonly Warning[];
}

/** Reads the destinations. The receiver says who it is; a destination without one is refused. */
export const readDestinations = (
  { destination }: MessageHeader,
  organisations: OrganisationReader,
  partiesAt: KnownEndpoints['partiesAt'],
): Parsed<Destinations> => {
  const receivers: string[] = [];
  const warnings: Warning[] = [];
  const faults: Fault[] = [];
  // An endpoint is looked up once, however many destinations have it.
  const known = new Map<string, readonly string[]>();
  destination?.forEach((one, index) => {
    const { endpoint = '', receiver } = one;
    const parties = known.get(endpoint) ?? (endpoint === '' ? [] : partiesAt(endpoint));
    known.set(endpoint, parties);
    const read =
      receiver === undefined ? withoutReceiver(one, index, parties) : readReceiver(one, index, organisations);
    if (!read.ok) {
      faults.push(...read.faults);
      return;
    }
    receivers.push(read.value);
    if (parties.length > 0 && !parties.includes(read.value))
      warnings.push({ code: 'other-party-named', at: `${destinationPathOf(index)}.endpoint` });
  });
  return faults.length > 0
    ? { ok: false, faults }
    : { ok: true, value: { receivers, warnings: warnings.slice(0, mostOfKind) } };
};

/** The organisations in whose name the message is sent: all numbers that a reader may take from the header. */
export const readClaims = (header: MessageHeader, organisations: OrganisationReader): Parsed<readonly Claim[]> => {
  const claims: Claim[] = [];
  const faults: Fault[] = [];
  for (const element of ['sender', 'responsible'] as const) {
    const named = organisations.numbersOf(header[element], { ...inHeader, at: claimPath({ element }) });
    if (named.ok) claims.push(...named.value.map(({ organisation }) => ({ element, organisation })));
    else faults.push(...named.faults);
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: claims };
};

/** Elements of the focus resource that name the party that is asked. */
const askedElements = { ServiceRequest: 'performer', Task: 'owner' } as const;

/**
 * The organisations that a request names as its owner or performer. The hub asks the receiver; its sender must know if the resource
 * names another party. A name that cannot be resolved there is no fault: the hub does not act on it.
 */
export const readAsked = (
  type: MessageType,
  entries: readonly MessageEntry[],
  { facts, focusIndex }: { readonly facts: Facts; readonly focusIndex?: number },
  organisations: OrganisationReader,
): readonly NamedOrganisation[] => {
  const resource = focusIndex === undefined ? undefined : entries[focusIndex]?.resource;
  const element = type.focus?.resource === 'Task' ? askedElements.Task : askedElements.ServiceRequest;
  if (resource === undefined || focusIndex === undefined) return [];
  // A Task that exists, or that is forwarded, is not the one that the message opens.
  if (type.opens === undefined || type.mission === 'forwards' || facts.task !== undefined) return [];
  const value = resource[element];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((one, index) => {
    const path = `${resourcePath(focusIndex)}.${element}`;
    const at = Array.isArray(value) ? `${path}[${index}]` : path;
    const named = organisations.numbersOf(referenceSchema.safeParse(one).data, { index: focusIndex, at });
    return named.ok ? named.value : [];
  });
};

/** The sender must know that the hub asks the receiver, and not the party that the resource in focus names. */
export const askedWarnings = (
  asked: readonly NamedOrganisation[],
  [receiver]: readonly string[],
): readonly Warning[] => {
  const [first] = asked;
  const isSame = receiver === undefined || asked.some(({ organisation }) => organisation === receiver);
  return first === undefined || isSame ? [] : [{ code: 'other-party-named', at: first.at }];
};
