import type { OperationDefinition } from 'fhir/r4.d.ts';
import { overlapSeconds } from '../subscription.ts';
import { artefact, type Edition } from './artefact.ts';

/** Operations of the hub's own; those of others are defined where they come from. */
export const operationDefinitions = ({ version, date }: Edition): readonly OperationDefinition[] => [
  {
    ...artefact('OperationDefinition', 'mission-history', 'History of a mission', version),
    date,
    description: 'Everything in the log of the mission that concerns the caller, in order.',
    kind: 'operation',
    affectsState: false,
    code: 'history',
    resource: ['ServiceRequest'],
    system: false,
    type: false,
    instance: true,
    parameter: [{ name: 'return', use: 'out', min: 1, max: '1', type: 'Bundle' }],
  },
  {
    ...artefact('OperationDefinition', 'subscription-rotate-secret', 'Change the secret of a subscription', version),
    date,
    description:
      'Makes a new secret for the signatures of the notifications (POST only). For the overlap the former secret signs as well: each notification then carries two signatures, separated by a space. Asked again during the overlap the answer is the same, unless the overlap asked for is 0.',
    kind: 'operation',
    affectsState: true,
    code: 'rotate-secret',
    resource: ['Subscription'],
    system: false,
    type: false,
    instance: true,
    parameter: [
      {
        name: 'overlap',
        use: 'in',
        min: 0,
        max: '1',
        type: 'unsignedInt',
        documentation: `Seconds for which the former secret signs as well: 0 (it ends at once) to ${overlapSeconds.most}; ${overlapSeconds.usual} if nothing is said.`,
      },
      {
        name: 'secret',
        use: 'out',
        min: 1,
        max: '1',
        type: 'string',
        documentation: 'The new secret, by Standard Webhooks. It is shown nowhere else.',
      },
      {
        name: 'formerSecretUntil',
        use: 'out',
        min: 0,
        max: '1',
        type: 'instant',
        documentation: 'Until when the former secret signs as well; absent if it has ended.',
      },
    ],
  },
];
