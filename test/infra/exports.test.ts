/* oxlint-disable no-new -- a construct joins its scope by being made */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { ExportTableToPointInTimeInput$ } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readOptions } from '../../infra/options.ts';
import { createEvaluator } from '../../local/aws/intrinsics.ts';
import { permissionsOf } from '../../local/aws/permissions.ts';
import { createStack } from '../../local/aws/stack.ts';
import { parseTemplate } from '../../local/aws/template.ts';
import { exported, hubTemplate, objectionsIn, ways } from '../support/hub-template.ts';

const region = 'eu-north-1';
const hubAccount = '123456789012';
const vaultAccount = '210987654321';
const vaultRegion = 'eu-west-1';

const stages = ['dev', 'test', 'prod'] as const;
const hub = (stage: (typeof stages)[number]) => hubTemplate(stage, undefined, { ...ways.public, ...exported });
const template = hub('prod');

/** A template as it is in an account and a region: every reference answered, resources by names of their own. */
const answered = (
  of: Template,
  { account, region: at, stackName }: { readonly account: string; readonly region: string; readonly stackName: string },
  parameters: Readonly<Record<string, string>> = {},
) => {
  const parsed = parseTemplate(of.toJSON());
  const { resolve } = createEvaluator({
    template: parsed,
    parameters,
    pseudo: {
      'AWS::AccountId': account,
      'AWS::Partition': 'aws',
      'AWS::Region': at,
      'AWS::StackName': stackName,
    },
    physical: (logicalId) => ({ ref: `the-${logicalId}`, attributes: { Arn: `arn of ${logicalId}` } }),
  });
  return <Properties>(logicalId: string, schema: z.ZodType<Properties>): Properties =>
    schema.parse(resolve(parsed.Resources[logicalId]?.Properties ?? null, logicalId));
};
const inHub = answered(template, { account: hubAccount, region, stackName: 'luftbro-prod' });

const oneOrMore = z.union([z.string().transform((only) => [only]), z.array(z.string())]);
const documentSchema = z.object({
  Statement: z.array(
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.enum(['Allow', 'Deny']),
      Principal: z.unknown().optional(),
      Action: oneOrMore,
      Resource: oneOrMore,
      Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
    }),
  ),
});
const roleSchema = z.object({ RoleName: z.string(), AssumeRolePolicyDocument: z.unknown() });
const rights = inHub('ExportsRoleDefaultPolicy', z.object({ PolicyDocument: documentSchema })).PolicyDocument.Statement;

const scheduleSchema = z.object({
  GroupName: z.string(),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string(),
  State: z.string(),
  Target: z.object({
    Arn: z.string(),
    RoleArn: z.string(),
    Input: z.string().transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
    RetryPolicy: z.object({ MaximumEventAgeInSeconds: z.number(), MaximumRetryAttempts: z.number() }),
  }),
});
const nightly = inHub('ExportsNightly', scheduleSchema);

