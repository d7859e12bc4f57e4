import { createHash } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';

/** Items in DynamoDB's JSON: each value names its type, bytes are base64. */

export type Item = Readonly<Record<string, AttributeValue>>;

const bytes = z.base64().transform((text): Uint8Array => Buffer.from(text, 'base64'));

const value: z.ZodType<AttributeValue> = z.union([
  z.strictObject({ S: z.string() }),
  z.strictObject({ N: z.string() }),
  z.strictObject({ B: bytes }),
  z.strictObject({ BOOL: z.boolean() }),
  z.strictObject({ NULL: z.boolean() }),
  z.strictObject({ M: z.lazy(() => z.record(z.string(), value)) }),
  z.strictObject({ L: z.lazy(() => z.array(value)) }),
  z.strictObject({ SS: z.array(z.string()) }),
  z.strictObject({ NS: z.array(z.string()) }),
  z.strictObject({ BS: z.array(bytes) }),
]);

const key = z.strictObject({ S: z.string() });
const line = z.strictObject({ Item: z.intersection(z.object({ pk: key, sk: key }), z.record(z.string(), value)) });

/** The item in one line of an export. Throws if the line is not one. */
export const readLine = (text: string): Item => line.parse(JSON.parse(text)).Item;

const isPlain = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

/** Bytes as base64 and names in order, so that equal items are equal text. */
const ordered = (given: unknown): unknown => {
  if (given instanceof Uint8Array) return Buffer.from(given).toString('base64');
  return isPlain(given)
    ? Object.fromEntries(Object.entries(given).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : given;
};

/** The line of an export that holds an item. */
export const lineOf = (item: Item): string =>
  JSON.stringify(
    // A Buffer would be turned into JSON before the replacer sees it.
    { Item: item },
    function (this: unknown, name, given) {
      const raw = isPlain(this) ? this[name] : given;
      return ordered(raw instanceof Uint8Array ? raw : given);
    },
  );

export const textOf = (item: Item, name: string): string => item[name]?.S ?? '';

/**
 * Whether an item expires (`expiresAt`, the table's TTL attribute): used proofs, request counts. A backup omits it: it is needed
 * for minutes and changes all the time.
 */
export const isTransient = (item: Item): boolean => item['expiresAt'] !== undefined;

const modulus = 1n << 256n;

/** Counts items and seals them independently of their order: the sum of their SHA-256 digests. It does not stop a forger. */
export class Tally {
  items = 0;
  bytes = 0;
  #sum = 0n;

  add(text: string): void {
    this.items += 1;
    this.bytes += Buffer.byteLength(text);
    this.#sum = (this.#sum + BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)) % modulus;
  }

  /** Hexadecimal. */
  get seal(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}

/** Whether two readings saw the same items. */
export const isSame = (one: Tally, other: Tally): boolean => one.seal === other.seal && one.items === other.items;
