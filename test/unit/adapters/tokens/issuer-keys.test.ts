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
const expectAccepted = async (token: string) => expect(await verify(token)).toMatchObject({ parent: '311000012' });
const expectRefused = (token: string) =>
  expect(verify(token)).rejects.toMatchObject({ name: 'TokenRefused', fault: 'wrong-key' });
const expectUnreachable = (token: string) => expect(verify(token)).rejects.toMatchObject({ name: 'IssuerUnreachable' });

describe('issuerKeys', () => {
  test('fetches the keys once, also for concurrent callers', async () => {
    const token = await tokenBy(old);
    await Promise.all([expectAccepted(token), expectAccepted(token), expectAccepted(token)]);
    now += 9 * minute;
    await expectAccepted(await tokenBy(old));
    expect(issuer.asked()).toBe(1);
  });

  test('fetches the keys again after ten minutes, and refuses a withdrawn one', async () => {
    await expectAccepted(await tokenBy(old));
    issuer.publish(next);
    now += 10 * minute;
    await expectRefused(await tokenBy(old));
    expect(issuer.asked()).toBe(2);
  });

  test('accepts a token with a new key at once after a rotation', async () => {
    await expectAccepted(await tokenBy(old));
    issuer.publish(old, next);
    now += minute;
    await expectAccepted(await tokenBy(next));
    await expectAccepted(await tokenBy(old));
    expect(issuer.asked()).toBe(2);
  });

  test('does not fetch for each invented key id', async () => {
    await expectAccepted(await tokenBy(old));
    now += minute;
    for (let index = 0; index < 20; index += 1) await expectRefused(await tokenBy(next, `invented-${index}`));
    expect(issuer.asked()).toBe(2);
    now += minute;
    await expectRefused(await tokenBy(next));
    expect(issuer.asked()).toBe(3);
  });

  test('uses cached keys for two hours while the issuer is down', async () => {
    await expectAccepted(await tokenBy(old));
    issuer.down(true);
    now += 119 * minute;
    await expectAccepted(await tokenBy(old));
    now += minute;
    await expectUnreachable(await tokenBy(old));
    issuer.down(false);
    now += minute;
    await expectAccepted(await tokenBy(old));
  });

  test('answers unavailable to an unknown key while the issuer is down', async () => {
    await expectAccepted(await tokenBy(old));
    issuer.down(true);
    now += minute;
    await expectUnreachable(await tokenBy(next));
    await expectUnreachable(await tokenBy(next));
    await expectAccepted(await tokenBy(old));
    issuer.publish(old, next);
    issuer.down(false);
    now += minute;
    await expectAccepted(await tokenBy(next));
  });

  test('refuses no token if the keys were never fetched', async () => {
    issuer.down(true);
    await expectUnreachable(await tokenBy(old));
    issuer.down(false);
    now += 2_000;
    await expectAccepted(await tokenBy(old));
  });

  test('does not fetch over http for an issuer with https', async () => {
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

  test('stops reading an answer of many megabytes', async () => {
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
    await expectUnreachable(await tokenBy(old));
    vi.unstubAllGlobals();
    // 256 KiB, what makes it too much, and what the stream has ready.
    expect(chunks).toBeLessThanOrEqual(16 + 2);
  });

  test('refuses keys of an issuer with another name', async () => {
    const other = accessTokenVerifier(issuer.url.replace('127.0.0.1', 'localhost'), audience, () => now);
    await expect(other(await tokenBy(old))).rejects.toMatchObject({ name: 'IssuerUnreachable' });
  });
});
