import type { Reference } from 'fhir/r4.d.ts';
import type { Directory } from '../mission/directory.ts';
import { defined } from '../../schemas/defined.ts';
import { hub } from '../mission/state.ts';
import { exerciseCode, systems } from '../../schemas/names.ts';

/** Parts that several FHIR mappings share. */
export interface Viewpoint {
  /** Base URL for partners, without a slash at the end. */
  readonly base: string;
  readonly directory: Directory;
}

export const organisationReference = (organisation: string, { directory }: Viewpoint): Reference =>
  defined({
    reference: `Organization/${organisation}`,
    type: 'Organization',
    identifier:
      organisation === hub.organisation ? undefined : { system: systems.organisationNumber, value: organisation },
    display: directory.partyOf(organisation)?.name,
  });

/** Security label of an exercise; nothing for a real mission. */
export const securityOf = (exercise: boolean): { security?: { system: string; code: string; display: string }[] } =>
  exercise ? { security: [{ system: systems.actReason, code: exerciseCode, display: 'test health data' }] } : {};
