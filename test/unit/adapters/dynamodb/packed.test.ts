import { gzipSync } from 'node:zlib';
import { assert, constantFrom, dictionary, integer, jsonValue, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack, unpack } from '../../../../adapters/dynamodb/table.ts';

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
      expect(() => unpack(wrong)).toThrow('incorrect length check');
    }
    expect(() => unpack(gzipSync('{'))).toThrow(SyntaxError);
    expect(() => unpack('packed')).toThrow('a packed attribute is missing');
  });
});
