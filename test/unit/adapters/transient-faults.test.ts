import { describe, expect, test } from 'vitest';
import { isTransient, reach } from '../../../adapters/transient-faults.ts';
import { Unavailable } from '../../../core/mission/errors.ts';

const errorOf = (members: object, options?: ErrorOptions): Error =>
  Object.assign(new Error('of the test', options), members);

const answered = (name: string, httpStatusCode: number): Error => errorOf({ name, $metadata: { httpStatusCode } });

describe('isTransient', () => {
  test.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EPIPE',
    'ETIMEDOUT',
  ])('accepts a network fault: %s', (code) => {
    expect(isTransient(errorOf({ code }))).toBe(true);
    expect(isTransient(errorOf({ code, $metadata: { attempts: 2 } }))).toBe(true);
    expect(isTransient(errorOf({}, { cause: errorOf({ code }) }))).toBe(true);
  });

  test.each([
    ['ThrottlingException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['RequestLimitExceeded', 400],
    ['RequestThrottled', 400],
    ['InternalServerError', 500],
    ['ServiceUnavailable', 503],
    ['SomethingNew', 502],
  ])('accepts throttling and faults of AWS: %s, HTTP %i', (name, status) =>
    expect(isTransient(answered(name, status))).toBe(true),
  );

  test.each([
    ['AccessDeniedException', 400],
    ['AccessDenied', 403],
    ['KMSAccessDeniedException', 400],
    ['KmsDisabled', 400],
    ['KMS.DisabledException', 400],
    ['KmsThrottled', 400],
  ])('accepts a refusal of access, also by the key: %s, HTTP %i', (name, status) =>
    expect(isTransient(answered(name, status))).toBe(true),
  );

  test.each(['TimeoutError', 'AbortError'])('accepts a time limit of the SDK: %s', (name) =>
    expect(isTransient(errorOf({ name }))).toBe(true),
  );

  test.each([
    ['ValidationException', 400],
    ['ConditionalCheckFailedException', 400],
    ['ResourceNotFoundException', 404],
  ])('rejects an answer that the same request would get again: %s, HTTP %i', (name, status) =>
    expect(isTransient(answered(name, status))).toBe(false),
  );

  test.each([
    ['a TypeError', new TypeError('x is not a function')],
    ['a TypeError with a code', Object.assign(new TypeError('of the test'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['a RangeError with a cause', new RangeError('of the test', { cause: new Error('within') })],
    ['an unknown code', errorOf({ code: 'ERR_OUT_OF_RANGE' })],
    ['a certificate that does not match', errorOf({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
    ['text', 'ECONNRESET'],
    ['nothing', undefined],
  ])('rejects a fault of the hub: %s', (_name, error) => expect(isTransient(error)).toBe(false));
});

describe('reach', () => {
  test('throws Unavailable with the fault as its cause', async () => {
    const cause = errorOf({ code: 'ECONNRESET' });
    const failed = reach(() => Promise.reject(cause));
    await expect(failed).rejects.toThrow(Unavailable);
    await expect(failed).rejects.toMatchObject({ message: 'Error', cause });
  });

  test('lets a fault of the hub through', async () => {
    const fault = new TypeError('x is not a function');
    await expect(reach(() => Promise.reject(fault))).rejects.toBe(fault);
  });

  test('returns the answer', async () => expect(await reach(async () => 7)).toBe(7));
});
