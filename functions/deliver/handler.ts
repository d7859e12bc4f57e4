import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deliveryDesk } from '../../adapters/dynamodb/delivery-context.ts';
import { allowList } from '../../adapters/http/egress-guard.ts';
import { webhookChannel, withinHosts } from '../../adapters/http/channel.ts';
import { openLogs, systemClock } from '../../adapters/wiring.ts';
import { setting } from '../../adapters/settings.ts';
import { openQueues, readOrder, returnAfter } from '../../adapters/sqs/queues.ts';
import { deliver } from '../../core/delivery/deliver.ts';
import { deliverySettings } from '../../core/delivery/retry-policy.ts';
import { HubClosed } from '../../core/mission/errors.ts';
import type { DeliveryJob } from '../../core/delivery/delivery-queue.ts';
import { notificationBundle } from '../../core/fhir/notification.ts';
import { withErrorBoundary } from '../shared/telemetry/error-boundary.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';
import { instrumented, instrumentedDelivery } from '../shared/telemetry/instrumented-ports.ts';

const opened = openLogs();
const logs = { ...opened, missions: instrumented(opened.missions) };
const queues = openQueues();
const queueUrl = setting('DELIVERY_QUEUE_URL');
const base = setting('PUBLIC_URL');
const contexts = deliveryDesk(logs.table, logs.missions);
const channel = webhookChannel(allowList(setting('ENDPOINT_ALLOW_LIST')));

const aboutOf = (order: DeliveryJob) => {
  if (order.kind !== 'notification') return { subscription: order.subscription, contact: order.kind };
  const { subscription, number, mission, entry, correlationId } = order;
  return { subscription, number, mission, entry, correlationId };
};

type Outcome = { readonly done: true } | { readonly done: false; readonly seconds?: number };

const orderIn = ({ body, messageId }: SQSRecord): DeliveryJob | undefined => {
  try {
    return readOrder(body);
  } catch (error) {
    log('DELIVERY_UNREADABLE', { record: messageId, ...kindOf(error) });
    return undefined;
  }
};

/** Seconds: it comes back a thousand times before the queue puts it away, and a hub may be closed for hours. */
const closedWait = 60;

const deliverRecord = async (record: SQSRecord): Promise<Outcome> => {
  const order = orderIn(record);
  // Kept, it would hold up its group; what it was to say is still owed, and the sweeper orders it anew.
  if (order === undefined) return { done: true };
  try {
    const directory = await logs.directory();
    const delivery = instrumentedDelivery(contexts, logs.notifications);
    const delivered = await deliver(order, {
      contexts: delivery.contexts,
      missions: logs.missions,
      subscriptions: logs.subscriptions,
      endpointHealth: logs.endpointHealth,
      notifications: delivery.notifications,
      channel: withinHosts(channel, directory),
      directory,
      clock: systemClock,
      random: Math.random,
      compose: (notice) => notificationBundle(notice, { base, directory }, new Date().toISOString()),
      settings: deliverySettings,
    });
    if (order.kind !== 'notification') log('CONTACT_KEPT', { subscription: order.subscription, contact: order.kind });
    return delivered.outcome === 'settled' ? { done: true } : { done: false, seconds: delivered.seconds };
  } catch (error) {
    if (error instanceof HubClosed) {
      log('HUB_CLOSED', {});
      return { done: false, seconds: closedWait };
    }
    log('DELIVERY_BROKEN', { ...aboutOf(order), ...kindOf(error) });
    return { done: false };
  }
};

/** Lets records come back together: one that stayed in flight longer would hold its whole group back. */
const giveBack = async (records: readonly SQSRecord[], seconds: number): Promise<void> => {
  await Promise.all(
    records.map(({ receiptHandle, messageId }) =>
      returnAfter(queues, queueUrl, receiptHandle, seconds).catch((error: unknown) =>
        log('DELIVERY_NOT_RETURNED', { record: messageId, ...kindOf(error) }),
      ),
    ),
  );
};

/** What failed inside the hub comes back after this many seconds. */
const brokenWait = 5;

/** Records of one group in order; after one that stays, the rest of its group stays too, so that order holds. */
const deliverGroup = async (records: readonly SQSRecord[]): Promise<readonly SQSRecord[]> => {
  for (const [index, record] of records.entries()) {
    const outcome = await deliverRecord(record);
    if (!outcome.done) {
      const rest = records.slice(index);
      await giveBack(rest, outcome.seconds ?? brokenWait);
      return rest;
    }
  }
  return [];
};

/** Delivers notifications. Groups (subscription and mission) go side by side: one that hangs delays no other. */
export const handler = withErrorBoundary(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const groups = Map.groupBy(Records, ({ attributes, messageId }) => attributes.MessageGroupId ?? messageId);
  const stayed = await Promise.all([...groups.values()].map(deliverGroup));
  return { batchItemFailures: stayed.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
});
