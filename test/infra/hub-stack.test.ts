import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settings } from '../../adapters/settings.ts';
import { codesOf } from '../../schemas/codes.ts';
import { faults } from '../../schemas/faults.ts';
import { exported, hubTemplate, propertiesOf, objectionsTo, ways } from '../support/hub-template.ts';

let template: Template;

beforeAll(() => {
  template = hubTemplate('prod');
});

const arn = z
  .object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) })
  .transform((call) => call['Fn::GetAtt'][0]);
/** What a statement is about, by its name in the stack. */
const named = z.union([
  z.literal('*'),
  arn,
  z
    .object({ 'Fn::Join': z.tuple([z.literal(''), z.tuple([arn, z.string()])]) })
    .transform((call) => call['Fn::Join'][1].join('')),
]);
const condition = z.union([
  z
    .strictObject({ 'ForAllValues:StringLike': z.strictObject({ 'dynamodb:LeadingKeys': z.array(z.string()) }) })
    .transform((items) => `items ${items['ForAllValues:StringLike']['dynamodb:LeadingKeys'].join(' ')}`),
  z
    .strictObject({
      StringEquals: z.strictObject({
        'kms:ViaService': z.strictObject({
          'Fn::Join': z.tuple([
            z.literal(''),
            z.tuple([z.string(), z.object({ Ref: z.literal('AWS::Region') }), z.literal('.amazonaws.com')]),
          ]),
        }),
      }),
    })
    .transform(({ StringEquals }) => `via ${StringEquals['kms:ViaService']['Fn::Join'][1][0].replace(/\.$/, '')}`),
]);

/** All that a policy allows, one line for each action: what, on what, under which condition. */
const rightsOf = (policy: string): readonly string[] =>
  z
    .object({
      Properties: z.object({
        PolicyDocument: z.object({
          Statement: z.array(
            z.strictObject({
              Effect: z.literal('Allow'),
              Action: z.union([z.string(), z.array(z.string())]),
              Resource: z.union([named, z.array(named)]),
              Condition: condition.optional(),
            }),
          ),
        }),
      }),
    })
    .parse(template.toJSON()['Resources'][policy])
    .Properties.PolicyDocument.Statement.flatMap(({ Action, Resource, Condition }) =>
      [Action]
        .flat()
        .flatMap((action) => [Resource].flat().map((resource) => `${action} ${resource}`))
        .map((right) => [right, ...(Condition === undefined ? [] : [Condition])].join(', ')),
    )
    .toSorted();

describe('stack', () => {
  it('names no account and no region', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/"\d{12}"|[a-z]{2}-(north|west|central|east|south)-\d/);
  });

  it('gives the functions the public URL that is given, or the one of API Gateway', () => {
    const url = template.findOutputs('Url')['Url']?.['Value'];
    expect(url).toEqual({
      'Fn::If': [
        'PublicUrlIsGiven',
        { Ref: 'PublicUrl' },
        {
          'Fn::Join': [
            '',
            [
              'https://',
              { Ref: 'Api' },
              '.execute-api.',
              { Ref: 'AWS::Region' },
              '.',
              { Ref: 'AWS::URLSuffix' },
              '/live/fhir',
            ],
          ],
        },
      ],
    });
  });

  it('outputs the release, and the options to give again at a deployment', () => {
    const value = (name: string, of = template): unknown => of.findOutputs(name)[name]?.['Value'];
    expect(value('Release')).toBe('1.2.3 (0a1b2c3d4e5f)');
    expect(value('Options')).toBe('-c access=public');
    expect(value('Options', hubTemplate('prod', undefined, { ...ways.private, ...exported }))).toBe(
      `-c access=private -c vpcEndpoints=${ways.private['vpcEndpoints']} -c exportBucket=${exported['exportBucket']} -c exportKey=${exported['exportKey']}`,
    );
  });
});

