import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, type Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';

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

/** A sum of metrics of which each is silent as long as nothing happens: without `FILL` it would have no value then. */
export const sumOf = (label: string, parts: readonly Metric[]): MathExpression => {
  const named = parts.map((part, index) => [`m${index}`, part] as const);
  return new MathExpression({
    label,
    expression: named.map(([name]) => `FILL(${name}, 0)`).join(' + '),
    usingMetrics: Object.fromEntries(named),
    period,
  });
};
