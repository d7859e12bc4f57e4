import { readFile } from 'node:fs/promises';
import { readJsonFile } from '../../schemas/json/json-file.ts';
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
  const reading = await readFile(file).then(
    (bytes): Content | Faults => {
      const json = readJsonFile(bytes);
      return 'faults' in json ? json : read(json.value);
    },
    (error: unknown): Faults => ({ faults: [whyOf(error)] }),
  );
  if (!('faults' in reading)) return reading;
  printList(console.error, `${file} cannot be used:`, reading.faults);
  return undefined;
};