describe('stage that people rely on', () => {
  const plain = 'http://issuer.example';
  const takes = (name: string, of: Template, value: string): boolean => {
    const { AllowedPattern } = z.object({ AllowedPattern: z.string() }).parse(of.findParameters(name)[name]);
    return new RegExp(`^(?:${AllowedPattern})$`).test(value);
  };

  it.each(['test', 'prod'] as const)('accepts only https for the token issuer and its own URL: %s', (stage) => {
    const of = hubTemplate(stage);
    expect(takes('TokenIssuer', of, 'https://issuer.example')).toBe(true);
    expect(takes('TokenIssuer', of, plain)).toBe(false);
    expect(takes('PublicUrl', of, 'https://hub.example/fhir')).toBe(true);
    expect(takes('PublicUrl', of, 'http://hub.example/fhir')).toBe(false);
  });

  it('accepts http in dev, as on a laptop', () => {
    expect(takes('TokenIssuer', hubTemplate('dev'), plain)).toBe(true);
  });

  it.each([
    ['dev', false],
    ['test', true],
    ['prod', true],
  ] as const)('the stack is not deleted by one command: %s, %j', (stage, isProtected) => {
    const seen: (boolean | undefined)[] = [];
    objectionsTo(stage, ways.public, ({ terminationProtection }) => {
      seen.push(terminationProtection);
    });
    expect(seen).toEqual([isProtected]);
  });
});

describe('table', () => {
  it('is retained when the stack is deleted, and can be restored to any second', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
      },
    });
  });

  it('is replaced by a new, empty one by its number in cdk.json, and nothing else changes', () => {
    const next = hubTemplate('prod', undefined, { ...ways.public, 'table-prod': '2' }).toJSON();
    expect(Object.keys(next['Resources'])).not.toContain('Table');
    expect(next['Resources']['TableGeneration2']).toMatchObject({ DeletionPolicy: 'Retain' });
    const renamed: unknown = JSON.parse(JSON.stringify(next).replaceAll('"TableGeneration2"', '"Table"'));
    expect(renamed).toEqual(template.toJSON());
    // Another stage's number means nothing here.
    expect(hubTemplate('prod', undefined, { ...ways.public, 'table-test': '2' }).toJSON()).toEqual(template.toJSON());
  });

  it.each(['two', '0', '1.5'])('refuses the number %s', (number) => {
    expect(() => hubTemplate('prod', undefined, { ...ways.public, 'table-prod': number })).toThrow('table-prod is');
  });

  it('has the index of obligations, and those of worklists by owner and by asker', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      GlobalSecondaryIndexes: [
        {
          IndexName: 'obligations',
          KeySchema: [
            { AttributeName: 'obligation', KeyType: 'HASH' },
            { AttributeName: 'dueAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['receivedAt', 'writtenAt', 'redrivenAt'] },
        },
        {
          IndexName: 'worklist',
          KeySchema: [
            { AttributeName: 'worklist', KeyType: 'HASH' },
            { AttributeName: 'place', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
        {
          IndexName: 'asked',
          KeySchema: [
            { AttributeName: 'asked', KeyType: 'HASH' },
            { AttributeName: 'place', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
  });
});

describe('delivery queue', () => {
  it('gives a job of a lost instance to another one after a minute, and never while the first may still work on it', () => {
    const timeout = z
      .object({ Properties: z.object({ Timeout: z.number() }) })
      .parse(template.toJSON()['Resources']['Deliver']).Properties.Timeout;
    for (const lane of ['quick', 'slow'])
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: `luftbro-prod-${lane}-lane.fifo`,
        VisibilityTimeout: 60,
      });
    expect(timeout).toBeLessThan(60);
  });

  it('keeps order and throughput per group, and dead letters for two weeks', () => {
    for (const lane of ['quick', 'slow'])
      template.hasResourceProperties('AWS::SQS::Queue', {
        QueueName: `luftbro-prod-${lane}-lane.fifo`,
        FifoQueue: true,
        ContentBasedDeduplication: false,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
        RedrivePolicy: {
          maxReceiveCount: 1000,
          deadLetterTargetArn: { 'Fn::GetAtt': ['DeliveriesDeadLetters', 'Arn'] },
        },
      });
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'luftbro-prod-dead-deliveries.fifo',
      FifoQueue: true,
      MessageRetentionPeriod: 1_209_600,
    });
  });

  it.each([
    ['quick', 'DeliveriesQuickLane', 140],
    ['slow', 'DeliveriesSlowLane', 60],
  ])('feeds a function that reports failures for each record, with workers of its own: %s', (_lane, queue, workers) => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
      FunctionName: { Ref: 'Deliver' },
      BatchSize: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: workers },
    });
  });
});

describe('trace', () => {
  // API Gateway's part of a trace holds the whole URL, search parameters included, in which callers can write what they like.
  it('begins at the functions and not at the API: it has no URL of a caller', () => {
    const stages = Object.values(template.findResources('AWS::ApiGateway::Stage'));
    expect(stages.map((one) => one['Properties'].TracingEnabled ?? false)).toEqual([false]);
  });
});

