import * as z from 'zod';
import { coding } from './fhir/datatypes.ts';
import type { Conforms, Holds } from './fhir/conforms.ts';
import {
  acceptedExtensions,
  backport,
  filterCriteriaExtension,
  heartbeatExtension,
  heartbeatSeconds,
  maxCountExtension,
  payloadContentExtension,
  payloadContents,
  type SubscriptionSettings,
  timeoutExtension,
} from './subscription.ts';
import { type Fault, isRefusal, type Refusal, refuse } from './faults.ts';
import { fhirJson, missionTopic } from './names.ts';
import type { Role } from './codes.ts';
import { readFilters } from './read-subscription-filter.ts';
import { faultsOf, refuseAll } from './fhir/zod-faults.ts';
import type * as fhir from 'fhir/r4.d.ts';

/** Reads a `Subscription` as a subscriber posts or puts it: the settings, or every fault with its place. */

const extension = z.object({
  url: z.string(),
  valueString: z.string().optional(),
  valueCode: z.string().optional(),
  valueCoding: coding.optional(),
  valueUnsignedInt: z.int().min(0).optional(),
  valuePositiveInt: z.int().min(1).optional(),
});

type Extension = z.output<typeof extension>;
const extensions = z.array(extension).optional();
const element = z.object({ extension: extensions });
const unknownModifier = z.never('is not known, and may change what everything else means').optional();

const body = {
  resourceType: z.literal('Subscription'),
  extension: extensions,
  modifierExtension: unknownModifier,
  reason: z.string().min(1, 'must say why the subscription is wanted').max(500),
  end: z.never('is not offered: delete the subscription when it is not wanted any more').optional(),
  criteria: z.string(),
  _criteria: element.optional(),
  channel: z.object({
    extension: extensions,
    modifierExtension: unknownModifier,
    type: z.string(),
    _type: element.optional(),
    endpoint: z.string().max(2000),
    payload: z.string().optional(),
    _payload: element.optional(),
    header: z.array(z.string().max(4000)).max(10).optional(),
  }),
};

/** A Subscription that is to be created. */
export const created = z.object({ ...body, status: z.enum(['requested', 'active']) });

/** A Subscription that replaces one. */
export const changed = z.object({
  ...body,
  id: z.string().optional(),
  status: z.enum(['requested', 'active', 'error', 'off']),
});

/** @public Read by the compiler only: what is read conforms to R4. */
export type Checked = Holds<[Conforms<typeof created, fhir.Subscription>, Conforms<typeof changed, fhir.Subscription>]>;

interface SubscriptionRequest {
  readonly outcome: 'read';
  readonly settings: SubscriptionSettings;
}

/** `off`: the subscriber ends it; the other elements are then ignored. */
type SubscriptionChange = SubscriptionRequest | { readonly outcome: 'off' };

const unsupported = (at: string, detail: string): Fault => ({ code: 'unsupported-subscription', at, detail });

type Channel = z.output<typeof created>['channel'];

/** An extension that the hub ignored would be a promise that it does not keep, so it refuses unknown ones. */
const unknownExtensions = (
  list: readonly Extension[] | undefined,
  at: string,
  known: readonly string[],
): readonly Fault[] =>
  (list ?? []).flatMap(({ url }, index) =>
    known.includes(url)
      ? []
      : [
          unsupported(
            `${at}[${index}]`,
            known.length === 0 ? 'no extension is known here' : `known are ${known.join(', ')}`,
          ),
        ],
  );

const givenTwice = (list: readonly Extension[] | undefined, at: string): readonly Fault[] => {
  const urls = (list ?? []).map(({ url }) => url);
  return new Set(urls).size === urls.length ? [] : [unsupported(at, 'each extension is given once')];
};

/** Elements of a later FHIR version (R5, "Extensions for converting between versions"); the guide has extensions of its own for them. */
const ofLaterVersion =
  /^http:\/\/hl7\.org\/fhir\/\d+\.\d+\/StructureDefinition\/extension-Subscription\.(?!identifier$)/;

const laterElements = (list: readonly Extension[] | undefined): readonly Fault[] =>
  (list ?? []).flatMap(({ url }, index) =>
    ofLaterVersion.test(url)
      ? [unsupported(`Subscription.extension[${index}]`, `say it with the extensions of ${backport}`)]
      : [],
  );

const readHeartbeat = (list: readonly Extension[]): number | undefined | Fault => {
  const found = list.find(({ url }) => url === heartbeatExtension);
  if (found === undefined) return undefined;
  const { least, most } = heartbeatSeconds;
  const { valueUnsignedInt: period } = found;
  return period !== undefined && period >= least && period <= most
    ? period
    : unsupported('Subscription.channel.extension', `the heartbeat period is ${least} to ${most} seconds`);
};

const readTimeout = (list: readonly Extension[]): number | undefined | Fault => {
  const found = list.find(({ url }) => url === timeoutExtension);
  if (found === undefined) return undefined;
  return found.valueUnsignedInt !== undefined && found.valueUnsignedInt > 0
    ? found.valueUnsignedInt
    : unsupported('Subscription.channel.extension', 'the timeout is a whole number of seconds, 1 or more');
};

