import { z } from 'zod';
import { allows, type Circumstances, type Statement, statementShape } from './policy.ts';
import type { Stack } from './stack.ts';

/**
 * Checks each call of a function against the stack's roles, so that a right that is missing in infra/ is found here and not only on
 * AWS. Each function has an access key of its own, which identifies it.
 */

const roleSchema = z.strictObject({
  AssumeRolePolicyDocument: z.unknown().optional(),
  Description: z.string().optional(),
  RoleName: z.string().optional(),
  // Rights to write logs only.
  ManagedPolicyArns: z
    .array(z.string().regex(/service-role\/(AWSLambdaBasicExecutionRole|AmazonAPIGatewayPushToCloudWatchLogs)$/))
    .default([]),
});

const policySchema = z.strictObject({
  PolicyName: z.string().optional(),
  PolicyDocument: z.strictObject({ Version: z.string(), Statement: z.array(z.strictObject(statementShape)) }),
  Roles: z.array(z.string()),
});

/** Rights by access key. An unknown key belongs to no function of the stack and has all rights. */
export type Permissions = Readonly<Record<string, readonly Statement[]>>;

export const permissionsOf = (stack: Stack): Permissions => {
  const policies = stack.resources('AWS::IAM::Policy', policySchema);
  const roles = stack.resources('AWS::IAM::Role', roleSchema);
  return Object.fromEntries(
    stack.resources('AWS::Lambda::Function', z.looseObject({ Role: z.string() })).map(({ logicalId, properties }) => {
      const role = roles.find(({ arn }) => arn === properties.Role);
      const own = policies.filter(({ properties: { Roles } }) => role !== undefined && Roles.includes(role.ref));
      return [accessKeyOf(logicalId), own.flatMap(({ properties: { PolicyDocument } }) => PolicyDocument.Statement)];
    }),
  );
};

export const accessKeyOf = (functionLogicalId: string): string => functionLogicalId;

/** A KMS key, and the service that uses it on behalf of a caller. */
export interface KeyUse {
  readonly key: string;
  readonly service: string;
}

export interface AwsCall extends Circumstances {
  /** The `Authorization` header of the request. */
  readonly authorization: string | undefined;
  readonly action: string;
  readonly resources: readonly string[];
}

/** AWS's message if the caller has no right to the call; otherwise `undefined`. */
export const missingRight = (
  permissions: Permissions,
  { authorization = '', action, resources, ...circumstances }: AwsCall,
): string | undefined => {
  const [, accessKey = ''] = /Credential=([^/]+)\//.exec(authorization) ?? [];
  const statements = permissions[accessKey];
  if (statements === undefined) return undefined;
  const denied = resources.find((resource) => !allows(statements, action, resource, circumstances));
  return denied === undefined
    ? undefined
    : `${accessKey} is not authorized to perform: ${action} on resource: ${denied}`;
};

/** The message if the caller has no right to the use of a key by a service; otherwise `undefined`. */
export const missingKeyRight = (
  permissions: Permissions,
  authorization: string | undefined,
  actions: readonly string[],
  { key, service }: KeyUse,
): string | undefined =>
  actions
    .map((action) =>
      missingRight(permissions, { authorization, action: `kms:${action}`, resources: [key], viaService: service }),
    )
    .find((missing) => missing !== undefined);

/** The answer to a call that lacks a right, in AWS's JSON protocols. */
export const accessDenied = (message: string) => ({
  __type: 'com.amazon.coral.service#AccessDeniedException',
  message,
});
