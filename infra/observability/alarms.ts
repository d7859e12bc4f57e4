/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, Metric, type MetricOptions, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import {
  FilterPattern,
  type IFilterPattern,
  type ILogGroup,
  type JsonPattern,
  MetricFilter,
} from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type LogMessageName, type loggedMetrics, logMessages } from '../../schemas/telemetry/log-messages.ts';
import { metricNamespace } from '../../schemas/telemetry/metrics.ts';

/** Statistics and thresholds that the alarms share; all look at single minutes. */

const period = Duration.minutes(1);

export const summed = { period, statistic: Stats.SUM };
export const largest = { period, statistic: Stats.MAXIMUM };
export const counted = { period, statistic: Stats.SAMPLE_COUNT };

/** Fires at once above 0, or above `threshold`. */
export const atOnce = {
  threshold: 0,
  comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  evaluationPeriods: 1,
  treatMissingData: TreatMissingData.NOT_BREACHING,
};

/** Fires if it is so in three minutes of five: a retry of the caller or the sweeper corrects a single bad minute. */
export const lasting = { ...atOnce, evaluationPeriods: 5, datapointsToAlarm: 3 };

/** Log lines with one of these codes. */
export const withCode = (...messages: readonly LogMessageName[]): JsonPattern =>
  FilterPattern.any(...messages.map((message) => FilterPattern.stringValue('$.code', '=', logMessages[message].code)));

/**
 * What Lambda logs when a function does not start or ends without a log line of its own; none of it for an error that a handler
 * throws. `INIT_REPORT` is logged only if starting failed, unless there is provisioned concurrency.
 */
export const endingEarly: IFilterPattern = FilterPattern.anyTerm(
  'Task timed out',
  'Runtime exited',
  'Uncaught Exception',
  'INIT_REPORT',
);

/** A metric that `loggedMetrics` makes of numbers in log lines. */
export const loggedMetric = (
  scope: Construct,
  metricName: (typeof loggedMetrics)[number]['metricName'],
  options: MetricOptions,
): Metric => new Metric({ namespace: metricNamespace(Stack.of(scope).stackName), metricName, ...options });

interface LogLines {
  /** A function or the API. */
  readonly of: { readonly logGroup: ILogGroup };
  readonly pattern: IFilterPattern;
}

/** Counts lines of several logs in one metric: an alarm on a sum of metrics would evaluate each of them. */
export const countOf = (scope: Construct, metricName: string, lines: readonly LogLines[]): Metric => {
  const namespace = metricNamespace(Stack.of(scope).stackName);
  for (const [index, { of, pattern }] of lines.entries())
    new MetricFilter(scope, `${metricName}${index + 1}`, {
      metricNamespace: namespace,
      metricName,
      logGroup: of.logGroup,
      filterPattern: pattern,
    });
  return new Metric({ namespace, metricName, ...summed });
};
