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
import { DomainDoor } from './custom-domain.ts';
import type { Entrance } from './access.ts';
import { Firewall } from './firewall.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import { routes } from './routes.ts';
import type { AnsweringFunction, StageSettings } from '../stage.ts';

interface FhirApiProps {
  readonly stage: StageSettings;
  readonly entrance: Entrance;
  readonly logKey: IKey;
  /** Whether tokens without a proof are taken, too. */
  readonly bearerIsTaken: CfnCondition;
}

type FhirFunctions = Readonly<Record<AnsweringFunction | 'authorize', IFunction>>;

/** The one door for partners. */
export class FhirApi extends Construct {
  /** Known before the stage exists, so that functions may be told their own URL. */
  readonly #stageName = 'live';
  readonly #api: RestApi;
  readonly #entrance: Entrance;
  /** One line per request, which says how it ended. */
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, { stage, entrance, logKey, bearerIsTaken }: FhirApiProps) {
    super(scope, id);
    this.#entrance = entrance;
    const logs = new ApiLogs(this, 'Logs', { stage, key: logKey, stageName: this.#stageName });
    this.logGroup = logs.requests;
    const logged = { loggingLevel: MethodLoggingLevel.ERROR, dataTraceEnabled: false };
    this.#api = new RestApi(this, 'Resource', {
      ...endpointOf(this, entrance),
      // CloudWatch counts by this name: another stage in the account has another.
      restApiName: Stack.of(this).stackName,
      description: 'FHIR hub for air-ambulance missions',
      cloudWatchRole: true,
      // Bodies reach the functions as the bytes that were sent: text that is not UTF-8 is refused there, not mangled here.
      binaryMediaTypes: ['*/*'],
      deployOptions: {
        stageName: this.#stageName,
        // Of a request AWS X-Ray would keep the whole URL, with mission and query; traces begin at the functions.
        tracingEnabled: false,
        ...logs.access,
        ...logged,
        // A method with settings of its own has none of those for all.
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
    addGatewayResponses(this.#api, bearerIsTaken);
    if (stage.firewall !== undefined)
      new Firewall(this, 'Firewall', { stage, limits: stage.firewall, logKey, apiStage: this.#api.deploymentStage });
    else
      Validations.of(this.#api).acknowledge({
        id: 'AwsSolutions-APIG3',
        reason: 'A firewall costs by the month; a stage that nobody relies on has none.',
      });
    if (entrance.entrance === 'domain') new DomainDoor(this, 'Domain', { ...entrance, api: this.#api });
    Validations.of(this.#api).acknowledge(
      {
        id: 'AwsSolutions-APIG2',
        reason:
          'The functions check what is sent, and say in FHIR what is wrong and where; API Gateway could only refuse it.',
      },
      {
        id: 'AwsSolutions-COG4',
        reason: 'Tokens come from HelseID. The authorizer checks them and the proof of the key that they are bound to.',
      },
      {
        id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        reason: 'API Gateway takes one role for the whole account, and checks that it may write to any log group.',
      },
    );
  }

  /** What CloudWatch counts of it. */
  get numbers(): Pick<RestApi, 'metricCount' | 'metricClientError' | 'metricServerError' | 'metricLatency'> {
    return this.#api;
  }

  /** Base URL of the hub as partners reach it. */
  get url(): string {
    return this.#entrance.entrance === 'domain'
      ? `https://${this.#entrance.domainName}/fhir`
      : `https://${this.#api.restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${this.#stageName}/fhir`;
  }

  route({ authorize, ...functions }: FhirFunctions): void {
    const authorizer = new RequestAuthorizer(this, 'Authorizer', {
      handler: authorize,
      identitySources: [IdentitySource.header('Authorization')],
      // A decision covers one path only; a remembered one would let a token in where it was not asked about.
      resultsCacheTtl: Duration.seconds(0),
    });
    const to = (fn: IFunction): LambdaIntegration => new LambdaIntegration(fn, { scopePermissionToMethod: false });
    const integrations: Readonly<Record<AnsweringFunction, LambdaIntegration>> = {
      'process-message': to(functions['process-message']),
      read: to(functions.read),
      subscribe: to(functions.subscribe),
      metadata: to(functions.metadata),
    };
    for (const route of routes) {
      const resource = this.#api.root.resourceForPath(route.path);
      for (const name of route.methods) {
        const method = resource.addMethod(name, integrations[route.to], route.open === true ? {} : { authorizer });
        if (route.open === true)
          Validations.of(method).acknowledge({
            id: 'AwsSolutions-APIG4',
            reason: 'It answers what the hub publishes about itself, the same to everybody.',
          });
      }
    }
  }
}

/** Where the API listens, and for whom. */
const endpointOf = (
  scope: Construct,
  entrance: Entrance,
): Pick<RestApiProps, 'endpointConfiguration' | 'policy' | 'disableExecuteApiEndpoint'> => {
  if (entrance.entrance === 'public') return { endpointConfiguration: { types: [EndpointType.REGIONAL] } };
  // Past the domain name there would be no question for a client certificate.
  if (entrance.entrance === 'domain')
    return { endpointConfiguration: { types: [EndpointType.REGIONAL] }, disableExecuteApiEndpoint: true };
  const { vpcEndpoints } = entrance;
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
        // An allowance for these alone would not do: what the authorizer lets in would come in from elsewhere, too.
        new PolicyStatement({
          ...everyone,
          effect: Effect.DENY,
          conditions: { StringNotEquals: { 'aws:SourceVpce': vpcEndpoints } },
        }),
      ],
    }),
  };
};
