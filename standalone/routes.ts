import { type AnsweringFunction, type Route, routes } from '../schemas/api/routes.ts';

/** Finds the function for a request, as API Gateway does: a literal part of a path has precedence over a variable. */

export interface FoundRoute extends Pick<Route, 'path'> {
  readonly to: AnsweringFunction;
  readonly isOpen: boolean;
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface PathNode {
  readonly literal: Map<string, PathNode>;
  variable: { readonly name: string; readonly node: PathNode } | undefined;
  readonly methods: Map<string, Route>;
}

const node = (): PathNode => ({ literal: new Map(), variable: undefined, methods: new Map() });

/** The node of a path, made if it is not there. */
const grow = (root: PathNode, path: string): PathNode =>
  path
    .split('/')
    .slice(1)
    .reduce((parent, part) => {
      const [, name] = /^\{(.+)\}$/.exec(part) ?? [];
      if (name !== undefined) {
        parent.variable ??= { name, node: node() };
        return parent.variable.node;
      }
      const child = parent.literal.get(part) ?? node();
      parent.literal.set(part, child);
      return child;
    }, root);

const root = node();
for (const route of routes) for (const method of route.methods) grow(root, route.path).methods.set(method, route);

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

/** The route for the decoded parts of a path. */
export const routeOf = (method: string, parts: readonly string[]): FoundRoute | undefined => {
  const [found, pathParameters] = descend(root, parts) ?? [];
  const route = found?.methods.get(method);
  if (route === undefined || pathParameters === undefined) return undefined;
  return { path: route.path, to: route.to, isOpen: route.open === true, pathParameters };
};