describe('nightly export', () => {
  it('exports the whole table, in the format that restore reads, under the key of the other account', () => {
    const { ClientToken: _token, ...input } = nightly.Target.Input;
    expect(input).toEqual({
      TableArn: 'arn of Table',
      ExportType: 'FULL_EXPORT',
      ExportFormat: 'DYNAMODB_JSON',
      S3Bucket: exported['exportBucket'],
      S3BucketOwner: vaultAccount,
      S3Prefix: 'luftbro-prod',
      S3SseAlgorithm: 'KMS',
      S3SseKmsKeyId: exported['exportKey'],
    });
  });

  it('calls DynamoDB with parameters that its API has', () => {
    const [, , , , known] = ExportTableToPointInTimeInput$;
    expect(Object.keys(nightly.Target.Input).filter((word) => !known.includes(word))).toEqual([]);
  });

  it('starts once a night by EventBridge Scheduler itself', () => {
    expect(nightly).toMatchObject({ ScheduleExpressionTimezone: 'Etc/UTC', State: 'ENABLED' });
    const [, minute, hour] = /^cron\((\d+) (\d+) \* \* \? \*\)$/.exec(nightly.ScheduleExpression) ?? [];
    expect(Number(minute)).toBeGreaterThan(0);
    expect(Number(hour)).toBeLessThan(4);
    expect(nightly.Target.Arn).toBe('arn:aws:scheduler:::aws-sdk:dynamodb:exportTableToPointInTime');
    expect(nightly.Target.RoleArn).toBe('arn of ExportsRole');
  });

  it('begins once however often it is retried: the retries of a night have one token, for as long as DynamoDB keeps it', () => {
    expect(nightly.Target.Input['ClientToken']).toContain('<aws.scheduler.scheduled-time>');
    expect(nightly.Target.Input['ClientToken']).not.toContain('execution-id');
    expect(nightly.Target.RetryPolicy.MaximumRetryAttempts).toBeGreaterThan(0);
    expect(nightly.Target.RetryPolicy.MaximumEventAgeInSeconds).toBeLessThan(8 * 3600);
  });

  it('has another token than another stage of the account, which exports at the same time with other input', () => {
    const tokens = stages.map((stage) => {
      const at = answered(hub(stage), { account: hubAccount, region, stackName: `luftbro-${stage}` });
      return at('ExportsNightly', scheduleSchema).Target.Input['ClientToken'];
    });
    expect(new Set(tokens).size).toBe(stages.length);
  });

  it('exports the new table after a change of its number', () => {
    const next = hubTemplate('prod', undefined, { ...ways.public, ...exported, 'table-prod': '2' });
    const at = answered(next, { account: hubAccount, region, stackName: 'luftbro-prod' });
    expect(at('ExportsNightly', scheduleSchema).Target.Input['TableArn']).toBe('arn of TableGeneration2');
  });

  it('has these rights and no others', () => {
    const via = (service: string) => ({ StringEquals: { 'kms:ViaService': service } });
    expect(rights).toEqual([
      { Effect: 'Allow', Action: ['dynamodb:ExportTableToPointInTime'], Resource: ['arn of Table'] },
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt'],
        Resource: ['arn of KeysMissions'],
        Condition: via(`dynamodb.${region}.amazonaws.com`),
      },
      {
        Effect: 'Allow',
        Action: ['s3:AbortMultipartUpload', 's3:PutObject', 's3:PutObjectAcl'],
        Resource: [`arn:aws:s3:::${exported['exportBucket']}/luftbro-prod/*`],
      },
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: [exported['exportKey']],
        Condition: via(`s3.${vaultRegion}.amazonaws.com`),
      },
    ]);
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy')).match(/"Ref":"ExportsRole"/g)).toHaveLength(1);
  });

  it('lets only its own schedules assume its role, and those of no other account', () => {
    expect(inHub('ExportsRole', roleSchema)).toEqual({
      RoleName: `luftbro-prod-exports-${region}`,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': hubAccount, 'aws:SourceArn': 'arn of ExportsGroup' },
            },
          },
        ],
      },
    });
    expect(inHub('ExportsGroup', z.object({ Name: z.string() })).Name).toBe(nightly.GroupName);
  });

  it('leaves nothing behind that blocks adding it again after its removal', () => {
    for (const type of ['AWS::Scheduler::ScheduleGroup', 'AWS::Scheduler::Schedule', 'AWS::IAM::Role'])
      for (const [name, { DeletionPolicy }] of Object.entries(template.findResources(type)))
        if (name.startsWith('Exports')) expect([name, DeletionPolicy ?? 'Delete']).toEqual([name, 'Delete']);
  });

  it('fires the alarm when it was given up, until the next night succeeds', () => {
    const alarm = inHub('ExportsRefused', z.looseObject({ EvaluationPeriods: z.number(), Period: z.number() }));
    expect(alarm).toMatchObject({
      Namespace: 'AWS/Scheduler',
      MetricName: 'InvocationDroppedCount',
      Dimensions: [{ Name: 'ScheduleGroup', Value: nightly.GroupName }],
      Threshold: 0,
      DatapointsToAlarm: 1,
      TreatMissingData: 'notBreaching',
    });
    expect(alarm.EvaluationPeriods * alarm.Period).toBe(86_400);
  });
});

describe('hub without a place for exports', () => {
  it.each(stages)('is deployed, exports nothing, and says so in its outputs: %s', (stage) => {
    const without = hubTemplate(stage);
    expect(Object.keys(without.toJSON()['Resources']).filter((name) => name.startsWith('Exports'))).toEqual([]);
    expect(without.findOutputs('ExportsPlace')['ExportsPlace']?.['Value']).toMatch(/^Nowhere: .* -c exportBucket/);
  });

  it('names the place in its outputs if it has one', () => {
    expect(template.findOutputs('ExportsPlace')['ExportsPlace']?.['Value']).toBe(
      `s3://${exported['exportBucket']}/luftbro-prod/AWSDynamoDB/, account ${vaultAccount}, region ${vaultRegion}`,
    );
  });
});

