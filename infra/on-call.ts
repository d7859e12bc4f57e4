import type { CreateAlarmOptions, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

interface AlarmOptions extends CreateAlarmOptions {
  /** What it means for people, and what to do. */
  readonly alarmDescription: string;
}

/** Those who are woken: whoever subscribes to the topic hears of every alarm of the hub, when it begins and when it is over. */
export class OnCall extends Construct {
  readonly topic: Topic;
  readonly #action: SnsAction;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', { displayName: 'luftbro on call', enforceSSL: true });
    this.#action = new SnsAction(this.topic);
  }

  wake(scope: Construct, id: string, metric: Metric, options: AlarmOptions): void {
    const alarm = metric.createAlarm(scope, id, options);
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
  }
}
