import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { readAssembly, type Template } from '../local/aws/template.ts';

/** The deployed bundles, as the synthesised stack names them. */

const functionShape = z.object({
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

export interface Bundle {
  /** Logical id of the function. */
  readonly name: string;
  readonly file: string;
  readonly url: string;
  readonly bytes: number;
  readonly zipped: number;
  /** Literal values of the template and defaults of its parameters; every other value is a URL that nothing calls. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Finds the module of `index.handler` in the order of Lambda. */
const moduleIn = (folder: string): string => {
  const file = ['index.js', 'index.mjs', 'index.cjs']
    .map((name) => join(folder, name))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`${folder} holds no code`);
  return file;
};

const reference = z.object({ Ref: z.string() });

const valueOf = (value: unknown, { Parameters }: Template): string => {
  if (typeof value === 'string') return value;
  const { success, data } = reference.safeParse(value);
  return (success ? Parameters[data.Ref]?.Default : undefined) ?? 'http://bench.example/fhir';
};

export const readBundles = async (assembly: string): Promise<readonly Bundle[]> => {
  const { template, assets } = await readAssembly(assembly);
  return Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([name, { Properties }]) => {
      const { Code, Environment } = functionShape.parse(Properties);
      const file = moduleIn(assets.get(Code.S3Key) ?? '');
      return {
        name,
        file,
        url: pathToFileURL(file).href,
        bytes: statSync(file).size,
        zipped: gzipSync(readFileSync(file)).length,
        environment: Object.fromEntries(
          Object.entries(Environment.Variables).map(([variable, value]) => [variable, valueOf(value, template)]),
        ),
      };
    });
};

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** Loads a function's handler into this process, which must have its environment. */
export const loadHandler = async ({ name, url }: Bundle): Promise<Handler> => {
  const loaded: Record<string, unknown> = await import(url);
  const { handler } = loaded;
  if (typeof handler !== 'function') throw new Error(`${name} exports no handler`);
  return async (event, context) => handler(event, context);
};
