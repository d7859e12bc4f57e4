/* oxlint-disable no-new -- a construct joins its scope by being made */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat, LogGroupLogDestination, type RestApi, type StageOptions } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ILogGroup, LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StageSettings } from '../stage.ts';

/**
 * Fields of the access log of each request: the caller, the kind of request, and the result. The path is the template, and there is
 * no query and no body, so no line identifies a mission or a person. An absent value is "-".
 */
const fields = {
  requestId: '$context.requestId',
  time: '$context.requestTimeEpoch',
  sourceAddress: '$context.identity.sourceIp',
  // The organisation number of the caller.
  organisation: '$context.authorizer.principalId',
  method: '$context.httpMethod',
  resourcePath: '$context.resourcePath',
  status: '$context.status',
  // The type of answer, if API Gateway itself answered.
  gatewayResponse: '$context.error.responseType',
  firewall: '$context.wafResponseCode',
  milliseconds: '$context.responseLatency',
  functionMilliseconds: '$context.integrationLatency',
  authorizerMilliseconds: '$context.authorizer.latency',
  bytes: '$context.responseLength',
};

interface ApiLogsProps {
  readonly stage: StageSettings;
  readonly key: IKey;
  readonly stageName: string;
}

/** The log groups of the API: one line per request, and API Gateway's own errors. */
export class ApiLogs extends Construct {
  readonly #settings;
  readonly #stageName: string;
  /** One line per request. */
  readonly requests: ILogGroup;
  readonly access: Pick<StageOptions, 'accessLogDestination' | 'accessLogFormat'>;

  constructor(scope: Construct, id: string, { stage, key, stageName }: ApiLogsProps) {
    super(scope, id);
    this.#stageName = stageName;
    this.#settings = {
      retention: stage.logRetention,
      encryptionKey: key,
      removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    };
    this.requests = new LogGroup(this, 'Access', this.#settings);
    this.access = {
      accessLogDestination: new LogGroupLogDestination(this.requests),
      accessLogFormat: AccessLogFormat.custom(JSON.stringify(fields)),
    };
  }

  /** Creates the log group of API Gateway's errors before API Gateway does, because its own has no retention limit. */
  keepErrorsOf(api: RestApi): void {
    const errors = new LogGroup(this, 'Errors', {
      ...this.#settings,
      logGroupName: `API-Gateway-Execution-Logs_${api.restApiId}/${this.#stageName}`,
    });
    api.deploymentStage.node.addDependency(errors);
  }
}