describe('functions', () => {
  const functions = () =>
    z
      .record(
        z.string(),
        z.object({
          Properties: z.object({
            Runtime: z.string(),
            Architectures: z.array(z.string()),
            Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
          }),
        }),
      )
      .parse(template.findResources('AWS::Lambda::Function'));

  it('are one for each folder with a handler', () => {
    expect(Object.keys(functions()).toSorted()).toEqual([
      'Authorize',
      'CheckToken',
      'Deliver',
      'Metadata',
      'Nightly',
      'ProcessMessage',
      'Read',
      'Subscribe',
      'Sweep',
    ]);
    for (const { Properties } of Object.values(functions()))
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
  });

  it.each(codesOf(settings))('have the variables that they read and no others: %s', (name) => {
    const { Properties } = functions()[`${name.charAt(0).toUpperCase()}${name.slice(1)}`] ?? {};
    const given = Object.keys(Properties?.Environment.Variables ?? {}).filter((one) => one !== 'NODE_OPTIONS');
    expect(given.toSorted()).toEqual(Object.keys(settings[name]().shape).toSorted());
  });

  const reads = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query'].map((action) => `${action} Table`);
  const putting = (...forms: readonly string[]) => [`dynamodb:PutItem Table, items ${forms.join(' ')}`];
  const writing = (...forms: readonly string[]) => [
    ...putting(...forms),
    `dynamodb:UpdateItem Table, items ${forms.join(' ')}`,
  ];
  const working = ['MISSION#*', 'INCIDENT#*', 'MISSIONS#*', 'CASE#*', 'SUBSCRIPTION#*', 'PARTY#*'];
  const sending = (...lanes: readonly ('Quick' | 'Slow')[]) => [
    ...lanes.map((lane) => `sqs:SendMessage Deliveries${lane}Lane`),
    'kms:Decrypt KeysMissions, via sqs',
    'kms:GenerateDataKey KeysMissions, via sqs',
  ];
  const taking = [
    ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].flatMap((call) => [
      `sqs:${call} DeliveriesQuickLane`,
      `sqs:${call} DeliveriesSlowLane`,
    ]),
    ...sending('Slow'),
  ];
  /** What every function may do besides its work: use the table's key, write its own log, and be traced. */
  const all = (name: string) => [
    'kms:Decrypt KeysMissions, via dynamodb',
    `logs:CreateLogStream ${name}Log`,
    `logs:PutLogEvents ${name}Log`,
    'xray:PutTelemetryRecords *',
    'xray:PutTraceSegments *',
  ];

  it.each([
    ['Authorize', [...putting('PROOF#*'), 'dynamodb:UpdateItem Table, items LIMIT#*']],
    [
      'CheckToken',
      ['dynamodb:GetItem Table, items PROOF#* DIRECTORY', 'dynamodb:UpdateItem Table, items LIMIT#network#*'],
    ],
    ['ProcessMessage', [...reads, ...writing(...working), ...sending('Quick', 'Slow')]],
    [
      'Read',
      [...reads, 'dynamodb:Query Table/index/asked', 'dynamodb:Query Table/index/worklist', ...putting('AUDIT#*')],
    ],
    ['Subscribe', [...reads, ...writing('SUBSCRIPTION#*', 'PARTY#*'), ...putting('AUDIT#*'), ...sending('Slow')]],
    ['Metadata', ['dynamodb:GetItem Table']],
    ['Deliver', [...reads, ...writing(...working), ...taking]],
    [
      'Nightly',
      [
        'dynamodb:BatchGetItem Table',
        'dynamodb:GetItem Table',
        'dynamodb:Query Table',
        'dynamodb:Scan Table',
        ...putting('NIGHTLY'),
        's3:PutObject Anchors/*',
      ],
    ],
    [
      'Sweep',
      [...reads, 'dynamodb:Query Table/index/obligations', ...writing(...working), ...sending('Quick', 'Slow')],
    ],
  ])('have these rights and no others: %s', (name, rights) => {
    expect(rightsOf(`${name}ServiceRoleDefaultPolicy`)).toEqual([...rights, ...all(name)].toSorted());
    expect(template.findResources('AWS::IAM::Role')[`${name}ServiceRole`]?.['Properties']).toEqual({
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
        Version: '2012-10-17',
      },
    });
  });

  it('have their rights from these policies only', () => {
    expect(Object.keys(template.findResources('AWS::IAM::Policy')).toSorted()).toEqual(
      Object.keys(functions())
        .map((name) => `${name}ServiceRoleDefaultPolicy`)
        .toSorted(),
    );
  });
});

