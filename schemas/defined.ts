type MayMiss<T, Key extends keyof T> = undefined extends T[Key] ? Key : never;

/** `T` with the members that may be undefined made optional instead. */
export type Defined<T> = {
  [Key in keyof T as MayMiss<T, Key>]?: Exclude<T[Key], undefined>;
} & { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] };

/** A copy without the members that are `undefined`. */
export const defined = <T extends object>(value: T): Defined<T> => {
  const members: Iterable<readonly unknown[]> = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members);
};
