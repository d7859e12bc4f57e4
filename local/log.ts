import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';

/** The log of the host: output of the functions and events of the host in one file, one JSON document per line. */
export interface Log {
  readonly write: (chunk: Buffer) => void;
  readonly event: (
    level: 'INFO' | 'WARN' | 'ERROR',
    message: string,
    details?: Readonly<Record<string, unknown>>,
  ) => void;
  readonly close: () => Promise<void>;
}

/** Removes lines in CloudWatch's Embedded Metric Format: they are in the file only. */
const withoutMetrics = (text: string): string => text.replaceAll(/^\{"_aws":.*\n/gm, '');

interface LogSettings {
  readonly file: string;
  readonly alsoToTerminal: boolean;
}

export const openLog = async ({ file, alsoToTerminal }: LogSettings): Promise<Log> => {
  await mkdir(dirname(file), { recursive: true });
  const stream = createWriteStream(file, { flags: 'a' });
  const write = (chunk: Buffer | string): void => {
    // Threads that are stopping may still print.
    if (stream.writable) stream.write(chunk);
    if (alsoToTerminal) process.stdout.write(withoutMetrics(String(chunk)));
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
