import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { headerIdOf, messageText, missionOf, steps, subscriptionText } from './messages.ts';
import { arrivals, percentile, randomFrom } from './statistics.ts';

/** Measures the latency of a whole hub under open-loop load. */

export interface LatencySettings {
  readonly assembly: string;
  /** Offered rates, messages per second, rising; the run ends at the first rate that the hub does not sustain. */
  readonly rates: readonly number[];
  /** Seconds for which each rate is offered. */
  readonly seconds: number;
  /** Missions that the messages belong to, in turn. */
  readonly missions: number;
  readonly seed: number;
  readonly progress: (what: string) => void;
}

interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface LatencyFigures {
  /** Messages per second. */
  readonly offered: number;
  /** Delivered per second, from the first scheduled message to the last delivery. */
  readonly achieved: number;
  readonly sent: number;
  /** Milliseconds from the scheduled time to the answer. */
  readonly answered: Percentiles;
  /** Milliseconds from the acceptance time in the hub's answer to the delivery. */
  readonly delivered: Percentiles;
  /** Milliseconds from the scheduled time to the delivery. */
  readonly whole: Percentiles;
  readonly sustained: boolean;
}

const percentiles = (values: readonly number[]): Percentiles => ({
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
});

const hubShape = z.object({ url: z.string(), issuerUrl: z.string() });
const tokenShape = z.object({ access_token: z.string() });
const answerShape = z.object({ timestamp: z.string() });

/** A hub sustains a rate if it delivers this share of the offered messages while they are offered. */
const keepsUp = 0.9;
/** Longest wait for outstanding deliveries after a rate, seconds. */
const patience = 30;

const agent = new Agent({ keepAlive: true, maxSockets: 256 });

const post = async (url: string, token: string, body: string): Promise<string> => {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/fhir+json',
    'content-length': Buffer.byteLength(body),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = httpRequest(url, { method: 'POST', agent, headers }, resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  const text = (await buffer(response)).toString('utf8');
  const { statusCode = 500 } = response;
  if (statusCode >= 300) throw new Error(`the hub answered ${statusCode}: ${text.slice(0, 500)}`);
  return text;
};

const now = (): number => performance.timeOrigin + performance.now();

interface Sent {
  readonly scheduled: number;
  answered?: number;
  accepted?: number;
  delivered?: number;
}

export const measureLatency = async ({
  assembly,
  rates,
  seconds,
  missions,
  seed,
  progress,
}: LatencySettings): Promise<readonly LatencyFigures[]> => {
  const random = randomFrom(seed);
  const child = fork(fileURLToPath(new URL('./hub-process.ts', import.meta.url)), [assembly], { execArgv: [] });
  const underWay = new Map<string, Sent>();
  const active = Promise.withResolvers<void>();
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = now();
    const body = (await buffer(request)).toString('latin1');
    response.writeHead(200).end();
    if (body.includes('"valueCode":"handshake"')) active.resolve();
    const id = /"resourceType":\s*"MessageHeader",\s*"id":\s*"([0-9a-f-]{36})"/.exec(body)?.[1] ?? '';
    const sent = underWay.get(id);
    if (sent !== undefined) sent.delivered ??= at;
  };
  const receiver = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  try {
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const address = receiver.address();
    if (address === null || typeof address === 'string') throw new Error('the receiver has no port');
    const [said]: unknown[] = await once(child, 'message');
    const { url, issuerUrl } = hubShape.parse(said);
    const tokenOf = async (client: string): Promise<string> => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: client });
      return tokenShape.parse(await (await fetch(`${issuerUrl}/token`, { method: 'POST', body })).json()).access_token;
    };
    const requester = await tokenOf(steps.update.sender);
    const coordinator = await tokenOf(steps.decision.sender);
    await post(`${url}/Subscription`, coordinator, subscriptionText(`http://127.0.0.1:${address.port}/notify`));
    const message = (token: string, text: string): Promise<string> => post(`${url}/$process-message`, token, text);

    const open: string[] = [];
    for (let index = 0; index < missions; index += 1) {
      const name = `latency ${index}`;
      const mission = missionOf(await message(requester, messageText(steps.request, { name: `${name} request` })));
      await message(coordinator, messageText(steps.acknowledgement, { name: `${name} acknowledgement`, mission }));
      open.push(mission);
    }
    await active.promise;

    let count = 0;
    const offer = async (rate: number): Promise<LatencyFigures> => {
      underWay.clear();
      const failed: unknown[] = [];
      const start = now() + 50;
      const sending: Promise<void>[] = [];
      const sent: Sent[] = [];
      const send = async (one: Sent, text: string): Promise<void> => {
        const { timestamp } = answerShape.parse(JSON.parse(await message(requester, text)));
        one.answered = now();
        one.accepted = Date.parse(timestamp);
      };
      for (const moment of arrivals(rate, seconds, random)) {
        const name = `latency message ${count}`;
        const mission = open[count % open.length];
        count += 1;
        const text = messageText(steps.update, { name, ...(mission === undefined ? {} : { mission }) });
        const one: Sent = { scheduled: start + moment };
        underWay.set(headerIdOf(name), one);
        sent.push(one);
        await delay(Math.max(0, one.scheduled - now()));
        sending.push(send(one, text).catch((error: unknown) => void failed.push(error)));
      }
      await Promise.all(sending);
      const until = now() + patience * 1000;
      while (now() < until && sent.some(({ delivered }) => delivered === undefined)) await delay(20);
      if (failed.length > 0) progress(`${failed.length} of ${sent.length} messages failed: ${String(failed[0])}`);

      const done = sent.filter(
        (one): one is Required<Sent> => one.delivered !== undefined && one.accepted !== undefined,
      );
      const last = Math.max(...done.map(({ delivered }) => delivered));
      const achieved = done.length / ((last - start) / 1000);
      const inTime = done.filter(({ delivered }) => delivered <= start + seconds * 1000 + 1000).length;
      return {
        offered: rate,
        achieved,
        sent: sent.length,
        answered: percentiles(done.map(({ answered, scheduled }) => answered - scheduled)),
        delivered: percentiles(done.map(({ delivered, accepted }) => delivered - accepted)),
        whole: percentiles(done.map(({ delivered, scheduled }) => delivered - scheduled)),
        sustained: failed.length === 0 && inTime >= keepsUp * sent.length,
      };
    };

    // As many simultaneous calls as there are instances, so that none of them starts while it is timed.
    for (let round = 0; round < 3; round += 1)
      await Promise.all(
        open.map((mission, index) =>
          message(requester, messageText(steps.update, { name: `latency warm ${round} ${index}`, mission })),
        ),
      );
    await delay(3_000);
    const figures: LatencyFigures[] = [];
    for (const rate of rates) {
      progress(`latency at ${rate} messages/s`);
      const found = await offer(rate);
      figures.push(found);
      if (!found.sustained) break;
    }
    return figures;
  } finally {
    receiver.closeAllConnections();
    receiver.close();
    agent.destroy();
    if (child.connected) {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    }
  }
};