describe('API', () => {
  const routes = () => {
    const resources = z
      .record(z.string(), z.object({ Properties: z.object({ PathPart: z.string(), ParentId: z.unknown() }) }))
      .parse(template.findResources('AWS::ApiGateway::Resource'));
    const pathOf = (id: string): string => {
      const found = resources[id]?.Properties;
      if (found === undefined) return '';
      const parent = z.object({ Ref: z.string() }).safeParse(found.ParentId);
      return `${parent.success ? pathOf(parent.data.Ref) : ''}/${found.PathPart}`;
    };
    const methods = z
      .record(
        z.string(),
        z.object({
          Properties: z.object({
            HttpMethod: z.string(),
            ResourceId: z.object({ Ref: z.string() }),
            AuthorizationType: z.string(),
            Integration: z.unknown(),
          }),
        }),
      )
      .parse(template.findResources('AWS::ApiGateway::Method'));
    return Object.values(methods)
      .map(({ Properties: { HttpMethod, ResourceId, AuthorizationType, Integration } }) => {
        const [, target] = /"Fn::GetAtt":\["(\w+)","Arn"\]/.exec(JSON.stringify(Integration)) ?? [];
        return `${HttpMethod} ${pathOf(ResourceId.Ref)} → ${target}${AuthorizationType === 'NONE' ? ', open' : ''}`;
      })
      .toSorted();
  };

  it('has these routes, all with the authorizer except those to what the hub publishes about itself', () => {
    expect(routes().filter((route) => !route.startsWith('HEAD '))).toEqual([
      'DELETE /fhir/Subscription/{id} → Subscribe',
      'DELETE /fhir/{type}/{id} → Read',
      'GET /fhir/CodeSystem → Metadata, open',
      'GET /fhir/CodeSystem/{id} → Metadata, open',
      'GET /fhir/MessageDefinition → Metadata, open',
      'GET /fhir/MessageDefinition/{id} → Metadata, open',
      'GET /fhir/OperationDefinition → Metadata, open',
      'GET /fhir/OperationDefinition/{id} → Metadata, open',
      'GET /fhir/StructureDefinition → Metadata, open',
      'GET /fhir/StructureDefinition/{id} → Metadata, open',
      'GET /fhir/Subscription → Subscribe',
      'GET /fhir/Subscription/{id} → Subscribe',
      'GET /fhir/Subscription/{id}/{operation} → Subscribe',
      'GET /fhir/ValueSet → Metadata, open',
      'GET /fhir/ValueSet/{id} → Metadata, open',
      'GET /fhir/check-token → CheckToken, open',
      'GET /fhir/metadata → Metadata, open',
      'GET /fhir/{type} → Read',
      'GET /fhir/{type}/{id} → Read',
      'GET /fhir/{type}/{id}/_history → Read',
      'GET /fhir/{type}/{id}/_history/{version} → Read',
      'GET /fhir/{type}/{id}/{operation} → Read',
      'PATCH /fhir/Subscription/{id} → Subscribe',
      'PATCH /fhir/{type}/{id} → Read',
      ...['CodeSystem', 'MessageDefinition', 'OperationDefinition', 'StructureDefinition'].map(
        (type) => `POST /fhir/${type}/_search → Metadata, open`,
      ),
      'POST /fhir/Subscription → Subscribe',
      'POST /fhir/Subscription/{id} → Subscribe',
      'POST /fhir/Subscription/{id}/{operation} → Subscribe',
      'POST /fhir/ValueSet/_search → Metadata, open',
      'POST /fhir/{type} → ProcessMessage',
      'POST /fhir/{type}/_search → Read',
      'POST /fhir/{type}/{id} → ProcessMessage',
      'PUT /fhir/Subscription/{id} → Subscribe',
      'PUT /fhir/{type}/{id} → Read',
    ]);
  });

  it('has HEAD beside every GET, with the same function', () => {
    const of = (method: string) =>
      routes().flatMap((route) => (route.startsWith(`${method} `) ? [route.slice(method.length)] : []));
    expect(of('HEAD')).toEqual(of('GET'));
  });

  it('calls the authorizer for every request', () => {
    template.hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'REQUEST',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: 0,
    });
  });

  it('answers in FHIR itself, with texts of the catalogue', () => {
    const responses = z
      .record(
        z.string(),
        z.object({
          Properties: z.object({
            ResponseType: z.string(),
            StatusCode: z.string().optional(),
            ResponseParameters: z.record(z.string(), z.unknown()),
            ResponseTemplates: z.object({ 'application/json': z.string() }),
          }),
        }),
      )
      .parse(template.findResources('AWS::ApiGateway::GatewayResponse'));
    const texts = new Set<string>(Object.values(faults).map(({ text }) => text));
    for (const { Properties } of Object.values(responses)) {
      expect(Properties.ResponseParameters).toMatchObject({
        'gatewayresponse.header.Content-Type': "'application/fhir+json'",
        'gatewayresponse.header.Cache-Control': "'no-store'",
        'gatewayresponse.header.X-Content-Type-Options': "'nosniff'",
        'gatewayresponse.header.X-Correlation-Id': 'context.requestId',
        'gatewayresponse.header.X-Request-Id': 'context.requestId',
      });
      // What a caller wrote could be a person's number, and here nobody looks.
      expect(JSON.stringify(Properties.ResponseParameters)).not.toContain('method.request');
      const outcome = z
        .object({
          resourceType: z.literal('OperationOutcome'),
          id: z.literal('$context.requestId'),
          issue: z.tuple([z.object({ details: z.object({ text: z.string() }) })]),
        })
        .parse(JSON.parse(Properties.ResponseTemplates['application/json']));
      expect(texts).toContain(outcome.issue[0].details.text);
      // A body that held another variable of the gateway would be filled in by accident.
      expect(Properties.ResponseTemplates['application/json'].match(/\$/g)).toHaveLength(1);
    }
    const statuses = Object.fromEntries(
      Object.values(responses).map(({ Properties }) => [Properties.ResponseType, Properties.StatusCode]),
    );
    expect(statuses).toEqual({
      UNAUTHORIZED: '401',
      ACCESS_DENIED: '403',
      MISSING_AUTHENTICATION_TOKEN: '404',
      INVALID_SIGNATURE: '404',
      EXPIRED_TOKEN: '404',
      RESOURCE_NOT_FOUND: '404',
      BAD_REQUEST_PARAMETERS: '400',
      REQUEST_TOO_LARGE: '413',
      THROTTLED: '429',
      WAF_FILTERED: '429',
      AUTHORIZER_FAILURE: '503',
      AUTHORIZER_CONFIGURATION_ERROR: '503',
      API_CONFIGURATION_ERROR: '500',
      INTEGRATION_FAILURE: '502',
      INTEGRATION_TIMEOUT: '504',
      DEFAULT_4XX: undefined,
      DEFAULT_5XX: undefined,
    });
  });
});

