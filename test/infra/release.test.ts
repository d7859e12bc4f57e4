import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRelease } from '../../infra/release.ts';

let folder: string;
const release = (of = folder): string => readRelease(pathToFileURL(`${of}/`));
const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=Kari', '-c', 'user.email=kari@luftbro.example', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luftbro-release-'));
  await writeFile(join(folder, 'package.json'), '{"version":"1.2.3"}');
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', 'First');
});

afterEach(() => rm(folder, { recursive: true }));

describe('release of a stack', () => {
  it('is version and commit, independent of tags', () => {
    git('-c', 'tag.gpgsign=false', 'tag', '--annotate', 'v9', '--message', 'Ninth');
    expect(release()).toBe(`1.2.3 (${git('rev-parse', '--short=12', 'HEAD')})`);
  });

  it('says so if files differ from the commit', async () => {
    await writeFile(join(folder, 'package.json'), '{"version":"1.2.4"}');
    expect(release()).toBe(`1.2.4 (${git('rev-parse', '--short=12', 'HEAD')}, changed)`);
  });

  it('has no commit outside a clone, and never uses that of a repository around the folder', async () => {
    const unpacked = join(folder, 'unpacked');
    await mkdir(unpacked);
    await writeFile(join(unpacked, 'package.json'), '{"version":"2.0.0"}');
    expect(release(unpacked)).toBe('2.0.0 (commit unknown)');
  });
});
