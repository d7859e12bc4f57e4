import { codesOf, decisions, taskKinds, urgencies } from '../codes.ts';
import type { HubEventName } from '../messages/catalogue.ts';

/**
 * What the hub counts of missions, for CloudWatch: names, units, dimensions with all the values they can have.
 * Each combination of values is a metric of its own and costs 0.30 dollars in a month in which it is seen all the time.
 */

/** Stages live side by side in one account: each stack has a namespace of its own. */
export const metricNamespace = (stack: string): string => stack;

/** Messages of the hub that ask people to phone a party; a missed deadline has a metric of its own. */
const warnings = {
  'party-unreachable': 'A party has no subscription, or its endpoint does not answer and the hub still retries',
  'delivery-failed': 'The hub gave up delivering to a party',
} as const satisfies Readonly<Record<Exclude<HubEventName, 'acknowledgement-overdue'>, string>>;

/** Every dimension with its codes and what they mean. Codes only: nothing that names a party, a mission or a person. */
export const metricDimensions = {
  missions: { real: 'Real missions', exercise: 'Exercises (HTEST)' },
  urgency: urgencies,
  decision: decisions,
  outcome: {
    told: 'The endpoint has it: it answered 2xx',
    again: 'The endpoint was called and did not take it: it is called again',
    'given-up': 'The endpoint refused it for good, or did not take it for twelve minutes: a dead letter',
  },
  task: taskKinds,
  warning: warnings,
} as const;
export type MetricDimension = keyof typeof metricDimensions;

interface BusinessMetric {
  readonly unit: 'Count' | 'Seconds';
  readonly dimensions: readonly MetricDimension[];
  readonly meaning: string;
}

/** The catalogue. Real missions and exercises are never in one number: each metric has `missions`. */
export const metrics = {
  MissionsRequested: {
    unit: 'Count',
    dimensions: ['missions', 'urgency'],
    meaning: 'Missions that were asked for. A message that comes again is not counted again.',
  },
  MissionsDecided: {
    unit: 'Count',
    dimensions: ['missions', 'decision'],
    meaning: 'Decisions of AMK LA; a review, and a decision that overturns another, is counted as well.',
  },
  TimeToDecision: {
    unit: 'Seconds',
    dimensions: ['missions', 'urgency'],
    meaning:
      'From the request, or the request for a review, until the first decision on it that is not a deferral. A forwarded request counts from the first AMK LA that was asked.',
  },
  Deliveries: {
    unit: 'Count',
    dimensions: ['missions', 'outcome'],
    meaning:
      'Calls of endpoints with a notification, by what came of them. An endpoint that is left alone because it does not answer is not called.',
  },
  TimeToTold: {
    unit: 'Seconds',
    dimensions: ['missions', 'urgency'],
    meaning:
      'From the entry in the mission log until an endpoint had it. What was given up and redriven by people later is not measured.',
  },
  AcknowledgementsOverdue: {
    unit: 'Count',
    dimensions: ['missions', 'task'],
    meaning: 'Asks that nobody acknowledged in time, and deferred decisions that were not made in time.',
  },
  HubWarnings: {
    unit: 'Count',
    dimensions: ['missions', 'warning'],
    meaning: 'Messages in which the hub asks people to phone a party.',
  },
} as const satisfies Readonly<Record<string, BusinessMetric>>;

export type MetricName = keyof typeof metrics;

/** The values that a metric is counted under. */
export type DimensionsOf<Name extends MetricName> = {
  readonly [Dimension in (typeof metrics)[Name]['dimensions'][number]]: keyof (typeof metricDimensions)[Dimension];
};

/** The codes that a dimension can have. */
export const valuesOf = (dimension: MetricDimension): readonly string[] => Object.keys(metricDimensions[dimension]);

/** How many metrics CloudWatch can see of one name: every combination of its dimensions' values. */
export const seriesOf = (name: MetricName): number =>
  metrics[name].dimensions.reduce((count, dimension) => count * valuesOf(dimension).length, 1);

/** How many it can see in all. */
export const mostSeries = codesOf(metrics).reduce((count, name) => count + seriesOf(name), 0);
