import { gzipSync } from 'node:zlib';
import { assert, constantFrom, dictionary, integer, jsonValue, nat, oneof, pre, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack, unpack } from '../../../adapters/packed.ts';

/** As JSON has it: no member that is undefined, no negative zero. */
const value = jsonValue().map((one): unknown => JSON.parse(JSON.stringify(one)));

describe('what is packed', () => {
  test('is read again as it was', () => {
    assert(
      property(value, (one) => {
        expect(unpack(pack(one))).toEqual(one);
      }),
    );
  });

  test('has a text exactly as it was, whatever is in it', () => {
    const text = oneof(
      string({ unit: 'binary' }),
      constantFrom('', '\n', '\n\n{}', '{"a":"ø\\n"}\r\n', '\u2028', 'x'.repeat(30_000)),
    );
    assert(
      property(dictionary(string(), value), text, (others, one) => {
        const { text: _none, ...rest } = others;
        expect(unpack(pack({ ...rest, text: one }))).toEqual({ ...rest, text: one });
      }),
    );
  });

  test('keeps a text that is no string in the JSON', () => {
    for (const text of [1, null, ['a'], { b: 'c' }]) expect(unpack(pack({ text }))).toEqual({ text });
  });

  test('is refused if it is damaged, whatever size it says it has', () => {
    const packed = pack({ text: 'a message' });
    assert(
      property(integer({ min: 0, max: packed.length - 1 }), (length) => {
        expect(() => unpack(packed.subarray(0, length))).toThrow();
      }),
    );
    for (const size of [0, 1, 0xff_ff_ff_ff]) {
      const wrong = Buffer.from(packed);
      wrong.writeUInt32LE(size, wrong.length - 4);
      expect(() => unpack(wrong), String(size)).toThrow();
    }
    expect(() => unpack(gzipSync('{'))).toThrow(SyntaxError);
    expect(() => unpack('packed')).toThrow('a packed attribute is missing');
  });

  test('is read again if it is part of a larger buffer, or larger than what is unpacked in one go', () => {
    const packed = pack({ text: 'a message' });
    const larger = Buffer.concat([Buffer.alloc(7, 1), packed, Buffer.alloc(9, 2)]);
    expect(unpack(larger.subarray(7, 7 + packed.length))).toEqual({ text: 'a message' });
    const long = 'a message '.repeat(1_000_000);
    expect(unpack(pack({ text: long })).text === long).toBe(true);
  });

  test('is refused or read as it was if any of its bytes is another one', () => {
    const written = { text: 'words of a message '.repeat(200) };
    const packed = pack(written);
    assert(
      property(nat(packed.length - 1), integer({ min: 1, max: 255 }), (at, change) => {
        // RFC 1952: time, flags of the compressor and system say nothing of the content.
        pre(at < 4 || at > 9);
        const damaged = Buffer.from(packed);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        let read: unknown = written;
        try {
          read = unpack(damaged);
        } catch {
          // Refused.
        }
        expect(read).toEqual(written);
      }),
      { numRuns: 300 },
    );
  });

  test('is refused if it unpacks to more than its size says', () => {
    expect(() => unpack(Buffer.concat([gzipSync('"one'), gzipSync('"')]))).toThrow(
      'Cannot create a Buffer larger than',
    );
  });
});
