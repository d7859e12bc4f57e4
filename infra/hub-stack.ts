/* oxlint-disable no-new -- a construct joins its scope by being made */
import {
  CfnCondition,
  type CfnElement,
  CfnOutput,
  CfnParameter,
  Duration,
  Fn,
  Stack,
  type StackProps,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { HubDashboard } from './dashboard.ts';
import { DeliveryQueue } from './compute/delivery-queue.ts';
import { DoorAlarms } from './observability/api-alarms.ts';
import { type Entrance, optionsOf } from './api/access.ts';
import { type ExportPlace, Exports, optionsOfExports } from './storage/exports.ts';
import { FhirApi } from './api/fhir-api.ts';
import { Handlers } from './compute/bundles.ts';
import { HubFunction } from './compute/hub-function.ts';
import { HubKeys } from './storage/keys.ts';
import { HubTable } from './storage/table.ts';
import { OnCall } from './observability/on-call.ts';
import { metricNamespace } from '../schemas/telemetry/metrics.ts';
import type { StageSettings } from './stage.ts';
import { Sweeper } from './compute/sweeper.ts';

interface HubStackProps extends StackProps {
  /** The folder with one folder per function, each with a `handler.ts`. */
  readonly handlers: string;
  readonly stage: StageSettings;
  /** Which release it is, for people. */
  readonly release: string;
  /** Where docs/runbook.md of this release is read; alarms lead to its sections. */
  readonly runbook: string;
  readonly entrance: Entrance;
  /** Which table of the stage it has: 1, or one more than before for a new, empty one. */
  readonly tableGeneration: number;
  /** Undefined: the table is exported nowhere. */
  readonly exportPlace: ExportPlace | undefined;
}

const tableReads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
const tableWrites = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];

/** Partitions of what the hub accepts and owes. */
const working = ['MISSION#*', 'INCIDENT#*', 'SUBSCRIPTION#*', 'PARTY#*'];
/** Partitions of what was read by whom: added to by those that read, and by nobody else. */
const accesses = 'AUDIT#*';

