import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Answer, Channel } from '../../core/delivery/channel.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import type { EndpointRules } from '../../core/subscriptions/manage.ts';
import { defined } from '../../schemas/defined.ts';
import { fhirJson } from '../../schemas/names.ts';
import { AddressRefused, guardedLookup, refusalOf } from './egress-guard.ts';

/** Bytes of an answer's body that are read, and thrown away, to keep the connection. */
const longestAnswer = 16_384;

/** Headers that are the hub's to set. */
const ownHeaders =
  /^(host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|user-agent|webhook-.*|proxy-.*|http2-settings|x-correlation-id)$/i;

/** `Name: value` lines of `Subscription.channel.header`; lines the hub sets itself are left out. */
export const readHeaders = (lines: readonly string[]): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, given] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e]*)$/.exec(line) ?? [];
    const value = given?.trim();
    if (name !== undefined && value !== undefined && !value.includes('\t') && !ownHeaders.test(name))
      headers[name] = value;
  }
  return headers;
};

/** Where this channel posts, and which header lines it sends. */
export const endpointRules = (isAllowed: (url: URL) => boolean): EndpointRules => ({
  whyRefused: (endpoint) => refusalOf(endpoint, isAllowed),
  isHeaderLine: (line) => Object.keys(readHeaders([line])).length > 0,
});

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');

/** Codes of X.509 verification that do not say what they are about (OpenSSL, `X509_V_ERR_…`). */
const x509 = /^(UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|CRL_)/;

const timeoutError = (): Error => Object.assign(new Error('the time for the call is over'), { name: 'TimeoutError' });

const failureOf = (error: Error): NonNullable<Answer['failure']> => {
  if (error instanceof AddressRefused) return 'refused-address';
  if (error.name === 'TimeoutError') return 'timeout';
  const code = codeOf(error);
  if (/^(ENOTFOUND|ENODATA|EAI_)/.test(code)) return 'name';
  if (code === 'ECONNREFUSED') return 'refused-connection';
  return /CERT|TLS|SSL|EPROTO/.test(code) || x509.test(code) ? 'tls' : 'connection';
};

/** Seconds of a `Retry-After` header: a number, or a date in one of the three forms of HTTP (RFC 9110 10.2.3, 5.6.7). */
export const retryAfterSeconds = (header: string | undefined, now: number): number | undefined => {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  // All three begin with the day of the week, and the one that names no zone is in GMT too.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
};

const answerOf = (response: IncomingMessage, now: number): Answer => {
  const { statusCode = 0, headers } = response;
  let length = 0;
  response.on('error', () => response.destroy());
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > longestAnswer) response.destroy();
  });
  return defined({ status: statusCode, retryAfter: retryAfterSeconds(headers['retry-after'], now) });
};

/**
 * The key of a secret: base64 after its prefix (Standard Webhooks, "Signature scheme"). As a key object: Node.js takes a third
 * longer to sign with its bytes.
 */
const keyOf = (secret: string): KeyObject => createSecretKey(secret.replace(/^whsec_/, ''), 'base64');

/** `webhook-signature`: one signature per secret in force, separated by a space (Standard Webhooks, "Signature scheme"). */
const signatureOf = (
  { secret, formerSecret }: Subscription,
  webhookId: string,
  { at, seconds }: { readonly at: Date; readonly seconds: number },
  body: Buffer,
): string =>
  [secret, ...(formerSecret !== undefined && at < new Date(formerSecret.until) ? [formerSecret.secret] : [])]
    .map((one) => {
      const signature = createHmac('sha256', keyOf(one)).update(`${webhookId}.${seconds}.`).update(body);
      return `v1,${signature.digest('base64')}`;
    })
    .join(' ');

/** The other side closed a kept connection just as it was used again. */
const wasStale = (outgoing: ClientRequest, error: Error): boolean =>
  outgoing.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(codeOf(error));

export interface ChannelOptions {
  readonly now?: () => number;
  /** Looks up the names of endpoints that are not on the allow-list. */
  readonly lookup?: LookupFunction;
  /** What connections are opened with besides, e.g. the certificate authorities that are trusted. */
  readonly connection?: AgentOptions;
}

/** POSTs notifications, signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`). Redirects are not followed. */
export const webhookChannel = (
  isAllowed: (url: URL) => boolean,
  { now = Date.now, lookup = guardedLookup(), connection = {} }: ChannelOptions = {},
): Channel => {
  const http = new HttpAgent({ ...connection, keepAlive: true });
  const https = new HttpsAgent({ ...connection, keepAlive: true });

  /** `until`: by `performance.now()`, for all of it: name, connection, answer and the rest of its body. */
  const send = (url: URL, options: RequestOptions, body: Buffer, until: number): Promise<Answer> =>
    new Promise((resolve) => {
      const isPlain = url.protocol === 'http:';
      const outgoing = (isPlain ? httpRequest : httpsRequest)(
        url,
        { ...options, agent: isPlain ? http : https },
        (response) => resolve(answerOf(response, now())),
      );
      // Not `AbortSignal.timeout`: it cannot be cleared, and makes an error with a stack for every call that was in time.
      const late = setTimeout(() => outgoing.destroy(timeoutError()), Math.max(0, until - performance.now()));
      outgoing.on('error', (error) =>
        resolve(wasStale(outgoing, error) ? send(url, options, body, until) : { failure: failureOf(error) }),
      );
      outgoing.on('close', () => {
        clearTimeout(late);
        // After an answer that is not one (101), the connection closes without an error.
        resolve({ failure: 'connection' });
      });
      outgoing.end(body);
    });

  return {
    post: async (subscription, { webhookId, body: text, correlationId, seconds: timeout }) => {
      if (refusalOf(subscription.endpoint, isAllowed) !== undefined) return { failure: 'refused-address' };
      const url = new URL(subscription.endpoint);
      // As bytes from here on: they are counted, signed and sent.
      const body = Buffer.from(text);
      const at = new Date(now());
      const seconds = Math.floor(at.getTime() / 1000);
      const options: RequestOptions = {
        method: 'POST',
        headers: {
          ...readHeaders(subscription.headers),
          'content-type': fhirJson,
          'content-length': body.length,
          'user-agent': 'luftbro',
          'webhook-id': webhookId,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signatureOf(subscription, webhookId, { at, seconds }, body),
          ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
        },
        ...(isAllowed(url) ? {} : { lookup }),
      };
      return send(url, options, body, performance.now() + timeout * 1000);
    },
  };
};

/** A channel that also keeps to the hosts to which the directory limits an organisation. */
export const withinHosts = (
  channel: Channel,
  directory: { notifiesAt(organisation: string, endpoint: string): boolean },
): Channel => ({
  post: async (subscription, call) =>
    directory.notifiesAt(subscription.organisation, subscription.endpoint)
      ? channel.post(subscription, call)
      : { failure: 'refused-address' },
});
