import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { StageSettings } from './stage.ts';

interface HubTableProps {
  readonly stage: StageSettings;
  readonly key: IKey;
}

/** Mission logs, subscription logs and the directory. One region: conditional writes decide who comes first. */
export class HubTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, { stage, key }: HubTableProps) {
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
      // Only proofs that were used (DPoP) carry it. Nothing relies on how soon they are gone.
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
  }
}
