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
import type { DoorAlarms } from './observability/api-alarms.ts';
import type { FhirApi } from './api/fhir-api.ts';
import type { OnCall } from './observability/on-call.ts';
import type { Sweeper } from './compute/sweeper.ts';

interface HubDashboardProps {
  readonly api: FhirApi;
  readonly door: DoorAlarms;
  readonly deliveries: DeliveryQueue;
  readonly sweeper: Sweeper;
  readonly functions: readonly LambdaFunction[];
  readonly onCall: OnCall;
}

/** What people on call look at first: whether anybody is untold, then how it stands with missions, then the machine. */
export class HubDashboard extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { api, door, deliveries, sweeper, functions, onCall }: HubDashboardProps) {
    super(scope, id);
    const { stackName, region } = Stack.of(this);
    const dashboard = new Dashboard(this, 'Resource', {
      dashboardName: stackName,
      defaultInterval: Duration.hours(3),
      // A longer view would otherwise average the one minute away in which somebody was not told.
      periodOverride: PeriodOverride.INHERIT,
    });
    this.url = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${stackName}`;

    dashboard.addWidgets(text(4, howToRead(onCall.runbook)));
    dashboard.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...onCall.alarms], width: 24, height: 3 }));
    dashboard.addWidgets(
      single('Given up, nobody has seen to it', sweeper.deadLetters),
      single('Owed and not paid', sweeper.unpaid),
      ...deliveries.singles(),
    );
    dashboard.addWidgets(...aboutMissions(stackName, 'real', 6));
    dashboard.addWidgets(text(1, '## The machine'));
    dashboard.addWidgets(
      graph(
        'Requests of partners, a minute',
        [
          api.numbers.metricCount({ ...perMinute, label: 'all' }),
          api.numbers.metricClientError({ ...perMinute, label: 'refused (4xx)' }),
          api.numbers.metricServerError({ ...perMinute, label: 'failed (5xx)' }),
        ],
        6,
      ),
      graph(
        'Refused for who they are, or for too many, a minute',
        [door.refused.with({ label: '401, 403' }), door.limited.with({ label: '429' })],
        6,
      ),
      graph(
        'How long an answer takes, ms',
        [Stats.p(50), Stats.p(99)].map((statistic) =>
          api.numbers.metricLatency({ period: minute, statistic, label: statistic }),
        ),
        6,
      ),
      graph(
        'Functions that found no place, a minute',
        functions.map((fn) => fn.metricThrottles({ ...perMinute, label: fn.node.id })),
        6,
      ),
    );
    dashboard.addWidgets(...deliveries.graphs());
    dashboard.addWidgets(
      text(1, '## Exercises (HTEST): in none of the numbers above but those of the machine and of what is given up'),
    );
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

/** One line for each value of the metric's other dimension. */
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
    of('AcknowledgementsOverdue', 'Asks that nobody has acknowledged in time, by kind', Stats.SUM),
    of('HubWarnings', 'People asked to phone', Stats.SUM),
    of('Deliveries', 'Notifications, by what came of them', Stats.SUM),
    of('MissionsRequested', 'Missions asked for, by urgency', Stats.SUM),
    of('TimeToDecision', 'From the request to the decision, nine in ten, s', Stats.p(90)),
    of('TimeToDelivery', 'From the message to the partner, nine in ten, s', Stats.p(90)),
  ];
};

const howToRead = (runbook: string): string => `# Is anybody untold?
**All alarms green and the four numbers 0 or small:** everybody has been told. **Given up** above 0: a partner does not know something, somebody must phone. **Owed and not paid** above 0 for minutes: neither partners nor people hear of it by the hub. **Oldest order** grows to twelve minutes while a partner is away; beyond twenty nothing goes out. **Failed a thousand times** is the queue's own dead letters.

Below: asks that wait for a person, whom the hub has asked to phone, and what came of deliveries; then how many missions there are and how long they wait. Lines are sums of five minutes, real missions only. No person and no mission can be seen here.

[Runbook](${runbook}): what each alarm means for people, how to look, how to solve.`;
