/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration, Stack } from 'aws-cdk-lib';
import { GraphWidget, type IWidget, Metric, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type DimensionsOf, metricNamespace, type MetricName } from '../../schemas/telemetry/metrics.ts';
import type { HubFunction } from './hub-function.ts';
import type { OnCall } from '../observability/on-call.ts';
import type { Lane, StageSettings } from '../stage.ts';
import { atOnce, countOf, endingEarly, largest, loggedMetric, summed, withCode } from '../observability/alarms.ts';

interface DeliveryQueueProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly consumerTimeout: Duration;
  readonly onCall: OnCall;
}

/** The longest that a notification is undelivered in normal operation: the hub gives up after 12 minutes and obeys a `Retry-After` of up to 5. */
const lateAfter = Duration.minutes(20);

/** Notifications of real missions that were given up, in five minutes, so that a partner that refuses all of them does not trigger the alarm each minute. */
const givenUp = (stackName: string): Metric =>
  new Metric({
    namespace: metricNamespace(stackName),
    metricName: 'Deliveries' satisfies MetricName,
    dimensionsMap: { missions: 'real', outcome: 'given-up' } satisfies DimensionsOf<'Deliveries'>,
    ...summed,
    period: Duration.minutes(5),
  });

/** The two lanes of delivery jobs (ADR 44), and their dead-letter queue for jobs that failed inside the hub a thousand times. */
export class DeliveryQueue extends Construct {
  readonly lanes: Readonly<Record<Lane, Queue>>;
  readonly deadLetters: Queue;
  readonly #stage: StageSettings;
  readonly #key: IKey;
  readonly #onCall: OnCall;

