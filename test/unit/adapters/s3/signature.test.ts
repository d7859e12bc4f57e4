import { describe, expect, test } from 'vitest';
import { signed, type SignedRequest } from '../../../../adapters/s3/signature.ts';

/** The examples of AWS, "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk". */
const example = {
  accessKeyId: ['AKIA', 'IOSFODNN7EXAMPLE'].join(''),
  secretAccessKey: ['wJalrXUtnFEMI', 'K7MDENG', 'bPxRfiCYEXAMPLEKEY'].join('/'),
};
const at = { region: 'us-east-1', now: Date.parse('2013-05-24T00:00:00Z') };
const host = 'https://examplebucket.s3.amazonaws.com';

const signatureOf = (request: Partial<SignedRequest> & { readonly url: URL }, key = example): string => {
  const { authorization = '' } = signed({ method: 'GET', headers: {}, body: '', ...request }, key, at);
  return /Signature=([0-9a-f]+)$/.exec(authorization)?.[1] ?? '';
};

describe('signed', () => {
  test('signs a GET with a header as in the example of AWS', () => {
    expect(signatureOf({ url: new URL(`${host}/test.txt`), headers: { range: 'bytes=0-9' } })).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  test('signs a PUT with a body and characters to encode as in the example of AWS', () => {
    const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
    const url = new URL(`${host}/test%24file.text`);
    expect(signatureOf({ method: 'PUT', url, headers, body: 'Welcome to Amazon S3.' })).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  test('signs the parameters of a list in order as in the example of AWS', () => {
    expect(signatureOf({ url: new URL(`${host}/?prefix=J&max-keys=2`) })).toBe(
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
  });

  test('signs the token of a session', () => {
    const headers = signed(
      { method: 'GET', url: new URL(`${host}/`), headers: {}, body: '' },
      { ...example, sessionToken: 'a-token' },
      at,
    );
    expect(headers['x-amz-security-token']).toBe('a-token');
    expect(headers['authorization']).toContain('x-amz-date;x-amz-security-token');
  });
});
