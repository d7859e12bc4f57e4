import { createReadStream, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Access } from '../../core/audit/access-log.ts';
import type { Statement } from '../../core/audit/evidence.ts';
import { whyOf } from '../cli/command-line.ts';
import { UnreadableEvidence } from './unreadable-evidence.ts';

/**
 * The functions' log of reads. Every function that records a read logs it (LB-103). A log is taken as complete from its first to
 * its last line, for the kinds of read of which it has lines: the log groups of `Read` and `Subscribe` may be given as files of
 * their own, and files may overlap or leave out days.
 */

/** Lines of `Subscribe` are of `events` only; `Read` logs the rest. */
type Writer = 'read' | 'subscribe';
const writerOf = (reading: unknown): Writer => (reading === 'events' ? 'subscribe' : 'read');
const writers: readonly Writer[] = ['read', 'subscribe'];

interface Span {
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly writers: readonly Writer[];
}

export interface LoggedReads {
  /** What the lines say, by chain. The same line twice is one statement. */
  readonly statements: ReadonlyMap<string, readonly Statement[]>;
  readonly spans: readonly Span[];
  readonly files: number;
  readonly lines: number;
  /** Lines that name LB-103 and cannot be read: cut, or changed. */
  readonly unreadable: number;
}

/** A function may work this long before it logs a read: its timeout. */
const mostMillisecondsToLog = 10_000;

/** Whether a read must have a line. `at`: when the request was worked on. */
export const isCovered = ({ spans }: LoggedReads, { at, reading }: Pick<Access, 'at' | 'reading'>): boolean => {
  const logged = new Date(Date.parse(at) + mostMillisecondsToLog);
  if (Number.isNaN(logged.getTime())) return false;
  return spans.some(
    ({ from, to, writers: of }) => of.includes(writerOf(reading)) && from <= at && logged.toISOString() <= to,
  );
};

/** The JSON of a line. CloudWatch writes the time before it; `--query 'events[].message'` writes each as a JSON string. */
const jsonOf = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const trimmed = line.trim().replace(/,$/, '');
    const text: unknown = trimmed.startsWith('"') ? JSON.parse(trimmed) : trimmed;
    const json = String(text);
    const start = json.indexOf('{');
    return start === -1 ? undefined : Object(JSON.parse(json.slice(start)));
  } catch {
    return undefined;
  }
};

/** The time of a line, ISO 8601; empty if it has none: then no restore explains that the table lacks its record. */
const timeOf = (timestamp: unknown): string => {
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
};

/** What one file says of its time. The host of a laptop begins a new span when it starts: it may have been killed before. */
class Spans {
  readonly found: Span[] = [];
  #from: string | undefined;
  #to = '';
  readonly #writers = new Set<Writer>();
  #isHost = false;

  add({ timestamp, service, message }: Readonly<Record<string, unknown>>): void {
    const at = timeOf(timestamp);
    if (at === '') return;
    if (service === 'embedded-host' && message === 'Hub started') {
      this.end();
      this.#isHost = true;
    }
    if (this.#from === undefined || at < this.#from) this.#from = at;
    if (at > this.#to) this.#to = at;
  }

  wrote(writer: Writer): void {
    this.#writers.add(writer);
  }

  end(): void {
    // The log of the host has the lines of all functions.
    const of = this.#isHost ? writers : [...this.#writers];
    if (this.#from !== undefined && of.length > 0) this.found.push({ from: this.#from, to: this.#to, writers: of });
    this.#from = undefined;
    this.#to = '';
  }
}

/** The files in a folder and in its folders; a file by itself. */
const filesIn = async (path: string): Promise<readonly string[]> => {
  if (!statSync(path).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};

/** The lines of a file. Throws `UnreadableEvidence`. */
const linesOf = async function* (file: string): AsyncGenerator<string> {
  const bytes = createReadStream(file);
  const input = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  // A stream that fails does not end the one it is piped into.
  if (input !== bytes) bytes.on('error', (error) => input.destroy(error));
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new UnreadableEvidence(`The log ${file} cannot be read (${whyOf(error)}).`);
  }
};

/** A time for which people say that the log is complete, in place of the spans of the files. */
export interface GivenSpan {
  readonly since: string | undefined;
  readonly until: string | undefined;
}

/** Reads what the functions logged about the records they wrote. Throws `UnreadableEvidence`. */
export const readLogged = async (paths: readonly string[], { since, until }: GivenSpan): Promise<LoggedReads> => {
  const statements = new Map<string, Map<string, Statement>>();
  const spans: Span[] = [];
  const files = (await Promise.all(paths.map(filesIn))).flat();
  let lines = 0;
  let unreadable = 0;
  for (const file of files) {
    const own = new Spans();
    for await (const line of linesOf(file)) {
      const names = line.includes('LB-103');
      if (!names && !line.includes('timestamp')) continue;
      const json = jsonOf(line);
      if (json !== undefined) own.add(json);
      if (!names) continue;
      const { code, chain, number, digest, timestamp, reading } = json ?? {};
      if (json !== undefined && code !== 'LB-103') continue;
      if (typeof chain !== 'string' || typeof number !== 'number' || typeof digest !== 'string') {
        unreadable += 1;
        continue;
      }
      lines += 1;
      own.wrote(writerOf(reading));
      const known = statements.get(chain) ?? new Map<string, Statement>();
      // The first line of a record: the same one given twice changes nothing.
      const name = `${number} ${digest}`;
      if (!known.has(name)) known.set(name, { number, digest, at: timeOf(timestamp) });
      statements.set(chain, known);
    }
    own.end();
    spans.push(...own.found);
  }
  const bounds = spans.flatMap(({ from, to }) => [from, to]).sort();
  const given: Span = { from: since ?? bounds[0] ?? '', to: until ?? bounds.at(-1) ?? '', writers };
  return {
    statements: new Map([...statements].map(([chain, known]) => [chain, [...known.values()]])),
    spans: since === undefined && until === undefined ? spans : [given],
    files: files.length,
    lines,
    unreadable,
  };
};
