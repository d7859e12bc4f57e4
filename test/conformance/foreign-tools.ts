import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Programs of others that are tried on the hub: found on this machine, with libraries from their own package registries. */

/** Why a program cannot be used on this machine. */
export class NotHere extends Error {}

export interface Output {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

const longestMilliseconds = 15 * 60_000;

/** Runs a program to its end; throws `NotHere` if it is not on this machine. */
export const run = (
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Output> =>
  new Promise((resolve, reject) => {
    const options = { timeout: longestMilliseconds, maxBuffer: 256 * 1024 * 1024, env: { ...process.env, ...env } };
    const child = execFile(file, args, options, (error, out, errors) => {
      if (error !== null && error.code === 'ENOENT') reject(new NotHere(`${file} not found`));
      else if (child.exitCode === null)
        reject(new Error(`${file} did not end within ${longestMilliseconds / 60_000} minutes`));
      else resolve({ code: child.exitCode, out, errors });
    });
  });

/** Files beside this one. */
export const besides = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What is installed and written is kept here between runs. */
export const workFolder = fileURLToPath(new URL('../../.luftbro/conformance', import.meta.url));

const lastLineOf = ({ out, errors }: Output): string =>
  `${out}\n${errors}`
    .split('\n')
    .filter((line) => line.trim() !== '')
    .at(-1) ?? '';

/** Installs by a list, unless an earlier run installed the same one. `mark`: where the digest of the list is kept. */
const onceFor = async (mark: string, list: string, install: () => Promise<void>): Promise<void> => {
  const wanted = createHash('sha256')
    .update(await readFile(list))
    .digest('hex');
  if ((await readFile(mark, 'utf8').catch(() => '')) === wanted) return;
  await install();
  await writeFile(mark, wanted);
};

const oldestJava = 17;

/** The options with which `java` runs a program beside this file: the class path of `pom.xml`, from Maven Central. */
export const javaOptions = async (): Promise<readonly string[]> => {
  const { errors } = await run('java', ['-version']).catch(() => {
    throw new NotHere('Java not found');
  });
  const version = Number(/version "(\d+)/.exec(errors)?.[1] ?? 0);
  if (version < oldestJava) throw new NotHere(`Java ${oldestJava} or newer not found`);
  await mkdir(workFolder, { recursive: true });
  const classPath = join(workFolder, 'class-path');
  await onceFor(join(workFolder, 'java-made-from'), besides('pom.xml'), async () => {
    // Strict: a file with another checksum than its registry's fails.
    const resolved = await run('mvn', [
      '--batch-mode',
      '--quiet',
      '--strict-checksums',
      '--file',
      besides('pom.xml'),
      'dependency:build-classpath',
      `-Dmdep.outputFile=${classPath}`,
    ]).catch(() => {
      throw new NotHere('Maven (mvn) not found');
    });
    if (resolved.code !== 0)
      throw new NotHere(`the libraries cannot be had from Maven Central (${lastLineOf(resolved)})`);
  });
  return ['-cp', (await readFile(classPath, 'utf8')).trim()];
};

/** The `python` of an environment with the packages of `requirements.txt`, from the Python package index. */
export const python = async (): Promise<string> => {
  const check = await run('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).catch(() => {
    throw new NotHere('Python not found');
  });
  if (check.code !== 0) throw new NotHere('Python 3.10 or newer not found');
  const environment = join(workFolder, 'python');
  await mkdir(workFolder, { recursive: true });
  await onceFor(join(workFolder, 'python-made-from'), besides('requirements.txt'), async () => {
    await rm(environment, { recursive: true, force: true });
    const made = await run('python3', ['-m', 'venv', environment]);
    if (made.code !== 0) throw new NotHere(`python3 makes no virtual environment (${lastLineOf(made)})`);
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:'];
    const installed = await run(join(environment, 'bin', 'pip'), [
      'install',
      ...options,
      '--requirement',
      besides('requirements.txt'),
    ]);
    if (installed.code !== 0)
      throw new NotHere(`fhirpy cannot be had from the Python package index (${lastLineOf(installed)})`);
  });
  return join(environment, 'bin', 'python');
};
