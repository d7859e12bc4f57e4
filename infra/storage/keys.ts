import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StageSettings } from '../stage.ts';

interface HubKeysProps {
  readonly stage: StageSettings;
}

/**
 * The KMS keys of the hub's data, each rotated once a year. One for each group of users (ADR 24): functions use the first through
 * table and queues, CloudWatch Logs the second, alarms the third, and none uses another's.
 */
export class HubKeys extends Construct {
  /** Table and queues. Functions get the right to use it by their own policies. */
  readonly missions: Key;
  /** Every log group of the stack. */
  readonly logs: Key;
  /** The topic of the people on call. */
  readonly onCall: Key;

  constructor(scope: Construct, id: string, { stage }: HubKeysProps) {
    super(scope, id);
    const { stackName, partition, region, account } = Stack.of(this);
    const key = (name: string, description: string): Key =>
      new Key(this, name, {
        description,
        alias: `${stackName}/${name.toLowerCase()}`,
        enableKeyRotation: true,
        pendingWindow: Duration.days(stage.keyDeletionDays),
        // Data under a deleted key can never be read again, backups included.
        removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      });

    this.missions = key('Missions', 'Missions: the table and the delivery queues');

    this.logs = key('Logs', 'Logs of functions, API and firewall');
    this.logs.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LogsOfThisStack',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            // A group's name begins with the stack's; AWS requires other prefixes for those of firewall and API.
            'kms:EncryptionContext:aws:logs:arn': [
              `${stackName}-*`,
              `aws-waf-logs-${stackName}-*`,
              'API-Gateway-Execution-Logs_*',
            ].map((name) => `arn:${partition}:logs:${region}:${account}:log-group:${name}`),
          },
        },
      }),
    );

    this.onCall = key('OnCall', 'Alarms to the people on call');
    // CloudWatch cannot use a key that AWS manages: without this statement an alarm changes its state and notifies nobody. The
    // topic's policy limits which alarms may publish; no AWS documentation says that CloudWatch names an account when it uses a key.
    this.onCall.addToResourcePolicy(
      new PolicyStatement({
        sid: 'Alarms',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
  }
}
