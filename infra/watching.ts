/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type IFilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type LogMessageName, logMessages } from '../schemas/log-messages.ts';
import { metricNamespace } from '../schemas/metrics.ts';

/** How alarms look at numbers: minute by minute. */

const period = Duration.minutes(1);

export const summed = { period, statistic: Stats.SUM };
export const largest = { period, statistic: Stats.MAXIMUM };
export const counted = { period, statistic: Stats.SAMPLE_COUNT };

/** More than none, or than `threshold`. */
export const atOnce = {
  threshold: 0,
  comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  evaluationPeriods: 1,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

/** The same in three minutes of five: one bad minute is made good by a system or a sweep that tries again. */
export const lasting = { ...atOnce, evaluationPeriods: 5, datapointsToAlarm: 3 };

/** Lines that carry one of these codes. */
export const saying = (...messages: readonly LogMessageName[]): IFilterPattern =>
  FilterPattern.any(...messages.map((message) => FilterPattern.stringValue('$.code', '=', logMessages[message].code)));

/** What Lambda writes when a function ends without a word of its own. */
export const endingEarly: IFilterPattern = FilterPattern.anyTerm(
  'Task timed out',
  'Runtime exited',
  'Uncaught Exception',
);

interface Said {
  readonly by: LambdaFunction;
  readonly pattern: IFilterPattern;
}

/** One number of what several functions log: an alarm on a sum of metrics would look at each of them. */
export const countOf = (scope: Construct, metricName: string, lines: readonly Said[]): Metric => {
  const namespace = metricNamespace(Stack.of(scope).stackName);
  for (const [index, { by, pattern }] of lines.entries())
    new MetricFilter(scope, `${metricName}${index + 1}`, {
      metricNamespace: namespace,
      metricName,
      logGroup: by.logGroup,
      filterPattern: pattern,
    });
  return new Metric({ namespace, metricName, ...summed });
};
