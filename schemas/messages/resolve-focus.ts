import { hubTaskId } from './fields.ts';
import type { Found, Resolver } from './resolver.ts';
import { reference as referenceSchema } from '../fhir/datatypes.ts';

/**
 * The references in a focus resource, before its schema reads it: the schema sees one resource and cannot resolve them.
 */

/** The id of the Task of the hub that a reference means. */
const taskOf = (value: unknown, focus: Found, { resolve }: Resolver): string | undefined => {
  const resolution = resolve(referenceSchema.safeParse(value).data, focus);
  if (resolution.outcome === 'at-hub') return resolution.type === 'Task' ? hubTaskId(resolution.id) : undefined;
  if (resolution.outcome !== 'found') return undefined;
  const { id, resourceType } = resolution.found.resource;
  return resourceType === 'Task' && typeof id === 'string' ? hubTaskId(id) : undefined;
};

/** A copy in which each reference of `Task.partOf` to a Task of the hub is `Task/<id>`, and any other is empty. */
export const resolveFocus = (focus: Found, resolver: Resolver): Readonly<Record<string, unknown>> => {
  const { partOf, ...others } = focus.resource;
  if (!Array.isArray(partOf)) return focus.resource;
  return {
    ...others,
    partOf: partOf.map((one: unknown) => {
      const id = taskOf(one, focus, resolver);
      return id === undefined ? {} : { reference: `Task/${id}` };
    }),
  };
};
