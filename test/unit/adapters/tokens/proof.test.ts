import { assert, asyncProperty, constantFrom, nat, pre } from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { canonicalUrl, verifyProof } from '../../../../adapters/tokens/proof.ts';
import { type KeyPair, newKeyPair, proofOf } from '../../../support/tokens.ts';

describe('URL of a proof', () => {
  test.each([
    ['in any case of scheme and host', 'HTTPS://Hub.Example/fhir/Task'],
    ['with its default port', 'https://hub.example:443/fhir/Task'],
    ['with a query', 'https://hub.example/fhir/Task?owner=1'],
    ['with a fragment', 'https://hub.example/fhir/Task#here'],
    ['with dot segments', 'https://hub.example/fhir/x/../Task'],
    ['with characters that need no escape', 'https://hub.example/fhir/T%61sk'],
  ])('accepts the same URL %s', (_how, url) =>
    expect(canonicalUrl(url)).toBe(canonicalUrl('https://hub.example/fhir/Task')),
  );

  test('accepts $ escaped or not', () =>
    expect(canonicalUrl('https://hub.example/fhir/%24process-message')).toBe(
      canonicalUrl('https://hub.example/fhir/$process-message'),
    ));

  test.each([
    ['another scheme', 'http://hub.example/fhir/Task'],
    ['another host', 'https://hub.example.org/fhir/Task'],
    ['another port', 'https://hub.example:8443/fhir/Task'],
    ['another path', 'https://hub.example/fhir/Tasks'],
    ['another case of the path', 'https://hub.example/FHIR/Task'],
    ['a path that goes on', 'https://hub.example/fhir/Task/'],
    ['a slash that is escaped', 'https://hub.example/fhir%2FTask'],
    ['a user', 'https://hub.example@evil.example/fhir/Task'],
    ['a user of the same host', 'https://me@hub.example/fhir/Task'],
    ['no scheme', '//hub.example/fhir/Task'],
    ['an escape that is none', 'https://hub.example/fhir/%zz'],
    ['nothing', ''],
    ['no text', 5],
  ])('distinguishes a URL with %s', (_what, url) =>
    expect(canonicalUrl(url)).not.toBe(canonicalUrl('https://hub.example/fhir/Task')),
  );
});

describe('proof', () => {
  const request = { method: 'GET', url: 'https://hub.example/fhir/Task' };
  const window = { back: 60, ahead: 10 };
  let key: KeyPair;
  let good: string;

  beforeAll(async () => {
    key = await newKeyPair();
    good = await proofOf(key, request);
  });

  test.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256'])('accepts a key for %s', async (algorithm) => {
    const own = await newKeyPair(algorithm);
    const proof = await verifyProof(await proofOf(own, request), request, window, Date.now());
    expect(proof.thumbprint).toBe(own.thumbprint);
  });

  test('has a digest per jti and key that shows neither', async () => {
    const other = await newKeyPair();
    const digestBy = async (by: KeyPair, jti: string): Promise<string> =>
      (await verifyProof(await proofOf(by, { ...request, claims: { jti } }), request, window, Date.now())).digest;
    const digests = [await digestBy(key, 'one'), await digestBy(key, 'two'), await digestBy(other, 'one')];
    expect(new Set(digests).size).toBe(3);
    expect(await digestBy(key, 'one')).toBe(digests[0]);
    expect(digests.join(' ')).not.toMatch(/one|two/);
  });

  test('refuses a changed proof as a fault of the sender', async () => {
    const character = constantFrom('A', 'a', 'z', '0', '9', '_', '-', '.');
    await assert(
      asyncProperty(nat(good.length - 1), character, async (at, put) => {
        const changed = `${good.slice(0, at)}${put}${good.slice(at + 1)}`;
        // The last character of a signature has unused bits.
        pre(changed !== good && at !== good.length - 1);
        await expect(verifyProof(changed, request, window, Date.now())).rejects.toMatchObject({ name: 'TokenRefused' });
      }),
      { numRuns: 150 },
    );
  });
});
