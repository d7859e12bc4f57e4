import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Packages that the entry points import, with all that they import of this project. */
const packagesOf = async (entryPoints: readonly string[]): Promise<readonly string[]> => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outdir: 'nowhere',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
  });
  return Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
};

describe('The handlers of the functions', () => {
  test('import no AWS SDK, so that a process without AWS can run them', async () => {
    const handlers = globSync('functions/*/handler.ts', { cwd: root });
    expect(handlers).toHaveLength(9);
    expect((await packagesOf(handlers)).filter((name) => name.startsWith('@aws-sdk/'))).toEqual([]);
  });
});

describe('The functions', () => {
  test('carry no document client: the hub marshals by itself', async () => {
    const packages = await packagesOf(globSync('functions/*/lambda.ts', { cwd: root }));
    expect(packages).toContain('@aws-sdk/client-dynamodb');
    expect(packages.filter((name) => /lib-dynamodb|util-dynamodb/.test(name))).toEqual([]);
  });
});

describe('The authorizer, which every request waits for', () => {
  test('carries neither the queue nor the large parser', async () => {
    const packages = await packagesOf(['functions/authorize/lambda.ts']);
    expect(packages).toContain('@aws-sdk/client-dynamodb');
    expect(packages).not.toContain('@aws-sdk/client-sqs');
    expect(packages).not.toContain('zod');
  });
});
