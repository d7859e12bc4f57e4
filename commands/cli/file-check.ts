import { readFile } from 'node:fs/promises';
import { whyOf } from './command-line.ts';

/** Prints a title and its lines, indented. */
export const printList = (print: (line: string) => void, title: string, lines: readonly string[]): void => {
  print(title);
  for (const line of lines) print(`  ${line}`);
};

interface Faults {
  readonly faults: readonly string[];
}

/** Reads a JSON file. If it is unreadable or has faults, prints all of them on stderr and returns `undefined`. */
export const checkFile = async <Content extends object>(
  file: string,
  read: (json: unknown) => Content | Faults,
): Promise<Content | undefined> => {
  const reading = await readFile(file, 'utf8')
    .then((text): unknown => JSON.parse(text))
    .then(read, (error: unknown): Faults => ({ faults: [whyOf(error)] }));
  if (!('faults' in reading)) return reading;
  printList(console.error, `${file} cannot be used:`, reading.faults);
  return undefined;
};
