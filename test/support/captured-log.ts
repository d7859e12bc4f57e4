import { vi } from 'vitest';

export interface CapturedLog {
  /** The codes of the log lines, in order. */
  codes(): readonly string[];
  /** The first line with this code. */
  line(code: string): Readonly<Record<string, unknown>> | undefined;
  /** Everything that was written to stdout and stderr. */
  text(): string;
}

/** Captures what the functions write to their log, until `vi.restoreAllMocks()`. */
export const captureLog = (): CapturedLog => {
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
  const lines = (): readonly Readonly<Record<string, unknown>>[] =>
    written
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('{') && line.includes('"code"'))
      .map((line) => JSON.parse(line));
  return {
    codes: () => lines().map(({ code }) => String(code)),
    line: (wanted) => lines().find(({ code }) => code === wanted),
    text: () => written.join(''),
  };
};