describe('place of the exports', () => {
  const { exportBucket, exportKey } = z.object({ exportBucket: z.string(), exportKey: z.string() }).parse(exported);
  const read = (options: Readonly<Record<string, unknown>>) => readOptions({ ...ways.public, ...options }).exportPlace;

  it.each([
    exportKey,
    'arn:aws:kms:eu-west-1:210987654321:key/mrk-0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    'arn:aws-cn:kms:cn-north-1:210987654321:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
  ])('is a bucket and the key %s', (key) => {
    expect(read({ exportBucket, exportKey: key })).toEqual({ exportBucket, exportKey: key });
  });

  it.each([
    [{ exportBucket }, '-c exportKey=… is missing: give the ARN of the KMS key'],
    [{ exportKey }, '-c exportBucket=… is missing: give the name of the bucket'],
    [{ exportBucket: '', exportKey: '' }, '-c exportBucket=…: give the name'],
    [{ exportBucket: 's3://luftbro-exports', exportKey }, '-c exportBucket=…: give the name'],
    [{ exportBucket: 'luftbro-exports/hub', exportKey }, '-c exportBucket=…: give the name'],
    [{ exportBucket: 'luftbro-*', exportKey }, '-c exportBucket=…: give the name'],
    [{ exportBucket: 'Luftbro', exportKey }, '-c exportBucket=…: give the name'],
    [{ exportBucket: 'luftbro..exports', exportKey }, '-c exportBucket=…: give the name'],
    [{ exportBucket: 42, exportKey }, '-c exportBucket=…: give the name'],
    [{ exportBucket, exportKey: 'alias/exports' }, '-c exportKey=…: give the ARN of the KMS key'],
    [{ exportBucket, exportKey: 'arn:aws:kms:eu-west-1:210987654321:alias/exports' }, 'not an alias'],
    [{ exportBucket, exportKey: 'arn:aws:kms:eu-west-1:210987654321:key/*' }, '-c exportKey=…: give the ARN'],
    [{ exportBucket, exportKey: '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9' }, '-c exportKey=…: give the ARN'],
    [{ exportBucket: 'x', exportKey: 'y' }, 'without s3://; -c exportKey=…: give the ARN'],
  ])('is refused with what to give: %j', (options, message) => {
    expect(() => read(options)).toThrow(message);
  });
});

describe('hub on a laptop', () => {
  it('runs a stack with exports, and exports nothing', () => {
    const stack = createStack({
      name: 'luftbro-dev',
      region,
      template: parseTemplate(hub('dev').toJSON()),
      parameters: { TokenIssuer: 'http://localhost:3001' },
      queueUrl: (name) => `http://queues/${name}`,
    });
    expect(Object.keys(permissionsOf(stack))).toContain('Deliver');
    expect(stack.resources('AWS::Events::Rule', z.unknown()).map(({ logicalId }) => logicalId)).toEqual([
      'SweeperEveryMinute',
      'NightlyRunsEveryQuarter',
    ]);
  });
});

