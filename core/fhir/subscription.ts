import type { Extension, Parameters } from 'fhir/r4.d.ts';
import { callWords } from '../../schemas/call-result.ts';
import { defined } from '../../schemas/defined.ts';
import { fhirJson, missionTopic } from '../../schemas/names.ts';
import {
  filterCriteriaExtension,
  heartbeatExtension,
  maxCountExtension,
  payloadContentExtension,
  secretExtension,
  timeoutExtension,
} from '../../schemas/subscription.ts';
import { type FailedCall, type Subscription, versionOf } from '../delivery/subscription.ts';

/** What the last call of an endpoint came to, without its address and without its answer. */
export const failedCallText = ({ call, result, at }: FailedCall): string =>
  `The last call (${call}), at ${at}, ${callWords(result)}.`;

/** The Subscription as its owner reads it. Header lines are secrets and never shown. The signing secret is shown once, when it is made. */
export const subscriptionResource = (
  subscription: Subscription,
  { showSecret = false }: { readonly showSecret?: boolean } = {},
): Readonly<Record<string, unknown>> => {
  const { timeout, heartbeat } = subscription;
  const channelExtensions: Extension[] = [
    ...(heartbeat === undefined ? [] : [{ url: heartbeatExtension, valueUnsignedInt: heartbeat }]),
    ...(timeout === undefined ? [] : [{ url: timeoutExtension, valueUnsignedInt: timeout }]),
    // A notification has one event, whatever the subscriber requested.
    { url: maxCountExtension, valuePositiveInt: 1 },
    ...(showSecret ? [{ url: secretExtension, valueString: subscription.secret }] : []),
  ];
  return {
    resourceType: 'Subscription',
    id: subscription.id,
    meta: {
      versionId: versionOf(subscription),
      profile: ['http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription'],
    },
    status: subscription.status,
    reason: subscription.reason,
    criteria: missionTopic,
    channel: {
      extension: channelExtensions,
      type: 'rest-hook',
      endpoint: subscription.endpoint,
      payload: fhirJson,
      _payload: { extension: [{ url: payloadContentExtension, valueCode: subscription.payload }] },
    },
    ...defined({
      error: subscription.failedCall === undefined ? undefined : failedCallText(subscription.failedCall),
      _criteria:
        subscription.filterText.length === 0
          ? undefined
          : {
              extension: subscription.filterText.map((valueString) => ({ url: filterCriteriaExtension, valueString })),
            },
    }),
  };
};

/** The answer of `$rotate-secret`: the only place where the new secret is shown. */
export const rotationParameters = ({
  secret,
  formerSecret,
}: Pick<Subscription, 'secret' | 'formerSecret'>): Parameters => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'secret', valueString: secret },
    ...(formerSecret === undefined ? [] : [{ name: 'formerSecretUntil', valueInstant: formerSecret.until }]),
  ],
});
