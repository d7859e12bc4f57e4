import { spawnSync } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import {
  existsSync,
  globSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRelease } from './release.ts';

/** The cloud assembly in `cdk.out`: synthesised again only if its sources have changed. */

const sourceFolders = ['infra', 'functions', 'core', 'adapters', 'schemas'];
const sourceFiles = ['cdk.json', 'package.json', 'package-lock.json', 'tsconfig.json'];

const output = (project: string, ...names: readonly string[]): string => join(project, 'cdk.out', ...names);
const stampOf = (project: string): string => output(project, 'sources.sha256');
/** Not `synth.lock`: that is the CDK's own lock in this folder. */
const lockOf = (project: string): string => output(project, 'assembly.lock');

const addFiles = (hash: Hash, project: string, patterns: readonly string[]): Hash => {
  for (const file of globSync(patterns, { cwd: project }).toSorted())
    if (statSync(join(project, file)).isFile())
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(project, file)))
        .update('\0');
  return hash;
};

/** SHA-256 (hex) over the release, and the names and contents of the sources. */
const digestOfSources = (project: string): string =>
  addFiles(createHash('sha256').update(`${readRelease(pathToFileURL(`${project}/`))}\0`), project, [
    ...sourceFolders.map((folder) => `${folder}/**`),
    ...sourceFiles,
  ]).digest('hex');

/** SHA-256 (hex) over manifest and templates, and the names of the assets: another stage, or a missing asset, changes it. */
const digestOfOutput = (project: string): string => {
  const names = existsSync(output(project)) ? readdirSync(output(project)) : [];
  const assets = names.filter((name) => name.startsWith('asset.')).toSorted();
  return addFiles(createHash('sha256').update(assets.join('\0')), project, [
    'cdk.out/manifest.json',
    'cdk.out/*.template.json',
  ]).digest('hex');
};

/** Whether `cdk.out` holds the default stack of the sources as they are now. */
export const isCurrent = (project: string): boolean =>
  existsSync(stampOf(project)) &&
  readFileSync(stampOf(project), 'utf8') === `${digestOfSources(project)} ${digestOfOutput(project)}`;

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const pollMilliseconds = 200;

/** Waits while another process synthesises, then keeps others out. The lock of a process that has ended is taken over. */
const lock = (project: string): void => {
  mkdirSync(output(project), { recursive: true });
  // Linked into place with its content: a process that is killed leaves no lock without an owner.
  const own = `${lockOf(project)}.${process.pid}`;
  for (;;) {
    try {
      writeFileSync(own, String(process.pid));
      linkSync(own, lockOf(project));
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const owner = existsSync(lockOf(project)) ? Number(readFileSync(lockOf(project), 'utf8')) : 0;
      if (owner > 0 && !isRunning(owner)) rmSync(lockOf(project), { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMilliseconds);
    } finally {
      rmSync(own, { force: true });
    }
  }
};

const runCdk = (project: string, options: readonly string[]): number => {
  // A synthesis that fails half-way leaves no stamp: the next one starts from the beginning.
  rmSync(stampOf(project), { force: true });
  const before = digestOfSources(project);
  const { status } = spawnSync(process.execPath, ['node_modules/aws-cdk/bin/cdk', 'synth', '--quiet', ...options], {
    cwd: project,
    stdio: 'inherit',
  });
  // A source that was saved meanwhile may or may not be in the output.
  if (status === 0 && options.length === 0 && digestOfSources(project) === before)
    writeFileSync(stampOf(project), `${before} ${digestOfOutput(project)}`);
  return status ?? 1;
};

/**
 * Synthesises the stack into `cdk.out`. Without `options` (those of `cdk synth`) it is the default stack, and nothing is done if
 * `cdk.out` is current. One process at a time. Returns the exit code of `cdk`, 0 if nothing was done.
 */
export const synthesise = (project: string, options: readonly string[] = []): number => {
  if (options.length === 0 && isCurrent(project)) return 0;
  lock(project);
  try {
    return options.length === 0 && isCurrent(project) ? 0 : runCdk(project, options);
  } finally {
    rmSync(lockOf(project), { force: true });
  }
};
