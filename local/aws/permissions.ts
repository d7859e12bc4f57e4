import { z } from 'zod';
import { allows, type Circumstances, type Statement, statementShape } from './policy.ts';
import type { Stack } from './stack.ts';

/**
 * What the stack's roles let its functions do, held against each call that they make: a right that was forgotten in
 * infra/ is missed here and not first on AWS. Each function has an access key of its own, by which it is known.
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

/** Rights by access key. A key that is not among them belongs to no function of the stack, and may do everything. */
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

/** A key under which something lies, and the service that uses it for whoever calls. */
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

/** What is missing for a call, as AWS words it; `undefined` if nothing is. */
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

/** What is missing for a service to use a key for whoever calls. */
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
