import type { ElementDefinition, StructureDefinition } from 'fhir/r4.d.ts';
import { systems } from '../names.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';
import { personName, personNumber, roleCode } from './invariants.ts';

export const deciderUrl = canonicalOf('StructureDefinition', 'decider');

const element = (path: string, rest: Omit<ElementDefinition, 'id' | 'path'>): ElementDefinition => ({
  id: path,
  path,
  ...rest,
});

/** The person who decided, refused or assessed: the target of `MessageHeader.author`. */
export const deciderDefinition = ({ version, date }: Edition): StructureDefinition => ({
  ...artefact('StructureDefinition', 'decider', 'The person behind an answer: PractitionerRole', version),
  date,
  description: `The person behind a decision, a refusal or an assessment, in the role in which it was made. The HPR number (identifier system ${systems.healthPersonnel}) is required to reject a mission request and for every decision on a review; the profiles of the MessageHeader say for which answers the person is required.`,
  fhirVersion: '4.0.1',
  kind: 'resource',
  abstract: false,
  type: 'PractitionerRole',
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/PractitionerRole',
  derivation: 'constraint',
  differential: {
    element: [
      element('PractitionerRole', {
        short: 'The person behind an answer',
        constraint: [
          {
            key: 'decider-role',
            severity: 'error',
            human: 'The first code says the role, as text or as a coding with display or code.',
            expression: roleCode,
          },
          {
            key: 'decider-name',
            severity: 'warning',
            human:
              'The person has a name: practitioner.display, or a Practitioner in the Bundle. Without one the hub uses MessageHeader.author.display, and refuses the message if that is missing too.',
            expression: personName,
          },
          {
            key: 'decider-number',
            severity: 'warning',
            human:
              'The person has an HPR number, 7 to 9 digits, in practitioner.identifier or in a Practitioner in the Bundle: required for rejections and reviews.',
            expression: personNumber,
          },
        ],
      }),
      element('PractitionerRole.practitioner', {
        short: `The person: display is the name, identifier the HPR number (system ${systems.healthPersonnel}); or a reference to a Practitioner in the Bundle with both.`,
        mustSupport: true,
      }),
      element('PractitionerRole.code', { short: 'The role, as text or coding.', min: 1, mustSupport: true }),
    ],
  },
});
