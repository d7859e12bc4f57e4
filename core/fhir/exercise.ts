import { isObject } from '../../schemas/json/json.ts';
import { securityOf } from './fhir.ts';

type Resource = Readonly<Record<string, unknown>>;

/** A resource of an exercise that says so itself, also if its sender said so for the whole message only. */
export const markedAsExercise = (resource: Resource): Resource => {
  const { security = [] } = securityOf(true);
  const meta = isObject(resource['meta']) ? resource['meta'] : {};
  const labels: readonly unknown[] = Array.isArray(meta['security']) ? meta['security'] : [];
  const others = labels.filter((label) => !isObject(label) || !security.some(({ code }) => label['code'] === code));
  return { ...resource, meta: { ...meta, security: [...others, ...security] } };
};
