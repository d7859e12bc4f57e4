/* oxlint-disable no-new -- a construct joins its scope by being made */
import { CfnResource } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { exported, objectionsTo, ways } from '../support/hub-template.ts';

const variants = (['dev', 'test', 'prod'] as const).flatMap((stage) =>
  Object.entries({ ...ways, 'public, with exports': { ...ways.public, ...exported } }).map(([way, options]) => ({
    stage,
    way,
    options,
  })),
);

describe('stack of every stage and kind of access', () => {
  it.each(variants)(
    'passes the rules of CloudFormation and of cdk-nag without a finding: $stage, $way',
    ({ stage, options }) => {
      expect(objectionsTo(stage, options)).toEqual([]);
    },
  );

  it('is checked by cdk-nag', () => {
    expect(() =>
      objectionsTo('dev', ways.public, (stack) => {
        new Queue(stack, 'Open');
      }),
    ).toThrow('AwsSolutions-SQS4');
  });

  it('is checked by the rules of CloudFormation', () => {
    expect(() =>
      objectionsTo('dev', ways.public, (stack) => {
        new CfnResource(stack, 'Odd', { type: 'AWS::SNS::Topic', properties: { Nonsense: true } });
      }),
    ).toThrow('Nonsense');
  });
});
