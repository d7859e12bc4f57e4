import { globSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { kindOf, log, logger } from '../../../functions/shared/telemetry/log.ts';
import { fieldsOf, type LogMessageName, logFields, logMessages } from '../../../schemas/telemetry/log-messages.ts';
import { codesOf } from '../../../schemas/codes.ts';

const names = codesOf(logMessages);
const sources = globSync('functions/**/*.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

const fieldsWritten = (write: () => void): Record<string, unknown> => {
  const written = vi.spyOn(logger, 'info').mockImplementation(() => {});
  write();
  const [, fields] = written.mock.calls[0] ?? [];
  return typeof fields === 'object' && !(fields instanceof Error) ? { ...fields } : {};
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('logMessages', () => {
  test('gives each message a code of its own', () =>
    expect(new Set(names.map((name) => logMessages[name].code)).size).toBe(names.length));

  test.each(names)('has no message that no function writes: %s', (name: LogMessageName) =>
    expect(sources).toContain(`'${name}'`),
  );

  test('explains no field that no message has', () => {
    const used = new Set(names.flatMap(fieldsOf));
    expect(codesOf(logFields).filter((field) => !used.has(field))).toEqual([]);
  });
});

describe('log and kindOf', () => {
  const details = { kind: 'delivery', subscription: 's', number: 3, patient: 'Kari' } as const;

  test('write only the fields of the message, even if the details have others', () =>
    expect(fieldsWritten(() => log('OBLIGATION_COMPLETED', details))).toEqual({
      code: 'LB-504',
      kind: 'delivery',
      subscription: 's',
      number: 3,
    }));

  test('write kind and place of an error, and not its message, even if that looks like a place', () => {
    const error = new TypeError('bad value\n    at Kari Nordmann (Storgata:1:2)', {
      cause: new RangeError('01018612345'),
    });
    const { at, ...kind } = kindOf(error);
    expect(kind).toEqual({ error: 'TypeError', cause: 'RangeError' });
    expect(at).toMatch(/^at .*log\.test\.ts:\d+:\d+/);
  });
});