describe('tokens', () => {
  it('are bound to a key of the caller, unless a parameter says otherwise', () => {
    expect(template.findParameters('TokenBinding')['TokenBinding']).toMatchObject({
      Default: 'required',
      AllowedPattern: 'required|optional',
    });
  });

  it('are requested by a challenge that names the accepted schemes', () => {
    const algorithms = 'ES256 ES384 ES512 PS256 PS384 PS512 RS256 RS384 RS512';
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'UNAUTHORIZED',
      ResponseParameters: {
        'gatewayresponse.header.WWW-Authenticate': {
          'Fn::If': ['BearerIsAccepted', `'DPoP algs="${algorithms}", Bearer'`, `'DPoP algs="${algorithms}"'`],
        },
      },
    });
  });

  it('have used proofs that expire in the table', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });
});

describe('functions that a schedule calls', () => {
  it('do not repeat a failed run, and keep no throttled runs for hours', () => {
    const rules = propertiesOf(
      template,
      'AWS::Events::Rule',
      z.object({ Targets: z.array(z.object({ Arn: z.object({ 'Fn::GetAtt': z.array(z.string()) }) })) }),
    );
    const called = Object.values(rules).flatMap(({ Targets }) => Targets.map(({ Arn }) => Arn['Fn::GetAtt'][0]));
    expect(called.length).toBeGreaterThan(0);
    for (const name of called)
      template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
        FunctionName: { Ref: name },
        MaximumRetryAttempts: 0,
        MaximumEventAgeInSeconds: 60,
      });
  });
});

describe('sweeper', () => {
  it('runs every minute, does not repeat a failed run, and starts none that waited longer than a minute', () => {
    template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)', State: 'ENABLED' });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: 'Sweep' },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });
});
