import { globSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { kindOf, log, logger } from '../../../functions/shared/telemetry/log.ts';
import { fieldsOf, type LogMessageName, logFields, logMessages } from '../../../schemas/telemetry/log-messages.ts';
import { codesOf } from '../../../schemas/codes.ts';

const names = codesOf(logMessages);
const sources = globSync('functions/**/*.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

const said = (say: () => void): Record<string, unknown> => {
  const written = vi.spyOn(logger, 'info').mockImplementation(() => {});
  say();
  const [, fields] = written.mock.calls[0] ?? [];
  return typeof fields === 'object' && !(fields instanceof Error) ? { ...fields } : {};
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('The catalogue of log messages', () => {
  test('gives each message a code of its own', () =>
    expect(new Set(names.map((name) => logMessages[name].code)).size).toBe(names.length));

  test.each(names)('%s is said by a function', (name: LogMessageName) => expect(sources).toContain(`'${name}'`));

  test('explains no field that no message has', () => {
    const used = new Set(names.flatMap(fieldsOf));
    expect(codesOf(logFields).filter((field) => !used.has(field))).toEqual([]);
  });
});

describe('A log line', () => {
  const brought = { kind: 'delivery', subscription: 's', number: 3, patient: 'Kari' } as const;

  test('holds no field but those of its message, whatever an object brings along', () =>
    expect(said(() => log('OBLIGATION_COMPLETED', brought))).toEqual({
      code: 'LB-504',
      kind: 'delivery',
      subscription: 's',
      number: 3,
    }));

  test('says of an error its kind and place, and not its words, even if they look like places', () => {
    const error = new TypeError('bad value\n    at Kari Nordmann (Storgata:1:2)', {
      cause: new RangeError('01018612345'),
    });
    const { at, ...kind } = kindOf(error);
    expect(kind).toEqual({ error: 'TypeError', cause: 'RangeError' });
    expect(at).toMatch(/^at .*log\.test\.ts:\d+:\d+/);
  });
});
