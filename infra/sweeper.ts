/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

interface SweeperProps {
  readonly sweep: Lambda;
}

/** Works what is owed: unfinished fan-outs, notifications not delivered, acknowledgements not given. */
export class Sweeper extends Construct {
  constructor(scope: Construct, id: string, { sweep }: SweeperProps) {
    super(scope, id);

    // A run that failed or could not start is not made up for: the next one finds the same work.
    sweep.configureAsyncInvoke({ retryAttempts: 0 });
    new Rule(this, 'EveryMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(sweep, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });

    sweep.metricErrors({ period: Duration.minutes(1), statistic: 'Sum' }).createAlarm(this, 'Standing', {
      alarmDescription:
        'What the hub owes is not being worked off: notifications that failed once are not sent again, ' +
        'and what was cut off is not finished. Until it runs again, coordinators must phone.',
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      // One failed minute is made good by the next.
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });

    // The sweeper counts the dead letters once a run: they stand in the table, not in a queue that forgets them.
    const counted = { metricNamespace: 'luftbro', metricName: 'DeadLetters' };
    new MetricFilter(this, 'DeadLetterCount', {
      ...counted,
      logGroup: sweep.logGroup,
      filterPattern: FilterPattern.stringValue('$.code', '=', 'LB-503'),
      metricValue: '$.count',
    });
    new Metric({
      namespace: counted.metricNamespace,
      metricName: counted.metricName,
      period: Duration.minutes(1),
      statistic: 'Maximum',
    }).createAlarm(this, 'DeadLetters', {
      alarmDescription:
        'A partner has not been told something about a mission, and the hub has stopped trying. The parties of the mission were told ' +
        "to phone it. See that they did, repair the partner's endpoint with its people, then redrive or discard: npm run dead-letters.",
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}
