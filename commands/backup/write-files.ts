import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { checksumOf, type DataFile, filesName, md5, summaryName, tap } from './files-format.ts';
import { ownerOnly } from './folder.ts';

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
    // Flushed to disk before the list of files names it.
    createWriteStream(join(folder, dataFileS3Key), { mode: ownerOnly.file, flags: 'wx', flush: true }),
  );
  return { itemCount, md5Checksum: digest.digest('base64'), dataFileS3Key };
};

const writeFlushed = async (folder: string, name: string, text: string): Promise<void> => {
  const file = await open(join(folder, name), 'wx', ownerOnly.file);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

const writeWithChecksum = async (folder: string, name: string, text: string): Promise<void> => {
  await writeFlushed(folder, checksumOf(name), md5(text));
  await writeFlushed(folder, name, text);
};

interface Written {
  readonly tableArn: string;
  readonly startTime: string;
  readonly exportTime: string;
  readonly bytes: number;
  readonly itemsSeal: string;
  readonly files: readonly DataFile[];
}

/** Writes the manifests that make data files a backup. The summary is last: a folder without it is not a backup. */
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
