import { createHash, type Hash } from 'node:crypto';
import { Transform } from 'node:stream';
import * as z from 'zod';

/**
 * The files of a backup have the format of DynamoDB's own full export to S3 in DYNAMODB_JSON ("DynamoDB table export output
 * format"), so that an export made by AWS and downloaded is read like one made here.
 */

export const dataFileSchema = z.object({
  itemCount: z.int().min(0),
  md5Checksum: z.base64(),
  dataFileS3Key: z.string().min(1),
});
export type DataFile = z.output<typeof dataFileSchema>;

export const summarySchema = z.object({
  itemCount: z.int().min(0),
  exportTime: z.iso.datetime(),
  outputFormat: z.string(),
  exportType: z.string().optional(),
  tableArn: z.string().optional(),
  // In exports made here: seals the items, independently of their order.
  itemsSeal: z.string().optional(),
});

export const summaryName = 'manifest-summary.json';
export const filesName = 'manifest-files.json';
export const checksumOf = (name: string): string => name.replace(/\.json$/, '.checksum');
export const md5 = (text: string): string => createHash('md5').update(text).digest('base64');

/** Passes chunks on and adds them to the digest. */
export const tap = (digest: Hash): Transform =>
  new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      digest.update(chunk);
      done(null, chunk);
    },
  });
