import { isResourceType } from './definitions.ts';

/** Types of the resources that a reference may lead to. */
interface Reachable {
  /** By `fullUrl`. */
  readonly bundled: ReadonlyMap<string, string>;
  /** By id. */
  readonly contained: ReadonlyMap<string, string>;
}

/** The end of the URL of a resource on a REST server (R4 2.3.0.2), absolute or relative. */
const restful = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** Type of the resource that a reference leads to, as far as the message says it. */
const typeOfTarget = (reference: string, { bundled, contained }: Reachable): string | undefined => {
  if (reference.startsWith('#')) return contained.get(reference.slice(1));
  const type = bundled.get(reference) ?? restful.exec(reference)?.[1];
  // An absolute URL may be of a server that is not FHIR.
  return isResourceType(type) ? type : undefined;
};

/** What is wrong with the target of a Reference, by the types that the element allows. */
export const targetComplaint = (
  { reference, type: stated }: Readonly<Record<string, unknown>>,
  targets: readonly string[],
  reachable: Reachable,
): string | undefined => {
  const found = typeof reference === 'string' ? typeOfTarget(reference, reachable) : undefined;
  if (found !== undefined && !targets.includes(found))
    return `leads to a resource of type ${found}; allowed: ${targets.join(', ')}`;
  if (typeof stated !== 'string' || !isResourceType(stated)) return undefined;
  if (!targets.includes(stated)) return `says in type that it leads to ${stated}; allowed: ${targets.join(', ')}`;
  return found === undefined || found === stated
    ? undefined
    : `says in type that it leads to ${stated}, but it leads to a resource of type ${found}`;
};
