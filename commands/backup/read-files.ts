import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import * as z from 'zod';
import { defined } from '../../schemas/defined.ts';
import { whyOf } from '../cli/command-line.ts';
import { BadBackup } from './bad-backup.ts';
import { type DataFile, dataFileSchema, filesName, md5, summaryName, summarySchema, tap } from './files-format.ts';
import { type Item, readLine } from './items.ts';

export interface Backup {
  readonly folder: string;
  readonly itemCount: number;
  /** The moment whose contents it holds, ISO 8601. */
  readonly exportTime: string;
  readonly itemsSeal?: string;
  readonly files: readonly DataFile[];
  /** Identifies the backup: digest of the list of its files. */
  readonly digest: string;
}

const readText = async (folder: string, name: string, ifMissing: string): Promise<string> => {
  const text = await readFile(join(folder, name), 'utf8').catch(() => {
    throw new BadBackup(ifMissing);
  });
  // The guide names the suffix .checksum; exports have come with .md5 too.
  for (const suffix of ['checksum', 'md5']) {
    const checksum = await readFile(join(folder, name.replace(/json$/, suffix)), 'utf8').catch(() => undefined);
    if (checksum !== undefined && checksum.trim() !== md5(text))
      throw new BadBackup(`${name} is not as it was written: its checksum differs. Fetch it again.`);
  }
  return text;
};

const parsed = <Shape>(schema: z.ZodType<Shape>, text: string, what: string): Shape => {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new BadBackup(`${what} cannot be read. Fetch the export again.`);
  }
};

/** Reads the manifests of a folder, not the data files. Throws `BadBackup`. */
export const readBackup = async (folder: string): Promise<Backup> => {
  const summary = parsed(
    summarySchema,
    await readText(
      folder,
      summaryName,
      `There is no ${summaryName} in ${folder}: the export was not finished, or this is not its folder (of an export by AWS the one below AWSDynamoDB/). It is not a backup.`,
    ),
    summaryName,
  );
  const { itemCount, exportTime, outputFormat, exportType = 'FULL_EXPORT', itemsSeal } = summary;
  if (outputFormat !== 'DYNAMODB_JSON' || exportType !== 'FULL_EXPORT')
    throw new BadBackup(
      `${summaryName} describes a ${exportType} in ${outputFormat}; a FULL_EXPORT in DYNAMODB_JSON is needed.`,
    );
  const list = await readText(folder, filesName, `${filesName} is missing. Fetch the whole export again.`);
  const files = list
    .split('\n')
    .filter((one) => one.trim() !== '')
    .map((one, index) => parsed(dataFileSchema, one, `Line ${index + 1} of ${filesName}`));
  const listed = files.reduce((sum, file) => sum + file.itemCount, 0);
  if (listed !== itemCount)
    throw new BadBackup(`${summaryName} counts ${itemCount} items, ${filesName} ${listed}. Fetch the export again.`);
  const digest = createHash('sha256').update(list).digest('hex');
  return { folder, itemCount, exportTime, files, digest, ...defined({ itemsSeal }) };
};

const linesOf = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  for await (const chunk of chunks) {
    const [first = '', ...rest] = decoder.write(chunk).split('\n');
    begun += first;
    for (const next of rest) {
      yield begun;
      begun = next;
    }
  }
  yield begun + decoder.end();
};

/** Items of one data file, in order. Throws `BadBackup` at its end if count or checksum differ from the manifest. */
export const itemsIn = async function* ({ folder }: Backup, file: DataFile): AsyncGenerator<Item> {
  const name = basename(file.dataFileS3Key);
  const digest = createHash('md5');
  const bad = (why: string): BadBackup =>
    new BadBackup(`data/${name}: ${why}. Fetch it again, or take another backup.`);
  const unzipped = createGunzip();
  // An error is thrown where the lines are read.
  const read = pipeline(createReadStream(join(folder, 'data', name)), tap(digest), unzipped).catch(() => {});
  let count = 0;
  try {
    for await (const text of linesOf(unzipped)) {
      if (text === '') continue;
      count += 1;
      yield readLine(text);
    }
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) throw bad(`line ${count} is not an item`);
    throw bad(whyOf(error));
  } finally {
    unzipped.destroy();
  }
  await read;
  if (digest.digest('base64') !== file.md5Checksum) throw bad('it is not as it was written, its checksum differs');
  if (count !== file.itemCount) throw bad(`it holds ${count} items, not ${file.itemCount}`);
};
