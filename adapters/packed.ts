import { gunzipSync, gzipSync } from 'node:zlib';
import { isObject } from '../schemas/json/json.ts';

/** Values as both stores keep them, byte for byte the same. */

/**
 * Bytes of a packed entry. A message of the largest body fits beside the largest state and facts, whatever it says
 * (`test/unit/core/mission/full-mission.test.ts`). DynamoDB takes items of 400 KB: the rest names some 900 subscriptions notified.
 */
export const largestPacked = 320_000;

/**
 * Compressed: a FHIR message shrinks five to ten times, and DynamoDB bills by the kilobyte. JSON; a member `text` stands behind it as
 * it is, after a line feed, which no JSON text has outside of a string. Escaped inside the JSON, the text of a message would be a
 * fifth longer, and take longer to read than all the rest.
 */
export const pack = (value: unknown): Buffer => {
  const { text, ...rest } = isObject(value) ? value : {};
  const written = typeof text === 'string' ? `${JSON.stringify(rest)}\n${text}` : JSON.stringify(value);
  return gzipSync(written, { level: 4 });
};

/** Bytes that are unpacked in one go: an entry is smaller. A damaged size takes no more memory than that. */
const mostAtOnce = 4 * 1024 * 1024;

/**
 * Unpacks into one buffer of the size that the last four bytes give (RFC 1952 2.3.1), instead of into pieces of 16 KiB. Throws if
 * the bytes are damaged, or as soon as their content is larger than that size.
 */
const gunzip = (packed: Uint8Array): string => {
  const { byteLength, buffer, byteOffset } = packed;
  const size = byteLength < 18 ? 0 : new DataView(buffer, byteOffset).getUint32(byteLength - 4, true);
  // One byte more: zlib asks for another piece when the first is full.
  const chunkSize = Math.min(Math.max(size, 64), mostAtOnce) + 1;
  return gunzipSync(packed, { chunkSize, maxOutputLength: Math.max(size, 1) }).toString('utf8');
};

/** Reads what `pack` wrote. Only the hub writes the table, so the shape is trusted. */
export const unpack = (packed: unknown) => {
  if (!(packed instanceof Uint8Array)) throw new Error('a packed attribute is missing');
  const written = gunzip(packed);
  const end = written.indexOf('\n');
  return end === -1 ? JSON.parse(written) : { ...JSON.parse(written.slice(0, end)), text: written.slice(end + 1) };
};