/** Each notification has one event, the smallest number that a subscriber can request. */
const maxCountFaults = (list: readonly Extension[]): readonly Fault[] =>
  list.some(({ url, valuePositiveInt }) => url === maxCountExtension && valuePositiveInt === undefined)
    ? [unsupported('Subscription.channel.extension', 'the maximal count is a whole number, 1 or more')]
    : [];

const channelTypeFaults = ({ type, _type }: Channel): readonly Fault[] => {
  const at = 'Subscription.channel.type';
  const asked = [type, ...(_type?.extension ?? []).map(({ valueCoding }) => valueCoding?.code)];
  return [
    ...(asked.every((one) => one === 'rest-hook') ? [] : [unsupported(at, 'the one channel is rest-hook')]),
    ...unknownExtensions(_type?.extension, `${at}.extension`, acceptedExtensions.channelType),
  ];
};

/** `application/fhir+json`, in the one FHIR version there is (MIME parameter `fhirVersion`, R4 3.1.0.1.9). */
const isServedType = (mediaType: string): boolean => {
  const [type, ...parameters] = mediaType.toLowerCase().split(';');
  return (
    type?.trim() === fhirJson &&
    parameters.every((one) => /^\s*(fhirversion\s*=\s*"?4\.0(?:\.1)?"?|charset\s*=\s*"?utf-8"?)\s*$/.test(one))
  );
};

const readPayload = ({ payload, _payload }: Channel) => {
  const at = 'Subscription.channel.payload';
  const list = _payload?.extension;
  const asked = list?.find(({ url }) => url === payloadContentExtension);
  const content = payloadContents.find((known) => known === (asked === undefined ? 'empty' : asked.valueCode));
  return {
    content: content ?? ('empty' as const),
    faults: [
      ...(payload === undefined || isServedType(payload)
        ? []
        : [unsupported(at, `the one media type is ${fhirJson}; fhirVersion=4.0`)]),
      ...(content === undefined
        ? [unsupported(`${at}.extension`, `payload content is one of ${payloadContents.join(', ')}`)]
        : []),
      ...unknownExtensions(list, `${at}.extension`, acceptedExtensions.payload),
      ...givenTwice(list, `${at}.extension`),
    ],
  };
};

const readSettings = (
  { channel, criteria, _criteria, reason, extension: own }: z.output<typeof created> | z.output<typeof changed>,
  role: Role,
  knownOfChannel: readonly string[],
): SubscriptionRequest | Refusal => {
  const filterText = (_criteria?.extension ?? [])
    .filter(({ url }) => url === filterCriteriaExtension)
    .map(({ valueString }) => valueString ?? '');
  const filters = readFilters(filterText, role);
  const payload = readPayload(channel);
  const ofChannel = channel.extension ?? [];
  const heartbeat = readHeartbeat(ofChannel);
  const timeout = readTimeout(ofChannel);
  const faults: readonly Fault[] = [
    ...(criteria === missionTopic ? [] : [unsupported('Subscription.criteria', `the one topic is ${missionTopic}`)]),
    ...laterElements(own),
    ...unknownExtensions(_criteria?.extension, 'Subscription.criteria.extension', acceptedExtensions.criteria),
    ...channelTypeFaults(channel),
    ...unknownExtensions(ofChannel, 'Subscription.channel.extension', knownOfChannel),
    ...givenTwice(ofChannel, 'Subscription.channel.extension'),
    ...payload.faults,
    ...filters.faults,
    ...(typeof heartbeat === 'object' ? [heartbeat] : []),
    ...(typeof timeout === 'object' ? [timeout] : []),
    ...maxCountFaults(ofChannel),
  ];
  if (faults.length > 0) return refuseAll(faults);
  return {
    outcome: 'read',
    settings: {
      endpoint: channel.endpoint,
      payload: payload.content,
      headers: channel.header ?? [],
      reason,
      filterText,
      filter: filters.filter,
      ...(typeof timeout === 'number' ? { timeout } : {}),
      ...(typeof heartbeat === 'number' ? { heartbeat } : {}),
    },
  };
};

/**
 * Reads a Subscription that is to be created. `role`: of the subscriber, in the directory. Returns everything that it requests and
 * the hub does not offer.
 */
export const readSubscription = (value: unknown, role: Role): SubscriptionRequest | Refusal => {
  const parsed = created.safeParse(value, { reportInput: true });
  return parsed.success
    ? readSettings(parsed.data, role, acceptedExtensions.channel)
    : refuseAll(faultsOf(parsed.error.issues, 'Subscription'));
};

/**
 * Reads a Subscription that is to take the place of one (`PUT Subscription/{id}`). `requested` and `active` both mean that
 * notifications are wanted, and begin with a handshake; what is put back as it was read is taken.
 */
export const readSubscriptionChange = (
  value: unknown,
  { id, role }: { readonly id: string; readonly role: Role },
): SubscriptionChange | Refusal => {
  const parsed = changed.safeParse(value, { reportInput: true });
  if (!parsed.success) return refuseAll(faultsOf(parsed.error.issues, 'Subscription'));
  if (parsed.data.id !== id) return refuse('wrong-id', 'Subscription.id');
  const read = readSettings(parsed.data, role, acceptedExtensions.changedChannel);
  return !isRefusal(read) && parsed.data.status === 'off' ? { outcome: 'off' } : read;
};
