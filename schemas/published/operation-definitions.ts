import type { OperationDefinition } from 'fhir/r4.d.ts';
import { overlapSeconds } from '../subscription.ts';
import { artefact, type Edition } from './artefact.ts';

/** Operations that the hub defines; others are defined by their publishers. */
export const operationDefinitions = ({ version, date }: Edition): readonly OperationDefinition[] => [
  {
    ...artefact('OperationDefinition', 'mission-history', 'History of a mission', version),
    date,
    description: 'The entries in the log of the mission that the caller may see, in order.',
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
    ...artefact('OperationDefinition', 'message-validate', 'Check a message without sending it', version),
    date,
    description:
      'What the hub would say about the content of a message (POST only): the refusal as errors, content that is not valid R4 as warnings. Nothing is stored, and the rules of the mission are not applied. The body is the message, or Parameters with it.',
    base: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
    kind: 'operation',
    affectsState: false,
    code: 'validate',
    resource: ['Bundle'],
    system: true,
    type: true,
    instance: false,
    parameter: [
      { name: 'resource', use: 'in', min: 1, max: '1', type: 'Bundle', documentation: 'The message.' },
      {
        name: 'return',
        use: 'out',
        min: 1,
        max: '1',
        type: 'OperationOutcome',
        documentation: 'Without an issue of severity error, the hub can read the message.',
      },
    ],
  },
  {
    ...artefact('OperationDefinition', 'subscription-rotate-secret', 'Change the secret of a subscription', version),
    date,
    description:
      'Makes a new secret for the signatures of the notifications (POST only). During the overlap the former secret also signs: each notification has two signatures, separated by a space. A second call during the overlap returns the same secret, unless its overlap is 0.',
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
        documentation: `Seconds for which the former secret also signs: 0 (it ends at once) to ${overlapSeconds.most}. Default: ${overlapSeconds.usual}.`,
      },
      {
        name: 'secret',
        use: 'out',
        min: 1,
        max: '1',
        type: 'string',
        documentation: 'The new Standard Webhooks secret. It is shown nowhere else.',
      },
      {
        name: 'formerSecretUntil',
        use: 'out',
        min: 0,
        max: '1',
        type: 'instant',
        documentation: 'Time until which the former secret also signs; absent if it has ended.',
      },
    ],
  },
];
