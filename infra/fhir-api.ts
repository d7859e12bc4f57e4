import { type CfnCondition, Duration } from 'aws-cdk-lib';
import {
  EndpointType,
  IdentitySource,
  LambdaIntegration,
  RequestAuthorizer,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { publishedTypes } from '../schemas/published-types.ts';
import { addGatewayResponses } from './gateway-responses.ts';

interface FhirApiProps {
  /** Whether tokens without a proof are taken, too. */
  readonly bearerIsTaken: CfnCondition;
}

interface FhirFunctions {
  readonly authorize: IFunction;
  readonly processMessage: IFunction;
  readonly read: IFunction;
  readonly subscribe: IFunction;
  readonly metadata: IFunction;
}

/** The one door for partners. */
export class FhirApi extends Construct {
  /** Known before the stage exists, so that functions may be told their own URL. */
  readonly stageName = 'live';
  readonly #api: RestApi;

  constructor(scope: Construct, id: string, { bearerIsTaken }: FhirApiProps) {
    super(scope, id);
    this.#api = new RestApi(this, 'Resource', {
      restApiName: 'luftbro',
      description: 'FHIR hub for air-ambulance missions',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      // Bodies reach the functions as the bytes that were sent: text that is not UTF-8 is refused there, not mangled here.
      binaryMediaTypes: ['*/*'],
      deployOptions: {
        stageName: this.stageName,
        // All partners together; a partner that repeats itself without pause meets 429 before it fills the account.
        throttlingRateLimit: 200,
        throttlingBurstLimit: 400,
      },
    });
    addGatewayResponses(this.#api, bearerIsTaken);
  }

  get restApiId(): string {
    return this.#api.restApiId;
  }

  route({ authorize, ...functions }: FhirFunctions): void {
    const authorizer = new RequestAuthorizer(this, 'Authorizer', {
      handler: authorize,
      identitySources: [IdentitySource.header('Authorization')],
      // A decision covers one path only; a remembered one would let a token in where it was not asked about.
      resultsCacheTtl: Duration.seconds(0),
    });
    const authorized = { authorizer };
    const to = (fn: IFunction): LambdaIntegration => new LambdaIntegration(fn, { scopePermissionToMethod: false });

    const processMessage = to(functions.processMessage);
    const read = to(functions.read);
    const subscribe = to(functions.subscribe);

    const fhir = this.#api.root.addResource('fhir');
    const metadata = to(functions.metadata);
    fhir.addResource('metadata').addMethod('GET', metadata);
    for (const type of publishedTypes) {
      const published = fhir.addResource(type);
      published.addMethod('GET', metadata);
      published.addResource('{id}').addMethod('GET', metadata);
    }

    const subscriptions = fhir.addResource('Subscription');
    subscriptions.addMethod('GET', subscribe, authorized);
    subscriptions.addMethod('POST', subscribe, authorized);
    const subscription = subscriptions.addResource('{id}');
    subscription.addMethod('GET', subscribe, authorized);
    // `Subscription/$status` arrives as an id.
    subscription.addMethod('POST', subscribe, authorized);
    subscription.addMethod('PUT', subscribe, authorized);
    subscription.addMethod('DELETE', subscribe, authorized);
    const operation = subscription.addResource('{operation}');
    operation.addMethod('GET', subscribe, authorized);
    operation.addMethod('POST', subscribe, authorized);

    // A path part may not contain "$", so `$process-message` arrives as the type.
    const type = fhir.addResource('{type}');
    type.addMethod('GET', read, authorized);
    type.addMethod('POST', processMessage, authorized);
    const instance = type.addResource('{id}');
    instance.addMethod('GET', read, authorized);
    instance.addResource('{operation}').addMethod('GET', read, authorized);
  }
}
