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
  /** Where docs/runbook.md is read. */
  readonly runbook: string;
}

interface AlarmOptions extends CreateAlarmOptions {
  /** What it means for people, and what to do. */
  readonly alarmDescription: string;
}

/** Where the runbook is read, from `-c runbook=<address>`; else the file of this release. Throws if that is no address. */
export const readRunbook = (context: unknown): string => {
  const asked = z
    .url({ protocol: /^https?$/ })
    .default('docs/runbook.md')
    .safeParse(context);
  if (!asked.success)
    throw new Error(`${JSON.stringify(context)} is no address. Give -c runbook=https://…/runbook.md, or nothing.`);
  return asked.data;
};

/** Those who are woken: whoever subscribes to the topic hears of every alarm of the hub, when it begins and when it is over. */
export class OnCall extends Construct {
  readonly topic: Topic;
  /** Where docs/runbook.md is read. */
  readonly runbook: string;
  readonly #action: SnsAction;
  readonly #alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, { key, runbook }: OnCallProps) {
    super(scope, id);
    this.runbook = runbook;
    this.topic = new Topic(this, 'Topic', { displayName: 'luftbro on call', enforceSSL: true, masterKey: key });
    const { stackName, partition, region, account } = Stack.of(this);
    // A policy of one's own takes the place of the one that lets a topic's account publish: without this no alarm is heard.
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

  /** Every alarm that wakes somebody. */
  get alarms(): readonly Alarm[] {
    return this.#alarms;
  }

  wake(scope: Construct, id: string, metric: Metric, { alarmDescription, ...options }: AlarmOptions): void {
    const alarm = metric.createAlarm(scope, id, {
      ...options,
      // The heading of an alarm's section in the runbook is what the stack calls the alarm.
      alarmDescription: `${alarmDescription} ${this.runbook}#${`${scope.node.id}${id}`.toLowerCase()}`,
    });
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
    this.#alarms.push(alarm);
  }
}
