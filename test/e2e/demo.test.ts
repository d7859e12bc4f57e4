import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { undisturbed } from '../support/standstill.ts';

/** The demo as a separate process, as `npm run demo` starts it. */

test('completes the mission of the demo, and reports that every party was notified', async () => {
  const { output, code } = await undisturbed(
    async () => {
      const child = spawn(process.execPath, ['partner/demo/main.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      const whole = await text(child.stdout);
      return {
        output: whole,
        code: z
          .int()
          .nullable()
          .parse((await ended)[0]),
      };
    },
    (played) => played.code === 0,
  );
  const last = stripVTControlCharacters(output).trimEnd().split('\n').at(-1);
  expect(last).toMatch(
    /^✓ every party was notified \(\d+ receipts, the slowest after \d+ ms\); ✓ the hospital acknowledged$/,
  );
  expect(code).toBe(0);
});
