import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createGatewayResponses } from '../../local/gateway/gateway-responses.ts';
import { createRoutes } from '../../local/gateway/routes.ts';
import { createStack, type Stack } from '../../local/aws/stack.ts';
import { parseTemplate } from '../../local/aws/template.ts';

const stackOf = (Resources: unknown, rest: object = {}): Stack =>
  createStack({
    name: 'Test',
    region: 'eu-north-1',
    template: parseTemplate({ Resources, ...rest }),
    parameters: {},
    queueUrl: (name) => `http://queues/${name}`,
  });

describe('stack of the embedded host', () => {
  it('refuses a resource that the host can neither run nor leave out', () => {
    expect(() => stackOf({ Stream: { Type: 'AWS::Kinesis::Stream' } })).toThrow(
      /does not know how to run AWS::Kinesis::Stream \(Stream\)/,
    );
    expect(() => stackOf({ Role: { Type: 'AWS::IAM::Role' } })).not.toThrow();
  });

  it('refuses a property that the host would ignore silently', () => {
    const stack = stackOf({ Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q', Colour: 'red' } } });
    expect(() => stack.resources('AWS::SQS::Queue', z.strictObject({ QueueName: z.string() }))).toThrow(
      /cannot run Queue .*Colour/s,
    );
  });

  it('leaves out a resource whose condition is false', () => {
    const stack = stackOf(
      { Queue: { Type: 'AWS::SQS::Queue', Condition: 'Never' }, Other: { Type: 'AWS::SQS::Queue' } },
      { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } },
    );
    expect(stack.resources('AWS::SQS::Queue', z.object({})).map(({ logicalId }) => logicalId)).toEqual(['Other']);
  });

  it('names a resource without a name after its logical id', () => {
    const stack = stackOf(
      { Queue: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } }, Table: { Type: 'AWS::DynamoDB::Table' } },
      { Outputs: { Url: { Value: { Ref: 'Queue' } }, Table: { Value: { 'Fn::GetAtt': ['Table', 'Arn'] } } } },
    );
    expect(stack.outputs()).toEqual({
      Url: 'http://queues/Test-Queue.fifo',
      Table: 'arn:aws:dynamodb:eu-north-1:000000000000:table/Test-Table',
    });
  });
});

const resource = (PathPart: string, parent?: string): object => ({
  Type: 'AWS::ApiGateway::Resource',
  Properties: {
    PathPart,
    RestApiId: { Ref: 'Api' },
    ParentId: parent === undefined ? { 'Fn::GetAtt': ['Api', 'RootResourceId'] } : { Ref: parent },
  },
});

const method = (HttpMethod: string, ResourceId: string, integration: object = {}): object => ({
  Type: 'AWS::ApiGateway::Method',
  Properties: {
    HttpMethod,
    ResourceId: { Ref: ResourceId },
    RestApiId: { Ref: 'Api' },
    AuthorizationType: 'NONE',
    Integration: {
      Type: 'AWS_PROXY',
      IntegrationHttpMethod: 'POST',
      Uri: 'arn:aws:apigateway:eu-north-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-north-1:0:function:F/invocations',
      ...integration,
    },
  },
});

const Api = { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'test' } };

