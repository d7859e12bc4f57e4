import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { isObject } from '../../schemas/json/json.ts';

/** The issuer's keys cannot be fetched, so a token cannot be verified. */
export class IssuerUnreachable extends Error {
  override readonly name = 'IssuerUnreachable';
}

/** Milliseconds. */
const patience = 2_000;
/** Keys are used so long without a request: a key that the issuer withdraws is accepted until then. Milliseconds. */
const freshFor = 10 * 60_000;
/** Keys are used so long while the issuer does not answer: longer than its tokens live, so that no valid token is refused. Milliseconds. */
const usableFor = 2 * 60 * 60_000;
/** Between two requests because of an unknown key: a caller that invents key ids cannot cause a request for each. Milliseconds. */
const cooldown = 5_000;
/** After the issuer did not answer: callers do not wait for it each time. Milliseconds. */
const pauseAfterFailure = 1_000;

/** Bytes of an answer, decompressed: a hundred keys are less. */
const longestAnswer = 256 * 1024;

const textOf = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    // Ends the loop, which cancels the rest.
    if (length > longestAnswer) throw new IssuerUnreachable('the answer of the token issuer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const getJson = async (url: string): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(patience),
  });
  if (!answer.ok) throw new IssuerUnreachable(`the token issuer answers HTTP ${answer.status}`);
  const body: unknown = JSON.parse(await textOf(answer));
  if (!isObject(body)) throw new IssuerUnreachable('the answer of the token issuer is not a JSON object');
  return body;
};

/** Address of the keys from the discovery document (OpenID Connect Discovery 1.0, 4). */
const discover = async (issuer: string): Promise<string> => {
  const { issuer: named, jwks_uri: address } = await getJson(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  );
  if (named !== issuer) throw new IssuerUnreachable('the document of the token issuer names another issuer');
  if (typeof address !== 'string' || !URL.canParse(address))
    throw new IssuerUnreachable('the document of the token issuer has no address of its keys');
  // Keys that come without https could be from any sender.
  if (issuer.startsWith('https:') && !address.startsWith('https:'))
    throw new IssuerUnreachable('the keys of the token issuer are not behind https');
  return address;
};

const isKeySet = (value: object): value is JSONWebKeySet =>
  'keys' in value && Array.isArray(value.keys) && value.keys.length > 0;

interface Held {
  readonly find: JWTVerifyGetKey;
  readonly since: number;
}

/**
 * The issuer's published keys, cached. They are fetched again when they are old, and when a token names an unknown one
 * (rotation). While the keys are cached, tokens are verified although the issuer is down. Throws `IssuerUnreachable`.
 */
export const issuerKeys = (issuer: string, now: () => number): JWTVerifyGetKey => {
  let address: string | undefined;
  let held: Held | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let asking: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    askedAt = now();
    try {
      address ??= await discover(issuer);
      const keys = await getJson(address);
      if (!isKeySet(keys)) throw new IssuerUnreachable('the token issuer publishes no keys');
      held = { find: createLocalJWKSet(keys), since: now() };
      failure = undefined;
    } catch (error) {
      // Next time from the beginning: the keys may have moved.
      address = undefined;
      failure = error;
    }
  };
  const askOnce = (): Promise<void> =>
    (asking ??= ask().finally(() => {
      asking = undefined;
    }));

  const age = (): number => (held === undefined ? Number.POSITIVE_INFINITY : now() - held.since);
  const mayAsk = (): boolean => now() - askedAt >= (failure === undefined ? cooldown : pauseAfterFailure);
  const unreachable = (): IssuerUnreachable =>
    new IssuerUnreachable('the token issuer cannot be reached', { cause: failure });

  return async (header, token) => {
    if (age() >= freshFor && (asking !== undefined || mayAsk())) await askOnce();
    if (held === undefined || age() >= usableFor) throw unreachable();
    try {
      return await held.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (asking !== undefined || mayAsk()) await askOnce();
      // It may be a new key: that is unknown until the issuer answers.
      if (failure !== undefined) throw unreachable();
      return await held.find(header, token);
    }
  };
};
