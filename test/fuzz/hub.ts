import { Agent, request as httpRequest } from 'node:http';
import { startHub } from '../support/hub.ts';
import { tokenOf } from '../support/partners.ts';
import { check, checkRefusal } from './checks.ts';
import type { FuzzRequest } from './requests.ts';
import { bodyFor, clientOf } from './handlers.ts';
import { secret } from './inputs.ts';

/** A complete hub on this machine, over HTTP. */

export interface Hub {
  readonly send: (asked: FuzzRequest) => Promise<'accepted' | 'refused'>;
  readonly close: () => Promise<void>;
}

/** Characters. Longer header lines are refused by Node's HTTP server, not by the hub. */
const longest = 3_000;
const headerText = (value: string): string => value.replaceAll(/[^\t\x20-\x7e]/g, '?').slice(0, longest);

export const openHub = async (): Promise<Hub> => {
  const hub = await startHub();
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const exchange = (url: string, method: string, headers: Record<string, string>, body: Buffer | undefined) =>
    new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
      const outgoing = httpRequest(url, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  const send: Hub['send'] = async (asked) => {
    const token = await tokenOf(hub, clientOf(asked));
    const { method, parts, query, headers, body } = asked;
    const path = parts.map((part) => encodeURIComponent(part.toWellFormed()).slice(0, longest)).join('/');
    const search = query
      .map((pair) => pair.map((word) => encodeURIComponent(word.toWellFormed()).slice(0, 1_000)).join('='))
      .join('&');
    const content = body === undefined ? undefined : bodyFor(body, parts);
    const all = {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, headerText(value)])),
      authorization: `Bearer ${token}`,
      ...(content === undefined ? {} : { 'content-length': String(content.length) }),
    };
    const url = `${hub.url}/${path}${search === '' ? '' : `?${search}`}`;
    const { status, text } = await exchange(url, method, all, content);
    if (status >= 300 && status !== 304) {
      checkRefusal(status, text);
      return 'refused';
    }
    return 'accepted';
  };
  return {
    send,
    close: async () => {
      agent.destroy();
      const logged = await hub.log();
      await hub.close();
      check(!logged.includes(secret), 'the log repeats what was sent');
      const failed = logged.split('\n').find((line) => /"code":"LB-9\d\d"|Uncaught|Unhandled/.test(line));
      check(failed === undefined, `the hub failed: ${failed}`);
    },
  };
};
