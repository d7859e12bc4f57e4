/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, type MetricOptions, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { loggedMetrics, logMessages } from '../../schemas/telemetry/log-messages.ts';
import { metricNamespace } from '../../schemas/telemetry/metrics.ts';
import type { OnCall } from '../observability/on-call.ts';
import { atOnce, counted, largest, lasting, summed } from '../observability/alarms.ts';

interface SweeperProps {
  readonly sweep: Lambda;
  readonly onCall: OnCall;
}

/** Works what is owed: unfinished fan-outs, notifications not delivered, acknowledgements not given. */
export class Sweeper extends Construct {
  /** Notifications that were given up, and that nobody has redriven or discarded. */
  readonly deadLetters: Metric;
  /** Obligations that could not be paid, or that nothing was done for. */
  readonly unpaid: Metric;

  constructor(scope: Construct, id: string, { sweep, onCall }: SweeperProps) {
    super(scope, id);
    const namespace = metricNamespace(Stack.of(this).stackName);

    // A run that failed or could not start is not made up for: the next one finds the same work.
    sweep.configureAsyncInvoke({ retryAttempts: 0 });
    new Rule(this, 'EveryMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });

    for (const { metricName, message, field } of loggedMetrics)
      new MetricFilter(this, `${field.charAt(0).toUpperCase()}${field.slice(1)}Logged`, {
        metricNamespace: namespace,
        metricName,
        logGroup: sweep.logGroup,
        filterPattern: FilterPattern.stringValue('$.code', '=', logMessages[message].code),
        metricValue: `$.${field}`,
      });
    const metric = (metricName: (typeof loggedMetrics)[number]['metricName'], options: MetricOptions): Metric =>
      new Metric({ namespace, metricName, ...options });

    this.deadLetters = metric('DeadLetters', largest);
    this.unpaid = metric('Unpaid', summed);

    // Each run that comes to its end counts the dead letters, also when there are none: no count, no sweeper.
    onCall.wake(this, 'Standing', metric('DeadLetters', counted), {
      alarmDescription:
        'What the hub owes is not being worked off: notifications that failed once are not sent again, ' +
        'what was cut off is not finished, and nobody is told that a deadline has passed. Until it runs again, coordinators must phone.',
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      // One failed minute is made good by the next.
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    onCall.wake(this, 'DeadLetters', this.deadLetters, {
      alarmDescription:
        'A partner has not been told something about a mission, and the hub has stopped trying. As a rule the parties of the mission ' +
        'were told to phone it; the list says of which they were not. Repair the endpoint with its people, then redrive or discard until the list is empty: npm run hub -- dead-letters.',
      ...atOnce,
      // A minute without a count says nothing new.
      treatMissingData: TreatMissingData.IGNORE,
    });

    onCall.wake(this, 'Unpaid', this.unpaid, {
      alarmDescription:
        'The hub owes what it cannot pay: partners have waited for minutes for notifications that were not even tried, or the queue or the table refuses. ' +
        'Warnings to people travel the same way and may be missing too: tell the AMK LA to phone.',
      ...lasting,
    });
  }
}
