/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Aws, type CfnCondition, Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  EndpointType,
  IdentitySource,
  LambdaIntegration,
  MethodLoggingLevel,
  RequestAuthorizer,
  RestApi,
  type RestApiProps,
} from 'aws-cdk-lib/aws-apigateway';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ApiLogs } from './api-logs.ts';
import { CustomDomain } from './custom-domain.ts';
import type { Access } from './access.ts';
import { Firewall } from './firewall.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import { type AnsweringFunction, routes } from '../../schemas/api/routes.ts';
import type { StageSettings } from '../stage.ts';

interface FhirApiProps {
  readonly stage: StageSettings;
  readonly access: Access;
  readonly logKey: IKey;
  /** Whether tokens without a proof are accepted too. */
  readonly bearerIsAccepted: CfnCondition;
}

type FhirFunctions = Readonly<Record<AnsweringFunction | 'authorize', IFunction>>;

/** The API that partners call. */
export class FhirApi extends Construct {
  /** Fixed, so that functions can have their own URL in their environment before the stage exists. */
  readonly #stageName = 'live';
  readonly #api: RestApi;
  readonly #access: Access;
  /** One line per request, with its result. */
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, { stage, access, logKey, bearerIsAccepted }: FhirApiProps) {
    super(scope, id);
    this.#access = access;
    const logs = new ApiLogs(this, 'Logs', { stage, key: logKey, stageName: this.#stageName });
    this.logGroup = logs.requests;
    const logged = { loggingLevel: MethodLoggingLevel.ERROR, dataTraceEnabled: false };
    this.#api = new RestApi(this, 'Resource', {
      ...endpointOf(this, access),
      // CloudWatch counts by this name, so each stage in an account needs its own.
      restApiName: Stack.of(this).stackName,
      description: 'FHIR hub for air-ambulance missions',
      cloudWatchRole: true,
      // Bodies reach the functions as the bytes that were sent: the functions refuse text that is not UTF-8; API Gateway would replace characters.
      binaryMediaTypes: ['*/*'],
      deployOptions: {
        stageName: this.#stageName,
        // AWS X-Ray would keep the whole URL of a request, with mission and query. Traces begin at the functions.
        tracingEnabled: false,
        ...logs.access,
        ...logged,
        // A method with settings of its own does not inherit the settings for all.
        methodOptions: Object.fromEntries(
          routes.flatMap(({ path, methods, to }) => {
            const { rate, burst } = stage.throttles[to];
            const options = { ...logged, throttlingRateLimit: rate, throttlingBurstLimit: burst };
            return methods.map((method) => [`${path}/${method}`, options]);
          }),
        ),
      },
    });
    logs.keepErrorsOf(this.#api);
    addGatewayResponses(this.#api, bearerIsAccepted);
    if (stage.firewall !== undefined)
      new Firewall(this, 'Firewall', { stage, limits: stage.firewall, logKey, apiStage: this.#api.deploymentStage });
    else
      Validations.of(this.#api).acknowledge({
        id: 'AwsSolutions-APIG3',
        reason: 'A firewall has a monthly cost; a stage that nobody relies on has none.',
      });
    if (access.kind === 'domain') new CustomDomain(this, 'Domain', { ...access, api: this.#api });
    Validations.of(this.#api).acknowledge(
      {
        id: 'AwsSolutions-APIG2',
        reason:
          'The functions validate requests and answer in FHIR what is wrong and where; API Gateway could only refuse them.',
      },
      {
        id: 'AwsSolutions-COG4',
        reason: 'Tokens come from HelseID. The authorizer checks them and the proof of the key that they are bound to.',
      },
      {
        id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        reason: 'API Gateway uses one role for the whole account, and requires that it may write to any log group.',
      },
    );
  }

  /** What CloudWatch counts. */
  get metrics(): Pick<RestApi, 'metricCount' | 'metricClientError' | 'metricServerError' | 'metricLatency'> {
    return this.#api;
  }

  /** Base URL of the hub as partners reach it. */
  get url(): string {
    return this.#access.kind === 'domain'
      ? `https://${this.#access.domainName}/fhir`
      : this.#urlAt(this.#api.restApiId);
  }

  /** Base URLs by which partners reach the hub too: those of the VPC endpoints. API Gateway gives each a name, also without private DNS. */
  get otherUrls(): readonly string[] {
    if (this.#access.kind !== 'private') return [];
    const { restApiId } = this.#api;
    return [restApiId, ...this.#access.vpcEndpoints.map((id) => `${restApiId}-${id}`)].map((name) => this.#urlAt(name));
  }

  #urlAt(name: string): string {
    return `https://${name}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${this.#stageName}/fhir`;
  }

  route({ authorize, ...functions }: FhirFunctions): void {
    const authorizer = new RequestAuthorizer(this, 'Authorizer', {
      handler: authorize,
      identitySources: [IdentitySource.header('Authorization')],
      // A decision covers one path only; a cached one would admit a token to paths that were not checked.
      resultsCacheTtl: Duration.seconds(0),
    });
    const to = (fn: IFunction): LambdaIntegration => new LambdaIntegration(fn, { scopePermissionToMethod: false });
    const integrations: Readonly<Record<AnsweringFunction, LambdaIntegration>> = {
      'process-message': to(functions['process-message']),
      read: to(functions.read),
      subscribe: to(functions.subscribe),
      metadata: to(functions.metadata),
      'check-token': to(functions['check-token']),
    };
    for (const route of routes) {
      const resource = this.#api.root.resourceForPath(route.path);
      for (const name of route.methods) {
        const method = resource.addMethod(name, integrations[route.to], route.open === true ? {} : { authorizer });
        if (route.open === true)
          Validations.of(method).acknowledge({
            id: 'AwsSolutions-APIG4',
            reason: 'It answers what the hub publishes about itself, or which check the token of the request fails.',
          });
      }
    }
  }
}

/** The endpoint type and who may reach it. */
const endpointOf = (
  scope: Construct,
  access: Access,
): Pick<RestApiProps, 'endpointConfiguration' | 'policy' | 'disableExecuteApiEndpoint'> => {
  if (access.kind === 'public') return { endpointConfiguration: { types: [EndpointType.REGIONAL] } };
  // The default endpoint would not require a client certificate.
  if (access.kind === 'domain')
    return { endpointConfiguration: { types: [EndpointType.REGIONAL] }, disableExecuteApiEndpoint: true };
  const { vpcEndpoints } = access;
  const everyone = { principals: [new AnyPrincipal()], actions: ['execute-api:Invoke'], resources: ['execute-api:/*'] };
  return {
    endpointConfiguration: {
      types: [EndpointType.PRIVATE],
      vpcEndpoints: vpcEndpoints.map((vpcEndpointId) =>
        InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(scope, vpcEndpointId, { vpcEndpointId, port: 443 }),
      ),
    },
    policy: new PolicyDocument({
      statements: [
        new PolicyStatement(everyone),
        // Allowing only these endpoints is not enough: callers that the authorizer admits could come from elsewhere.
        new PolicyStatement({
          ...everyone,
          effect: Effect.DENY,
          conditions: { StringNotEquals: { 'aws:SourceVpce': vpcEndpoints } },
        }),
      ],
    }),
  };
};
