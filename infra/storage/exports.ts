/* oxlint-disable no-new -- a construct joins its scope by being made */
import { CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { Universal } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { OnCall } from '../observability/on-call.ts';
import { atOnce } from '../observability/alarms.ts';
import { type ExportPlace, ownerOf } from './export-place.ts';

/** Hours for which a refused export is retried. DynamoDB keeps a client token for eight hours and begins no second export for it. */
const retryHours = 6;

interface ExportsProps {
  /** Undefined: nothing is exported. */
  readonly place: ExportPlace | undefined;
  readonly table: Table;
  /** The table's own key. */
  readonly tableKey: IKey;
  readonly onCall: OnCall;
}

/** Exports the whole table once a night to an account in which administrators of this account can delete nothing (ADR 28). */
export class Exports extends Construct {
  constructor(scope: Construct, id: string, { place, table, tableKey, onCall }: ExportsProps) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    new CfnOutput(this, 'Place', {
      description: 'Where the table is exported to each night',
      value:
        place === undefined
          ? 'Nowhere: if this account or region is lost, all data are lost. Give -c exportBucket and -c exportKey (docs/operations.md)'
          : placeText(place, stackName),
    });
    if (place !== undefined) this.#start(place, table, tableKey, onCall);
  }

  #start({ exportBucket, exportKey }: ExportPlace, table: Table, tableKey: IKey, onCall: OnCall): void {
    const { stackName, partition, region, account } = Stack.of(this);
    const owner = ownerOf({ exportKey });
    // A separate group: Scheduler counts by group, and the role is bound to one.
    const group = new ScheduleGroup(this, 'Group', { scheduleGroupName: `${stackName}-exports` });
    // A group that remains would block the next stack of the same name.
    group.applyRemovalPolicy(RemovalPolicy.DESTROY);
    const role = new Role(this, 'Role', {
      // The other account admits the role by its name, which stays the same when the role is created again.
      roleName: `${stackName}-exports-${region}`,
      description: 'Starts the nightly exports of the table; DynamoDB writes them with this role',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': group.scheduleGroupArn } },
      }),
    });
    const files = `arn:${partition}:s3:::${exportBucket}/${stackName}/*`;
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${files.replace(partition, '<AWS::Partition>')}]`,
      reason:
        'DynamoDB names the files of an export itself; all of them, and nothing else, are under the name of the stack.',
    });
    const throughService = (service: string): PolicyStatement['conditions'] => ({
      StringEquals: { 'kms:ViaService': `${service}.amazonaws.com` },
    });

    new Schedule(this, 'Nightly', {
      description: 'Exports the whole table to another account',
      scheduleGroup: group,
      // Night in Norway all year; not on the hour, when AWS is busiest.
      schedule: ScheduleExpression.cron({ minute: '17', hour: '1' }),
      target: new Universal({
        service: 'dynamodb',
        action: 'exportTableToPointInTime',
        input: ScheduleTargetInput.fromObject({
          TableArn: table.tableArn,
          ExportType: 'FULL_EXPORT',
          ExportFormat: 'DYNAMODB_JSON',
          S3Bucket: exportBucket,
          S3BucketOwner: owner.account,
          S3Prefix: stackName,
          S3SseAlgorithm: 'KMS',
          S3SseKmsKeyId: exportKey,
          // The same for each retry of a night; different for each stack, because DynamoDB refuses a token that was used with other input.
          ClientToken: `${stackName}-${ContextAttribute.scheduledTime}`,
        }),
        role,
        maxEventAge: Duration.hours(retryHours),
        // DynamoDB acts with these rights until the last file of the export is written.
        policyStatements: [
          new PolicyStatement({ actions: ['dynamodb:ExportTableToPointInTime'], resources: [table.tableArn] }),
          new PolicyStatement({
            actions: ['kms:Decrypt'],
            resources: [tableKey.keyArn],
            conditions: throughService(`dynamodb.${region}`),
          }),
          new PolicyStatement({
            actions: ['s3:PutObject', 's3:PutObjectAcl', 's3:AbortMultipartUpload'],
            resources: [files],
          }),
          new PolicyStatement({
            actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
            resources: [exportKey],
            conditions: throughService(`s3.${owner.region}`),
          }),
        ],
      }),
    });

    const givenUp = group.metricDropped({ period: Duration.hours(1), statistic: Stats.SUM });
    onCall.wake(this, 'Refused', givenUp, {
      ...atOnce,
      // On until the next night succeeds.
      evaluationPeriods: 24,
      datapointsToAlarm: 1,
      alarmDescription:
        'Last night no copy of the missions left this account: if the account or the region is lost now, everything since the previous export is lost. ' +
        'The hub works and nobody has to phone. Find the cause during the day, today.',
    });
  }
}

const placeText = (place: ExportPlace, stackName: string): string => {
  const { account, region } = ownerOf(place);
  return `s3://${place.exportBucket}/${stackName}/AWSDynamoDB/, account ${account}, region ${region}`;
};
