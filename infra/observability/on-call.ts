import { Stack } from 'aws-cdk-lib';
import type { Alarm, CreateAlarmOptions, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { z } from 'zod';

interface OnCallProps {
  readonly key: IKey;
  /** Address of docs/runbook.md. */
  readonly runbook: string;
}

interface AlarmOptions extends CreateAlarmOptions {
  /** What the alarm means for people, and what to do. */
  readonly alarmDescription: string;
}

/** Address of the runbook, from `-c runbook=<address>`; by default the file of this release. Throws if the value is not an address. */
export const readRunbook = (context: unknown): string => {
  const asked = z
    .url({ protocol: /^https?$/ })
    .default('docs/runbook.md')
    .safeParse(context);
  if (!asked.success)
    throw new Error(
      `${JSON.stringify(context)} is not an address. Give -c runbook=https://…/runbook.md, or omit the option.`,
    );
  return asked.data;
};

/** The topic of the people on call: subscribers receive every alarm of the hub when it begins and when it ends. */
export class OnCall extends Construct {
  readonly topic: Topic;
  /** Address of docs/runbook.md. */
  readonly runbook: string;
  readonly #action: SnsAction;
  readonly #alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, { key, runbook }: OnCallProps) {
    super(scope, id);
    this.runbook = runbook;
    this.topic = new Topic(this, 'Topic', { displayName: 'luftbro on call', enforceSSL: true, masterKey: key });
    const { stackName, partition, region, account } = Stack.of(this);
    // A policy replaces the default one that lets the topic's account publish: without this statement no alarm is sent.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisStack',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudwatch:${region}:${account}:alarm:${stackName}-*` },
        },
      }),
    );
    this.#action = new SnsAction(this.topic);
  }

  /** Every alarm that notifies people. */
  get alarms(): readonly Alarm[] {
    return this.#alarms;
  }

  /** Adds an alarm that notifies the people on call. */
  wake(scope: Construct, id: string, metric: Metric, { alarmDescription, ...options }: AlarmOptions): void {
    const alarm = metric.createAlarm(scope, id, {
      ...options,
      // The alarm's section in the runbook has the alarm's logical id as heading.
      alarmDescription: `${alarmDescription} ${this.runbook}#${`${scope.node.id}${id}`.toLowerCase()}`,
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    this.#alarms.push(alarm);
  }
}
