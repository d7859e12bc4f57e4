import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { z } from 'zod';
import { algorithms } from '../../adapters/tokens/jwt.ts';
import { verifyProof } from '../../adapters/tokens/proof.ts';
import { TokenRefused } from '../../adapters/tokens/refused.ts';
import { codesOf } from '../../schemas/codes.ts';
import { scopeFor, scopes } from '../../schemas/scopes.ts';
import { BrokenFile, readStateFile, writeStateFile } from '../state-file.ts';
import { readClients } from './clients.ts';

/**
 * A token issuer for one machine, in place of HelseID: the same claims, without authentication. It issues a token for any client id
 * in the client list, so it listens on loopback only and is not part of the stack.
 */

const keySchema = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});

const tokenSeconds = 600;

/** Seconds by which the clock of the maker of a proof may differ. */
const proofWindow = { back: 60, ahead: 10 };

interface IssuerSettings {
  readonly url: string;
  readonly audience: string;
  /** The client list, read for each token, so that a changed file needs no restart. */
  readonly clientsFile: string;
  /** The signing key is kept there, so that tokens issued before a restart are valid after it. */
  readonly keyFile: string;
}

export interface Issuer {
  readonly listener: RequestListener;
  readonly token: (clientId: string) => Promise<string>;
}

export const createIssuer = async ({ url, audience, clientsFile, keyFile }: IssuerSettings): Promise<Issuer> => {
  // A broken list is found at the start, and not by the first caller.
  await readClients(clientsFile);
  const key = await loadKey(keyFile);
  const kid = await calculateJwkThumbprint(key);
  const privateKey = await importJWK(key, 'ES256').catch(() => {
    throw new BrokenFile(keyFile, 'is not a key', newKeyInstead);
  });
  const { d: _private, ...publicKey } = key;

  const everyScope = codesOf(scopes)
    .map((scope) => scopeFor(audience, scope))
    .join(' ');

  /** `undefined` if there is no such client. A thumbprint binds the token to a key (RFC 9449, 6.1). */
  const issue = async (clientId: string, scope: string, thumbprint?: string): Promise<string | undefined> => {
    const clients = await readClients(clientsFile);
    const client = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined;
    if (client === undefined) return undefined;
    const organisations = Object.entries(client).map(([name, number]) => [
      `helseid://claims/client/claims/${name}`,
      number,
    ]);
    return await new SignJWT({
      client_id: clientId,
      // A list, as in tokens of HelseID.
      scope: scope.split(' '),
      ...Object.fromEntries(organisations),
      ...(thumbprint === undefined ? {} : { cnf: { jkt: thumbprint } }),
    })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
      .setIssuer(url)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${tokenSeconds}s`)
      .sign(privateKey);
  };

  const answer = async (request: IncomingMessage): Promise<OAuthAnswer> => {
    const path = new URL(request.url ?? '/', url).pathname;
    if (request.method === 'GET' && path === '/.well-known/openid-configuration') return ok(discovery(url, everyScope));
    if (request.method === 'GET' && path === '/jwks')
      return ok({ keys: [{ ...publicKey, kid, alg: 'ES256', use: 'sig' }] });
    if (request.method !== 'POST' || path !== '/token')
      return refused(404, 'not_found', 'See /.well-known/openid-configuration.');

    const form = new URLSearchParams(await text(request));
    if (form.get('grant_type') !== 'client_credentials')
      return refused(400, 'unsupported_grant_type', 'Only client_credentials.');
    const clientId = form.get('client_id') ?? basicUser(request.headers.authorization) ?? '';
    // A parameter without a value is treated as absent (RFC 6749, 3.2).
    const scope = form.get('scope')?.trim().replaceAll(/ +/g, ' ') || everyScope;
    const unknown = scope.split(' ').find((one) => !everyScope.split(' ').includes(one));
    if (unknown !== undefined) return refused(400, 'invalid_scope', `The scopes are: ${everyScope}`);
    const { dpop } = request.headers;
    const thumbprint = dpop === undefined ? undefined : await thumbprintOf([dpop].flat().join(','), `${url}/token`);
    if (thumbprint instanceof TokenRefused)
      return refused(400, 'invalid_dpop_proof', `The proof in the DPoP header is not valid: ${thumbprint.fault}.`);
    const token = await issue(clientId, scope, thumbprint);
    if (token === undefined) return refused(401, 'invalid_client', 'The client list has no such client.');
    const type = thumbprint === undefined ? 'Bearer' : 'DPoP';
    return ok({ access_token: token, token_type: type, expires_in: tokenSeconds, scope });
  };

  return {
    listener: (request, response) => {
      answer(request)
        .catch((error: unknown) => refused(500, 'server_error', String(error)))
        .then((given) => respond(response, given))
        .catch(() => response.destroy());
    },
    token: async (clientId) => {
      const token = await issue(clientId, everyScope);
      if (token === undefined) throw new Error(`${clientsFile} names no client ${clientId}.`);
      return token;
    },
  };
};

/** The thumbprint of the key that a token request proves (RFC 9449, 5). */
const thumbprintOf = async (proof: string, url: string): Promise<string | TokenRefused> => {
  try {
    return (await verifyProof(proof, { method: 'POST', url }, proofWindow, Date.now())).thumbprint;
  } catch (error) {
    if (error instanceof TokenRefused) return error;
    throw error;
  }
};

const discovery = (url: string, everyScope: string) => ({
  issuer: url,
  token_endpoint: `${url}/token`,
  jwks_uri: `${url}/jwks`,
  grant_types_supported: ['client_credentials'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  id_token_signing_alg_values_supported: ['ES256'],
  dpop_signing_alg_values_supported: algorithms,
  scopes_supported: everyScope.split(' '),
  response_types_supported: ['token'],
  subject_types_supported: ['public'],
  // Not a field of the specification; for human readers.
  notice: 'For one machine only: this issuer does not authenticate clients. Elsewhere tokens come from HelseID.',
});

const newKeyInstead = 'Remove it to get a new key: then tokens that were issued before are refused.';

const loadKey = async (file: string): Promise<z.output<typeof keySchema>> => {
  const kept = await readStateFile(file, keySchema, newKeyInstead);
  if (kept !== undefined) return kept;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key: JWK = await exportJWK(privateKey);
  await mkdir(dirname(file), { recursive: true });
  await writeStateFile(file, JSON.stringify(key), { mode: 0o600 });
  return keySchema.parse(key);
};

interface OAuthAnswer {
  readonly status: number;
  readonly body: unknown;
}

const ok = (body: unknown): OAuthAnswer => ({ status: 200, body });

const refused = (status: number, error: string, description: string): OAuthAnswer => ({
  status,
  body: { error, error_description: description },
});

const respond = (response: ServerResponse, { status, body }: OAuthAnswer): void => {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Basic realm="luftbro"' } : {}),
  });
  response.end(JSON.stringify(body));
};

const basicUser = (authorization = ''): string | undefined => {
  const [, encoded] = /^Basic (.+)$/i.exec(authorization) ?? [];
  if (encoded === undefined) return undefined;
  const [user = ''] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return decodeURIComponent(user);
};
