import { execFile } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve as absolute } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, createGzip } from 'node:zlib';
import * as z from 'zod';
import { whyOf } from '../cli/command-line.ts';
import { defined } from '../../schemas/defined.ts';
import { type Item, readLine } from './items.ts';

/**
 * The files of a backup: those of DynamoDB's own full export to S3 in DYNAMODB_JSON ("DynamoDB table export output format"),
 * so that an export made by AWS and downloaded is read like one made here.
 */

/** A backup cannot be used. The message says which file, what is wrong, and what to do. */
export class BadBackup extends Error {
  override readonly name = 'BadBackup';
}

const dataFile = z.object({ itemCount: z.int().min(0), md5Checksum: z.base64(), dataFileS3Key: z.string().min(1) });
export type DataFile = z.output<typeof dataFile>;

const summarySchema = z.object({
  itemCount: z.int().min(0),
  exportTime: z.iso.datetime(),
  outputFormat: z.string(),
  exportType: z.string().optional(),
  tableArn: z.string().optional(),
  // Of exports made here: seals the contents, in whatever order they stand.
  itemsSeal: z.string().optional(),
});

export interface Backup {
  readonly folder: string;
  readonly itemCount: number;
  /** The moment whose contents it holds, ISO 8601. */
  readonly exportTime: string;
  readonly itemsSeal?: string;
  readonly files: readonly DataFile[];
  /** Names the backup: digest of the list of its files. */
  readonly digest: string;
}

const summaryName = 'manifest-summary.json';
const filesName = 'manifest-files.json';
const checksumOf = (name: string): string => name.replace(/\.json$/, '.checksum');
const md5 = (text: string | Buffer): string => createHash('md5').update(text).digest('base64');

/** Only its owner may read what is in it: contents are patients' data. */
const ownerOnly = { folder: 0o700, file: 0o600 };

const nearestThere = (folder: string): string => (existsSync(folder) ? folder : nearestThere(dirname(folder)));

/** Throws `BadBackup` if the next `git add` could take what is written into a folder. Without git nobody adds it. */
export const refuseInGit = async (folder: string): Promise<void> => {
  const file = join(absolute(folder), 'data', 'segment-0.json.gz');
  const args = ['-C', nearestThere(dirname(file)), 'check-ignore', '--quiet', file];
  // 0: ignored, 1: not, anything else: in no work tree.
  const code = await new Promise((resolve) => {
    execFile('git', args, (error) => resolve(error === null ? 0 : error.code));
  });
  if (code === 1)
    throw new BadBackup(
      `${folder} lies in a git work tree and git does not ignore it: patients' data would go with the next commit. Name a folder elsewhere.`,
    );
};

/** Makes the folder of a new backup. Returns how to take away what was written into it. Throws `BadBackup` if there is something in it. */
export const makeFolder = async (folder: string): Promise<() => Promise<void>> => {
  await refuseInGit(folder);
  const wasThere = existsSync(folder);
  await mkdir(join(folder, 'data'), { recursive: true, mode: ownerOnly.folder }).catch((error: unknown) => {
    throw new BadBackup(`${folder} cannot be made (${whyOf(error)}).`);
  });
  const there = (await readdir(folder)).filter((name) => name !== 'data');
  if (there.length > 0 || (await readdir(join(folder, 'data'))).length > 0)
    throw new BadBackup(`${folder} is not empty. Name a new folder: a backup is never written over another.`);
  await chmod(folder, ownerOnly.folder);
  const written = wasThere
    ? ['data', ...[summaryName, filesName].flatMap((name) => [name, checksumOf(name)])].map((name) =>
        join(folder, name),
      )
    : [folder];
  return async () => {
    for (const path of written) await rm(path, { recursive: true, force: true });
  };
};

/** Digests what passes. */
const tap = (digest: Hash): Transform =>
  new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      digest.update(chunk);
      done(null, chunk);
    },
  });

/** Writes lines into one data file of the backup. */
export const writeDataFile = async (folder: string, name: string, lines: AsyncIterable<string>): Promise<DataFile> => {
  const dataFileS3Key = `data/${name}.json.gz`;
  const digest = createHash('md5');
  let itemCount = 0;
  const counted = async function* (): AsyncGenerator<string> {
    for await (const line of lines) {
      itemCount += 1;
      yield `${line}\n`;
    }
  };
  await pipeline(
    Readable.from(counted()),
    createGzip(),
    tap(digest),
    // On the disk before the list of files says so.
    createWriteStream(join(folder, dataFileS3Key), { mode: ownerOnly.file, flags: 'wx', flush: true }),
  );
  return { itemCount, md5Checksum: digest.digest('base64'), dataFileS3Key };
};

