import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { permissionsOf } from '../../local/aws/permissions.ts';
import { allows } from '../../local/aws/policy.ts';
import { createStack } from '../../local/aws/stack.ts';
import { parseTemplate } from '../../local/aws/template.ts';
import { hubTemplate } from '../support/hub-template.ts';

const template = hubTemplate('prod');

describe('bucket of the anchors', () => {
  it.each([
    ['dev', undefined],
    ['test', 30],
    ['prod', 3_650],
  ] as const)('is locked in %s for %j days against everybody', (stage, days) => {
    const [bucket] = Object.values(hubTemplate(stage).findResources('AWS::S3::Bucket'));
    expect(bucket?.['Properties'].ObjectLockConfiguration).toEqual(
      days === undefined
        ? undefined
        : { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: days } } },
    );
    expect(bucket?.['Properties'].ObjectLockEnabled).toBe(days === undefined ? undefined : true);
  });

  it('is the only bucket, private, versioned, under no key that could be deleted, and stays with its objects', () => {
    expect(template.findResources('AWS::S3::Bucket')).toEqual({
      Anchors: expect.objectContaining({
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
        Properties: expect.objectContaining({
          VersioningConfiguration: { Status: 'Enabled' },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
          },
        }),
      }),
    });
    // What expires is not there when it is needed.
    expect(JSON.stringify(template.findResources('AWS::S3::Bucket'))).not.toContain('Lifecycle');
  });

  it('refuses everybody who would replace an object, and every request without TLS', () => {
    const { Statement } = z
      .object({ Statement: z.array(z.looseObject({ Effect: z.string(), Condition: z.unknown() })) })
      .parse(template.findResources('AWS::S3::BucketPolicy')['AnchorsPolicy']?.['Properties'].PolicyDocument);
    expect(
      Statement.map(({ Effect, Principal, Action, Condition }) => ({ Effect, Principal, Action, Condition })),
    ).toEqual([
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': 'true' } },
      },
    ]);
  });
});

describe('rights on what proves what happened', () => {
  const stack = createStack({
    name: 'luftbro-prod',
    region: 'eu-north-1',
    template: parseTemplate(template.toJSON()),
    parameters: { TokenIssuer: 'https://issuer.example', TokenAudience: 'luftbro' },
    queueUrl: (name) => `https://queues.example/${name}`,
  });
  const permissions = permissionsOf(stack);
  const functions = Object.keys(permissions);
  const [table = ''] = stack.resources('AWS::DynamoDB::Table', z.unknown()).map(({ arn }) => arn);
  const [bucket = ''] = stack.resources('AWS::S3::Bucket', z.unknown()).map(({ arn }) => arn);

  const writes = [
    'PutItem',
    'UpdateItem',
    'DeleteItem',
    'BatchWriteItem',
    'PartiQLInsert',
    'PartiQLUpdate',
    'PartiQLDelete',
  ];
  /** Which functions may do which writes to items with this partition key. */
  const writersOf = (key: string): Readonly<Record<string, readonly string[]>> =>
    Object.fromEntries(
      functions.flatMap((name) => {
        const may = writes.filter((call) =>
          allows(permissions[name] ?? [], `dynamodb:${call}`, table, { leadingKeys: [key] }),
        );
        return may.length === 0 ? [] : [[name, may]];
      }),
    );

  it('lets only the functions that read put records of reads, and none update or delete one', () => {
    expect(functions.length).toBe(9);
    expect(writersOf('AUDIT#a-chain')).toEqual({ Read: ['PutItem'], Subscribe: ['PutItem'] });
  });

  it('lets no function delete an entry of a mission, and none that reads write one', () => {
    const both = ['PutItem', 'UpdateItem'];
    expect(writersOf('MISSION#a-mission')).toEqual({ ProcessMessage: both, Deliver: both, Sweep: both });
  });

  it('lets only the nightly function add anchors and keep its state, and gives it no other write', () => {
    expect(writersOf('NIGHTLY')).toEqual({ Nightly: ['PutItem'] });
    const calls = [
      'PutObject',
      'GetObject',
      'DeleteObject',
      'DeleteObjectVersion',
      'PutObjectRetention',
      'BypassGovernanceRetention',
    ];
    const may = functions.flatMap((name) =>
      calls
        .filter((call) => allows(permissions[name] ?? [], `s3:${call}`, `${bucket}/x`))
        .map((call) => `${name} ${call}`),
    );
    expect(may).toEqual(['Nightly PutObject']);
    for (const key of ['AUDIT#a', 'MISSION#a', 'SUBSCRIPTION#a', 'DIRECTORY'])
      expect(writersOf(key)).not.toHaveProperty('Nightly');
  });

  it('lets no function write to the log of another', () => {
    for (const name of functions) {
      const logs = (permissions[name] ?? []).filter(({ Action }) =>
        Action.some((action) => action.startsWith('logs:')),
      );
      expect(logs.flatMap(({ Resource }) => Resource).every((resource) => resource.includes(`-${name}Log`))).toBe(true);
    }
  });
});
