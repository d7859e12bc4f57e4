import { z } from 'zod';
import type { Stack } from '../aws/stack.ts';

/** Finds the method of the REST API for a request. */

const resourceSchema = z.strictObject({ ParentId: z.string(), PathPart: z.string(), RestApiId: z.string() });

const integrationSchema = z.strictObject({
  Type: z.literal('AWS_PROXY', 'is not a Lambda proxy integration'),
  IntegrationHttpMethod: z.literal('POST'),
  Uri: z.string(),
  // API Gateway's own default.
  TimeoutInMillis: z.int().default(29_000),
});

const methodSchema = z.strictObject({
  HttpMethod: z.string(),
  ResourceId: z.string(),
  RestApiId: z.string(),
  AuthorizationType: z.enum(['NONE', 'CUSTOM']),
  AuthorizerId: z.string().optional(),
  ApiKeyRequired: z.literal(false).optional(),
  Integration: integrationSchema,
});

interface Method {
  readonly httpMethod: string;
  readonly functionArn: string;
  readonly timeoutMilliseconds: number;
  readonly authorizerId: string | undefined;
}

interface PathNode {
  readonly resourceId: string;
  /** As in the template, such as `/fhir/{type}`. */
  readonly resourcePath: string;
  readonly literal: Map<string, PathNode>;
  /** API Gateway allows one variable beside the literal parts. */
  variable: { readonly name: string; readonly node: PathNode } | undefined;
  readonly methods: Map<string, Method>;
}

interface Route {
  readonly resourceId: string;
  readonly resourcePath: string;
  readonly method: Method | undefined;
  readonly pathParameters: Readonly<Record<string, string>>;
}

export interface Routes {
  /** The route for the decoded parts of a path; a literal part has precedence over a variable. */
  readonly match: (httpMethod: string, parts: readonly string[]) => Route | undefined;
}

/** The routes of the API with that id. */
export const createRoutes = (stack: Stack, api: string): Routes => {
  const resources = stack.resources('AWS::ApiGateway::Resource', resourceSchema);
  const node = (resourceId: string, resourcePath: string): PathNode => ({
    resourceId,
    resourcePath,
    literal: new Map(),
    variable: undefined,
    methods: new Map(),
  });

  const nodes = new Map<string, PathNode>();
  const grow = (parent: PathNode): void => {
    nodes.set(parent.resourceId, parent);
    for (const { ref, properties } of resources) {
      if (properties.ParentId !== parent.resourceId) continue;
      const child = node(ref, `${parent.resourcePath}/${properties.PathPart}`);
      const [, name] = /^\{([^+}]+)\}$/.exec(properties.PathPart) ?? [];
      if (properties.PathPart.endsWith('+}'))
        throw new Error(`The embedded host does not know greedy path variables (${child.resourcePath}).`);
      if (name === undefined) parent.literal.set(properties.PathPart, child);
      else parent.variable = { name, node: child };
      grow(child);
    }
  };
  const root = node(`${api}/root`, '');
  grow(root);

  for (const { logicalId, properties } of stack.resources('AWS::ApiGateway::Method', methodSchema)) {
    const owner = nodes.get(properties.ResourceId);
    if (owner === undefined) throw new Error(`${logicalId} belongs to no path.`);
    owner.methods.set(properties.HttpMethod, {
      httpMethod: properties.HttpMethod,
      functionArn: functionArnOf(properties.Integration.Uri),
      timeoutMilliseconds: properties.Integration.TimeoutInMillis,
      authorizerId: properties.AuthorizationType === 'CUSTOM' ? properties.AuthorizerId : undefined,
    });
  }

  return {
    match: (httpMethod, parts) => {
      const found = descend(root, parts);
      if (found === undefined) return undefined;
      const [{ resourceId, resourcePath, methods }, pathParameters] = found;
      return {
        resourceId,
        resourcePath: resourcePath || '/',
        method: methods.get(httpMethod) ?? methods.get('ANY'),
        pathParameters,
      };
    },
  };
};

const descend = (
  from: PathNode,
  [part, ...rest]: readonly string[],
): readonly [PathNode, Readonly<Record<string, string>>] | undefined => {
  if (part === undefined) return [from, {}];
  const literal = from.literal.get(part);
  const found = literal === undefined ? undefined : descend(literal, rest);
  if (found !== undefined) return found;
  if (from.variable === undefined || part === '') return undefined;
  const beyond = descend(from.variable.node, rest);
  return beyond === undefined ? undefined : [beyond[0], { [from.variable.name]: part, ...beyond[1] }];
};

/** From `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<arn>/invocations`. */
export const functionArnOf = (uri: string): string => {
  const [, arn] = /\/functions\/(arn:[^/]+)\/invocations$/.exec(uri) ?? [];
  if (arn === undefined) throw new Error(`${uri} is not the address of a Lambda function.`);
  return arn;
};
