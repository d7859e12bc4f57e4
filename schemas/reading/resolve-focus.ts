import type { Fault } from '../faults.ts';
import { reference as referenceSchema } from '../fhir/datatypes.ts';
import { typedValue as typedValueSchema } from '../fhir/resources.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { isObject } from '../json/json.ts';
import { systems } from '../names.ts';
import type { Warning } from '../warnings.ts';
import { contradiction } from './contradiction.ts';
import { hubTaskId } from '../messages/fields.ts';
import type { OrganisationReader } from './read-organisation.ts';
import type { Found, Resolver } from './resolver.ts';

/** The references in a focus resource, before its schema reads it: the schema sees one resource and cannot resolve them. */

type Resource = Readonly<Record<string, unknown>>;

interface Readers {
  readonly resolver: Resolver;
  readonly organisations: OrganisationReader;
}

/** A focus resource whose references its schema understands. */
interface ResolvedFocus {
  readonly resource: Resource;
  readonly warnings: readonly Warning[];
}

/** The Task of the hub that a reference means. Nothing for a Task of the sender's own. */
interface NamedTask {
  readonly id?: string | undefined;
  /** The reference leads nowhere. */
  readonly isLost: boolean;
}

const taskOf = (value: unknown, focus: Found, { resolve }: Resolver): NamedTask => {
  const resolution = resolve(referenceSchema.safeParse(value).data, focus);
  switch (resolution.outcome) {
    case 'at-hub': {
      const id = resolution.type === 'Task' ? hubTaskId(resolution.id) : undefined;
      return { id, isLost: id === undefined };
    }
    case 'found': {
      const { id, resourceType } = resolution.found.resource;
      return { id: resourceType === 'Task' && typeof id === 'string' ? hubTaskId(id) : undefined, isLost: false };
    }
    case 'ambiguous':
    case 'unresolved':
      return { isLost: true };
    case 'nothing':
      return { isLost: false };
  }
};

/** `Task.partOf` as at most one Task of the hub: `Task/<id>`. */
const resolvePartOf = (partOf: readonly unknown[], focus: Found, resolver: Resolver): Parsed<ResolvedFocus> => {
  const tasks = new Map<string, string>();
  const warnings: Warning[] = [];
  partOf.forEach((one, index) => {
    const { id, isLost } = taskOf(one, focus, resolver);
    const at = `${focus.at}.partOf[${index}]`;
    if (isLost) warnings.push({ code: 'unresolved-flight', at });
    else if (id !== undefined && !tasks.has(id)) tasks.set(id, at);
  });
  const [first, second] = [...tasks.values()].map((at) => ({ at }));
  if (first !== undefined && second !== undefined)
    return { ok: false, faults: [contradiction(first, second, 'They name two flights, and a patient is in one.')] };
  const resource = { partOf: [...tasks.keys()].map((id) => ({ reference: `Task/${id}` })) };
  return { ok: true, value: { resource, warnings: warnings.slice(0, 1) } };
};

const organisationDetails: readonly string[] = ['diverted-to', 'handed-over-to'];

/** A typed value whose reference has the number of the organisation that it means. */
const resolveValue = (value: unknown, at: string, focus: Found, organisations: OrganisationReader): Parsed<unknown> => {
  const typed = typedValueSchema.safeParse(value).data;
  const named = typed?.valueReference;
  const isOrganisation = typed?.type.coding?.some(
    ({ system, code = '' }) => system === systems.taskDetail && organisationDetails.includes(code),
  );
  if (!isObject(value) || named?.reference === undefined || isOrganisation !== true) return { ok: true, value };
  const numbers = organisations.numbersOf(named, { index: focus.index, at: `${at}.valueReference` });
  if (!numbers.ok) return numbers;
  const [only, second] = numbers.value;
  if (only !== undefined && second !== undefined)
    return { ok: false, faults: [contradiction(only, second, 'They are different organisations where one counts.')] };
  if (only === undefined) return { ok: true, value };
  const identifier = { system: systems.organisationNumber, value: only.organisation };
  return { ok: true, value: { ...value, valueReference: { ...named, identifier } } };
};

/** A copy of a Task in which `partOf` has only the Task of a flight, and organisations are named by number. */
export const resolveFocus = (focus: Found, { resolver, organisations }: Readers): Parsed<ResolvedFocus> => {
  const { resource } = focus;
  if (resource['resourceType'] !== 'Task') return { ok: true, value: { resource, warnings: [] } };
  const faults: Fault[] = [];
  const changed: Record<string, unknown> = {};
  for (const element of ['input', 'output']) {
    const values = resource[element];
    if (!Array.isArray(values)) continue;
    changed[element] = values.map((one: unknown, index) => {
      const value = resolveValue(one, `${focus.at}.${element}[${index}]`, focus, organisations);
      if (!value.ok) faults.push(...value.faults);
      return value.ok ? value.value : one;
    });
  }
  const { partOf } = resource;
  const flight: Parsed<ResolvedFocus> = Array.isArray(partOf)
    ? resolvePartOf(partOf, focus, resolver)
    : { ok: true, value: { resource: {}, warnings: [] } };
  if (!flight.ok) return { ok: false, faults: [...faults, ...flight.faults] };
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: { resource: { ...resource, ...changed, ...flight.value.resource }, warnings: flight.value.warnings },
  };
};
