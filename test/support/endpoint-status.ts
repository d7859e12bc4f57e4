import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { FailedCall, Subscriptions, SubscriptionStatus } from '../../core/delivery/subscription.ts';
import type { Attempt } from '../../core/delivery/notifications.ts';
import type { MemoryHub } from '../memory/hub.ts';
import { defined } from '../../schemas/defined.ts';

/** Sets the status of a subscription without a call to its endpoint. No handshake or heartbeat is due after it. */
export const becomes = async (
  {
    subscriptions,
    endpointHealth,
  }: { readonly subscriptions: Subscriptions; readonly endpointHealth: EndpointHealthStore },
  id: string,
  status: SubscriptionStatus,
  failedCall?: FailedCall,
): Promise<void> => {
  if (status === 'off') {
    await subscriptions.turnOff(id, '2026-02-01T12:00:00.000Z');
    return;
  }
  const seen = await subscriptions.read(id);
  if (seen === undefined) throw new Error(`there is no subscription ${id}`);
  await endpointHealth.save(seen, { status, failures: 0, ...defined({ failedCall }) });
};

/** An attempt that called the endpoint, the first unless given otherwise. */
export const attempted = (
  attempt: Pick<Attempt, 'at' | 'answer' | 'status'> & Partial<Omit<Attempt, 'at' | 'answer' | 'status'>>,
): Attempt => ({ called: true, firstTriedAt: attempt.at, ...attempt });

/** All notifications arrive, as if the lanes had delivered them: so the sweeper has nothing to alert people about. */
export const allArrive = async ({
  notifications,
  lanes,
}: Pick<MemoryHub, 'notifications' | 'lanes'>): Promise<void> => {
  for (const { subscription, number } of lanes.quick.notifications()) {
    const at = (await notifications.read(subscription, number))?.writtenAt ?? '';
    await notifications.record(subscription, number, attempted({ at, answer: 'HTTP 200', status: 'delivered' }));
  }
};

/** Numbers of the dead letters, those given up longest ago first. */
export const deadNumbers = async (deadLetters: DeadLetters): Promise<readonly number[]> =>
  (await deadLetters.list(1000)).items.map(({ number }) => number);
