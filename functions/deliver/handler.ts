import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { PartyDirectory } from '../../adapters/party-directory.ts';
import type { Channel } from '../../core/delivery/channel.ts';
import type { DeliverPorts } from '../../core/delivery/attempt.ts';
import { deliver } from '../../core/delivery/deliver.ts';
import type { DeliveryJob, Lane } from '../../core/delivery/delivery-queue.ts';
import { deliverQuickly } from '../../core/delivery/quick-lane.ts';
import { deliverySettings } from '../../core/delivery/retry-policy.ts';
import { notificationBundle } from '../../core/fhir/notification.ts';
import type { Clock } from '../../core/mission/clock.ts';
import { HubClosed, Unavailable } from '../../core/mission/errors.ts';
import { withErrorBoundary } from '../shared/telemetry/error-boundary.ts';
import { instrumented, instrumentedDelivery } from '../shared/telemetry/instrumented-ports.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';

export interface DeliverDeps
  extends Clock,
    Omit<DeliverPorts, 'directory' | 'channel' | 'clock' | 'compose' | 'settings'> {
  readonly base: string;
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
  /** A channel that posts only to the hosts that the directory allows. */
  readonly channelWithin: (directory: PartyDirectory) => Channel;
  /** Throws if the body of a record is no job. */
  readonly readJob: (body: string) => DeliveryJob;
  /** The lane whose queue has this ARN. */
  readonly laneOf: (queueArn: string) => Lane;
  /** Makes a received record visible again after so many seconds. */
  readonly returnAfter: (lane: Lane, receiptHandle: string, seconds: number) => Promise<void>;
}

type Outcome = { readonly done: true } | { readonly done: false; readonly seconds?: number };

/** Seconds: the queue makes a record a dead letter after a thousand receives, and a hub can be closed for hours. */
const closedWait = 60;

/** Seconds until a record comes back that failed inside the hub. */
const brokenWait = 5;

const fieldsOf = (job: DeliveryJob) => {
  if (job.kind !== 'notification') return { subscription: job.subscription, contact: job.kind };
  const { subscription, number, mission, entry, correlationId } = job;
  return { subscription, number, mission, entry, correlationId };
};

const jobIn = ({ body, messageId }: SQSRecord, { readJob }: DeliverDeps): DeliveryJob | undefined => {
  try {
    return readJob(body);
  } catch (error) {
    log('DELIVERY_UNREADABLE', { record: messageId, ...kindOf(error) });
    return undefined;
  }
};

const deliverRecord = async (record: SQSRecord, deps: DeliverDeps): Promise<Outcome> => {
  const job = jobIn(record, deps);
  // If the record stayed, it would block its group. The notification is still pending: the sweeper queues it again.
  if (job === undefined) return { done: true };
  try {
    const directory = await deps.directory();
    const ports: DeliverPorts = {
      ...deps,
      ...instrumentedDelivery(deps.contexts, deps.notifications),
      channel: deps.channelWithin(directory),
      directory,
      clock: deps,
      compose: (notice) =>
        notificationBundle(notice, { base: deps.base, directory }, new Date(deps.now()).toISOString()),
      settings: deliverySettings,
    };
    const receives = Number(record.attributes.ApproximateReceiveCount);
    const isQuick = deps.laneOf(record.eventSourceARN) === 'quick';
    const delivered = await (isQuick ? deliverQuickly(job, ports, { receives }) : deliver(job, ports));
    if (job.kind !== 'notification') log('ENDPOINT_CALLED', { subscription: job.subscription, contact: job.kind });
    return delivered.outcome === 'complete' ? { done: true } : { done: false, seconds: delivered.seconds };
  } catch (error) {
    if (error instanceof HubClosed) {
      log('HUB_CLOSED', {});
      return { done: false, seconds: closedWait };
    }
    if (error instanceof Unavailable) log('STORAGE_UNAVAILABLE', kindOf(error));
    log('DELIVERY_BROKEN', { ...fieldsOf(job), ...kindOf(error) });
    return { done: false };
  }
};

/** Returns records to the queue with one delay for all: a record that stayed in flight for longer would block its group. */
const returnToQueue = async (
  records: readonly SQSRecord[],
  seconds: number,
  { laneOf, returnAfter }: DeliverDeps,
): Promise<void> => {
  await Promise.all(
    records.map(({ eventSourceARN, receiptHandle, messageId }) =>
      returnAfter(laneOf(eventSourceARN), receiptHandle, seconds).catch((error: unknown) =>
        log('DELIVERY_NOT_RETURNED', { record: messageId, ...kindOf(error) }),
      ),
    ),
  );
};

/** Works the records of one group in order. If one is not done, the rest of its group stays in the queue too, so that order holds. */
const deliverGroup = async (records: readonly SQSRecord[], deps: DeliverDeps): Promise<readonly SQSRecord[]> => {
  for (const [index, record] of records.entries()) {
    const outcome = await deliverRecord(record, deps);
    if (!outcome.done) {
      const rest = records.slice(index);
      await returnToQueue(rest, outcome.seconds ?? brokenWait, deps);
      return rest;
    }
  }
  return [];
};

/** Delivers notifications of both lanes. Groups run in parallel: one that hangs delays no other. */
export const createHandler = (ports: DeliverDeps) => {
  const deps = { ...ports, missions: instrumented(ports.missions) };
  return withErrorBoundary(async ({ Records }: Pick<SQSEvent, 'Records'>): Promise<SQSBatchResponse> => {
    const groups = Map.groupBy(Records, ({ attributes, messageId }) => attributes.MessageGroupId ?? messageId);
    const stayed = await Promise.all([...groups.values()].map((group) => deliverGroup(group, deps)));
    return { batchItemFailures: stayed.flat().map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
};
