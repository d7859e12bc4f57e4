import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openLog } from '../../../local/log.ts';

test('openLog writes log lines to terminal and file, and metrics to the file only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-log-'));
  const file = join(folder, 'hub.log');
  const shown: string[] = [];
  const terminal = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    shown.push(String(text));
    return true;
  });
  try {
    const log = await openLog({ file, alsoToTerminal: true });
    const said = '{"message":"message accepted"}\n';
    const counted = '{"_aws":{"Timestamp":1},"MissionsRequested":1}\n';
    log.write(Buffer.from(`${counted}${said}${counted}`));
    log.write(Buffer.from(said));
    await log.close();
    expect(shown.join('')).toBe(`${said}${said}`);
    expect(await readFile(file, 'utf8')).toBe(`${counted}${said}${counted}${said}`);
  } finally {
    terminal.mockRestore();
    await rm(folder, { recursive: true, force: true });
  }
});
