import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { z } from 'zod';
import type { OnCall } from '../observability/on-call.ts';
import type { StageSettings } from '../stage.ts';
import { countOf, lasting, saying } from '../observability/alarms.ts';

interface HubTableProps {
  readonly stage: StageSettings;
  /** See `readGeneration`. */
  readonly generation: number;
  readonly key: IKey;
}

/**
 * Which table of the stage this is, by `table-<stage>` in the context of cdk.json. The next number makes a new, empty one in the same
 * stack, for a restore; the one before stays where data are kept. Throws if it is no number from 1.
 */
export const readGeneration = (context: unknown, name: string): number => {
  const asked = z.coerce.number().int().min(1).default(1).safeParse(context);
  if (!asked.success)
    throw new Error(`${name} is ${JSON.stringify(context)}. Give a whole number: 1, or one more than before.`);
  return asked.data;
};

/** Mission logs, subscription logs and the directory. One region: conditional writes decide who comes first. */
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
      // Only proofs that were used (DPoP) and counts of requests carry it. Nothing relies on how soon they are gone.
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Sparse: only items that owe something carry `obligation`, so an empty index means that everybody has been told.
    this.table.addGlobalSecondaryIndex({
      indexName: 'obligations',
      partitionKey: { name: 'obligation', type: AttributeType.STRING },
      sortKey: { name: 'dueAt', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: 'worklist',
      partitionKey: { name: 'worklist', type: AttributeType.STRING },
      sortKey: { name: 'changedAt', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
  }

  /** Rings when functions cannot reach it, after the tries of the SDK, whatever keeps them away: its key, their rights, its load. */
  watch(onCall: OnCall, functions: readonly LambdaFunction[]): void {
    const pattern = saying('STORAGE_UNAVAILABLE');
    const refused = countOf(
      this,
      'StorageUnavailable',
      functions.map((by) => ({ by, pattern })),
    );
    onCall.wake(this, 'Refusing', refused, {
      ...lasting,
      alarmDescription:
        'The table, or the queue, refuses what the hub reads and writes: messages are refused, and notifications and warnings to people wait. ' +
        'If DoorShut is on too, AMK must phone until it is over.',
    });
  }
}
