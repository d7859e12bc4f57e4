import type * as fhir from 'fhir/r4.d.ts';
import { z } from 'zod';
import { codesOf, type Urgency, urgencies } from './codes.ts';
import { defined } from './defined.ts';
import type { Fault, Refusal } from './faults.ts';
import type { Conforms, Holds } from './fhir/conforms.ts';
import { catalogue, eventCodeOf } from './messages/catalogue.ts';
import { fhirJson, missionTopic } from './names.ts';
import { faultsOf, refuseAll } from './zod-faults.ts';

/** R4 `Subscription` after the Subscriptions R5 Backport IG: topic in `criteria`, filters and payload content in extensions. */

const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const filterCriteriaExtension = `${backport}/backport-filter-criteria`;
export const payloadContentExtension = `${backport}/backport-payload-content`;
export const timeoutExtension = `${backport}/backport-timeout`;

const extension = z.object({
  url: z.string(),
  valueString: z.string().optional(),
  valueCode: z.string().optional(),
  valueUnsignedInt: z.int().min(0).optional(),
});
const element = z.object({ extension: z.array(extension).optional() });

const subscription = z.object({
  resourceType: z.literal('Subscription'),
  status: z.enum(['requested', 'active']),
  reason: z.string().min(1, 'must say why the subscription is wanted').max(500),
  end: z.never('is not offered: delete the subscription when it is not wanted any more').optional(),
  criteria: z.string(),
  _criteria: element.optional(),
  channel: z.object({
    extension: z.array(extension).optional(),
    type: z.string(),
    endpoint: z.string().max(2_000),
    payload: z.string().optional(),
    _payload: element.optional(),
    header: z.array(z.string().max(4_000)).max(10).optional(),
  }),
});
/** @public Read by the compiler only: what is read conforms to R4. */
export type Checked = Holds<[Conforms<typeof subscription, fhir.Subscription>]>;

export interface SubscriptionRequest {
  readonly outcome: 'read';
  readonly endpoint: string;
  readonly payload: 'empty' | 'id-only' | 'full-resource';
  readonly headers: readonly string[];
  readonly reason: string;
  readonly timeout?: number;
  readonly filterText: readonly string[];
  readonly filter: {
    readonly events?: readonly string[];
    readonly urgencies?: readonly Urgency[];
    readonly missions?: readonly string[];
  };
}

/** All filters together: they are read with every message that concerns the party. */
const longestFilter = 1_000;

const payloads = ['empty', 'id-only', 'full-resource'] as const;

const unsupported = (at: string, detail: string): Fault => ({ code: 'unsupported-subscription', at, detail });

/** `Resource?parameter=a,b`, several joined by `&`. */
const readFilter = (
  text: string,
  at: string,
): { readonly filter: SubscriptionRequest['filter']; readonly faults: readonly Fault[] } => {
  const faults: Fault[] = [];
  const filter: { events?: string[]; urgencies?: Urgency[]; missions?: string[] } = {};
  const parameters = new URLSearchParams(text.includes('?') ? text.slice(text.indexOf('?') + 1) : text);
  for (const [name, value] of parameters) {
    const values = value.split(',').filter((one) => one !== '');
    if (values.length === 0) faults.push(unsupported(at, `${name.slice(0, 40)}: gives no value`));
    switch (name) {
      case 'event': {
        const known = [...new Set(catalogue.flatMap((type) => [eventCodeOf(type), type.event]))];
        const unknown = values.filter((one) => !known.includes(one));
        if (unknown.length > 0) faults.push(unsupported(at, `event: known are ${known.join(', ')}`));
        filter.events = values;
        break;
      }
      case 'priority': {
        const known = codesOf(urgencies).filter((code) => values.includes(code));
        if (known.length !== values.length)
          faults.push(unsupported(at, `priority: known are ${codesOf(urgencies).join(', ')}`));
        filter.urgencies = known;
        break;
      }
      case 'identifier':
        filter.missions = values.map((one) => one.slice(one.lastIndexOf('|') + 1));
        break;
      default:
        faults.push(
          unsupported(
            at,
            'filters are event, priority (urgency) and identifier (mission), e.g. MessageHeader?event=mission-decision',
          ),
        );
    }
  }
  return { filter, faults };
};

/** Reads a Subscription that is to be created; says everything it asks for that the hub does not offer. */
export const readSubscription = (value: unknown): SubscriptionRequest | Refusal => {
  const parsed = subscription.safeParse(value, { reportInput: true });
  if (!parsed.success) return refuseAll(faultsOf(parsed.error.issues, 'Subscription'));
  const { channel, criteria, _criteria, reason } = parsed.data;
  const faults: Fault[] = [];
  if (criteria !== missionTopic) faults.push(unsupported('Subscription.criteria', `the one topic is ${missionTopic}`));
  if (channel.type !== 'rest-hook')
    faults.push(unsupported('Subscription.channel.type', 'the one channel is rest-hook'));
  if (channel.payload !== undefined && channel.payload !== fhirJson)
    faults.push(unsupported('Subscription.channel.payload', `the one media type is ${fhirJson}`));
  const content = channel._payload?.extension?.find(({ url }) => url === payloadContentExtension)?.valueCode ?? 'empty';
  const payload = payloads.find((known) => known === content);
  if (payload === undefined)
    faults.push(
      unsupported('Subscription.channel.payload.extension', `payload content is one of ${payloads.join(', ')}`),
    );
  const filterText = (_criteria?.extension ?? [])
    .filter(({ url }) => url === filterCriteriaExtension)
    .map(({ valueString }) => valueString ?? '');
  if (filterText.join('').length > longestFilter) {
    faults.push(
      unsupported('Subscription.criteria.extension', `filters are ${longestFilter} characters long at the most`),
    );
  }
  const read = filterText.map((text, index) => readFilter(text, `Subscription.criteria.extension[${index}]`));
  faults.push(...read.flatMap((one) => one.faults));
  const names = filterText.flatMap((text) => [...new URLSearchParams(text.slice(text.indexOf('?') + 1)).keys()]);
  if (new Set(names).size !== names.length) {
    faults.push(
      unsupported('Subscription.criteria.extension', 'each filter is given once, with all its values: event=a,b'),
    );
  }
  if (faults.length > 0) return refuseAll(faults);
  const timeout = channel.extension?.find(({ url }) => url === timeoutExtension)?.valueUnsignedInt;
  return {
    outcome: 'read',
    endpoint: channel.endpoint,
    payload: payload ?? 'empty',
    headers: channel.header ?? [],
    reason,
    filterText,
    filter: Object.assign({}, ...read.map(({ filter }) => filter)),
    ...defined({ timeout: timeout === 0 ? undefined : timeout }),
  };
};
