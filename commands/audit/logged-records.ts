import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** Fields of the line that a function logs for each record (LB-103). */
interface LoggedRecord {
  readonly chain: string;
  readonly number: number;
  readonly digest: string;
}

/** Digests that the functions logged, by chain and number. */
export type LoggedDigests = ReadonlyMap<string, ReadonlyMap<number, string>>;

/** Reads one line of the functions' log. Text before the JSON, as in an export of CloudWatch, is ignored. */
const loggedRecord = (line: string): LoggedRecord | undefined => {
  const start = line.indexOf('{');
  if (start === -1 || !line.includes('LB-103')) return undefined;
  try {
    const { code, chain, number, digest }: Record<string, unknown> = JSON.parse(line.slice(start));
    return code === 'LB-103' && typeof chain === 'string' && typeof number === 'number' && typeof digest === 'string'
      ? { chain, number, digest }
      : undefined;
  } catch {
    return undefined;
  }
};

/** Reads what the functions logged about the records they wrote. */
export const readLogged = async (files: readonly string[]): Promise<LoggedDigests> => {
  const chains = new Map<string, Map<number, string>>();
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      const record = loggedRecord(line);
      if (record === undefined) continue;
      const chain = chains.get(record.chain) ?? new Map<number, string>();
      chain.set(record.number, record.digest);
      chains.set(record.chain, chain);
    }
  }
  return chains;
};
