const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
};

/** A copy that cannot be changed: a store may return the same copy for every read. */
export const immutableCopy = <Value>(value: Value): Value => {
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
};
