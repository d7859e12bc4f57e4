import type { Fault } from '../faults.ts';
import type { Reference } from '../fhir/datatypes.ts';
import { organization, practitionerRole } from '../fhir/resources.ts';
import { type Parsed, parseWith } from '../fhir/zod-faults.ts';
import { systems } from '../names.ts';
import { contradiction } from './contradiction.ts';
import type { NamedOrganisation } from './message.ts';
import type { Found, Origin, Resolver } from './resolver.ts';

type Named = Parsed<readonly NamedOrganisation[]>;

const none: Named = { ok: true, value: [] };

const giveNumber = `give an organisation number (identifier, system ${systems.organisationNumber})`;

const fault = (code: Fault['code'], at: string, problem: string): Named => ({
  ok: false,
  faults: [{ code, at, detail: `${problem}: ${giveNumber}` }],
});

/** Where a reference to an organisation stands. */
interface Reading extends Origin {
  /** FHIRPath of the reference. */
  readonly at: string;
  /** The reference is `PractitionerRole.organization`: it can only be an Organization. */
  readonly inRole?: true;
}

/** Reads the organisations of one message. Each resource is parsed once, however often it is referenced. */
export interface OrganisationReader {
  /**
   * Every different organisation number that a reader may take from a reference: of its identifier, of the Organization that it
   * means, and of the organisation of a PractitionerRole. Empty if there is no reference, or if it means a person without an
   * organisation. Faults if it names somebody and no number can be found.
   */
  numbersOf(reference: Reference | undefined, reading: Reading): Named;
}

export const organisationReaderOf = ({ resolve }: Resolver): OrganisationReader => {
  const known = new Map<Found, Named>();

  const numbersIn = ({ resource, at }: Found): Named => {
    const parsed = parseWith(organization, resource, at);
    if (!parsed.ok) return parsed;
    const numbers = new Map<string, string>();
    (parsed.value.identifier ?? []).forEach(({ system, value }, index) => {
      if (system === systems.organisationNumber && value !== undefined && !numbers.has(value))
        numbers.set(value, `${at}.identifier[${index}].value`);
    });
    return numbers.size === 0
      ? fault('unresolved-reference', at, 'has no organisation number')
      : { ok: true, value: [...numbers].map(([organisation, place]) => ({ organisation, at: place })) };
  };

  const numbersThrough = (found: Found, inRole: Reading['inRole']): Named => {
    const type = found.resource['resourceType'];
    if (type === 'Organization') return numbersIn(found);
    if (type === 'Practitioner' && inRole === undefined) return none;
    if (type !== 'PractitionerRole' || inRole !== undefined)
      return fault('wrong-field', found.at, 'is not an Organization');
    const role = parseWith(practitionerRole, found.resource, found.at);
    const at = `${found.at}.organization`;
    return role.ok ? numbersOf(role.value.organization, { index: found.index, at, inRole: true }) : role;
  };

  const numbersBehind = (found: Found, inRole: Reading['inRole']): Named => {
    const before = known.get(found);
    if (before !== undefined) return before;
    const numbers = numbersThrough(found, inRole);
    known.set(found, numbers);
    return numbers;
  };

  const numbersOf = (reference: Reference | undefined, { at, index, inRole }: Reading): Named => {
    if (reference === undefined) return none;
    const { system, value } = reference.identifier ?? {};
    const own =
      system === systems.organisationNumber && value !== undefined
        ? [{ organisation: value, at: `${at}.identifier.value` }]
        : [];
    if (own.length > 0 && reference.reference === undefined) return { ok: true, value: own };
    const resolution = resolve(reference, { index });
    switch (resolution.outcome) {
      case 'found': {
        const behind = numbersBehind(resolution.found, inRole);
        if (own.length === 0 || !behind.ok) return behind;
        return { ok: true, value: [...own, ...behind.value.filter(({ organisation }) => organisation !== value)] };
      }
      case 'at-hub': {
        if (resolution.type !== 'Organization')
          return fault('unresolved-reference', `${at}.reference`, 'is not an Organization');
        const addressed = { organisation: resolution.id, at: `${at}.reference` };
        return { ok: true, value: resolution.id === value ? own : [...own, addressed] };
      }
      case 'ambiguous': {
        const [one = { at }, other = { at }] = resolution.candidates;
        return { ok: false, faults: [contradiction(one, other, 'Both can be meant by one reference.')] };
      }
      case 'unresolved':
      case 'nothing':
        // A number says who it is, also of a resource that only the sender's server has.
        return own.length > 0
          ? { ok: true, value: own }
          : fault('unresolved-reference', at, 'names no organisation that the hub can find');
    }
  };

  return { numbersOf };
};
