import { canonicalBase, municipalityExtension, systems } from '../names.ts';

/** Names of systems that the hub reads, and what looks like them. */

const known = new Set<string>([...Object.values(systems), municipalityExtension]);

/** A system as people misspell it: another scheme or case, blanks, slashes at the end, a version, an OID without `urn:oid:`. */
const loose = (system: string): string => {
  const name = system
    .trim()
    .toLowerCase()
    .replace(/^(?:urn:oid:|https?:\/\/)/, '');
  const version = name.search(/[|#]/);
  // Patterns that end in `$` are searched from every slash, and take quadratic time.
  let end = version === -1 ? name.length : version;
  while (name[end - 1] === '/') end -= 1;
  return name.slice(0, end);
};

const byLooseName = new Map([...known].map((system) => [loose(system), system]));

/** Other published names of a system that the hub reads by one name. */
const aliases: Readonly<Record<string, string>> = {
  'hl7.no/fhir/namingsystem/hpr': systems.healthPersonnel,
};

const ownBase = `${loose(canonicalBase)}/`;

/**
 * What to write instead of a system that only looks like one of the hub's: misspelt, or an unknown name below the hub's own base.
 * `undefined` for a system that the hub knows, or that is another's.
 */
export const adviceOnSystem = (system: string): string | undefined => {
  if (known.has(system)) return undefined;
  const name = loose(system);
  const meant = byLooseName.get(name) ?? (Object.hasOwn(aliases, name) ? aliases[name] : undefined);
  if (meant !== undefined) return `is misspelt: give ${meant}`;
  return name.startsWith(ownBase) ? 'is not a system of the hub: GET /fhir/CodeSystem lists them' : undefined;
};
