import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Webhook } from 'standardwebhooks';
import type { Answer, Channel } from '../../mission/ports.ts';
import { defined } from '../../schemas/defined.ts';
import { fhirJson } from '../../schemas/names.ts';
import { AddressRefused, guardedLookup, refusalOf } from './egress-guard.ts';

/** Longest the hub waits for an answer, seconds; a subscriber may ask for less (backport-timeout). */
const longestTimeout = 10;

/** Bytes of an answer's body that are read, and thrown away, to keep the connection. */
const longestAnswer = 16_384;

/** Headers that are the hub's to set. */
const ownHeaders =
  /^(host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|user-agent|webhook-.*|proxy-.*)$/i;

const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };

/** `Name: value` lines of `Subscription.channel.header`; lines the hub sets itself are left out. */
export const readHeaders = (lines: readonly string[]): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !ownHeaders.test(name)) headers[name] = value.trim();
  }
  return headers;
};

const failureOf = (error: unknown): NonNullable<Answer['failure']> => {
  if (error instanceof AddressRefused) return 'refused-address';
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'name';
  return /CERT|TLS|SSL|EPROTO/.test(code) ? 'tls' : 'connection';
};

/** Seconds of a `Retry-After` header: a number, or a date (RFC 9110 10.2.3). */
export const retryAfterSeconds = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
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

/** POSTs notifications, signed by Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`). Redirects are not followed. */
export const webhookChannel = (isAllowed: (url: URL) => boolean, now: () => number = Date.now): Channel => ({
  post: (subscription, webhookId, body) =>
    new Promise((resolve) => {
      if (refusalOf(subscription.endpoint, isAllowed) !== undefined) return resolve({ failure: 'refused-address' });
      const url = new URL(subscription.endpoint);
      const timestamp = new Date(now());
      const isPlain = url.protocol === 'http:';
      const options: RequestOptions = {
        method: 'POST',
        agent: agents[isPlain ? 'http:' : 'https:'],
        signal: AbortSignal.timeout(Math.min(subscription.timeout ?? longestTimeout, longestTimeout) * 1000),
        headers: {
          ...readHeaders(subscription.headers),
          'content-type': fhirJson,
          'content-length': Buffer.byteLength(body),
          'user-agent': 'luftbro',
          'webhook-id': webhookId,
          'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
          'webhook-signature': new Webhook(subscription.secret).sign(webhookId, timestamp, body),
        },
        ...(isAllowed(url) ? {} : { lookup: guardedLookup }),
      };
      const outgoing = (isPlain ? httpRequest : httpsRequest)(url, options, (response) =>
        resolve(answerOf(response, now())),
      );
      outgoing.on('error', (error) =>
        resolve({
          failure: error.name === 'AbortError' || error.name === 'TimeoutError' ? 'timeout' : failureOf(error),
        }),
      );
      outgoing.end(body);
    }),
});
