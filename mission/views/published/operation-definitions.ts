import type { OperationDefinition } from 'fhir/r4.d.ts';
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
];
