import { fhirJson } from '../../../schemas/names.ts';
import { publishedTypes } from '../../../schemas/published/types.ts';
import { type Scope, scopeFor } from '../../../schemas/scopes.ts';
import { exampleRef, headerRef, type Node, parameterRef } from './node.ts';
import type { Given } from './operation-texts.ts';
import type { Trait } from './refusals.ts';

/** Parts that operations share: parameters, security and answers. */

/** The operationId of a FHIR read or search. Other operations have names of their own. */
export const idOf = (interaction: string, type: string): string =>
  interaction === 'search' ? `search${type}` : `${interaction}${type === '{type}' ? 'Sent' : type}`;

/** A token and a proof of the caller's key (DPoP). Only the hub on a laptop takes a token alone. */
export const securityWith = (scope: Scope): readonly Node[] => [
  { accessToken: [scopeFor('luftbro', scope)], proof: [] },
];

const jsonOf = (schema: Node, examples: Node): Node => ({ [fhirJson]: { schema, examples } });

export const success = (
  description: string,
  schema: Node,
  example: string,
  headers: readonly string[] = [],
  page = false,
): Node => ({
  description,
  headers: Object.fromEntries(['X-Correlation-Id', ...headers].map((name) => [name, headerRef(name)])),
  content: {
    ...jsonOf(schema, { [example]: exampleRef(example) }),
    ...(page
      ? { 'text/html': { schema: { type: 'string', description: 'An HTML page for reading and printing.' } } }
      : {}),
  },
});

export const withClient = ({ description, as }: Given, more?: string): Node => {
  const text = [more, description, as === undefined ? undefined : `The example works for the sample client \`${as}\`.`]
    .filter((part) => part !== undefined)
    .join('\n\n');
  return { ...(text === '' ? {} : { description: text }), ...(as === undefined ? {} : { 'x-sample-client': as }) };
};

export const pathParameter = (name: string, description: string, example?: string): Node => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
  ...(example === undefined ? {} : { example }),
});

export const queryParameter = (name: string, description: string, required: boolean, example?: string): Node => ({
  name,
  in: 'query',
  required,
  description,
  schema: { type: 'string' },
  // A bar or a comma may also be sent unescaped.
  ...(example === undefined ? {} : { example }),
});

export const headerParameter = (name: string, description: string): Node => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
});

export const headerParameters = [parameterRef('X-Correlation-Id')];

export const idWords: Readonly<Record<string, string>> = {
  ServiceRequest: 'The mission: the identifier in the answer to the mission request',
  Task: 'The id that the hub assigned: `{mission}.{entry}`',
  Bundle: '`{mission}.{entry}`: the message with that number in the mission',
  Provenance: '`{mission}.{entry}`',
  Organization: 'Organisation number, nine digits',
  Endpoint: 'Organisation number, nine digits',
  Location: 'The id of a resource, or of a place in the directory',
  Subscription: 'The id in the answer to `POST /Subscription`',
};

export const isPublished = (type: string): boolean =>
  type === 'CapabilityStatement' || publishedTypes.some((one) => one === type);
const scopeOf = (type: string): Scope => (type === 'Subscription' ? 'subscribe' : 'read');
export const guarded = (type: string): Node =>
  isPublished(type) ? { security: [] } : { security: securityWith(scopeOf(type)) };
export const about = (type: string): Given =>
  ({ tag: 'Published definitions', summary: type, example: {} }) satisfies Given;

/** An operation before its refusals are added. */
export interface Operation extends Node {
  readonly traits: readonly Trait[];
  readonly responses: Node;
}

export type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;
