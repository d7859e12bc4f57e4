import { isObject } from '../../schemas/json/json.ts';

/** Places in JSON, and copies of it with another value at a place. */

export type Path = readonly (string | number)[];

/** Paths of all values that are no empty object or list: of objects and lists, and of what they hold. */
export const pathsIn = (value: unknown, path: Path = []): readonly Path[] => {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => pathsIn(item, [...path, index]));
  if (!isObject(value)) return [path];
  return Object.entries(value).flatMap(([name, member]) => [
    ...(isObject(member) || Array.isArray(member) ? [[...path, name]] : []),
    ...pathsIn(member, [...path, name]),
  ]);
};

export const withValue = (value: unknown, [first, ...rest]: Path, planted: unknown): unknown => {
  if (first === undefined) return planted;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === first ? withValue(item, rest, planted) : item));
  return isObject(value) ? { ...value, [first]: withValue(value[first], rest, planted) } : planted;
};
