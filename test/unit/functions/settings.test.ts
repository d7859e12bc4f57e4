import { describe, expect, test } from 'vitest';
import { readSettings, settings } from '../../../adapters/settings.ts';
import { codesOf } from '../../../schemas/codes.ts';
import { functionEnvironment } from '../../support/function-environment.ts';

/** What each function needs; the stack gives exactly these (test/infra/hub-stack.test.ts). */
const needed = {
  authorize: [
    'TABLE_NAME',
    'PUBLIC_URL',
    'OTHER_BASES',
    'TOKEN_ISSUER',
    'TOKEN_AUDIENCE',
    'TOKEN_BINDING',
    'PROOF_SECONDS_BACK',
    'PROOF_SECONDS_AHEAD',
    'BUDGET_SECONDS',
    'BUDGET_MESSAGES',
    'BUDGET_REQUESTS',
  ],
  checkToken: [
    'TABLE_NAME',
    'PUBLIC_URL',
    'OTHER_BASES',
    'TOKEN_ISSUER',
    'TOKEN_AUDIENCE',
    'TOKEN_BINDING',
    'PROOF_SECONDS_BACK',
    'PROOF_SECONDS_AHEAD',
  ],
  deliver: [
    'TABLE_NAME',
    'OBLIGATION_SHARDS_WRITTEN',
    'OBLIGATION_SHARDS_READ',
    'PUBLIC_URL',
    'QUICK_LANE_URL',
    'SLOW_LANE_URL',
    'ENDPOINT_ALLOW_LIST',
    'POWERTOOLS_METRICS_NAMESPACE',
  ],
  metadata: ['TABLE_NAME', 'PUBLIC_URL'],
  nightly: ['TABLE_NAME', 'ANCHOR_BUCKET'],
  processMessage: [
    'TABLE_NAME',
    'OBLIGATION_SHARDS_WRITTEN',
    'OBLIGATION_SHARDS_READ',
    'PUBLIC_URL',
    'QUICK_LANE_URL',
    'SLOW_LANE_URL',
    'POWERTOOLS_METRICS_NAMESPACE',
  ],
  read: ['TABLE_NAME', 'PUBLIC_URL'],
  subscribe: [
    'TABLE_NAME',
    'OBLIGATION_SHARDS_WRITTEN',
    'OBLIGATION_SHARDS_READ',
    'PUBLIC_URL',
    'SLOW_LANE_URL',
    'ENDPOINT_ALLOW_LIST',
  ],
  sweep: [
    'TABLE_NAME',
    'OBLIGATION_SHARDS_WRITTEN',
    'OBLIGATION_SHARDS_READ',
    'QUICK_LANE_URL',
    'SLOW_LANE_URL',
    'POWERTOOLS_METRICS_NAMESPACE',
  ],
} as const satisfies Record<keyof typeof settings, readonly (keyof typeof functionEnvironment)[]>;

const start = (name: keyof typeof settings, changed: Readonly<Record<string, string | undefined>> = {}): unknown =>
  readSettings<unknown>(settings[name], { ...functionEnvironment, ...changed });

const names = codesOf(settings);
const variables = names.flatMap((name) => needed[name].map((variable) => [name, variable] as const));
const numbers = variables.filter(([, variable]) => /^(?:BUDGET|PROOF|OBLIGATION)_/.test(variable));

describe('readSettings', () => {
  test.each(names)('reads what %s needs, and nothing else', (name) =>
    expect(Object.keys(Object(start(name))).sort()).toEqual([...needed[name]].sort()),
  );

  test('reads numbers as numbers', () =>
    expect(start('authorize')).toMatchObject({ BUDGET_MESSAGES: 1000, BUDGET_SECONDS: 10 }));

  test('accepts an empty allow list', () =>
    expect(start('deliver', { ENDPOINT_ALLOW_LIST: '' })).toMatchObject({ ENDPOINT_ALLOW_LIST: '' }));

  test.each(variables)('refuses to start %s without %s', (name, variable) =>
    expect(() => start(name, { [variable]: undefined })).toThrow(
      new RegExp(`^The environment is not complete\\. ${variable} is missing: set it to .+\\.$`),
    ),
  );

  test.each(numbers)('refuses to start %s with a %s that is no whole number', (name, variable) => {
    for (const value of ['', 'NaN', 'many', '1.5', '-1', '1e3', ' 1', '0x10', 'Infinity', '9'.repeat(20)])
      expect(() => start(name, { [variable]: value }), value).toThrow(
        new RegExp(
          `^The environment is not complete\\. ${variable} is not usable: set it to a whole number from \\d+(?: to \\d+)?\\.$`,
        ),
      );
  });

  test.each(numbers.filter(([, variable]) => variable !== 'PROOF_SECONDS_AHEAD'))(
    'refuses to start %s with a %s of 0',
    (name, variable) => expect(() => start(name, { [variable]: '0' })).toThrow(`${variable} is not usable`),
  );

  test.each([
    ['8', '8', true],
    ['8', '64', true],
    ['64', '64', true],
    ['7', '8', false],
    ['8', '65', false],
    ['16', '8', false],
  ])('with %s shards written and %s read, starts: %s', (written, read, starts) => {
    const sweeper = () => start('sweep', { OBLIGATION_SHARDS_WRITTEN: written, OBLIGATION_SHARDS_READ: read });
    if (starts) expect(sweeper()).toMatchObject({ OBLIGATION_SHARDS_READ: Number(read) });
    else expect(sweeper).toThrow(/OBLIGATION_SHARDS_(?:READ|WRITTEN) is not usable/);
  });

  test('accepts no difference between the clocks', () =>
    expect(start('authorize', { PROOF_SECONDS_AHEAD: '0' })).toMatchObject({ PROOF_SECONDS_AHEAD: 0 }));

  test('reads the base URLs of other entrances as a list', () => {
    expect(start('authorize', { OTHER_BASES: '' })).toMatchObject({ OTHER_BASES: [] });
    const two = ['https://a.example/fhir', 'https://b.example/live/fhir'];
    expect(start('checkToken', { OTHER_BASES: two.join(',') })).toMatchObject({ OTHER_BASES: two });
    for (const wrong of ['hub.example', 'https://a.example,', 'https://a.example, hub'])
      expect(() => start('authorize', { OTHER_BASES: wrong })).toThrow('OTHER_BASES is not usable');
  });

  test.each(['PUBLIC_URL', 'TOKEN_ISSUER'])('refuses a %s that is no web address', (variable) =>
    expect(() => start('authorize', { [variable]: 'ftp://hub.example' })).toThrow(`${variable} is not usable`),
  );

  test('names every variable that is not usable, and shows no value', () => {
    const secret = 'whsec_c2VjcmV0';
    const fault = () => start('authorize', { TOKEN_ISSUER: secret, TOKEN_BINDING: secret, TABLE_NAME: '' });
    expect(fault).toThrow(/TABLE_NAME is not usable.+TOKEN_ISSUER is not usable.+TOKEN_BINDING is not usable/);
    expect(fault).not.toThrow(secret);
  });
});
