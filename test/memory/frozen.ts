const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
};

/** A copy that nobody can change: it can be handed out again and again, as if it were read anew each time. */
export const frozen = <Value>(value: Value): Value => {
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
};
