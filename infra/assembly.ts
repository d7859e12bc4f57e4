import { spawnSync } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRelease } from './release.ts';

/** Everything that decides what the default stack is synthesised from. */
const sources = ['infra', 'functions', 'core', 'adapters', 'schemas'];
const files = ['cdk.json', 'package.json', 'package-lock.json', 'tsconfig.json'];

const stampIn = (project: string): string => join(project, 'cdk.out', 'sources.sha256');

const addFile = (hash: Hash, project: string, file: string): void => {
  hash
    .update(`${file}\0`)
    .update(readFileSync(join(project, file)))
    .update('\0');
};

/** SHA-256 (hex) over the sources' names and contents, the release and the manifest and templates in `cdk.out`. */
const digestOf = (project: string): string => {
  const hash = createHash('sha256').update(`${readRelease(pathToFileURL(`${project}/`))}\0`);
  const patterns = [
    ...sources.map((folder) => `${folder}/**`),
    ...files,
    'cdk.out/manifest.json',
    'cdk.out/*.template.json',
  ];
  for (const file of globSync(patterns, { cwd: project }).toSorted())
    if (statSync(join(project, file)).isFile()) addFile(hash, project, file);
  return hash.digest('hex');
};

/** Whether `cdk.out` holds the default stack of the sources as they are now. */
export const isCurrent = (project: string): boolean => {
  const stamp = stampIn(project);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOf(project);
};

/**
 * Synthesises the stack into `cdk.out`. Without `options` (those of `cdk synth`) it is the default stack, and nothing is done if
 * `cdk.out` is current. Returns the exit code of `cdk`, 0 if nothing was done.
 */
export const synthesise = (project: string, options: readonly string[] = []): number => {
  if (options.length === 0 && isCurrent(project)) return 0;
  // A synthesis that fails half-way leaves no stamp: the next one starts from the beginning.
  rmSync(stampIn(project), { force: true });
  const { status } = spawnSync(process.execPath, ['node_modules/aws-cdk/bin/cdk', 'synth', '--quiet', ...options], {
    cwd: project,
    stdio: 'inherit',
  });
  if (status === 0 && options.length === 0) writeFileSync(stampIn(project), digestOf(project));
  return status ?? 1;
};
