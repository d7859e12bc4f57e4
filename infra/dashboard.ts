import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IWidget,
  Metric,
  PeriodOverride,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type MetricName, metricNamespace, metrics, valuesOf } from '../schemas/telemetry/metrics.ts';
import type { DeliveryQueue } from './compute/delivery-queue.ts';
import type { ApiRefusals } from './observability/api-alarms.ts';
import type { FhirApi } from './api/fhir-api.ts';
import type { OnCall } from './observability/on-call.ts';
import type { Sweeper } from './compute/sweeper.ts';

interface HubDashboardProps {
  readonly api: FhirApi;
  readonly refusals: ApiRefusals;
  readonly deliveries: DeliveryQueue;
  readonly sweeper: Sweeper;
  readonly functions: readonly LambdaFunction[];
  readonly onCall: OnCall;
}

/** The dashboard for people on call: first whether everybody was notified, then missions, then the hub itself. */
export class HubDashboard extends Construct {
  readonly url: string;

  constructor(
    scope: Construct,
    id: string,
    { api, refusals, deliveries, sweeper, functions, onCall }: HubDashboardProps,
  ) {
    super(scope, id);
    const { stackName, region } = Stack.of(this);
    // Dashboards have no region: a second stack of the name, in another region of the account, would overwrite the first one's.
    const dashboardName = `${stackName}-${region}`;
    const dashboard = new Dashboard(this, 'Resource', {
      dashboardName,
      defaultInterval: Duration.hours(3),
      // Otherwise a longer view would average away the single minute in which a partner was not notified.
      periodOverride: PeriodOverride.INHERIT,
    });
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboardName}`;

    dashboard.addWidgets(text(4, howToRead(onCall.runbook)));
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...onCall.alarms], width: 24, height: 3 }));
    dashboard.addWidgets(
      single('Given up, not handled', sweeper.deadLetters),
      single('Overdue work', sweeper.overdue),
      ...deliveries.singles(),
    );
    dashboard.addWidgets(...aboutMissions(stackName, 'real', 6));
    dashboard.addWidgets(text(1, '## The hub'));
    dashboard.addWidgets(
      graph(
        'Requests of partners, per minute',
        [
          api.metrics.metricCount({ ...perMinute, label: 'all' }),
          api.metrics.metricClientError({ ...perMinute, label: 'refused (4xx)' }),
          api.metrics.metricServerError({ ...perMinute, label: 'failed (5xx)' }),
        ],
        6,
      ),
      graph(
        'Refused for identity or rate, per minute',
        [refusals.callers.with({ label: '401, 403' }), refusals.rate.with({ label: '429' })],
        6,
      ),
      graph(
        'Time to an answer, ms',
        [Stats.p(50), Stats.p(99)].map((statistic) =>
          api.metrics.metricLatency({ period: minute, statistic, label: statistic }),
        ),
        6,
      ),
      graph(
        'Throttled calls of functions, per minute',
        functions.map((fn) => fn.metricThrottles({ ...perMinute, label: fn.node.id })),
        6,
      ),
    );
    dashboard.addWidgets(...deliveries.graphs());
    dashboard.addWidgets(text(1, '## Exercises (HTEST): not counted above, except under The hub and in Given up'));
    dashboard.addWidgets(...aboutMissions(stackName, 'exercise', 4));
  }
}

const minute = Duration.minutes(1);
const perMinute = { period: minute, statistic: Stats.SUM };

const text = (height: number, markdown: string): IWidget => new TextWidget({ markdown, width: 24, height });

const single = (title: string, metric: Metric): IWidget =>
  new SingleValueWidget({ title, metrics: [metric], width: 6, height: 3 });

const graph = (title: string, left: Metric[], width: number, height = 6): IWidget =>
  new GraphWidget({ title, left, width, height, leftYAxis: { min: 0 } });

/** One line for each value of the metric's second dimension. */
const lines = (stackName: string, missions: 'real' | 'exercise', name: MetricName, statistic: string): Metric[] => {
  const [, by] = metrics[name].dimensions;
  return valuesOf(by).map(
    (code) =>
      new Metric({
        namespace: metricNamespace(stackName),
        metricName: name,
        dimensionsMap: { missions, [by]: code },
        period: Duration.minutes(5),
        statistic,
        label: code,
      }),
  );
};

const aboutMissions = (stackName: string, missions: 'real' | 'exercise', height: number): readonly IWidget[] => {
  const of = (name: MetricName, title: string, statistic: string): IWidget =>
    graph(title, lines(stackName, missions, name, statistic), 8, height);
  return [
    of('AcknowledgementsOverdue', 'Requests not acknowledged in time, by kind', Stats.SUM),
    of('HubWarnings', 'Requests to people to phone', Stats.SUM),
    of('Deliveries', 'Notifications, by outcome', Stats.SUM),
    of('MissionsRequested', 'Missions requested, by urgency', Stats.SUM),
    of('TimeToDecision', 'From request to decision, 90th percentile, s', Stats.p(90)),
    of('TimeToDelivery', 'From message to partner, 90th percentile, s', Stats.p(90)),
  ];
};

const howToRead = (runbook: string): string => `# Was everybody notified?
**All alarms green and the four numbers 0 or small:** everybody was notified. **Given up** above 0: a partner was not notified of something, somebody must phone. **Overdue work** above 0 for minutes: the hub notifies neither partners nor people of it. **Oldest undelivered** is the age of the oldest message or notification that somebody still waits for: it grows to twelve minutes while a partner is unavailable; beyond twenty nothing is sent. **Failed a thousand times** is the queue's own dead-letter queue.

Below: requests that wait for a person, requests to people to phone, and outcomes of deliveries; then how many missions there are and how long they wait. Lines are sums of five minutes, real missions only. No person and no mission can be identified here.

[Runbook](${runbook}): what each alarm means for people, diagnosis, solution.`;
