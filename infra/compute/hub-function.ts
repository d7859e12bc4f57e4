import { Aws, type Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Bundles } from './bundles.ts';
import type { FunctionName, StageSettings } from '../stage.ts';

interface HubFunctionProps {
  readonly stage: StageSettings;
  readonly bundles: Bundles;
  /** The folder whose `lambda.ts` this function runs. */
  readonly name: FunctionName;
  readonly logKey: IKey;
  readonly timeout: Duration;
  readonly memorySize?: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** One function with its own log group and only the rights that the `allow` methods give; traced if the stage traces. */
export class HubFunction extends LambdaFunction {
  constructor(
    scope: Construct,
    id: string,
    { stage, bundles, name, logKey, timeout, memorySize = 512, environment }: HubFunctionProps,
  ) {
    const reserved = stage.reservedConcurrency?.[name];
    const logGroup = new LogGroup(scope, `${id}Log`, {
      retention: stage.logRetention,
      encryptionKey: logKey,
      removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    // AWS's managed policy for logs would let each function write to the log of any other, also to the logged copies of the log of reads.
    const role = new Role(scope, `${id}ServiceRole`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    super(scope, id, {
      code: bundles.code(name),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout,
      memorySize,
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps' },
      role,
      logGroup,
      ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
      ...(stage.traces ? { tracing: Tracing.ACTIVE } : {}),
    });
    if (stage.traces)
      Validations.of(role).acknowledge({
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason:
          'AWS X-Ray accepts traces for the whole account and has no resource. All other rights are in a table of the stack test.',
      });
  }

  allow(actions: readonly string[], ...resources: readonly string[]): void {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  /** Allows the actions on items whose partition key has one of these forms. */
  allowItems(actions: readonly string[], tableArn: string, ...partitionKeys: readonly string[]): void {
    this.addToRolePolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitionKeys] } },
      }),
    );
  }

  /** Allows a service to use the key on the function's behalf; the function itself cannot encrypt or decrypt with it. */
  allowKey(actions: readonly string[], key: IKey, service: 'dynamodb' | 'sqs'): void {
    this.addToRolePolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `${service}.${Aws.REGION}.amazonaws.com` } },
      }),
    );
  }
}
