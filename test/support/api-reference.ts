import { readFileSync } from 'node:fs';
import { Ajv2020 } from '@redocly/ajv/dist/2020.js';
import { z } from 'zod';

/** The API reference as it is committed, and its schemas to judge by. */

export const referenceText = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');

const named = z.object({ $ref: z.string() });
const media = z.object({
  schema: z.unknown(),
  examples: z.record(z.string(), named).default({}),
});
const parameter = z.object({
  name: z.string(),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean().default(false),
  example: z.string().optional(),
});
const response = z.object({
  content: z.record(z.string(), media).default({}),
  headers: z.record(z.string(), z.unknown()).default({}),
  links: z
    .record(z.string(), z.object({ operationId: z.string(), parameters: z.record(z.string(), z.string()) }))
    .default({}),
});
const operation = z.object({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.union([parameter, named])).default([]),
  requestBody: z.object({ content: z.record(z.string(), media) }).optional(),
  responses: z.record(z.string(), z.union([named, response])),
  'x-sample-client': z.string().optional(),
});
const example = z.object({ value: z.unknown(), 'x-sample-client': z.string().optional() });

export const reference = z
  .object({
    servers: z.array(z.object({ url: z.string() })),
    info: z.object({ description: z.string() }),
    paths: z.record(z.string(), z.record(z.string(), operation)),
    webhooks: z.object({ notification: z.object({ post: operation }) }),
    components: z.object({
      examples: z.record(z.string(), example),
      parameters: z.record(z.string(), z.object({ schema: z.object({ pattern: z.string().optional() }) })),
      responses: z.record(z.string(), response),
      schemas: z.record(z.string(), z.unknown()),
    }),
  })
  .parse(JSON.parse(referenceText));

/** An operation, and where it is. */
export interface Offered extends z.output<typeof operation> {
  readonly method: string;
  readonly path: string;
  readonly pointer: string;
}

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

export const offered: readonly Offered[] = Object.entries(reference.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, one]) => ({
    ...one,
    method: method.toUpperCase(),
    path,
    pointer: `/paths/${escaped(path)}/${method}`,
  })),
);

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: false });
ajv.addSchema(JSON.parse(referenceText), 'reference');

/** What is wrong with a value by the schema at a JSON pointer of the document. */
export const faultsBy = (pointer: string, value: unknown): readonly string[] => {
  const validate = ajv.compile({ $ref: `reference#${pointer.split('/').map(encodeURIComponent).join('/')}` });
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
};

/** The response that is documented for a status, and where it is. */
export const responseOf = (
  { responses, pointer }: Offered,
  status: number,
): z.output<typeof response> & { pointer: string } => {
  const found = responses[String(status)];
  if (found === undefined) throw new Error(`${pointer} says nothing of ${status}`);
  if (!('$ref' in found)) return { ...found, pointer: `${pointer}/responses/${status}` };
  const name = found.$ref.replace('#/components/responses/', '');
  const shared = reference.components.responses[name];
  if (shared === undefined) throw new Error(`${found.$ref} leads nowhere`);
  return { ...shared, pointer: `/components/responses/${escaped(name)}` };
};

/** The names of the examples of a request. */
export const requestExamplesOf = ({ requestBody }: Offered): readonly string[] =>
  Object.values(requestBody?.content ?? {}).flatMap(({ examples }) => Object.keys(examples));

export const exampleOf = (name: string): z.output<typeof example> => {
  const found = reference.components.examples[name];
  if (found === undefined) throw new Error(`no example ${name}`);
  return found;
};
