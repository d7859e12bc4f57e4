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
import { z } from 'zod';
import type { OnCall } from '../observability/on-call.ts';
import { atOnce } from '../observability/alarms.ts';

const arnOfKey = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):key\/[0-9A-Za-z-]+$/;

const exportsSchema = z.strictObject({
  exportBucket: z.string().regex(/^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  exportKey: z.string().regex(arnOfKey),
});

/**
 * Where the table is exported to each night: a bucket in another account, in another region, which the stack does not make
 * (`infra/storage/export-vault.yaml` does). `exportKey`: ARN of the key there under which the exports lie; it names the bucket's account and
 * region too, for S3 takes a key of its own region only.
 */
export type ExportPlace = z.output<typeof exportsSchema>;

/** What to give, for each option. */
const help: Readonly<Record<keyof ExportPlace, string>> = {
  exportBucket: 'give the name of the bucket that the nightly exports go to, without s3://',
  exportKey: 'give the ARN of the KMS key of the exports, arn:aws:kms:<region>:<account>:key/<id>, and no alias',
};

/** The names of the options, as `-c <name>=<value>` gives them. */
export const exportOptions: readonly string[] = Object.keys(help);

/** From what `-c` gives; `undefined` if nothing is given. Throws, saying what is wrong or missing. */
export const readExportPlace = (context: Readonly<Record<string, unknown>>): ExportPlace | undefined => {
  const given = Object.fromEntries(
    exportOptions.map((option) => [option, context[option]]).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(given).length === 0) return undefined;
  const read = exportsSchema.safeParse(given);
  if (read.success) return read.data;
  const wrong = new Set(read.error.issues.map(({ path: [option] }) => String(option)));
  const said = Object.entries(help)
    .filter(([option]) => wrong.has(option))
    .map(([option, what]) => `-c ${option}=…${given[option] === undefined ? ' is missing' : ''}: ${what}`);
  throw new Error(`${said.join('; ')}.`);
};

/** The options that ask for it, as they are given to CDK. */
export const optionsOfExports = ({ exportBucket, exportKey }: ExportPlace): string =>
  `-c exportBucket=${exportBucket} -c exportKey=${exportKey}`;

/** Hours for which an export that was refused is tried again: DynamoDB knows a token for eight, and begins no second export for it. */
const hoursOfTrying = 6;

interface ExportsProps {
  /** Undefined: nothing is exported. */
  readonly place: ExportPlace | undefined;
  readonly table: Table;
  /** The table's own key. */
  readonly tableKey: IKey;
  readonly onCall: OnCall;
}

/** The whole table, once a night, to where an administrator of this account can destroy nothing (ADR 28). */
export class Exports extends Construct {
  constructor(scope: Construct, id: string, { place, table, tableKey, onCall }: ExportsProps) {
    super(scope, id);
    const { stackName } = Stack.of(this);
    new CfnOutput(this, 'Place', {
      description: 'Where the table is exported to each night',
      value:
        place === undefined
          ? 'Nowhere: if this account or region is lost, so is everything. Give -c exportBucket and -c exportKey (docs/operations.md)'
          : wordsOf(place, stackName),
    });
    if (place !== undefined) this.#start(place, table, tableKey, onCall);
  }

  #start({ exportBucket, exportKey }: ExportPlace, table: Table, tableKey: IKey, onCall: OnCall): void {
    const { stackName, partition, region, account } = Stack.of(this);
    const owner = ownerOf({ exportKey });
    // A group of its own: Scheduler counts by groups, and a role is bound to one.
    const group = new ScheduleGroup(this, 'Group', { scheduleGroupName: `${stackName}-exports` });
    // What stays would be in the way of the next one of its name.
    group.applyRemovalPolicy(RemovalPolicy.DESTROY);
    const role = new Role(this, 'Role', {
      // The other account lets it in by its name, which stays when the role is made anew.
      roleName: `${stackName}-exports-${region}`,
      description: 'Starts the nightly exports of the table, and writes them for DynamoDB',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account, 'aws:SourceArn': group.scheduleGroupArn } },
      }),
    });
    const files = `arn:${partition}:s3:::${exportBucket}/${stackName}/*`;
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${files.replace(partition, '<AWS::Partition>')}]`,
      reason:
        'DynamoDB names the files of an export itself; all lie under the name of the stack, and nothing else does.',
    });
    const throughService = (service: string): PolicyStatement['conditions'] => ({
      StringEquals: { 'kms:ViaService': `${service}.amazonaws.com` },
    });

    new Schedule(this, 'Nightly', {
      description: 'Exports the whole table to another account',
      scheduleGroup: group,
      // Night in Norway all year round, and not on the hour, when everybody comes.
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
          // The same for each try of a night. Its own for each stack: DynamoDB refuses a token that came with other words.
          ClientToken: `${stackName}-${ContextAttribute.scheduledTime}`,
        }),
        role,
        maxEventAge: Duration.hours(hoursOfTrying),
        // DynamoDB uses them for whoever asked for the export, until its last file is written.
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
      // On until the next night has gone well.
      evaluationPeriods: 24,
      datapointsToAlarm: 1,
      alarmDescription:
        'Last night no copy of the missions left this account: if the account or the region is lost now, so is everything since the export before. ' +
        'The hub works and nobody has to phone: find the cause in the daytime, today.',
    });
  }
}

const ownerOf = ({
  exportKey,
}: Pick<ExportPlace, 'exportKey'>): { readonly region: string; readonly account: string } => {
  const [, region = '', account = ''] = arnOfKey.exec(exportKey) ?? [];
  return { region, account };
};

const wordsOf = (place: ExportPlace, stackName: string): string => {
  const { account, region } = ownerOf(place);
  return `s3://${place.exportBucket}/${stackName}/AWSDynamoDB/, account ${account}, region ${region}`;
};
