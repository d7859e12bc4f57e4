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
import type { StageSettings } from '../stage.ts';
import { atOnce, largest, summed } from '../observability/alarms.ts';

interface DeliveryQueueProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly consumerTimeout: Duration;
  readonly onCall: OnCall;
}

/** Longest that an order waits when all is well: the hub gives up after twelve minutes, and obeys a `Retry-After` of up to five. */
const lateAfter = Duration.minutes(20);

/** Of real missions, in five minutes, so that a partner that refuses all does not ring each minute. */
const givenUp = (stackName: string): Metric =>
  new Metric({
    namespace: metricNamespace(stackName),
    metricName: 'Deliveries' satisfies MetricName,
    dimensionsMap: { missions: 'real', outcome: 'given-up' } satisfies DimensionsOf<'Deliveries'>,
    ...summed,
    period: Duration.minutes(5),
  });

/** Notifications on their way, in order per subscription and mission, and orders that failed inside the hub again and again. */
export class DeliveryQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #stage: StageSettings;
  readonly #key: IKey;
  readonly #onCall: OnCall;

  constructor(scope: Construct, id: string, { stage, key, consumerTimeout, onCall }: DeliveryQueueProps) {
    super(scope, id);
    this.#stage = stage;
    this.#key = key;
    this.#onCall = onCall;

    // A name of CloudFormation's own would do on AWS; emulators forget that it must end in `.fifo`.
    const { stackName } = Stack.of(this);
    const fifo = {
      fifo: true,
      contentBasedDeduplication: false,
      // Each group has its own throughput, so that one busy mission takes nothing from the others.
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: key,
      // SQS asks the key once in so long per caller: a right that is taken away ends by then, and longer would save cents (docs/costs.md).
      dataKeyReuse: Duration.minutes(5),
      enforceSSL: true,
    };

    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...fifo,
      queueName: `${stackName}-dead-deliveries.fifo`,
      retentionPeriod: Duration.days(stage.deadLetterDays),
    });
    this.queue = new Queue(this, 'Queue', {
      ...fifo,
      queueName: `${stackName}-deliveries.fifo`,
      // Below six times the consumer's timeout AWS may hand out a message that is still being worked on.
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      // `deliver` gives up by itself, and the table keeps what it gave up; this stops what always fails inside it. A record comes along with every try of those before it in its group.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 1000 },
    });

    onCall.wake(this, 'Broken', this.#broken, {
      ...atOnce,
      alarmDescription:
        'Orders to tell a partner something have failed inside the hub a thousand times. ' +
        'The sweeper orders anew what is still owed, so partners are told late; if it happens again, coordinators must phone.',
    });
    onCall.wake(this, 'Late', this.#oldest, {
      ...atOnce,
      threshold: lateAfter.toSeconds(),
      evaluationPeriods: 3,
      alarmDescription:
        'A partner still waits for something that the hub should long have delivered or given up, and nobody was told that it waits: ' +
        'orders are not taken from the queue. See whether deliver runs; until then coordinators must phone.',
    });
  }

  get #broken(): Metric {
    return this.deadLetters.metricApproximateNumberOfMessagesVisible(largest);
  }

  get #oldest(): Metric {
    return this.queue.metricApproximateAgeOfOldestMessage(largest);
  }

  /** Its numbers of now, for the head of a dashboard: half a row. */
  singles(): readonly IWidget[] {
    const half = { width: 6, height: 3 };
    return [
      new SingleValueWidget({ title: 'Oldest order in the queue, s', metrics: [this.#oldest], ...half }),
      new SingleValueWidget({ title: 'Failed a thousand times', metrics: [this.#broken], ...half }),
    ];
  }

  /** How it went with it, for a dashboard: one row. */
  graphs(): readonly IWidget[] {
    const half = { width: 12, height: 6, leftYAxis: { min: 0 } };
    return [
      new GraphWidget({ title: 'Age of the oldest order, s', left: [this.#oldest], ...half }),
      new GraphWidget({
        title: 'Orders in the queue: waiting, being delivered',
        left: [
          this.queue.metricApproximateNumberOfMessagesVisible({ ...largest, label: 'waiting' }),
          this.queue.metricApproximateNumberOfMessagesNotVisible({
            ...largest,
            label: 'being delivered, or tried again later',
          }),
        ],
        ...half,
      }),
    ];
  }

  /** Lets a function put orders into the queue. */
  allowSending(...functions: readonly HubFunction[]): void {
    for (const fn of functions) {
      fn.allow(['sqs:SendMessage'], this.queue.queueArn);
      fn.allowKey(['kms:GenerateDataKey', 'kms:Decrypt'], this.#key, 'sqs');
    }
  }

  /** Hands the notifications to `consumer` one by one: in a batch, the slowest endpoint would hold back the others. */
  feed(consumer: HubFunction): void {
    consumer.allow(
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
      this.queue.queueArn,
    );
    consumer.allowKey(['kms:Decrypt'], this.#key, 'sqs');
    const { mostDeliveriesAtOnce } = this.#stage;
    new EventSourceMapping(this, 'Feed', {
      target: consumer,
      eventSourceArn: this.queue.queueArn,
      batchSize: 1,
      reportBatchItemFailures: true,
      // The queue asks for no more than `deliver` has: what is refused would come back only when its visibility ends.
      ...(mostDeliveriesAtOnce === undefined ? {} : { maxConcurrency: mostDeliveriesAtOnce }),
    });

    const threeInARow = { ...atOnce, evaluationPeriods: 3 };
    this.#onCall.wake(this, 'Failing', consumer.metricErrors(summed), {
      ...threeInARow,
      alarmDescription:
        'Deliveries end inside the hub before they are done: partners are told late or not at all, and warnings to people travel the same way. ' +
        'If a release has just gone out, roll it back; until then coordinators must phone.',
    });
    this.#onCall.wake(this, 'Throttled', consumer.metricThrottles(summed), {
      ...threeInARow,
      alarmDescription:
        'AWS lets no more deliveries run side by side: partners are told late. See what else takes the concurrency of the account; while it lasts, coordinators must phone.',
    });
    // SweeperDeadLetters stays on while one letter lies there, and says nothing of the next.
    this.#onCall.wake(this, 'GivenUp', givenUp(Stack.of(this).stackName), {
      ...atOnce,
      alarmDescription:
        'In these minutes the hub has stopped trying to tell a partner something about a real mission, maybe while older ones still lay there. ' +
        'The list of SweeperDeadLetters says what, and whom to phone. That this alarm is over means only that no more have come.',
    });
  }
}
