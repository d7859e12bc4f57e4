/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type IFilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type LogMessageName, logMessages } from '../../schemas/telemetry/log-messages.ts';
import { metricNamespace } from '../../schemas/telemetry/metrics.ts';

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

/**
 * What Lambda writes when a function does not start, or ends without a word of its own; none of it for an error that a handler
 * throws. `INIT_REPORT` only stands where starting failed, as long as nothing is started beforehand (provisioned concurrency).
 */
export const endingEarly: IFilterPattern = FilterPattern.anyTerm(
  'Task timed out',
  'Runtime exited',
  'Uncaught Exception',
  'INIT_REPORT',
);

interface Said {
  /** A function, or whatever else has a log. */
  readonly by: { readonly logGroup: ILogGroup };
  readonly pattern: IFilterPattern;
}

/** One number of what stands in several logs: an alarm on a sum of metrics would look at each of them. */
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
