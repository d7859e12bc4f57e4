/** Attributes of an item, read with the type they must have. */
export type Item = Readonly<Record<string, unknown>>;

export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** An absent number counts as 0. */
export const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