const writeWhole = async (folder: string, name: string, text: string): Promise<void> => {
  const file = await open(join(folder, name), 'wx', ownerOnly.file);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

const writeWithChecksum = async (folder: string, name: string, text: string): Promise<void> => {
  await writeWhole(folder, checksumOf(name), md5(text));
  await writeWhole(folder, name, text);
};

interface Written {
  readonly tableArn: string;
  readonly startTime: string;
  readonly exportTime: string;
  readonly bytes: number;
  readonly itemsSeal: string;
  readonly files: readonly DataFile[];
}

/** Writes what makes data files a backup, the summary last: without it nothing is one. */
export const writeManifests = async (folder: string, written: Written): Promise<void> => {
  const { tableArn, startTime, exportTime, bytes, itemsSeal, files } = written;
  await writeWithChecksum(folder, filesName, files.map((file) => `${JSON.stringify(file)}\n`).join(''));
  const summary = {
    version: '2023-08-01',
    startTime,
    endTime: new Date().toISOString(),
    tableArn,
    exportTime,
    manifestFilesS3Key: filesName,
    billedSizeBytes: bytes,
    itemCount: files.reduce((sum, { itemCount }) => sum + itemCount, 0),
    outputFormat: 'DYNAMODB_JSON',
    exportType: 'FULL_EXPORT',
    itemsSeal,
  };
  await writeWithChecksum(folder, summaryName, JSON.stringify(summary));
};

const readText = async (folder: string, name: string, otherwise: string): Promise<string> => {
  const text = await readFile(join(folder, name), 'utf8').catch(() => {
    throw new BadBackup(otherwise);
  });
  // The guide calls them .checksum; exports have come with .md5 too.
  for (const suffix of ['checksum', 'md5']) {
    const said = await readFile(join(folder, name.replace(/json$/, suffix)), 'utf8').catch(() => undefined);
    if (said !== undefined && said.trim() !== md5(text))
      throw new BadBackup(`${name} is not as it was written: its checksum is another. Fetch it again.`);
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

/** Reads what a folder says that it holds; the data files are not looked at. Throws `BadBackup`. */
export const readBackup = async (folder: string): Promise<Backup> => {
  const summary = parsed(
    summarySchema,
    await readText(
      folder,
      summaryName,
      `There is no ${summaryName} in ${folder}: the export was not finished, or this is not its folder (of an export by AWS the one below AWSDynamoDB/). It is no backup.`,
    ),
    summaryName,
  );
  const { itemCount, exportTime, outputFormat, exportType = 'FULL_EXPORT', itemsSeal } = summary;
  if (outputFormat !== 'DYNAMODB_JSON' || exportType !== 'FULL_EXPORT')
    throw new BadBackup(
      `${summaryName} tells of a ${exportType} in ${outputFormat}; a FULL_EXPORT in DYNAMODB_JSON is needed.`,
    );
  const list = await readText(folder, filesName, `${filesName} is missing. Fetch the whole export again.`);
  const files = list
    .split('\n')
    .filter((one) => one.trim() !== '')
    .map((one, index) => parsed(dataFile, one, `Line ${index + 1} of ${filesName}`));
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

/** Items of one data file, in order. Throws `BadBackup` at its end if count or checksum are not what was said. */
export const itemsIn = async function* ({ folder }: Backup, file: DataFile): AsyncGenerator<Item> {
  const name = basename(file.dataFileS3Key);
  const digest = createHash('md5');
  const bad = (why: string): BadBackup =>
    new BadBackup(`data/${name}: ${why}. Fetch it again, or take another backup.`);
  const unzipped = createGunzip();
  // An error comes out where the lines are read.
  const read = pipeline(createReadStream(join(folder, 'data', name)), tap(digest), unzipped).catch(() => {});
  let count = 0;
  try {
    for await (const text of linesOf(unzipped)) {
      if (text === '') continue;
      count += 1;
      yield readLine(text);
    }
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) throw bad(`line ${count} is no item`);
    throw bad(whyOf(error));
  } finally {
    unzipped.destroy();
  }
  await read;
  if (digest.digest('base64') !== file.md5Checksum) throw bad('it is not as it was written, its checksum is another');
  if (count !== file.itemCount) throw bad(`it holds ${count} items, not ${file.itemCount}`);
};
