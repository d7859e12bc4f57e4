import { z } from 'zod';
import { codesOf, type Role, roles } from './codes.ts';
import { codeIn, codeableConcept, identifier } from './fhir/datatypes.ts';
import { systems } from './names.ts';

/** The directory file: a FHIR `Bundle` of `Organization`s, each with organisation number, role, name and phone. */

export interface DirectoryParty {
  readonly organisation: string;
  readonly name: string;
  readonly role: Role;
  readonly phone?: string;
}

const organisation = z
  .object({
    resourceType: z.literal('Organization'),
    identifier: z.array(identifier),
    name: z.string().min(1),
    type: z.array(codeableConcept).min(1),
    telecom: z.array(z.object({ system: z.string().optional(), value: z.string().optional() })).optional(),
  })
  .transform((resource, context): DirectoryParty => {
    const number = resource.identifier.find(({ system }) => system === systems.organisationNumber)?.value;
    const role = codesOf(roles).find((code) => resource.type.some((type) => codeIn(type, systems.partyRole) === code));
    const phone = resource.telecom?.find(({ system }) => system === 'phone')?.value;
    if (number === undefined || !/^\d{9}$/.test(number)) {
      context.addIssue({
        code: 'custom',
        path: ['identifier'],
        message: `needs an organisation number of nine digits, system ${systems.organisationNumber}`,
      });
    }
    if (role === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['type'],
        message: `needs a role of ${systems.partyRole}: ${codesOf(roles).join(', ')}`,
      });
    }
    return {
      organisation: number ?? '',
      name: resource.name,
      role: role ?? 'observer',
      ...(phone === undefined ? {} : { phone }),
    };
  });

const directoryBundle = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('collection'),
  entry: z.array(z.object({ resource: z.looseObject({ resourceType: z.string() }) })),
});

export type DirectoryReading = { readonly parties: readonly DirectoryParty[] } | { readonly faults: readonly string[] };

/** Reads a directory file and says everything that is wrong with it, each with its path. */
export const readDirectory = (value: unknown): DirectoryReading => {
  const bundle = directoryBundle.safeParse(value);
  if (!bundle.success)
    return { faults: bundle.error.issues.map((issue) => `Bundle.${issue.path.join('.')}: ${issue.message}`) };
  const parties: DirectoryParty[] = [];
  const faults: string[] = [];
  const seen = new Set<string>();
  bundle.data.entry.forEach(({ resource }, index) => {
    if (resource.resourceType !== 'Organization') return;
    const party = organisation.safeParse(resource);
    const at = `Bundle.entry[${index}].resource`;
    if (!party.success)
      faults.push(...party.error.issues.map((issue) => `${at}.${issue.path.join('.')}: ${issue.message}`));
    else if (seen.has(party.data.organisation)) faults.push(`${at}.identifier: the organisation number stands twice`);
    else {
      seen.add(party.data.organisation);
      parties.push(party.data);
    }
  });
  if (parties.length === 0 && faults.length === 0) faults.push('Bundle.entry: holds no Organization');
  return faults.length > 0 ? { faults } : { parties };
};
