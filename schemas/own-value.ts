/**
 * The value of a table under a key that came from outside, such as a code of a message; `undefined` if the table has no such row.
 * Indexing would find what every object inherits: `constructor`, `toString`, `__proto__`.
 */
export const ownValue = <Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
