import { codesOf, decisions, taskKinds, urgencies } from '../codes.ts';
import type { HubEventName } from '../messages/catalogue.ts';

/**
 * The metrics of missions, for CloudWatch: names, units, and dimensions with all their values.
 * Each combination of values is a metric of its own and costs up to 0.30 dollars a month.
 */

/** Several stages can be in one account, so each stack has its own namespace. */
export const metricNamespace = (stack: string): string => stack;

/** Messages of the hub that ask people to phone a party; a missed deadline has a metric of its own. */
const warnings = {
  'party-unreachable': 'A party has no subscription, or its endpoint does not answer and the hub still retries',
  'delivery-failed': 'The hub gave up delivering to a party',
} as const satisfies Readonly<Record<Exclude<HubEventName, 'acknowledgement-overdue'>, string>>;

/** Every dimension with its codes and their meaning. Codes only: nothing that names a party, a mission or a person. */
export const metricDimensions = {
  missions: { real: 'Real missions', exercise: 'Exercises (HTEST)' },
  urgency: urgencies,
  decision: decisions,
  outcome: {
    delivered: 'The endpoint took it: it answered 2xx',
    retry: 'The endpoint was called and did not take it: the hub will retry',
    'given-up': 'The endpoint rejected it permanently, or did not take it for 12 minutes: a dead letter',
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

/** The catalogue. Real missions and exercises are never added up: each metric has the dimension `missions`. */
export const metrics = {
  MissionsRequested: {
    unit: 'Count',
    dimensions: ['missions', 'urgency'],
    meaning: 'Missions requested. A message that is sent again is not counted again.',
  },
  MissionsDecided: {
    unit: 'Count',
    dimensions: ['missions', 'decision'],
    meaning: 'Decisions of AMK LA, including decisions on reviews and decisions that reverse another.',
  },
  TimeToDecision: {
    unit: 'Seconds',
    dimensions: ['missions', 'urgency'],
    meaning:
      'From the request, or the request for a review, to the first decision on it that is not a deferral. A forwarded request counts from the request to the first AMK LA.',
  },
  Deliveries: {
    unit: 'Count',
    dimensions: ['missions', 'outcome'],
    meaning:
      'Calls of endpoints with a notification, by outcome. An endpoint whose circuit is open is not called and not counted.',
  },
  TimeToDelivery: {
    unit: 'Seconds',
    dimensions: ['missions', 'urgency'],
    meaning:
      'From the entry in the mission log to the 2xx answer of an endpoint. Notifications that were given up and redriven later are not measured.',
  },
  AcknowledgementsOverdue: {
    unit: 'Count',
    dimensions: ['missions', 'task'],
    meaning: 'Tasks that nobody acknowledged in time, and deferred decisions that were not made in time.',
  },
  HubWarnings: {
    unit: 'Count',
    dimensions: ['missions', 'warning'],
    meaning: 'Messages in which the hub asks people to phone a party.',
  },
} as const satisfies Readonly<Record<string, BusinessMetric>>;

export type MetricName = keyof typeof metrics;

/** The dimension values of one count of a metric. */
export type DimensionsOf<Name extends MetricName> = {
  readonly [Dimension in (typeof metrics)[Name]['dimensions'][number]]: keyof (typeof metricDimensions)[Dimension];
};

/** The codes that a dimension can have. */
export const valuesOf = (dimension: MetricDimension): readonly string[] => Object.keys(metricDimensions[dimension]);

/** Number of CloudWatch metrics of one name: the combinations of its dimension values. */
export const seriesOf = (name: MetricName): number =>
  metrics[name].dimensions.reduce((count, dimension) => count * valuesOf(dimension).length, 1);

/** Number of CloudWatch metrics of all names. */
export const mostSeries = codesOf(metrics).reduce((count, name) => count + seriesOf(name), 0);
