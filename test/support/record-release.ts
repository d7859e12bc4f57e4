import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../../commands/cli/command-line.ts';
import { backup, hubOn, scratch } from './backup.ts';
import { factsOf, playRelease } from './releases.ts';

/** `npx node test/support/record-release.ts v0.4.0`: keeps what this release stores, for later releases to read. */

const {
  positionals: [release = ''],
  wrongUse,
} = commandLine({
  usage: 'Usage: npx node test/support/record-release.ts <release>',
  options: {},
  mostArguments: 1,
});
if (!/^v\d+\.\d+\.\d+$/.test(release)) wrongUse('Name the release: v0.4.0');

const folder = fileURLToPath(new URL(`../fixtures/releases/${release}/`, import.meta.url));
const { path, remove } = await scratch();
const hub = await hubOn(path('hub'));
const listeners = await playRelease(hub);
const facts = await factsOf(hub, listeners);
await hub.close();
await mkdir(folder, { recursive: true });
// The command writes no backup into a git work tree: it may hold patients' data, this one holds examples only.
const { code, out, errors } = await backup(['export', path('table'), '--local', '--data-dir', path('hub')]);
process.stdout.write(out + errors);
if (code !== 0) throw new Error('it was not exported');
await cp(path('table'), `${folder}table`, { recursive: true });
await writeFile(`${folder}facts.json`, `${JSON.stringify({ listeners, facts })}\n`);
await remove();
