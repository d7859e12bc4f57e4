import type { ServerResponse } from 'node:http';
import type { Obligations } from '../core/delivery/obligations.ts';
import { HubClosed } from '../core/mission/errors.ts';

interface HealthPorts {
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<unknown>;
  readonly obligations: Pick<Obligations, 'undelivered'>;
  readonly now: () => number;
}

/** `closed`: an operator has closed the hub, or it has no directory. `unavailable`: the database cannot be read. */
type Status = 'ready' | 'closed' | 'unavailable';

interface Health {
  readonly status: Status;
  /** Messages and notifications that have not reached everybody yet, and for how many seconds the oldest of them has waited. */
  readonly undelivered?: { readonly count: number; readonly oldestSeconds: number };
}

/** Whether the hub takes messages now. That it answers at all shows that it is alive. */
const healthOf = async ({ directory, obligations, now }: HealthPorts): Promise<Health> => {
  try {
    const { count, since } = await obligations.undelivered();
    const oldestSeconds = since === undefined ? 0 : Math.max(0, Math.round((now() - Date.parse(since)) / 1000));
    const undelivered = { count, oldestSeconds };
    return await directory().then(
      () => ({ status: 'ready', undelivered }) as const,
      (error: unknown) => ({ status: error instanceof HubClosed ? 'closed' : 'unavailable', undelivered }) as const,
    );
  } catch {
    return { status: 'unavailable' };
  }
};

/** 200 if the hub is ready, otherwise 503: what a load balancer or a supervisor looks at. */
export const answerHealth = async (ports: HealthPorts, response: ServerResponse): Promise<void> => {
  const health = await healthOf(ports);
  response.writeHead(health.status === 'ready' ? 200 : 503, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
  response.end(`${JSON.stringify(health)}\n`);
};
