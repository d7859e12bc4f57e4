import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  BillingMode,
  Operation,
  ProjectionType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { OnCall } from './on-call.ts';
import type { StageSettings } from './stage.ts';
import { lasting, summed, sumOf } from './watching.ts';

interface HubTableProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly onCall: OnCall;
}

/** All that functions do with it. */
const operations = [
  Operation.GET_ITEM,
  Operation.BATCH_GET_ITEM,
  Operation.QUERY,
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
];

/** Mission logs, subscription logs and the directory. One region: conditional writes decide who comes first. */
export class HubTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, { stage, key, onCall }: HubTableProps) {
    super(scope, id);
    this.table = new Table(this, 'Resource', {
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
    // Sparse: only items that owe something carry `owes`, so an empty index means that everybody has been told.
    this.table.addGlobalSecondaryIndex({
      indexName: 'obligations',
      partitionKey: { name: 'owes', type: AttributeType.STRING },
      sortKey: { name: 'dueAt', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: 'worklist',
      partitionKey: { name: 'worklist', type: AttributeType.STRING },
      sortKey: { name: 'changedAt', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });

    // DynamoDB counts both by operation only. An index that is throttled throttles the writes to the table.
    const refusals = ['ThrottledRequests', 'SystemErrors'].flatMap((metricName) =>
      operations.map((operation) =>
        this.table.metric(metricName, {
          ...summed,
          dimensionsMap: { TableName: this.table.tableName, Operation: operation },
        }),
      ),
    );
    onCall.wake(this, 'Refusing', sumOf('Reads and writes that the table refused', refusals), {
      ...lasting,
      alarmDescription:
        'The table refuses what the hub reads and writes: messages are refused, and notifications and warnings to people wait. ' +
        'If DoorShut is on too, AMK must phone until it is over.',
    });
  }
}