/** The whole hub. No account or region is named, so that it may be deployed anywhere. */
export class HubStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { handlers: folder, stage, release, entrance, runbook, tableGeneration, exportPlace, ...props }: HubStackProps,
  ) {
    super(scope, id, { ...props, terminationProtection: stage.keepsData });
    const scheme = stage.plainHttp ? 'https?' : 'https';

    const tokenIssuer = new CfnParameter(this, 'TokenIssuer', {
      description: 'Issuer (iss) of the access tokens; its discovery document names the keys.',
      allowedPattern: `${scheme}://.+`,
    });
    const tokenAudience = new CfnParameter(this, 'TokenAudience', {
      description: 'Audience (aud) that an access token must name.',
      default: 'luftbro',
    });
    const tokenBinding = new CfnParameter(this, 'TokenBinding', {
      description: 'Whether an access token must be bound to a key of the caller (DPoP): required, or optional.',
      allowedPattern: 'required|optional',
      default: 'required',
    });
    const proofSecondsBack = new CfnParameter(this, 'ProofSecondsBack', {
      description: 'Seconds for which a DPoP proof is taken.',
      type: 'Number',
      minValue: 1,
      maxValue: 300,
      default: 60,
    });
    const proofSecondsAhead = new CfnParameter(this, 'ProofSecondsAhead', {
      description: "Seconds by which a caller's clock may be ahead.",
      type: 'Number',
      minValue: 0,
      maxValue: 60,
      default: 10,
    });
    const budgetSeconds = new CfnParameter(this, 'BudgetSeconds', {
      description: 'Seconds for which a client has the two budgets below, and after which it has them anew.',
      type: 'Number',
      minValue: 1,
      maxValue: 300,
      default: 10,
    });
    const budgetMessages = new CfnParameter(this, 'BudgetMessages', {
      description: 'Messages that one client may send in that time.',
      type: 'Number',
      minValue: 1,
      default: 250,
    });
    const budgetRequests = new CfnParameter(this, 'BudgetRequests', {
      description: 'Requests that are no messages (reading, subscribing) that one client may make in that time.',
      type: 'Number',
      minValue: 1,
      default: 300,
    });
    const budgetMissions = new CfnParameter(this, 'BudgetMissions', {
      description:
        'Missions that one client may open, or take up again after minutes of silence, in BudgetMissionSeconds.',
      type: 'Number',
      minValue: 1,
      default: 100,
    });
    const budgetMissionSeconds = new CfnParameter(this, 'BudgetMissionSeconds', {
      description: 'Seconds for which a client has the budget of missions, and after which it has it anew.',
      type: 'Number',
      minValue: 1,
      maxValue: 300,
      default: 60,
    });
    const endpointAllowList = new CfnParameter(this, 'EndpointAllowList', {
      description:
        'Comma separated origins that may receive notifications though they are not public https. For laptops; empty elsewhere.',
      default: '',
    });

    const bearerIsTaken = new CfnCondition(this, 'BearerIsTaken', {
      expression: Fn.conditionEquals(tokenBinding.valueAsString, 'optional'),
    });
    const keys = new HubKeys(this, 'Keys', { stage });
    const onCall = new OnCall(this, 'OnCall', { key: keys.onCall, runbook });
    const api = new FhirApi(this, 'Api', { stage, entrance, logKey: keys.logs, bearerIsTaken });
    const PUBLIC_URL = entrance.entrance === 'domain' ? api.url : this.#givenUrlOr(api.url, scheme);

    const hubTable = new HubTable(this, 'Table', { stage, generation: tableGeneration, key: keys.missions });
    const { table } = hubTable;
    const TABLE_NAME = table.tableName;
    const ENDPOINT_ALLOW_LIST = endpointAllowList.valueAsString;

    const deliverTimeout = Duration.seconds(30);
    const deliveries = new DeliveryQueue(this, 'Deliveries', {
      stage,
      key: keys.missions,
      consumerTimeout: deliverTimeout,
      onCall,
    });
    const DELIVERY_QUEUE_URL = deliveries.queue.queueUrl;

    const handlers = new Handlers(this, 'Handlers', { folder });
    const made = { stage, handlers, logKey: keys.logs };
    const answering = { ...made, timeout: Duration.seconds(10) };
    const counting = { POWERTOOLS_METRICS_NAMESPACE: metricNamespace(this.stackName) };

    const authorize = new HubFunction(this, 'Authorize', {
      ...made,
      name: 'authorize',
      // When it starts it asks the issuer for its keys.
      timeout: Duration.seconds(10),
      environment: {
        TABLE_NAME,
        PUBLIC_URL,
        TOKEN_ISSUER: tokenIssuer.valueAsString,
        TOKEN_AUDIENCE: tokenAudience.valueAsString,
        TOKEN_BINDING: tokenBinding.valueAsString,
        PROOF_SECONDS_BACK: proofSecondsBack.valueAsString,
        PROOF_SECONDS_AHEAD: proofSecondsAhead.valueAsString,
        BUDGET_SECONDS: budgetSeconds.valueAsString,
        BUDGET_MESSAGES: budgetMessages.valueAsString,
        BUDGET_REQUESTS: budgetRequests.valueAsString,
      },
    });
    authorize.allowItems(['dynamodb:PutItem'], table.tableArn, 'PROOF#*');
    authorize.allowItems(['dynamodb:UpdateItem'], table.tableArn, 'LIMIT#*');

    const processMessage = new HubFunction(this, 'ProcessMessage', {
      ...answering,
      name: 'process-message',
      memorySize: 1024,
      environment: {
        TABLE_NAME,
        DELIVERY_QUEUE_URL,
        PUBLIC_URL,
        BUDGET_MISSIONS: budgetMissions.valueAsString,
        BUDGET_MISSION_SECONDS: budgetMissionSeconds.valueAsString,
        ...counting,
      },
    });
    processMessage.allow(tableReads, table.tableArn);
    processMessage.allowItems(tableWrites, table.tableArn, ...working);
    processMessage.allowItems(['dynamodb:UpdateItem'], table.tableArn, 'LIMIT#*');

    const read = new HubFunction(this, 'Read', {
      ...answering,
      name: 'read',
      environment: { TABLE_NAME, PUBLIC_URL },
    });
    read.allow(tableReads, table.tableArn);
    read.allow(['dynamodb:Query'], `${table.tableArn}/index/worklist`);
    read.allowItems(['dynamodb:PutItem'], table.tableArn, accesses);

    const subscribe = new HubFunction(this, 'Subscribe', {
      ...answering,
      name: 'subscribe',
      environment: { TABLE_NAME, PUBLIC_URL, DELIVERY_QUEUE_URL, ENDPOINT_ALLOW_LIST },
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
      ...made,
      name: 'deliver',
      timeout: deliverTimeout,
      memorySize: 1024,
      environment: { TABLE_NAME, PUBLIC_URL, DELIVERY_QUEUE_URL, ENDPOINT_ALLOW_LIST, ...counting },
    });
    deliver.allow(tableReads, table.tableArn);
    deliver.allowItems(tableWrites, table.tableArn, ...working);
    deliveries.feed(deliver);

    const sweep = new HubFunction(this, 'Sweep', {
      ...made,
      name: 'sweep',
      // It looks again every two seconds until the next one has begun, so that no deadline falls between two runs.
      timeout: Duration.seconds(80),
      environment: { TABLE_NAME, DELIVERY_QUEUE_URL, ...counting },
    });
    sweep.allow(tableReads, table.tableArn);
    sweep.allowItems(tableWrites, table.tableArn, ...working);
    sweep.allow(['dynamodb:Query'], `${table.tableArn}/index/obligations`);
    const sweeper = new Sweeper(this, 'Sweeper', { sweep, onCall });

    deliveries.allowSending(processMessage, subscribe, sweep);
    const functions = [authorize, processMessage, read, subscribe, metadata, deliver, sweep];
    for (const fn of functions) fn.allowKey(['kms:Decrypt'], keys.missions, 'dynamodb');

    api.route({ authorize, 'process-message': processMessage, read, subscribe, metadata });
    hubTable.watch(onCall, functions);
    const door = new DoorAlarms(this, 'Door', { api, authorize, processMessage, others: [read, subscribe], onCall });
    new Exports(this, 'Exports', { place: exportPlace, table, tableKey: keys.missions, onCall });
    const dashboard = new HubDashboard(this, 'Dashboard', { api, door, deliveries, sweeper, functions, onCall });

    new CfnOutput(this, 'Url', { description: 'Base URL that partners use', value: PUBLIC_URL });
    new CfnOutput(this, 'Release', { description: 'What is deployed: version and commit', value: release });
    new CfnOutput(this, 'Options', {
      description: 'Way in, and where exports go: give these options again when you deploy',
      value: [optionsOf(entrance), ...(exportPlace === undefined ? [] : [optionsOfExports(exportPlace)])].join(' '),
    });
    new CfnOutput(this, 'OnCallTopic', {
      description: 'SNS topic of all alarms: who is on call subscribes to it',
      value: onCall.topic.topicArn,
    });
    new CfnOutput(this, 'DashboardUrl', {
      description: 'What people on call look at first',
      value: dashboard.url,
    });
    new CfnOutput(this, 'TableName', {
      description: 'For npm run hub -- directory, guideline, dead-letters, audit, backup',
      value: TABLE_NAME,
    });
    new CfnOutput(this, 'DeliveryQueueUrl', {
      description: 'For npm run hub -- dead-letters',
      value: DELIVERY_QUEUE_URL,
    });
  }

  /** What stands before API Gateway may have a name that the stack does not know. */
  #givenUrlOr(url: string, scheme: string): string {
    const given = new CfnParameter(this, 'PublicUrl', {
      description: 'Base URL that partners use, ends in /fhir. Empty: the address that API Gateway gives.',
      default: '',
      allowedPattern: `|${scheme}://.+/fhir`,
    });
    const isGiven = new CfnCondition(this, 'PublicUrlIsGiven', {
      expression: Fn.conditionNot(Fn.conditionEquals(given.valueAsString, '')),
    });
    return Fn.conditionIf(isGiven.logicalId, given.valueAsString, url).toString();
  }

  /** Names from the construct tree without a hash, so that the template can be read. CDK refuses two alike. */
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
