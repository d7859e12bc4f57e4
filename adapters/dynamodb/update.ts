/**
 * One `UpdateItem`. In `when` and `compute`, `#name` is the attribute of that name and `:name` is the value of that name in
 * `values`.
 */
export interface Update<Item> {
  readonly key: Item;
  /** New values by attribute. A value that is `undefined` leaves its attribute as it is. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** New values by attribute, as expressions: `{ failures: '#failures + :one' }`. */
  readonly compute?: Readonly<Record<string, string>>;
  /** Numbers to add by attribute. An attribute that is absent counts as 0. */
  readonly add?: Readonly<Record<string, unknown>>;
  /** Attributes to remove. */
  readonly remove?: readonly string[];
  /** The condition without which nothing is written. */
  readonly when?: string;
  /** Values of `when` and `compute`; one that no expression names is left out. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Attributes by placeholder, where a placeholder is not the attribute's own name. */
  readonly names?: Readonly<Record<string, string>>;
}

/** The parts of an `UpdateItem` command that follow from an `Update`, for either client of the SDK. */
export interface UpdateParts<Item, Value> {
  readonly Key: Item;
  readonly UpdateExpression: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, Value>;
}

/** Every attribute has a placeholder: names such as `status` are reserved words of DynamoDB. */
const placeholderOf = (name: string): string => (name.startsWith('#') ? name : `#${name}`);

const clause = (keyword: string, actions: readonly string[]): readonly string[] =>
  actions.length === 0 ? [] : [`${keyword} ${actions.join(', ')}`];

/** Makes expressions, names and values of an update. Values of `set` and `add` have placeholders of their own. */
export const update = <Item, Value>({
  key,
  set = {},
  compute = {},
  add = {},
  remove = [],
  when,
  values = {},
  names = {},
}: Update<Item> & {
  readonly set?: Readonly<Record<string, Value | undefined>>;
  readonly add?: Readonly<Record<string, Value>>;
  readonly values?: Readonly<Record<string, Value | undefined>>;
}): UpdateParts<Item, Value> => {
  const sets = Object.entries(set).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const adds = Object.entries(add);
  const expression = [
    ...clause('SET', [
      ...sets.map(([name]) => `${placeholderOf(name)} = :set_${name}`),
      ...Object.entries(compute).map(([name, text]) => `${placeholderOf(name)} = ${text}`),
    ]),
    ...clause(
      'ADD',
      adds.map(([name]) => `${placeholderOf(name)} :add_${name}`),
    ),
    ...clause('REMOVE', remove.map(placeholderOf)),
  ].join(' ');
  const text = `${expression} ${when ?? ''}`;
  const used = new Set(text.match(/[:#]\w+/g));
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || !used.has(`:${name}`) ? [] : [[`:${name}`, value] as const],
  );
  const all = [
    ...sets.map(([name, value]) => [`:set_${name}`, value] as const),
    ...adds.map(([name, value]) => [`:add_${name}`, value] as const),
    ...given,
  ];
  return {
    Key: key,
    UpdateExpression: expression,
    ...(when === undefined ? {} : { ConditionExpression: when }),
    ExpressionAttributeNames: Object.fromEntries(
      [...used].filter((one) => one.startsWith('#')).map((one) => [one, names[one.slice(1)] ?? one.slice(1)]),
    ),
    ...(all.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(all) }),
  };
};
