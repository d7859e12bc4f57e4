import { isObject } from '../../schemas/json/json.ts';
import { securityOf } from './fhir.ts';

type Resource = Readonly<Record<string, unknown>>;

/** Adds the exercise label to a resource, also if the sender set it only for the whole message. */
export const markedAsExercise = (resource: Resource): Resource => {
  const { security = [] } = securityOf(true);
  const meta = isObject(resource['meta']) ? resource['meta'] : {};
  const labels: readonly unknown[] = Array.isArray(meta['security']) ? meta['security'] : [];
  const others = labels.filter((label) => !isObject(label) || !security.some(({ code }) => label['code'] === code));
  return { ...resource, meta: { ...meta, security: [...others, ...security] } };
};
