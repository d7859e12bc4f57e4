import type { Bundle, FhirResource } from 'fhir/r4.d.ts';
import type { Viewpoint } from './fhir.ts';

export interface Listed {
  readonly resource: FhirResource | Readonly<Record<string, unknown>>;
  /** Path below the base URL; absent for a remark on the search. */
  readonly path?: string;
  /** Identity of a resource that cannot be read at an address of its own. */
  readonly fullUrl?: string;
  /** Search mode (R4 Bundle.entry.search.mode). Default: `match`. */
  readonly mode?: 'match' | 'include' | 'outcome';
}

/** A FHIR searchset. `total` is absent if counting would require reading everything. */
export const searchset = (
  self: string,
  next: string | undefined,
  listed: readonly Listed[],
  { base }: Pick<Viewpoint, 'base'>,
  total?: number,
): unknown => {
  const bundle: Omit<Bundle, 'entry'> = {
    resourceType: 'Bundle',
    type: 'searchset',
    link: [
      { relation: 'self', url: `${base}/${self}` },
      ...(next === undefined ? [] : [{ relation: 'next', url: `${base}/${next}` }]),
    ],
    ...(total === undefined ? {} : { total }),
  };
  const entry = listed.map(({ resource, path, fullUrl, mode = 'match' }) => ({
    ...(path === undefined ? {} : { fullUrl: `${base}/${path}` }),
    ...(fullUrl === undefined ? {} : { fullUrl }),
    resource,
    search: { mode },
  }));
  return entry.length === 0 ? bundle : { ...bundle, entry };
};
