import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Reads the output of `cdk synth`: the template and the folders of the functions' code. */

export type Json = z.output<ReturnType<typeof z.json>>;

const json = z.json();

const templateSchema = z.object({
  Parameters: z
    .record(
      z.string(),
      z.object({
        Type: z.string(),
        Default: z.union([z.string(), z.number()]).transform(String).optional(),
        AllowedPattern: z.string().optional(),
      }),
    )
    .default({}),
  Conditions: z.record(z.string(), json).default({}),
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.record(z.string(), json).default({}),
      Condition: z.string().optional(),
    }),
  ),
  Outputs: z.record(z.string(), z.object({ Value: json })).default({}),
});

export type Template = z.output<typeof templateSchema>;

export const parseTemplate = (input: unknown): Template => templateSchema.parse(input);

const manifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.looseObject({ templateFile: z.string().optional(), file: z.string().optional() }).default({}),
    }),
  ),
});

const assetsSchema = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string() }),
      destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
    }),
  ),
});

export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** Folders of the functions' code, by the object key in the template. */
  readonly assets: ReadonlyMap<string, string>;
}

/** Reads a cloud assembly: its only stack, and the folders of that stack's assets. */
export const readAssembly = async (folder: string): Promise<Assembly> => {
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(folder, file), 'utf8'));

  const manifest = await read('manifest.json').catch(() => {
    throw new Error(`There is no synthesised stack in ${folder}. Run "npm run synth" first.`);
  });
  const artifacts = Object.entries(manifestSchema.parse(manifest).artifacts);
  const stacks = artifacts.flatMap(([name, { type, properties }]) =>
    type === 'aws:cloudformation:stack' && properties.templateFile !== undefined
      ? [{ name, file: properties.templateFile }]
      : [],
  );
  const [stack, ...others] = stacks;
  if (stack === undefined || others.length > 0) {
    throw new Error(`The embedded host runs one stack; ${folder} holds ${stacks.length}.`);
  }

  const assets = new Map<string, string>();
  for (const [, { type, properties }] of artifacts) {
    if (type !== 'cdk:asset-manifest' || properties.file === undefined) continue;
    for (const { source, destinations } of Object.values(assetsSchema.parse(await read(properties.file)).files)) {
      for (const { objectKey } of Object.values(destinations)) assets.set(objectKey, join(folder, source.path));
    }
  }

  return { stackName: stack.name, template: parseTemplate(await read(stack.file)), assets };
};
