import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

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

const lineOf = (level: string, message: string, details: Readonly<Record<string, unknown>>): string =>
  `${JSON.stringify({ level, message, timestamp: new Date().toISOString(), service: 'embedded-host', ...details })}\n`;

interface LogSettings {
  readonly file: string;
  readonly alsoToTerminal: boolean;
}

export const openLog = async ({ file, alsoToTerminal }: LogSettings): Promise<Log> => {
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(file, 'a');
  let waiting: Buffer[] = [];
  let writing: Promise<void> | undefined;
  let lost = 0;
  let closed = false;

  /** Writes what is waiting. On a full disk the lines are lost and counted: the hub goes on without them. */
  const writeWaiting = async (): Promise<void> => {
    while (waiting.length > 0) {
      const chunk = Buffer.concat(waiting);
      waiting = [];
      try {
        // The file may end with half a line.
        if (lost > 0)
          await handle.appendFile(`\n${lineOf('WARN', 'Log lines were lost: the disk was full', { count: lost })}`);
        lost = 0;
        await handle.appendFile(chunk);
      } catch {
        lost += chunk.toString('utf8').split('\n').length - 1;
      }
    }
    writing = undefined;
  };

  const write = (chunk: Buffer | string): void => {
    // Threads that are stopping may still print.
    if (!closed) {
      waiting.push(Buffer.from(chunk));
      writing ??= writeWaiting();
    }
    if (alsoToTerminal) process.stdout.write(withoutMetrics(String(chunk)));
  };
  return {
    write,
    event: (level, message, details = {}) => write(lineOf(level, message, details)),
    close: async () => {
      await writing;
      closed = true;
      await handle.close();
    },
  };
};