describe('routes of a template', () => {
  const routes = createRoutes(
    stackOf({
      Api,
      Fhir: resource('fhir'),
      Type: resource('{type}', 'Fhir'),
      Instance: resource('{id}', 'Type'),
      Subscription: resource('Subscription', 'Fhir'),
      OneSubscription: resource('{id}', 'Subscription'),
      Operation: resource('{operation}', 'OneSubscription'),
      GetType: method('GET', 'Type'),
      GetInstance: method('GET', 'Instance'),
      GetSubscription: method('GET', 'Subscription'),
      AnyOperation: method('ANY', 'Operation', { TimeoutInMillis: 1234 }),
    }),
    'Api',
  );
  const match = (httpMethod: string, path: string) => routes.match(httpMethod, path.split('/').slice(1));

  it.each([
    ['/fhir/Task', '/fhir/{type}', { type: 'Task' }],
    ['/fhir/Task/1', '/fhir/{type}/{id}', { type: 'Task', id: '1' }],
    ['/fhir/Subscription', '/fhir/Subscription', {}],
    ['/fhir/Subscription/7/$status', '/fhir/Subscription/{id}/{operation}', { id: '7', operation: '$status' }],
  ])('lead %s to %s', (path, resourcePath, pathParameters) => {
    expect(match('GET', path)).toMatchObject({
      resourcePath,
      pathParameters,
      method: { functionArn: 'arn:aws:lambda:eu-north-1:0:function:F' },
    });
  });

  it('lead nowhere if the template has no such path', () => {
    expect(match('GET', '/')?.method).toBeUndefined();
    expect(match('GET', '/fhir')?.method).toBeUndefined();
    expect(match('GET', '/elsewhere')).toBeUndefined();
    expect(match('GET', '/fhir/Task/1/2')).toBeUndefined();
    expect(match('GET', '/fhir//1')).toBeUndefined();
    expect(match('POST', '/fhir/Task')?.method).toBeUndefined();
    // The literal path is meant, though only the variable one beside it has this method.
    expect(match('GET', '/fhir/Subscription/7')?.method).toBeUndefined();
  });

  it('have a method for all, with its own timeout', () => {
    expect(match('DELETE', '/fhir/Subscription/7/x')?.method).toMatchObject({ timeoutMilliseconds: 1234 });
    expect(match('GET', '/fhir/Task')?.method).toMatchObject({ timeoutMilliseconds: 29_000 });
  });

  it('refuse an integration that is not a function', () => {
    expect(() =>
      createRoutes(stackOf({ Api, Path: resource('x'), Get: method('GET', 'Path', { Type: 'MOCK' }) }), 'Api'),
    ).toThrow(/cannot run Get .*not a Lambda proxy integration/s);
    expect(() => createRoutes(stackOf({ Api, Path: resource('{all+}') }), 'Api')).toThrow(/greedy/);
  });
});

describe('gateway response', () => {
  const worded = (type: string, properties: object = {}): object => ({
    Type: 'AWS::ApiGateway::GatewayResponse',
    Properties: { ResponseType: type, RestApiId: { Ref: 'Api' }, ...properties },
  });

  it('is the one of its type before the default of its kind', () => {
    const gateway = createGatewayResponses(
      stackOf({
        Api,
        Unauthorized: worded('UNAUTHORIZED', {
          ResponseTemplates: { 'application/json': 'unauthorized $context.requestId' },
        }),
        Others: worded('DEFAULT_4XX', { ResponseTemplates: { 'text/plain': 'other' } }),
      }),
    );
    expect(gateway.answer('UNAUTHORIZED', 'r1')).toMatchObject({ status: 401, body: 'unauthorized r1' });
    expect(gateway.answer('ACCESS_DENIED', 'r1')).toMatchObject({ status: 403, body: 'other' });
    expect(gateway.answer('ACCESS_DENIED', 'r1').headers).toContainEqual(['content-type', 'text/plain']);
  });

  it('has the status and the headers of the stack', () => {
    const gateway = createGatewayResponses(
      stackOf({
        Api,
        NoRoute: worded('MISSING_AUTHENTICATION_TOKEN', {
          StatusCode: '404',
          ResponseParameters: {
            'gatewayresponse.header.Content-Type': "'application/fhir+json'",
            'gatewayresponse.header.X-Request-Id': 'context.requestId',
          },
        }),
      }),
    );
    const { status, headers } = gateway.answer('MISSING_AUTHENTICATION_TOKEN', 'r1');
    expect(status).toBe(404);
    expect(headers).toContainEqual(['content-type', 'application/fhir+json']);
    expect(headers).toContainEqual(['x-request-id', 'r1']);
  });

  it.each(['method.request.header.X-Correlation-Id', 'context.authorizer.why', 'application/json'])(
    'stops the host if a header is filled from %s, which the host does not emulate',
    (mapping) => {
      const ResponseParameters = { 'gatewayresponse.header.X-Thing': mapping };
      expect(() =>
        createGatewayResponses(stackOf({ Api, Denied: worded('ACCESS_DENIED', { ResponseParameters }) })),
      ).toThrow(/cannot run Denied .*single quotes/s);
    },
  );

  it("is API Gateway's default if the stack has none", () => {
    const { status, body } = createGatewayResponses(stackOf({ Api })).answer('INTEGRATION_TIMEOUT', 'r1');
    expect(status).toBe(504);
    expect(JSON.parse(body.toString())).toHaveProperty('message');
  });
});
