/** A part of an OpenAPI document. It is written as JSON, and a linter checks the document as a whole. */
export type Node = Readonly<Record<string, unknown>>;

export const schemaRef = (name: string): Node => ({ $ref: `#/components/schemas/${name}` });
export const exampleRef = (name: string): Node => ({ $ref: `#/components/examples/${name}` });
export const headerRef = (name: string): Node => ({ $ref: `#/components/headers/${name}` });
export const parameterRef = (name: string): Node => ({ $ref: `#/components/parameters/${name}` });

/** `mission-request` → `MissionRequest`. */
export const pascal = (name: string): string =>
  name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