describe('vault in the other account', () => {
  const included = (change: (stack: Stack) => void = () => {}) => {
    const app = new App({ context: recommendedFeatureFlags, builtinCloudFormationValidation: true });
    const stack = new Stack(app, 'luftbro-exports');
    new CfnInclude(stack, 'Vault', { templateFile: 'infra/storage/export-vault.yaml' });
    change(stack);
    return { app, stack };
  };
  const vault = Template.fromStack(included().stack);
  const inVault = answered(
    vault,
    { account: vaultAccount, region: vaultRegion, stackName: 'luftbro-exports' },
    {
      HubAccount: hubAccount,
      HubRegion: region,
      HubStack: 'luftbro-prod',
      OnCallTopic: `arn:aws:sns:${vaultRegion}:${vaultAccount}:backups`,
    },
  );
  const bucketPolicy = inVault('BucketPolicy', z.object({ PolicyDocument: documentSchema })).PolicyDocument.Statement;
  const keyPolicy = inVault('Key', z.object({ KeyPolicy: documentSchema })).KeyPolicy.Statement;
  const forHub = (statements: typeof bucketPolicy) => statements.find(({ Sid }) => Sid === 'ExportsOfTheHub');
  const { RoleName } = inHub('ExportsRole', roleSchema);
  const roleOfHub = { 'aws:PrincipalArn': `arn:aws:iam::${hubAccount}:role/${RoleName}` };

  it('passes the rules of CloudFormation and of cdk-nag, except for the access log of the bucket, which CloudTrail replaces', () => {
    const { app, stack } = included((of) =>
      Validations.of(of).acknowledge({
        id: 'AwsSolutions-S1',
        reason: 'docs/operations.md asks for data events of CloudTrail',
      }),
    );
    expect(objectionsIn(app, stack)).toEqual([]);
    const bare = included();
    expect(() => objectionsIn(bare.app, bare.stack)).toThrow('AwsSolutions-S1');
  });

  it("admits the hub's role by its name, also if it is created again, for all its rights there, and only under the name of the hub", () => {
    const writes = rights.find(({ Action }) => Action.includes('s3:PutObject'));
    expect(forHub(bucketPolicy)).toMatchObject({
      Principal: { AWS: `arn:aws:iam::${hubAccount}:root` },
      Resource: ['arn of Bucket/luftbro-prod/*'],
      Condition: { ArnEquals: roleOfHub },
    });
    expect(forHub(bucketPolicy)?.Action.toSorted()).toEqual(writes?.Action);
    expect(writes?.Resource[0]?.endsWith('/luftbro-prod/*')).toBe(true);
  });

  it('lets the role use the key for that and in no other way', () => {
    const uses = rights.find(({ Action }) => Action.includes('kms:GenerateDataKey'));
    expect(forHub(keyPolicy)?.Action.toSorted()).toEqual(uses?.Action);
    expect(forHub(keyPolicy)?.Condition).toEqual({ ...uses?.Condition, ArnEquals: roleOfHub });
  });

  it('gives nobody of the hub a right to read, list, delete or unlock, and admits nobody else from outside', () => {
    const allowed = [...bucketPolicy, ...keyPolicy].filter(({ Effect }) => Effect === 'Allow');
    expect(allowed.map(({ Sid }) => Sid)).toEqual([
      'ExportsOfTheHub',
      'PeopleOfThisAccountByTheirOwnPolicies',
      'ExportsOfTheHub',
    ]);
    expect(
      forHub(bucketPolicy)?.Action.filter((action) => /Get|List|Delete|Retention|Lock|Bypass|\*/.test(action)),
    ).toEqual([]);
    expect(allowed.find(({ Sid }) => Sid?.startsWith('People'))?.Principal).toEqual({
      AWS: `arn:aws:iam::${vaultAccount}:root`,
    });
  });

  describe('key of a file', () => {
    const [named, algorithm, brought] = [
      's3:x-amz-server-side-encryption-aws-kms-key-id',
      's3:x-amz-server-side-encryption',
      's3:x-amz-server-side-encryption-customer-algorithm',
    ] as const;
    type Headers = Readonly<Record<string, string>>;
    /** As IAM reads them: a negated operator, with IfExists or without, holds where the key is absent. */
    const holds: Readonly<Record<string, (given: string | undefined, wanted: string) => boolean>> = {
      StringNotEquals: (given, wanted) => given !== wanted,
      StringLike: (given, wanted) => given?.startsWith(wanted.replace(/\*$/, '')) === true,
      Null: (given, wanted) => String(given === undefined) === wanted,
      Bool: (given, wanted) => given === wanted,
    };
    const isRefused = (headers: Headers): boolean =>
      bucketPolicy
        .filter(({ Effect }) => Effect === 'Deny')
        .some(({ Principal, Action, Condition = {} }) => {
          expect([Principal, Action.some((action) => ['s3:*', 's3:PutObject'].includes(action))]).toEqual(['*', true]);
          return Object.entries(Condition).every(([operator, keys]) =>
            Object.entries(keys).every(([key, wanted]) => {
              const compare = holds[operator];
              if (compare === undefined) throw new Error(`What does ${operator} say?`);
              return compare({ 'aws:SecureTransport': 'true', ...headers }[key], String(wanted));
            }),
          );
        });

    it.each<[string, Headers]>([
      ['a file under the key of the vault', { [algorithm]: 'aws:kms', [named]: 'arn of Key' }],
      ['a part of a file, which names none', {}],
    ])('accepts %s', (_what, headers) => {
      expect(isRefused(headers)).toBe(false);
    });

    it.each<[string, Headers]>([
      ['another key', { [algorithm]: 'aws:kms', [named]: `arn:aws:kms:eu-west-1:${hubAccount}:key/theirs` }],
      ['the key that AWS keeps for the account of the hub', { [algorithm]: 'aws:kms' }],
      ['the same key, in two layers', { [algorithm]: 'aws:kms:dsse' }],
      ['a key that comes with the request', { [brought]: 'AES256' }],
    ])('refuses a file under %s, whose owner could make it unreadable', (_what, headers) => {
      expect(isRefused(headers)).toBe(true);
    });

    it('refuses a file without TLS', () => {
      expect(isRefused({ 'aws:SecureTransport': 'false' })).toBe(true);
    });
  });

  it('keeps every version for its days against everybody, outlives its stack, and then deletes it', () => {
    vault.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        VersioningConfiguration: { Status: 'Enabled' },
        ObjectLockEnabled: true,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: { Ref: 'Days' } } },
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        LifecycleConfiguration: {
          Rules: [
            {
              Status: 'Enabled',
              ExpirationInDays: { Ref: 'Days' },
              NoncurrentVersionExpiration: { NoncurrentDays: 1 },
            },
          ],
        },
      },
    });
    vault.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
  });

  it('fires its alarm when no complete export has arrived for more than a day, also if the hub is gone with all its alarms', () => {
    const alarm = inVault(
      'NoExport',
      z.looseObject({ EvaluationPeriods: z.number(), Period: z.number(), AlarmActions: z.array(z.string()) }),
    );
    expect(alarm).toMatchObject({
      Namespace: 'AWS/Events',
      MetricName: 'Invocations',
      Dimensions: [{ Name: 'RuleName', Value: 'the-Arrived' }],
      Statistic: 'Sum',
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    const hours = (alarm.EvaluationPeriods * alarm.Period) / 3600;
    expect(hours).toBeGreaterThan(24);
    // CloudWatch looks back no further.
    expect(hours).toBeLessThanOrEqual(7 * 24);
    expect(alarm.AlarmActions).toEqual([`arn:aws:sns:${vaultRegion}:${vaultAccount}:backups`]);
  });

  it('recognises a complete export by the file that DynamoDB writes last, under the prefix that the hub sets', () => {
    const { EventPattern } = inVault(
      'Arrived',
      z.object({
        EventPattern: z.object({
          detail: z.object({
            bucket: z.object({ name: z.tuple([z.string()]) }),
            object: z.object({ key: z.tuple([z.object({ wildcard: z.string() })]) }),
          }),
        }),
      }),
    );
    const [{ wildcard }] = EventPattern.detail.object.key;
    const [before = '', after = ''] = wildcard.split('*');
    const key = `${nightly.Target.Input['S3Prefix']}/AWSDynamoDB/01763773020000-0a1b2c3d/manifest-summary.json`;
    expect(key.startsWith(before) && key.endsWith(after)).toBe(true);
    expect(key.replace('.json', '.md5').endsWith(after)).toBe(false);
    expect(EventPattern.detail.bucket.name).toEqual(['the-Bucket']);
  });

  it('lets EventBridge log what has arrived, for this rule only', () => {
    const { PolicyDocument } = inVault('ArrivalsPolicy', z.object({ PolicyDocument: z.string() }));
    const statements = documentSchema.parse(JSON.parse(PolicyDocument)).Statement;
    expect(statements.find(({ Action }) => Action.includes('logs:PutLogEvents'))).toMatchObject({
      Resource: ['arn of Arrivals'],
      Condition: { ArnEquals: { 'aws:SourceArn': 'arn of Arrived' } },
    });
    // EventBridge writes to no group of another name.
    expect(inVault('Arrivals', z.object({ LogGroupName: z.string() })).LogGroupName).toMatch(/^\/aws\/events\//);
  });

  it('prints the options that the hub takes', () => {
    const { Value } = z.object({ Value: z.unknown() }).parse(vault.findOutputs('Options')['Options']);
    expect(JSON.stringify(Value)).toContain('-c exportBucket=${Bucket} -c exportKey=${Key.Arn}');
  });

  it.each([
    ['HubAccount', '12345', /HubAccount may not be/],
    ['HubRegion', 'Stockholm', /HubRegion may not be/],
    ['HubStack', 'other', /HubStack may not be/],
  ])('refuses a hub whose %s is %s', (parameter, value, message) => {
    const given = { HubAccount: hubAccount, HubRegion: region, HubStack: 'luftbro-prod', [parameter]: value };
    const at = answered(vault, { account: vaultAccount, region: vaultRegion, stackName: 'x' }, given);
    expect(() => at('Key', z.unknown())).toThrow(message);
  });
});
