import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/**
 * Version and commit of what is synthesised: `0.1.0 (ee7e24b91c02)`, with `, changed` if files differ from that commit. Without git,
 * or outside a clone: `0.1.0 (commit unknown)`. `folder`: the project's, ends in `/`.
 */
export const readRelease = (folder: URL): string => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')));
  // Only the folder's own repository: a release may be unpacked inside another one.
  const own = ['--git-dir=.git', '--work-tree=.'];
  const { status, stdout } = spawnSync(
    'git',
    [...own, 'describe', '--always', '--exclude=*', '--abbrev=12', '--dirty'],
    {
      cwd: fileURLToPath(folder),
      encoding: 'utf8',
      timeout: 10_000,
    },
  );
  const commit = status === 0 ? stdout.trim().replace('-dirty', ', changed') : 'commit unknown';
  return `${version} (${commit})`;
};
