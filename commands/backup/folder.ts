import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join, resolve as absolute } from 'node:path';
import { whyOf } from '../cli/command-line.ts';
import { BadBackup } from './bad-backup.ts';
import { checksumOf, filesName, summaryName } from './files-format.ts';

/** Only the owner may read a backup: it holds patients' data. */
export const ownerOnly = { folder: 0o700, file: 0o600 };

const nearestExisting = (folder: string): string => (existsSync(folder) ? folder : nearestExisting(dirname(folder)));

/** Throws `BadBackup` if the next `git add` could include what is written into the folder. Passes if git is not installed. */
export const refuseInGit = async (folder: string): Promise<void> => {
  const file = join(absolute(folder), 'data', 'segment-0.json.gz');
  const args = ['-C', nearestExisting(dirname(file)), 'check-ignore', '--quiet', file];
  // 0: ignored, 1: not ignored, anything else: in no work tree.
  const code = await new Promise((resolve) => {
    execFile('git', args, (error) => resolve(error === null ? 0 : error.code));
  });
  if (code === 1)
    throw new BadBackup(
      `${folder} is in a git work tree and git does not ignore it: patients' data would be part of the next commit. Give a folder elsewhere.`,
    );
};

/** Creates the folder of a new backup. Returns what removes everything written into it. Throws `BadBackup` if it is not empty. */
export const makeFolder = async (folder: string): Promise<() => Promise<void>> => {
  await refuseInGit(folder);
  const existed = existsSync(folder);
  await mkdir(join(folder, 'data'), { recursive: true, mode: ownerOnly.folder }).catch((error: unknown) => {
    throw new BadBackup(`${folder} cannot be created (${whyOf(error)}).`);
  });
  const present = (await readdir(folder)).filter((name) => name !== 'data');
  if (present.length > 0 || (await readdir(join(folder, 'data'))).length > 0)
    throw new BadBackup(`${folder} is not empty. Give a new folder: a backup is never written over another.`);
  await chmod(folder, ownerOnly.folder);
  const written = existed
    ? ['data', ...[summaryName, filesName].flatMap((name) => [name, checksumOf(name)])].map((name) =>
        join(folder, name),
      )
    : [folder];
  return async () => {
    for (const path of written) await rm(path, { recursive: true, force: true });
  };
};
