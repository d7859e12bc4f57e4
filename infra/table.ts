import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

/** Mission logs, subscription logs and the directory. One region: conditional writes decide who comes first. */
export class HubTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.table = new Table(this, 'Resource', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      // Only proofs that were used (DPoP) carry it. Nothing relies on how soon they are gone.
      timeToLiveAttribute: 'expiresAt',
      removalPolicy: RemovalPolicy.RETAIN,
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
