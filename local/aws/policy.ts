import { z } from 'zod';

/** AWS's evaluation of a policy: an action needs a statement that allows it, and a denial overrides every permission. */

const oneOrMore = z.union([z.string().transform((only) => [only]), z.array(z.string())]);

export const statementShape = {
  Effect: z.enum(['Allow', 'Deny']),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: z
    .union([
      z
        .strictObject({ 'ForAllValues:StringLike': z.strictObject({ 'dynamodb:LeadingKeys': oneOrMore }) })
        .transform((condition) => ({ leadingKeys: condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'] })),
      z
        .strictObject({ StringEquals: z.strictObject({ 'kms:ViaService': z.string() }) })
        .transform((condition) => ({ viaService: condition.StringEquals['kms:ViaService'] })),
    ])
    .optional(),
};

/** Properties of a call that a condition may use. */
export interface Circumstances {
  /** Partition keys of the items, if the call names them. */
  readonly leadingKeys?: readonly string[];
  /** The service that makes the call on behalf of a caller. */
  readonly viaService?: string;
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  /** Patterns of partition keys, or the service that makes the call on behalf of a caller. */
  readonly Condition?: { readonly leadingKeys: readonly string[] } | { readonly viaService: string } | undefined;
}

export const allows = (
  statements: readonly Statement[],
  action: string,
  resource: string,
  circumstances: Circumstances = {},
): boolean => {
  const matching = statements.filter(
    (statement) =>
      statement.Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.Resource.some((pattern) => matches(pattern, resource)) &&
      fulfils(statement.Condition, circumstances),
  );
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
};

const fulfils = (condition: Statement['Condition'], { leadingKeys = [], viaService }: Circumstances): boolean => {
  if (condition === undefined) return true;
  return 'viaService' in condition
    ? viaService === condition.viaService
    : leadingKeys.every((key) => condition.leadingKeys.some((pattern) => matches(pattern, key)));
};

const matches = (pattern: string, value: string): boolean =>
  new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  ).test(value);
