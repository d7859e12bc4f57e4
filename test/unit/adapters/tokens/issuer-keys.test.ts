import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { accessTokenVerifier } from '../../../../adapters/tokens/access-token.ts';
import { kidOf, type KeyPair, type LoopbackIssuer, newKeyPair, sign, startIssuer } from '../../../support/tokens.ts';

const audience = 'luftbro';
const minute = 60_000;

let old: KeyPair;
let next: KeyPair;
let issuer: LoopbackIssuer;
let now: number;
let verify: ReturnType<typeof accessTokenVerifier>;

beforeAll(async () => {
  [old, next] = [await newKeyPair(), await newKeyPair('PS256')];
});

beforeEach(async () => {
  issuer = await startIssuer(old);
  now = Date.parse('2026-01-01T12:00:00Z');
  verify = accessTokenVerifier(issuer.url, audience, () => now);
});

afterEach(() => issuer.close());

const tokenBy = (key: KeyPair, kid = kidOf(key)): Promise<string> =>
  sign(
    key,
    { typ: 'at+jwt', kid },
    {
      iss: issuer.url,
      aud: audience,
      exp: now / 1000 + 600,
      'helseid://claims/client/claims/orgnr_parent': '311000012',
    },
  );
const isTaken = async (token: string) => expect(await verify(token)).toMatchObject({ parent: '311000012' });
const isRefused = (token: string) =>
  expect(verify(token)).rejects.toMatchObject({ name: 'TokenRefused', fault: 'wrong-key' });
const isUndecided = (token: string) => expect(verify(token)).rejects.toMatchObject({ name: 'IssuerUnreachable' });

describe('The keys of the token issuer', () => {
  test('are asked for once, also by many at the same time', async () => {
    const token = await tokenBy(old);
    await Promise.all([isTaken(token), isTaken(token), isTaken(token)]);
    now += 9 * minute;
    await isTaken(await tokenBy(old));
    expect(issuer.asked()).toBe(1);
  });

  test('are requested again after ten minutes, and a withdrawn key is refused', async () => {
    await isTaken(await tokenBy(old));
    issuer.publish(next);
    now += 10 * minute;
    await isRefused(await tokenBy(old));
    expect(issuer.asked()).toBe(2);
  });

  test('are rotated: a token that names a new one is good at once', async () => {
    await isTaken(await tokenBy(old));
    issuer.publish(old, next);
    now += minute;
    await isTaken(await tokenBy(next));
    await isTaken(await tokenBy(old));
    expect(issuer.asked()).toBe(2);
  });

  test('are not asked for by everyone who invents a key id', async () => {
    await isTaken(await tokenBy(old));
    now += minute;
    for (let index = 0; index < 20; index += 1) await isRefused(await tokenBy(next, `invented-${index}`));
    expect(issuer.asked()).toBe(2);
    now += minute;
    await isRefused(await tokenBy(next));
    expect(issuer.asked()).toBe(3);
  });

  test('are used while the issuer is down, for two hours', async () => {
    await isTaken(await tokenBy(old));
    issuer.down(true);
    now += 119 * minute;
    await isTaken(await tokenBy(old));
    now += minute;
    await isUndecided(await tokenBy(old));
    issuer.down(false);
    now += minute;
    await isTaken(await tokenBy(old));
  });

  test('may have a new one that nobody can see while the issuer is down: then nobody is blamed', async () => {
    await isTaken(await tokenBy(old));
    issuer.down(true);
    now += minute;
    await isUndecided(await tokenBy(next));
    await isUndecided(await tokenBy(next));
    await isTaken(await tokenBy(old));
    issuer.publish(old, next);
    issuer.down(false);
    now += minute;
    await isTaken(await tokenBy(next));
  });

  test('that were never seen are no ground to refuse anybody', async () => {
    issuer.down(true);
    await isUndecided(await tokenBy(old));
    issuer.down(false);
    now += 2_000;
    await isTaken(await tokenBy(old));
  });

  test('are not fetched unprotected for an issuer behind https', async () => {
    const secure = 'https://issuer.example';
    const fetched: string[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      fetched.push(url);
      return Response.json({ issuer: secure, jwks_uri: 'http://issuer.example/jwks' });
    });
    await expect(accessTokenVerifier(secure, audience, () => now)(await tokenBy(old))).rejects.toMatchObject({
      name: 'IssuerUnreachable',
    });
    vi.unstubAllGlobals();
    expect(fetched).toEqual(['https://issuer.example/.well-known/openid-configuration']);
  });

  test('are not read to the end of an answer of many megabytes', async () => {
    let chunks = 0;
    const long = (): Response =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            chunks += 1;
            controller.enqueue(new Uint8Array(16_384).fill(0x20));
            if (chunks === 1_000) controller.close();
          },
        }),
      );
    vi.stubGlobal('fetch', async (url: string) =>
      url.endsWith('/jwks') ? long() : Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }),
    );
    await isUndecided(await tokenBy(old));
    vi.unstubAllGlobals();
    // 256 KiB, what makes it too much, and what the stream has ready.
    expect(chunks).toBeLessThanOrEqual(16 + 2);
  });

  test('are not taken from an issuer that calls itself by another name', async () => {
    const other = accessTokenVerifier(issuer.url.replace('127.0.0.1', 'localhost'), audience, () => now);
    await expect(other(await tokenBy(old))).rejects.toMatchObject({ name: 'IssuerUnreachable' });
  });
});
