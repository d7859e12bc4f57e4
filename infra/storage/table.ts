import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { z } from 'zod';
import type { OnCall } from '../observability/on-call.ts';
import type { StageSettings } from '../stage.ts';
import { countOf, lasting, withCode } from '../observability/alarms.ts';
import { storageFailure } from '../../schemas/telemetry/log-messages.ts';

interface HubTableProps {
  readonly stage: StageSettings;
  /** See `readGeneration`. */
  readonly generation: number;
  readonly key: IKey;
}

/**
 * Reads the number of the stage's table from `table-<stage>` in the context of cdk.json. The next number creates a new, empty table
 * in the same stack, for a restore; stages that keep data keep the old table. Throws if the value is not a whole number from 1.
 */
export const readGeneration = (context: unknown, name: string): number => {
  const asked = z.coerce.number().int().min(1).default(1).safeParse(context);
  if (!asked.success)
    throw new Error(`${name} is ${JSON.stringify(context)}. Give a whole number: 1, or one more than before.`);
  return asked.data;
};

/** The table of mission logs, subscriptions and the directory. In one region, because conditional writes decide which of two messages is first. */
export class HubTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, { stage, generation, key }: HubTableProps) {
    super(scope, id);
    this.table = new Table(this, generation === 1 ? 'Resource' : `Generation${generation}`, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: stage.recoveryDays,
      },
      deletionProtection: stage.keepsData,
      // Only used proofs (DPoP) and request counts have it. Nothing depends on when they are deleted.
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Sparse: only items with pending work have `obligation`.
    this.table.addGlobalSecondaryIndex({
      indexName: 'obligations',
      partitionKey: { name: 'obligation', type: AttributeType.STRING },
      sortKey: { name: 'dueAt', type: AttributeType.STRING },
      projectionType: ProjectionType.INCLUDE,
      // For the age of what is undelivered: when an entry was received, a notification written or redriven.
      nonKeyAttributes: ['receivedAt', 'writtenAt', 'redrivenAt'],
    });
    this.table.addGlobalSecondaryIndex({
      indexName: 'worklist',
      partitionKey: { name: 'worklist', type: AttributeType.STRING },
      sortKey: { name: 'place', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
    // Sparse: only Tasks have `asked`.
    this.table.addGlobalSecondaryIndex({
      indexName: 'asked',
      partitionKey: { name: 'asked', type: AttributeType.STRING },
      sortKey: { name: 'place', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
  }

  /** Adds the alarm for functions that cannot reach the table after the retries of the SDK: for its key, their rights or its load. */
  watch(onCall: OnCall, functions: readonly LambdaFunction[]): void {
    // Whatever a function logs of such a failure, its kind is the same: also where the request succeeds all the same.
    const pattern = FilterPattern.any(
      withCode('STORAGE_UNAVAILABLE'),
      FilterPattern.stringValue('$.error', '=', storageFailure),
    );
    const refused = countOf(
      this,
      'StorageUnavailable',
      functions.map((of) => ({ of, pattern })),
    );
    onCall.wake(this, 'Refusing', refused, {
      ...lasting,
      alarmDescription:
        'The table or the queue refuses reads and writes of the hub: messages are refused, and notifications and warnings to people wait. ' +
        'If ApiDown is on too, AMK must phone until it is over.',
    });
  }
}
