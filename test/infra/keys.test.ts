import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hubTemplate, propertiesOf } from '../support/hub-template.ts';

const prod = hubTemplate('prod');
const dev = hubTemplate('dev');

const keyOf = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });

/** Who but the account itself may do what with a key. */
const othersOf = (name: string) =>
  propertiesOf(
    prod,
    'AWS::KMS::Key',
    z.object({
      KeyPolicy: z.object({ Statement: z.array(z.looseObject({ Principal: z.record(z.string(), z.unknown()) })) }),
    }),
  )[name]?.KeyPolicy.Statement.filter(({ Principal }) => !('AWS' in Principal));

describe('keys', () => {
  it('are three, rotated every year', () => {
    const keys = propertiesOf(prod, 'AWS::KMS::Key', z.object({ EnableKeyRotation: z.boolean() }));
    expect(Object.keys(keys).toSorted()).toEqual(['KeysLogs', 'KeysMissions', 'KeysOnCall']);
    expect(Object.values(keys).map(({ EnableKeyRotation }) => EnableKeyRotation)).toEqual([true, true, true]);
  });

  it('outlive the stack in stages that keep data, and have the longest waiting time before deletion', () => {
    prod.allResources('AWS::KMS::Key', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: { PendingWindowInDays: 30 },
    });
    dev.allResources('AWS::KMS::Key', { DeletionPolicy: 'Delete', Properties: { PendingWindowInDays: 7 } });
  });

  it('encrypt every resource that can hold data of a mission', () => {
    prod.allResourcesProperties('AWS::DynamoDB::Table', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyOf('KeysMissions') },
    });
    prod.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: keyOf('KeysMissions') });
    prod.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: keyOf('KeysLogs') });
    prod.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: keyOf('KeysOnCall') });
  });

  it('let only functions with their own right use the key of missions', () => {
    expect(othersOf('KeysMissions')).toEqual([]);
  });

  it("let CloudWatch Logs use the key of logs, for this stack's groups only", () => {
    const [statement, ...others] = othersOf('KeysLogs') ?? [];
    expect(others).toEqual([]);
    const text = JSON.stringify(statement);
    expect(text).toContain('{"Service":{"Fn::Join":["",["logs.",{"Ref":"AWS::Region"},".amazonaws.com"]]}}');
    expect(text).toMatch(/"ArnLike":\{"kms:EncryptionContext:aws:logs:arn":\[.*:log-group:luftbro-prod-\*/);
  });

  it('let alarms use the key of the people on call; otherwise alarms would not be sent', () => {
    expect(othersOf('KeysOnCall')).toEqual([
      {
        Sid: 'Alarms',
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        Resource: '*',
      },
    ]);
  });

  it("let this stack's alarms publish to the topic", () => {
    const policies = propertiesOf(
      prod,
      'AWS::SNS::TopicPolicy',
      z.object({ PolicyDocument: z.object({ Statement: z.array(z.looseObject({ Effect: z.string() })) }) }),
    );
    const allowed = Object.values(policies).flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow'),
    );
    expect(allowed).toMatchObject([
      {
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    expect(JSON.stringify(allowed)).toContain(':alarm:luftbro-prod-*');
  });
});

describe('difference between stages', () => {
  it('is how long logs, dead letters and the history of the table are kept', () => {
    const kept = (days: number, recoveryDays: number, template = prod) => {
      template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: days });
      template.hasResourceProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 14 * 86_400 });
      template.hasResourceProperties('AWS::DynamoDB::Table', {
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: recoveryDays },
      });
    };
    kept(365, 35);
    kept(7, 1, dev);
  });

  it('is whether data survive the stack', () => {
    const surviving = {
      // Its protection against deletion lets nobody take it back, not even a first deployment that fails.
      'AWS::DynamoDB::Table': 'Retain',
      'AWS::KMS::Key': 'RetainExceptOnCreate',
      'AWS::Logs::LogGroup': 'RetainExceptOnCreate',
    };
    for (const [type, DeletionPolicy] of Object.entries(surviving)) {
      prod.allResources(type, { DeletionPolicy, UpdateReplacePolicy: 'Retain' });
      dev.allResources(type, { DeletionPolicy: 'Delete' });
    }
    prod.hasResourceProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true });
    dev.hasResourceProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
  });

  const functions = (template = prod) =>
    propertiesOf(
      template,
      'AWS::Lambda::Function',
      z.object({
        ReservedConcurrentExecutions: z.int().optional(),
        TracingConfig: z.object({ Mode: z.string() }).optional(),
      }),
    );
  const mostAtOnce = (template = prod) =>
    Object.values(
      propertiesOf(
        template,
        'AWS::Lambda::EventSourceMapping',
        z.object({ ScalingConfig: z.object({ MaximumConcurrency: z.int() }) }),
      ),
    ).reduce((sum, { ScalingConfig }) => sum + ScalingConfig.MaximumConcurrency, 0);

  it('is how many instances are reserved, in dev none: a new account has too few', () => {
    for (const { ReservedConcurrentExecutions } of Object.values(functions()))
      expect(ReservedConcurrentExecutions).toBeGreaterThan(0);
    for (const { ReservedConcurrentExecutions } of Object.values(functions(dev)))
      expect(ReservedConcurrentExecutions).toBeUndefined();
    expect(mostAtOnce(dev)).toBe(16);
  });

  it('is never more parallel deliveries than reserved instances', () => {
    expect(mostAtOnce()).toBeLessThanOrEqual(functions()['Deliver']?.ReservedConcurrentExecutions ?? 0);
  });

  it('is whether calls are traced', () => {
    for (const { TracingConfig } of Object.values(functions())) expect(TracingConfig?.Mode).toBe('Active');
    for (const { TracingConfig } of Object.values(functions(dev))) expect(TracingConfig).toBeUndefined();
  });
});
