/* oxlint-disable no-new -- a construct joins its scope by being made */
import { type CfnElement, CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { HubDashboard } from './dashboard.ts';
import { DeliveryQueue } from './compute/delivery-queue.ts';
import { addApiAlarms } from './observability/api-alarms.ts';
import { Anchors } from './storage/anchors.ts';
import { type Access, optionsOfAccess } from './api/access.ts';
import { type ExportPlace, optionsOfExports } from './storage/export-place.ts';
import { Exports } from './storage/exports.ts';
import { FhirApi } from './api/fhir-api.ts';
import { Bundles } from './compute/bundles.ts';
import { HubFunction } from './compute/hub-function.ts';
import { HubKeys } from './storage/keys.ts';
import { HubTable } from './storage/table.ts';
import { NightlyRuns } from './compute/nightly-runs.ts';
import { watchReconciliation } from './observability/reconciliation.ts';
import { OnCall } from './observability/on-call.ts';
import { HubParameters } from './parameters.ts';
import { metricNamespace } from '../schemas/telemetry/metrics.ts';
import type { StageSettings } from './stage.ts';
import { Sweeper } from './compute/sweeper.ts';

interface HubStackProps extends StackProps {
  /** The folder with one folder per function, each with a `lambda.ts`. */
  readonly handlers: string;
  readonly stage: StageSettings;
  /** Version and commit, for people. */
  readonly release: string;
  /** Address of docs/runbook.md of this release; alarms link to its sections. */
  readonly runbook: string;
  readonly access: Access;
  /** Number of the stage's table: 1, or one more than before for a new, empty one. */
  readonly tableGeneration: number;
  /** Undefined: the table is exported nowhere. */
  readonly exportPlace: ExportPlace | undefined;
}

const tableReads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const tableWrites = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];

/** Partitions of accepted messages and pending work. */
const working = ['MISSION#*', 'INCIDENT#*', 'MISSIONS#*', 'CASE#*', 'SUBSCRIPTION#*', 'PARTY#*'];
/** Partitions of the log of reads: only functions that read missions may add to them. */
const accesses = 'AUDIT#*';

