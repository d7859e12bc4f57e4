import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { deliveryDesk } from '../../adapters/dynamodb/delivery-desk.ts';
import { allowList } from '../../adapters/http/egress-guard.ts';
import { webhookChannel, withinHosts } from '../../adapters/http/channel.ts';
import { openLogs, systemClock } from '../../adapters/hub.ts';
import { setting } from '../../adapters/settings.ts';
import { openQueues, readOrder, returnAfter } from '../../adapters/sqs/queues.ts';
import { deliver, deliverySettings } from '../../mission/deliver.ts';
import type { DeliveryOrder } from '../../mission/ports.ts';
import { notificationBundle } from '../../mission/views/notification.ts';
import { kindOf, log, type LogDetails } from '../edge/log.ts';

const logs = openLogs();
const queues = openQueues();
const queueUrl = setting('DELIVERY_QUEUE_URL');
const base = setting('PUBLIC_URL');
const desk = deliveryDesk(logs.table, logs.missions);
const channel = webhookChannel(allowList(setting('ENDPOINT_ALLOW_LIST')));

const aboutOf = (order: DeliveryOrder): LogDetails =>
  order.kind === 'notification'
    ? { subscription: order.subscription, number: order.number, mission: order.mission, entry: order.entry }
    : { subscription: order.subscription, contact: order.kind };

type Outcome = { readonly done: true } | { readonly done: false; readonly seconds?: number };

const orderIn = ({ body, messageId }: SQSRecord): DeliveryOrder | undefined => {
  try {
    return readOrder(body);
  } catch (error) {
    log('error', 'DELIVERY_UNREADABLE', { record: messageId, ...kindOf(error) });
    return undefined;
  }
};

const deliverRecord = async (record: SQSRecord): Promise<Outcome> => {
  const order = orderIn(record);
  // Kept, it would hold up its group; what it was to say is still owed, and the sweeper orders it anew.
  if (order === undefined) return { done: true };
  const about = aboutOf(order);
  try {
    const directory = await logs.directory();
    const delivered = await deliver(order, {
      desk,
      missions: logs.missions,
      subscriptions: logs.subscriptions,
      channel: withinHosts(channel, directory),
      directory,
      clock: systemClock,
      random: Math.random,
      compose: (notice) => notificationBundle(notice, { base, directory }, new Date().toISOString()),
      settings: deliverySettings,
    });
    if (delivered.outcome === 'settled') {
      log('info', 'DELIVERY_SETTLED', about);
      return { done: true };
    }
    log('info', 'DELIVERY_AGAIN', { ...about, seconds: delivered.seconds });
    return { done: false, seconds: delivered.seconds };
  } catch (error) {
    log('error', 'DELIVERY_BROKEN', { ...about, ...kindOf(error) });
    return { done: false };
  }
};

/** Lets records come back together: one that stayed in flight longer would hold its whole group back. */
const giveBack = async (records: readonly SQSRecord[], seconds: number): Promise<void> => {
  await Promise.all(
    records.map(({ receiptHandle, messageId }) =>
      returnAfter(queues, queueUrl, receiptHandle, seconds).catch((error: unknown) =>
        log('warn', 'DELIVERY_BROKEN', { record: messageId, ...kindOf(error) }),
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
export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const groups = Map.groupBy(Records, ({ attributes, messageId }) => attributes.MessageGroupId ?? messageId);
  const stayed = await Promise.all([...groups.values()].map(deliverGroup));
  return { batchItemFailures: stayed.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
};
