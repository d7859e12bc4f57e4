import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Attempt, Notification } from '../../../core/delivery/notifications.ts';
import type { Accepted } from '../../../core/mission/accept-message.ts';
import { type Entry, type MissionState, taskOf, type TaskState } from '../../../core/mission/state.ts';
import { codesOf, decisions } from '../../../schemas/codes.ts';
import {
  type DimensionsOf,
  metricDimensions,
  type MetricName,
  metricNamespace,
  metrics,
} from '../../../schemas/telemetry/metrics.ts';

/**
 * Counts what `schemas/telemetry/metrics.ts` lists: one line of Embedded Metric Format each, of which CloudWatch makes the metric.
 * It is made at import, before `adapters/settings.ts` has read the environment. A function whose settings have no namespace does
 * not start, so only tests of this module use the default.
 */
const output = new Metrics({
  serviceName: 'luftbro',
  namespace: process.env['POWERTOOLS_METRICS_NAMESPACE'] ?? metricNamespace('luftbro'),
});
// A dimension with one value only would lengthen every query.
output.clearDefaultDimensions();

const count = <Name extends MetricName>(
  name: Name,
  dimensions: DimensionsOf<Name> & Readonly<Record<string, string>>,
  value = 1,
): void => {
  for (const [dimension, code] of Object.entries(dimensions)) output.addDimension(dimension, code);
  output.addMetric(name, metrics[name].unit, value).publishStoredMetrics();
};

const missionsOf = ({ exercise }: Pick<Entry, 'exercise'>): 'real' | 'exercise' => (exercise ? 'exercise' : 'real');

const secondsBetween = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);

/** When a decision was requested first. If the request was forwarded, the time counts from the first AMK LA. */
const firstRequestedAt = (state: MissionState, task: TaskState): string => {
  const before = taskOf(state, task.forwardOf);
  return before === undefined ? task.openedAt : firstRequestedAt(state, before);
};

/** No AMK LA has made a decision on it, except a deferral. */
const isUndecided = (task: TaskState | undefined): boolean =>
  task !== undefined && task.agreed !== true && ['requested', 'received', 'on-hold'].includes(task.status);

const countDecision = (entry: Entry, before: MissionState | undefined): void => {
  const { facts, state } = entry;
  const decision = codesOf(decisions).find((code) => code === facts.answer);
  const task = taskOf(state, facts.task);
  if (decision === undefined || task === undefined || before === undefined) return;
  const missions = missionsOf(entry);
  count('MissionsDecided', { missions, decision });
  if (decision === 'deferred' || !isUndecided(taskOf(before, task.id))) return;
  const { urgency } = state;
  count('TimeToDecision', { missions, urgency }, secondsBetween(firstRequestedAt(before, task), entry.receivedAt));
};

/** Counts a message that was accepted for the first time. */
export const countAccepted = ({ entry, before }: Pick<Accepted, 'entry' | 'before'>): void => {
  if (entry.event === 'mission-request')
    count('MissionsRequested', { missions: missionsOf(entry), urgency: entry.state.urgency });
  if (entry.event === 'mission-decision') countDecision(entry, before);
};

/** Counts a message of the hub itself. */
export const countHubMessage = (entry: Entry): void => {
  const missions = missionsOf(entry);
  const warning = codesOf(metricDimensions.warning).find((code) => code === entry.event);
  if (warning !== undefined) count('HubWarnings', { missions, warning });
  const overdue = entry.event === 'acknowledgement-overdue' ? taskOf(entry.state, entry.facts.task) : undefined;
  if (overdue !== undefined) count('AcknowledgementsOverdue', { missions, task: overdue.kind });
};

const outcomes = { delivered: 'delivered', pending: 'retry', failed: 'given-up' } as const;

/** Counts an attempt to deliver. */
export const countDelivery = (entry: Entry, { redrivenAt }: Notification, attempt: Attempt): void => {
  const missions = missionsOf(entry);
  if (attempt.called || attempt.status === 'failed')
    count('Deliveries', { missions, outcome: outcomes[attempt.status] });
  if (attempt.status !== 'delivered' || redrivenAt !== undefined) return;
  count('TimeToDelivery', { missions, urgency: entry.state.urgency }, secondsBetween(entry.receivedAt, attempt.at));
};