/** The whole hub. It names no account and no region, so it can be deployed anywhere. */
export class HubStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { handlers: folder, stage, release, access, runbook, tableGeneration, exportPlace, ...props }: HubStackProps,
  ) {
    super(scope, id, { ...props, terminationProtection: stage.keepsData });
    const parameters = new HubParameters(this, { plainHttp: stage.plainHttp });

    const keys = new HubKeys(this, 'Keys', { stage });
    const onCall = new OnCall(this, 'OnCall', { key: keys.onCall, runbook });
    const api = new FhirApi(this, 'Api', {
      stage,
      access,
      logKey: keys.logs,
      bearerIsAccepted: parameters.bearerIsAccepted,
    });
    const PUBLIC_URL = access.kind === 'domain' ? api.url : parameters.publicUrlOr(api.url);

    const hubTable = new HubTable(this, 'Table', { stage, generation: tableGeneration, key: keys.missions });
    const { table } = hubTable;
    const TABLE_NAME = table.tableName;
    const ENDPOINT_ALLOW_LIST = parameters.endpointAllowList;
    /** For the functions that write obligations. */
    const obligationEnvironment = {
      OBLIGATION_SHARDS_WRITTEN: String(stage.obligationShards.written),
      OBLIGATION_SHARDS_READ: String(stage.obligationShards.read),
    };

    const deliverTimeout = Duration.seconds(30);
    const deliveries = new DeliveryQueue(this, 'Deliveries', {
      stage,
      key: keys.missions,
      consumerTimeout: deliverTimeout,
      onCall,
    });
    const QUICK_LANE_URL = deliveries.lanes.quick.queueUrl;
    const SLOW_LANE_URL = deliveries.lanes.slow.queueUrl;

    const bundles = new Bundles(this, 'Bundles', { folder });
    const common = { stage, bundles, logKey: keys.logs };
    const answering = { ...common, timeout: Duration.seconds(10) };
    const metricsEnvironment = { POWERTOOLS_METRICS_NAMESPACE: metricNamespace(this.stackName) };

    const tokenEnvironment = {
      OTHER_BASES: api.otherUrls.join(','),
      TOKEN_ISSUER: parameters.tokenIssuer,
      TOKEN_AUDIENCE: parameters.tokenAudience,
      TOKEN_BINDING: parameters.tokenBinding,
      PROOF_SECONDS_BACK: parameters.proofSecondsBack,
      PROOF_SECONDS_AHEAD: parameters.proofSecondsAhead,
    };
    const authorize = new HubFunction(this, 'Authorize', {
      ...common,
      name: 'authorize',
      // It fetches the issuer's keys when it starts.
      timeout: Duration.seconds(10),
      environment: {
        TABLE_NAME,
        PUBLIC_URL,
        ...tokenEnvironment,
        BUDGET_SECONDS: parameters.budgetSeconds,
        BUDGET_MESSAGES: parameters.budgetMessages,
        BUDGET_REQUESTS: parameters.budgetRequests,
      },
    });
    authorize.allowItems(['dynamodb:PutItem'], table.tableArn, 'PROOF#*');
    authorize.allowItems(['dynamodb:UpdateItem'], table.tableArn, 'LIMIT#*');

    const checkToken = new HubFunction(this, 'CheckToken', {
      ...answering,
      name: 'check-token',
      environment: { TABLE_NAME, PUBLIC_URL, ...tokenEnvironment },
    });
    // Used proofs, and the directory: it cannot read a mission, and cannot use a proof up.
    checkToken.allowItems(['dynamodb:GetItem'], table.tableArn, 'PROOF#*', 'DIRECTORY');
    checkToken.allowItems(['dynamodb:UpdateItem'], table.tableArn, 'LIMIT#network#*');

    const processMessage = new HubFunction(this, 'ProcessMessage', {
      ...answering,
      name: 'process-message',
      memorySize: 1024,
      environment: {
        TABLE_NAME,
        QUICK_LANE_URL,
        SLOW_LANE_URL,
        PUBLIC_URL,
        ...obligationEnvironment,
        ...metricsEnvironment,
      },
    });
    processMessage.allow(tableReads, table.tableArn);
    processMessage.allowItems(tableWrites, table.tableArn, ...working);

    const read = new HubFunction(this, 'Read', {
      ...answering,
      name: 'read',
      environment: { TABLE_NAME, PUBLIC_URL },
    });
    read.allow(tableReads, table.tableArn);
    for (const index of ['worklist', 'asked']) read.allow(['dynamodb:Query'], `${table.tableArn}/index/${index}`);
    read.allowItems(['dynamodb:PutItem'], table.tableArn, accesses);

    const subscribe = new HubFunction(this, 'Subscribe', {
      ...answering,
      name: 'subscribe',
      environment: { TABLE_NAME, PUBLIC_URL, SLOW_LANE_URL, ENDPOINT_ALLOW_LIST, ...obligationEnvironment },
    });
    subscribe.allow(tableReads, table.tableArn);
    subscribe.allowItems(tableWrites, table.tableArn, 'SUBSCRIPTION#*', 'PARTY#*');
    subscribe.allowItems(['dynamodb:PutItem'], table.tableArn, accesses);

    const metadata = new HubFunction(this, 'Metadata', {
      ...answering,
      name: 'metadata',
      environment: { TABLE_NAME, PUBLIC_URL },
    });
    metadata.allow(['dynamodb:GetItem'], table.tableArn);

    const deliver = new HubFunction(this, 'Deliver', {
      ...common,
      name: 'deliver',
      timeout: deliverTimeout,
      memorySize: 1024,
      environment: {
        TABLE_NAME,
        PUBLIC_URL,
        QUICK_LANE_URL,
        SLOW_LANE_URL,
        ENDPOINT_ALLOW_LIST,
        ...obligationEnvironment,
        ...metricsEnvironment,
      },
    });
    deliver.allow(tableReads, table.tableArn);
    deliver.allowItems(tableWrites, table.tableArn, ...working);
    deliveries.feed(deliver);

    const sweep = new HubFunction(this, 'Sweep', {
      ...common,
      name: 'sweep',
      // It checks every two seconds until the next run has begun, so that no deadline is between two runs.
      timeout: Duration.seconds(80),
      environment: { TABLE_NAME, QUICK_LANE_URL, SLOW_LANE_URL, ...obligationEnvironment, ...metricsEnvironment },
    });
    sweep.allow(tableReads, table.tableArn);
    sweep.allowItems(tableWrites, table.tableArn, ...working);
    sweep.allow(['dynamodb:Query'], `${table.tableArn}/index/obligations`);
    const sweeper = new Sweeper(this, 'Sweeper', { sweep, onCall });

    const anchors = new Anchors(this, 'Anchors', { stage });
    const nightly = new HubFunction(this, 'Nightly', {
      ...common,
      name: 'nightly',
      // It ends by itself before the next run begins, a quarter of an hour after it, and continues there.
      timeout: Duration.minutes(13),
      environment: { TABLE_NAME, ANCHOR_BUCKET: anchors.bucket.bucketName },
    });
    // It reads all, and writes its own state only.
    nightly.allow(['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'], table.tableArn);
    nightly.allowItems(['dynamodb:PutItem'], table.tableArn, 'NIGHTLY');
    anchors.allowAdding(nightly);
    new NightlyRuns(this, 'NightlyRuns', { nightly, onCall });
    anchors.watch(nightly, onCall);
    watchReconciliation(this, nightly, onCall);

    deliveries.allowSending(processMessage, 'quick', 'slow');
    deliveries.allowSending(subscribe, 'slow');
    // What the quick lane does not complete goes to the slow lane.
    deliveries.allowSending(deliver, 'slow');
    deliveries.allowSending(sweep, 'quick', 'slow');
    const serving = [authorize, checkToken, processMessage, read, subscribe, metadata, deliver, sweep];
    const functions = [...serving, nightly];
    for (const fn of functions) fn.allowKey(['kms:Decrypt'], keys.missions, 'dynamodb');

    api.route({ authorize, 'check-token': checkToken, 'process-message': processMessage, read, subscribe, metadata });
    hubTable.watch(onCall, serving);
    const refusals = addApiAlarms(api, { authorize, processMessage, others: [read, subscribe], onCall });
    new Exports(this, 'Exports', { place: exportPlace, table, tableKey: keys.missions, onCall });
    const dashboard = new HubDashboard(this, 'Dashboard', {
      api,
      refusals,
      deliveries,
      sweeper,
      functions,
      onCall,
    });

    new CfnOutput(this, 'Url', { description: 'Base URL that partners use', value: PUBLIC_URL });
    new CfnOutput(this, 'Release', { description: 'What is deployed: version and commit', value: release });
    new CfnOutput(this, 'Options', {
      description: 'Access and exports: give these options again when you deploy',
      value: [optionsOfAccess(access), ...(exportPlace === undefined ? [] : [optionsOfExports(exportPlace)])].join(' '),
    });
    new CfnOutput(this, 'OnCallTopic', {
      description: 'SNS topic of all alarms: people on call subscribe to it',
      value: onCall.topic.topicArn,
    });
    new CfnOutput(this, 'DashboardUrl', {
      description: 'What people on call look at first',
      value: dashboard.url,
    });
    new CfnOutput(this, 'TableName', {
      description: 'For npm run hub: --table <name>',
      value: TABLE_NAME,
    });
    new CfnOutput(this, 'AnchorBucket', {
      description: 'For npm run hub -- audit verify: --anchors s3://<bucket>',
      value: anchors.bucket.bucketName,
    });
    new CfnOutput(this, 'QuickLaneUrl', {
      description: 'For npm run hub -- dead-letters: --queue <url>',
      value: QUICK_LANE_URL,
    });
    new CfnOutput(this, 'SlowLaneUrl', {
      description: 'The queue of retries, handshakes and slow endpoints',
      value: SLOW_LANE_URL,
    });
  }

  /** Logical ids from the construct tree without a hash, so that the template is readable. CDK refuses duplicates. */
  protected override allocateLogicalId(element: CfnElement): string {
    return element.node.scopes
      .slice(this.node.scopes.length)
      .map((construct) => construct.node.id)
      .filter((part) => part !== 'Resource' && part !== 'Default')
      .map((part) => part.replaceAll(/[^A-Za-z0-9]+/g, ''))
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join('');
  }
}
