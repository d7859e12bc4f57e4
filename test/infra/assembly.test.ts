import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isCurrent, synthesise } from '../../infra/assembly.ts';

let project = '';

/** A project whose `cdk` counts its runs and writes a template. */
const fakeCdk = `
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs');
mkdirSync('cdk.out', { recursive: true });
appendFileSync('runs', process.argv.slice(2).join(' ') + '\\n');
writeFileSync('cdk.out/manifest.json', '{}');
writeFileSync('cdk.out/stack.template.json', process.argv.slice(2).join(' '));
mkdirSync('cdk.out/asset.1', { recursive: true });
if (require('node:fs').existsSync('saving')) writeFileSync('core/mission/decide.ts', 'saved meanwhile');
process.exitCode = require('node:fs').existsSync('broken') ? 1 : 0;
`;

const write = (file: string, text: string): void => {
  mkdirSync(join(project, file, '..'), { recursive: true });
  writeFileSync(join(project, file), text);
};

const runs = async (): Promise<readonly string[]> => {
  const { readFile } = await import('node:fs/promises');
  return (await readFile(join(project, 'runs'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
};

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'luftbro-assembly-'));
  write('package.json', '{ "version": "1.2.3" }');
  write('node_modules/aws-cdk/bin/cdk', fakeCdk);
  write('core/mission/decide.ts', 'one');
  write('infra/app.ts', 'two');
});

afterEach(() => rmSync(project, { recursive: true, force: true }));

describe('synthesise', () => {
  test('runs cdk once while the sources are the same', async () => {
    expect(isCurrent(project)).toBe(false);
    expect(synthesise(project)).toBe(0);
    expect(isCurrent(project)).toBe(true);
    expect(synthesise(project)).toBe(0);
    expect(await runs()).toEqual(['synth --quiet']);
  });

  test.each([
    ['a source changes', () => write('core/mission/decide.ts', 'changed')],
    ['a source is added', () => write('schemas/codes.ts', 'three')],
    ['a source is renamed', () => renameSync(join(project, 'infra/app.ts'), join(project, 'infra/other.ts'))],
    ['the version changes', () => write('package.json', '{ "version": "1.2.4" }')],
    ['another stack was synthesised into cdk.out', () => write('cdk.out/stack.template.json', 'of another stage')],
    ['an asset is missing', () => rmSync(join(project, 'cdk.out/asset.1'), { recursive: true })],
    ['cdk.out was emptied', () => rmSync(join(project, 'cdk.out'), { recursive: true })],
  ])('runs cdk again if %s', async (_what, change) => {
    synthesise(project);
    change();
    expect(isCurrent(project)).toBe(false);
    synthesise(project);
    expect(await runs()).toHaveLength(2);
    expect(isCurrent(project)).toBe(true);
  });

  test('runs cdk again after a run that failed', async () => {
    write('broken', '');
    expect(synthesise(project)).toBe(1);
    expect(isCurrent(project)).toBe(false);
    rmSync(join(project, 'broken'));
    expect(synthesise(project)).toBe(0);
    expect(await runs()).toHaveLength(2);
  });

  test('does not take a source that is saved during the run for a synthesised one', async () => {
    write('saving', '');
    synthesise(project);
    expect(isCurrent(project)).toBe(false);
    rmSync(join(project, 'saving'));
    synthesise(project);
    expect(isCurrent(project)).toBe(true);
    expect(await runs()).toHaveLength(2);
  });

  test('takes over the lock of a process that has ended, and leaves none', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    write('cdk.out/assembly.lock', String(pid));
    expect(synthesise(project)).toBe(0);
    expect(await runs()).toHaveLength(1);
    expect(existsSync(join(project, 'cdk.out/assembly.lock'))).toBe(false);
  });

  test('runs cdk once for two processes at the same time', async () => {
    const script = fileURLToPath(new URL('../../infra/assembly.ts', import.meta.url));
    const code = `const { synthesise } = await import(${JSON.stringify(script)}); process.exitCode = synthesise(${JSON.stringify(project)});`;
    const both = [1, 2].map(() =>
      spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' }),
    );
    const exits = await Promise.all(both.map((child) => once(child, 'exit')));
    expect(exits.map(([exit]) => exit)).toEqual([0, 0]);
    expect(await runs()).toHaveLength(1);
  });

  test('passes options on, always runs, and does not take their stack for the default one', async () => {
    synthesise(project);
    expect(synthesise(project, ['-c', 'stage=test'])).toBe(0);
    expect(isCurrent(project)).toBe(false);
    synthesise(project);
    expect(await runs()).toEqual(['synth --quiet', 'synth --quiet -c stage=test', 'synth --quiet']);
  });
});
