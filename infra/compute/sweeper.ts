/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, type Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { loggedMetrics, logMessages } from '../../schemas/telemetry/log-messages.ts';
import { metricNamespace } from '../../schemas/telemetry/metrics.ts';
import type { OnCall } from '../observability/on-call.ts';
import { atOnce, counted, largest, lasting, loggedMetric, summed } from '../observability/alarms.ts';

interface SweeperProps {
  readonly sweep: Lambda;
  readonly onCall: OnCall;
}

/** Runs the sweeper every minute on pending work: unfinished fan-outs, undelivered notifications, overdue acknowledgements. */
export class Sweeper extends Construct {
  /** Notifications that were given up and not redriven or discarded. */
  readonly deadLetters: Metric;
  /** Obligations that could not be completed, or that were not attempted. */
  readonly overdue: Metric;

  constructor(scope: Construct, id: string, { sweep, onCall }: SweeperProps) {
    super(scope, id);
    const namespace = metricNamespace(Stack.of(this).stackName);

    // A run that failed or could not start is not repeated: the next run finds the same work. Lambda would keep a throttled run for six
    // hours, and all of them would start together when there is capacity again. The age below ends when Lambda has queued the run.
    sweep.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
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
    this.deadLetters = loggedMetric(this, 'DeadLetters', largest);
    this.overdue = loggedMetric(this, 'OverdueObligations', summed);

    // Each completed run logs the number of dead letters, also zero: without a count no run has completed.
    onCall.wake(this, 'Stopped', loggedMetric(this, 'DeadLetters', counted), {
      alarmDescription:
        'Pending work is not processed: notifications that failed once are not sent again, ' +
        'interrupted work is not completed, and nobody is notified that a deadline has passed. Until the sweeper runs again, coordinators must phone.',
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      // The next run does the work of one that failed.
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
    onCall.wake(this, 'DeadLetters', this.deadLetters, {
      alarmDescription:
        'A partner was not notified of something about a mission, and the hub has stopped trying. As a rule the parties of the mission ' +
        'were asked to phone it; the list marks the cases in which they were not. Repair the endpoint with its owner, then redrive or discard until the list is empty: npm run hub -- dead-letters.',
      ...atOnce,
      // A minute without a count changes nothing.
      treatMissingData: TreatMissingData.IGNORE,
    });

    onCall.wake(this, 'Overdue', this.overdue, {
      alarmDescription:
        'Pending work is overdue: partners have waited for minutes for notifications that were not attempted, or the queue or the table refuses. ' +
        'Warnings to people are delivered in the same way and may be missing too: ask the AMK LA to phone.',
      ...lasting,
    });
  }
}
