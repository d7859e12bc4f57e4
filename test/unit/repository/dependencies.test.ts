import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'));

const lock = z
  .object({
    packages: z.record(
      z.string(),
      z.object({
        integrity: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        inBundle: z.boolean().optional(),
        resolved: z.string().optional(),
      }),
    ),
  })
  .parse(read('package-lock.json'));

const names = z.record(z.string(), z.string());
const { allowScripts, dependencies, devDependencies, engines } = z
  .object({
    allowScripts: z.record(z.string(), z.boolean()),
    dependencies: names,
    devDependencies: names,
    engines: z.object({ node: z.string() }),
  })
  .parse(read('package.json'));

const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('A package that the project is built from', () => {
  test('is fixed to one content by its digest', () => {
    expect(packages.length).toBeGreaterThan(100);
    // What is inside another package has that one's digest.
    const loose = packages.filter(
      ([, { integrity, inBundle }]) => inBundle !== true && !integrity?.startsWith('sha512-'),
    );
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  test('comes from the registry that npm is set to, and from no other address', () =>
    expect(packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]));

  test('runs no script when it is installed, but for those that are named', () => {
    const scripted = packages
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => nameOf(path));
    const undecided = scripted.filter((name) => allowScripts[name] === undefined && name !== 'fsevents');
    expect(undecided).toEqual([]);
    expect(Object.keys(allowScripts).filter((name) => allowScripts[name] === true)).toEqual([
      'node',
      'esbuild',
      'classic-level',
    ]);
  });
});

describe('package.json', () => {
  test('pins every direct dependency to one version', () => {
    const versions = Object.entries({ ...dependencies, ...devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  test('runs on the Node.js that .nvmrc names and engines allows', () => {
    const pinned = devDependencies['node'] ?? '';
    expect(readFileSync(new URL('../../../.nvmrc', import.meta.url), 'utf8').trim()).toBe(pinned);
    expect(engines.node).toBe(`>=${pinned.split('.')[0]}`);
  });
});
