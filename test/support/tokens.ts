import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

/** Tokens and proofs as a partner makes them. */

export interface KeyPair {
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: JWK;
  readonly thumbprint: string;
}

export const newKeyPair = async (algorithm = 'ES256'): Promise<KeyPair> => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { algorithm, privateKey, publicKey: jwk, thumbprint: await calculateJwkThumbprint(jwk) };
};

export type Claims = Readonly<Record<string, unknown>>;

/** Signs what it is given; a claim or header that is `undefined` is left out. */
export const sign = (key: KeyPair, header: Partial<JWTHeaderParameters>, claims: Claims): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: key.algorithm, ...header }).sign(key.privateKey);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT with whatever stands in its header, signed with a shared secret. */
export const signWithSecret = (secret: string, header: Claims, claims: Claims): string => {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};

/** A JWT with an empty signature. */
export const unsigned = (header: Claims, claims: Claims): string => `${part(header)}.${part(claims)}.`;

export const seconds = (): number => Math.floor(Date.now() / 1000);

const athOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

export interface ProofOf {
  readonly method: string;
  readonly url: string;
  readonly token?: string;
  readonly claims?: Claims;
  readonly header?: Claims;
}

/** A DPoP proof, good unless claims or header say otherwise. */
export const proofOf = (key: KeyPair, { method, url, token, claims = {}, header = {} }: ProofOf): Promise<string> =>
  sign(
    key,
    { typ: 'dpop+jwt', jwk: key.publicKey, ...header },
    {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: seconds(),
      ...(token === undefined ? {} : { ath: athOf(token) }),
      ...claims,
    },
  );

/** An issuer that publishes the given keys, and can be taken down. */
export interface LoopbackIssuer {
  readonly url: string;
  /** Number of requests for the keys. */
  readonly asked: () => number;
  publish: (...keys: readonly KeyPair[]) => void;
  down: (isDown: boolean) => void;
  readonly close: () => Promise<void>;
}

export const kidOf = ({ thumbprint }: KeyPair): string => thumbprint;

export const startIssuer = async (...first: readonly KeyPair[]): Promise<LoopbackIssuer> => {
  let keys = first;
  let isDown = false;
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === '/jwks') asked += 1;
    const body =
      request.url === '/jwks'
        ? { keys: keys.map((key) => ({ ...key.publicKey, kid: kidOf(key), use: 'sig', alg: key.algorithm })) }
        : { issuer: url, jwks_uri: `${url}/jwks` };
    response.writeHead(isDown ? 503 : 200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    asked: () => asked,
    publish: (...next) => {
      keys = next;
    },
    down: (next) => {
      isDown = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
