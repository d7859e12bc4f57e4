import { z } from 'zod';

/** How AWS decides by a policy: nothing is allowed that no statement allows, and a denial beats every permission. */

const oneOrMore = z.union([z.string().transform((only) => [only]), z.array(z.string())]);

export const statementShape = {
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z
    .strictObject({ 'ForAllValues:StringLike': z.strictObject({ 'dynamodb:LeadingKeys': oneOrMore }) })
    .transform((condition) => condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'])
    .optional(),
};

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  /** Forms of the partition keys that it is about. */
  readonly Condition?: readonly string[] | undefined;
}

/** `leadingKeys`: partition keys of the items, for calls that name them. */
export const allows = (
  statements: readonly Statement[],
  action: string,
  resource: string,
  leadingKeys: readonly string[] = [],
): boolean => {
  const meant = statements.filter(
    (statement) =>
      statement.Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.Resource.some((pattern) => matches(pattern, resource)) &&
      (statement.Condition === undefined ||
        leadingKeys.every((key) => statement.Condition?.some((pattern) => matches(pattern, key)) === true)),
  );
  return meant.some(({ Effect }) => Effect === 'Allow') && !meant.some(({ Effect }) => Effect === 'Deny');
};

const matches = (pattern: string, value: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  ).test(value);
