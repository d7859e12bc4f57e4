import type { Extension } from 'fhir/r4.d.ts';
import { defined } from '../../schemas/defined.ts';
import { canonicalBase, fhirJson, missionTopic } from '../../schemas/names.ts';
import { filterCriteriaExtension, payloadContentExtension, timeoutExtension } from '../../schemas/subscription.ts';
import type { Subscription } from '../ports.ts';

const secretExtension = `${canonicalBase}/StructureDefinition/webhook-secret`;

/** The Subscription as its owner reads it. Header lines are secrets and never shown; the signing secret is, once, when it is made. */
export const subscriptionResource = (
  subscription: Subscription,
  showSecret: boolean,
): Readonly<Record<string, unknown>> => {
  const channelExtensions: Extension[] = [
    ...(subscription.timeout === undefined ? [] : [{ url: timeoutExtension, valueUnsignedInt: subscription.timeout }]),
    ...(showSecret ? [{ url: secretExtension, valueString: subscription.secret }] : []),
  ];
  return {
    resourceType: 'Subscription',
    id: subscription.id,
    meta: { profile: ['http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription'] },
    status: subscription.status,
    reason: subscription.reason,
    criteria: missionTopic,
    channel: {
      ...(channelExtensions.length === 0 ? {} : { extension: channelExtensions }),
      type: 'rest-hook',
      endpoint: subscription.endpoint,
      payload: fhirJson,
      _payload: { extension: [{ url: payloadContentExtension, valueCode: subscription.payload }] },
    },
    ...defined({
      error: subscription.error,
      _criteria:
        subscription.filterText.length === 0
          ? undefined
          : {
              extension: subscription.filterText.map((valueString) => ({ url: filterCriteriaExtension, valueString })),
            },
    }),
  };
};
