import { describe, expect, test } from 'vitest';
import { readJsonFile } from '../../../schemas/json/json-file.ts';

const bytesOf = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part))));

describe('a JSON file of an operator', () => {
  test('is read as UTF-8', () => {
    expect(readJsonFile(bytesOf('{"name": "Ålesund"}'))).toEqual({ value: { name: 'Ålesund' } });
  });

  test('may be larger than a message', () => {
    expect(readJsonFile(bytesOf(JSON.stringify(['x'.repeat(300_000)])))).toHaveProperty('value');
  });

  test('is refused with the line that is Latin-1', () => {
    const file = bytesOf('{\n  "one": "Ås",\n  "name": "', [0xc5], 'lesund"\n}');
    expect(readJsonFile(file)).toEqual({
      faults: ['line 3: is not UTF-8: save the file as UTF-8, without a byte order mark'],
    });
  });

  test('is refused if it is UTF-16', () => {
    expect(readJsonFile(Buffer.from('\ufeff{"a": 1}', 'utf16le'))).toHaveProperty('faults');
  });

  test.each([
    ['{\n "a": 1,\n "a": 2\n}', 'line 3, column 2: A JSON object has two members'],
    ['{\n "a": 1,\n}', 'line 3, column 1: The body is not JSON'],
    ['{"__proto__": {}}', 'line 1, column 2: A JSON member has the name'],
    ['\ufeff{}', 'begins with a byte order mark: leave it out'],
    ['', 'line 1, column 1'],
  ])('refuses %j with the place', (text, fault) => {
    expect(readJsonFile(bytesOf(text))).toEqual({ faults: [expect.stringContaining(fault)] });
  });
});
