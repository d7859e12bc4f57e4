import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';

/** The demo as a process of its own, as `npm run demo` starts it. */

test('The demo plays its mission to the end, and says that every party was told', async () => {
  const child = spawn(process.execPath, ['demo/main.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const said = await text(child.stdout);
  const last = stripVTControlCharacters(said).trimEnd().split('\n').at(-1);
  expect(last).toMatch(
    /^✓ every party was told \(\d+ receipts, the slowest after \d+ ms\); ✓ the hospital acknowledged$/,
  );
  expect((await ended)[0]).toBe(0);
}, 180_000);
