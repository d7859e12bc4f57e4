import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StageSettings } from '../stage.ts';

interface HubKeysProps {
  readonly stage: StageSettings;
}

/**
 * The keys under which the hub's data lie, each turned once a year. One for each circle of those that may use it (ADR 24): functions
 * use the first through table and queues, CloudWatch Logs the second, alarms the third, and none of them another's.
 */
export class HubKeys extends Construct {
  /** Table and queues. Whoever may use it is told so by its own policy. */
  readonly missions: Key;
  /** Every log group of the stack. */
  readonly logs: Key;
  /** The topic of those who are on call. */
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
        // What lies under a key that is gone can never be read again, backups included.
        removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      });

    this.missions = key('Missions', 'Missions: the table, and the queues of what is to be delivered');

    this.logs = key('Logs', 'Logs of functions and doors');
    this.logs.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LogsOfThisStack',
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            // A group's name begins with the stack's; those of firewall and API must begin with AWS's own words.
            'kms:EncryptionContext:aws:logs:arn': [
              `${stackName}-*`,
              `aws-waf-logs-${stackName}-*`,
              'API-Gateway-Execution-Logs_*',
            ].map((name) => `arn:${partition}:logs:${region}:${account}:log-group:${name}`),
          },
        },
      }),
    );

    this.onCall = key('OnCall', 'Alarms on their way to those who are on call');
    // CloudWatch may not use a key that AWS manages: without this an alarm changes its colour and tells nobody. Whose alarms may
    // ring is said by the topic's policy; no source says that CloudWatch names an account when it asks for a key.
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