  constructor(scope: Construct, id: string, { stage, key, consumerTimeout, onCall }: DeliveryQueueProps) {
    super(scope, id);
    this.#stage = stage;
    this.#key = key;
    this.#onCall = onCall;

    // A generated name works on AWS; emulators generate one that does not end in `.fifo`.
    const { stackName } = Stack.of(this);
    const fifo = {
      fifo: true,
      contentBasedDeduplication: false,
      // Each group has its own throughput: a busy mission does not slow down the others.
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      // SQS uses the key once in this time per caller: a right that is removed ends by then, and a longer time would save cents (docs/costs.md).
      dataKeyReuse: Duration.minutes(5),
      enforceSSL: true,
    };

    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...fifo,
      queueName: `${stackName}-dead-deliveries.fifo`,
      retentionPeriod: Duration.days(stage.deadLetterDays),
    });
    const consumed = {
      ...fifo,
      // After an instance is lost (timeout, out of memory), its job and the later ones of the group wait for so long. It must not be
      // less than the consumer's timeout. AWS advises six times, for invocations that are throttled; `maxConcurrency` prevents those.
      visibilityTimeout: Duration.seconds(2 * consumerTimeout.toSeconds()),
      // `deliver` gives up by itself, and the table keeps those notifications. This stops jobs that always fail inside it. Each attempt of an earlier job in the group counts as a receive of the later ones.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 1000 },
    };
    this.lanes = {
      quick: new Queue(this, 'QuickLane', { ...consumed, queueName: `${stackName}-quick-lane.fifo` }),
      slow: new Queue(this, 'SlowLane', { ...consumed, queueName: `${stackName}-slow-lane.fifo` }),
    };

    onCall.wake(this, 'Broken', this.#broken, {
      ...atOnce,
      alarmDescription:
        'Delivery jobs have failed inside the hub a thousand times. ' +
        'The sweeper creates new jobs for pending notifications, so partners are notified late. If it happens again, coordinators must phone.',
    });
    onCall.wake(this, 'Late', this.#oldest, {
      ...atOnce,
      threshold: lateAfter.toSeconds(),
      evaluationPeriods: 3,
      alarmDescription:
        'A message or notification has waited longer than the hub needs to deliver it or give up, and nobody was warned: ' +
        'delivery jobs are not taken from the queue. Check whether deliver runs. Until it does, coordinators must phone.',
    });
  }

  get #broken(): Metric {
    return this.deadLetters.metricApproximateNumberOfMessagesVisible(largest);
  }

  /** From the hub's own data: SQS does not count a message that is received again and again. */
  get #oldest(): Metric {
    return loggedMetric(this, 'OldestUndelivered', largest);
  }

  /** Current values for the top of the dashboard: half a row. */
  singles(): readonly IWidget[] {
    const half = { width: 6, height: 3 };
    return [
      new SingleValueWidget({ title: 'Oldest undelivered, s', metrics: [this.#oldest], ...half }),
      new SingleValueWidget({ title: 'Failed a thousand times', metrics: [this.#broken], ...half }),
    ];
  }

  /** History for the dashboard: one row. */
  graphs(): readonly IWidget[] {
    const half = { width: 12, height: 6, leftYAxis: { min: 0 } };
    return [
      new GraphWidget({
        title: 'Age of the oldest undelivered message or notification, s',
        left: [this.#oldest],
        ...half,
      }),
      new GraphWidget({
        title: 'Delivery jobs: waiting, being delivered',
        left: [
          this.lanes.quick.metricApproximateNumberOfMessagesVisible({ ...largest, label: 'quick lane: waiting' }),
          this.lanes.quick.metricApproximateNumberOfMessagesNotVisible({
            ...largest,
            label: 'quick lane: being delivered',
          }),
          this.lanes.slow.metricApproximateNumberOfMessagesVisible({ ...largest, label: 'slow lane: waiting' }),
          this.lanes.slow.metricApproximateNumberOfMessagesNotVisible({
            ...largest,
            label: 'slow lane: being delivered, or waiting for a retry',
          }),
        ],
        ...half,
      }),
    ];
  }

  /** Lets a function send delivery jobs to lanes. */
  allowSending(fn: HubFunction, ...lanes: readonly Lane[]): void {
    fn.allow(['sqs:SendMessage'], ...lanes.map((lane) => this.lanes[lane].queueArn));
    fn.allowKey(['kms:GenerateDataKey', 'kms:Decrypt'], this.#key, 'sqs');
  }

  /** Feeds the jobs to `consumer` one by one: in a batch, the slowest endpoint would delay the others. */
  feed(consumer: HubFunction): void {
    consumer.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      ...Object.values(this.lanes).map(({ queueArn }) => queueArn),
    );
    consumer.allowKey(['kms:Decrypt'], this.#key, 'sqs');
    const { deliveriesAtOnce } = this.#stage;
    const feed = (id: string, lane: Lane): EventSourceMapping =>
      new EventSourceMapping(this, id, {
        target: consumer,
        eventSourceArn: this.lanes[lane].queueArn,
        batchSize: 1,
        reportBatchItemFailures: true,
        // Not more than the concurrency of `deliver`: a throttled job would return only when its visibility timeout ends.
        maxConcurrency: deliveriesAtOnce[lane],
      });
    feed('QuickFeed', 'quick');
    feed('SlowFeed', 'slow');

    const threeInARow = { ...atOnce, evaluationPeriods: 3 };
    // A delivery that fails is returned to the queue, and the call of the function succeeds: its errors say nothing, its log lines do.
    const faults = countOf(this, 'DeliveryFaults', [
      {
        of: consumer,
        pattern: withCode('DELIVERY_BROKEN', 'DELIVERY_UNREADABLE', 'STORAGE_UNAVAILABLE', 'UNEXPECTED'),
      },
      { of: consumer, pattern: endingEarly },
    ]);
    this.#onCall.wake(this, 'Failing', faults, {
      ...threeInARow,
      alarmDescription:
        'Deliveries fail inside the hub: partners are notified late or not at all, and warnings to people are delivered in the same way. ' +
        'If a release was just deployed, roll it back. Until then coordinators must phone.',
    });
    this.#onCall.wake(this, 'Throttled', consumer.metricThrottles(summed), {
      ...threeInARow,
      alarmDescription:
        'AWS throttles deliveries: partners are notified late. Find what else uses the concurrency of the account. While it lasts, coordinators must phone.',
    });
    // SweeperDeadLetters stays on while there is one dead letter, and does not fire for the next.
    this.#onCall.wake(this, 'GivenUp', givenUp(Stack.of(this).stackName), {
      ...atOnce,
      alarmDescription:
        'In the last minutes the hub has given up notifications about real missions; older dead letters may remain. ' +
        'The list of SweeperDeadLetters names them and whom to phone. When this alarm ends, no new ones were given up; the list may still have entries.',
    });
  }
}
