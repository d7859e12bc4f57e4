import type { OperationOutcome } from 'fhir/r4.d.ts';
import { isObject } from '../../schemas/json.ts';
import type { Viewpoint } from './fhir.ts';
import type { Listed } from './searchset.ts';

/** A searchset with resources that go with its matches, and what is to be said of the search itself. */
export const withIncluded = (
  bundle: unknown,
  included: readonly Listed[],
  { base }: Pick<Viewpoint, 'base'>,
  remark?: OperationOutcome,
): unknown => {
  if (!isObject(bundle)) return bundle;
  const matches: readonly unknown[] = Array.isArray(bundle['entry']) ? bundle['entry'] : [];
  const entry = [
    ...matches,
    ...included.map(({ resource, path }) => ({
      fullUrl: `${base}/${path}`,
      resource,
      search: { mode: 'include' },
    })),
    ...(remark === undefined ? [] : [{ resource: remark, search: { mode: 'outcome' } }]),
  ];
  return entry.length === 0 ? bundle : { ...bundle, entry };
};
