import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { OnCall } from './on-call.ts';

interface DeliveryQueueProps {
  readonly consumerTimeout: Duration;
  readonly onCall: OnCall;
}

/** Notifications on their way, in order per subscription and mission, and orders that failed inside the hub again and again. */
export class DeliveryQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #onCall: OnCall;

  constructor(scope: Construct, id: string, { consumerTimeout, onCall }: DeliveryQueueProps) {
    super(scope, id);

    // A name of CloudFormation's own would do on AWS; emulators forget that it must end in `.fifo`.
    const { stackName } = Stack.of(this);
    const fifo = {
      fifo: true,
      contentBasedDeduplication: false,
      // Each group has its own throughput, so that one busy mission takes nothing from the others.
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    };

    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...fifo,
      queueName: `${stackName}-dead-deliveries.fifo`,
      retentionPeriod: Duration.days(14),
    });
    this.queue = new Queue(this, 'Queue', {
      ...fifo,
      queueName: `${stackName}-deliveries.fifo`,
      // Below six times the consumer's timeout AWS may hand out a message that is still being worked on.
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      // `deliver` gives up by itself, and the table keeps what it gave up; this stops what always fails inside it. A record comes along with every try of those before it in its group.
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 1000 },
    });

    this.#onCall = onCall;
    onCall.wake(
      this,
      'Broken',
      this.deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: 'Maximum' }),
      {
        alarmDescription:
          'Orders to tell a partner something have failed inside the hub a thousand times. ' +
          'The sweeper orders anew what is still owed, so partners are told late; if it happens again, coordinators must phone.',
        threshold: 0,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 1,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      },
    );
  }

  /** Hands the notifications to `consumer` one by one: in a batch, the slowest endpoint would hold back the others. */
  feed(consumer: LambdaFunction): void {
    consumer.addEventSource(new SqsEventSource(this.queue, { batchSize: 1, reportBatchItemFailures: true }));
    const watched = { period: Duration.minutes(1), statistic: 'Sum' };
    const lasting = {
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    };
    this.#onCall.wake(this, 'Failing', consumer.metricErrors(watched), {
      ...lasting,
      alarmDescription:
        'Deliveries end inside the hub before they are done: partners are told late or not at all, and warnings to people travel the same way. ' +
        'If a release has just gone out, roll it back; until then coordinators must phone.',
    });
    this.#onCall.wake(this, 'Throttled', consumer.metricThrottles(watched), {
      ...lasting,
      alarmDescription:
        'AWS lets no more deliveries run side by side: partners are told late. See what else takes the concurrency of the account; while it lasts, coordinators must phone.',
    });
  }
}
