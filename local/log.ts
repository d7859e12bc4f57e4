import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';

/** What the functions print and what the host has to say about them, in one file: one JSON document a line. */
export interface Log {
  readonly write: (chunk: Buffer) => void;
  readonly event: (
    level: 'INFO' | 'WARN' | 'ERROR',
    message: string,
    details?: Readonly<Record<string, unknown>>,
  ) => void;
  readonly close: () => Promise<void>;
}

interface LogSettings {
  readonly file: string;
  readonly alsoToTerminal: boolean;
}

export const openLog = async ({ file, alsoToTerminal }: LogSettings): Promise<Log> => {
  await mkdir(dirname(file), { recursive: true });
  const stream = createWriteStream(file, { flags: 'a' });
  const write = (chunk: Buffer | string): void => {
    // Threads that are being stopped may still print.
    if (stream.writable) stream.write(chunk);
    if (alsoToTerminal) process.stdout.write(chunk);
  };
  return {
    write,
    event: (level, message, details = {}) =>
      write(
        `${JSON.stringify({ level, message, timestamp: new Date().toISOString(), service: 'embedded-host', ...details })}\n`,
      ),
    close: async () => {
      stream.end();
      await finished(stream);
    },
  };
};
