import { reference as referenceSchema } from '../fhir/datatypes.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { parseAddress } from '../identifiers.ts';
import type { Warning } from '../warnings.ts';
import { contradiction } from './contradiction.ts';
import type { Found, Resolver } from './resolver.ts';

/** The element of each focus resource that refers to the patient. */
const patientElements: Readonly<Record<string, string>> = {
  ServiceRequest: 'subject',
  Task: 'for',
  ClinicalImpression: 'subject',
};

/**
 * Checks who the patient of the focus resource is: the hub passes the patient on to parties that are asked later. A reference that
 * can mean two patients is refused. One that leads nowhere and has no identifier is a warning: a mission does not wait for it.
 */
export const checkPatient = (focus: Found, { resolve }: Resolver): Parsed<readonly Warning[]> => {
  const element = patientElements[String(focus.resource['resourceType'])];
  const reference = element === undefined ? undefined : referenceSchema.safeParse(focus.resource[element]).data;
  const at = `${focus.at}.${element}`;
  const resolution = resolve(reference, focus);
  switch (resolution.outcome) {
    case 'ambiguous': {
      const [one = { at }, other = { at }] = resolution.candidates;
      return { ok: false, faults: [contradiction(one, other, 'Both can be meant by one reference to the patient.')] };
    }
    case 'at-hub':
      return { ok: true, value: parseAddress(resolution.id) === undefined ? [{ code: 'unresolved-patient', at }] : [] };
    case 'unresolved':
      return {
        ok: true,
        value: reference?.identifier?.value === undefined ? [{ code: 'unresolved-patient', at }] : [],
      };
    case 'found':
    case 'nothing':
      return { ok: true, value: [] };
  }
};
