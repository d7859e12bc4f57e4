import type { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Handlers } from './handlers.ts';

interface HubFunctionProps {
  readonly handlers: Handlers;
  /** The folder whose `handler.ts` this function runs. */
  readonly name: string;
  readonly timeout: Duration;
  readonly memorySize?: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** One function, with its own log and with no rights but those that `allow` gives. */
export class HubFunction extends LambdaFunction {
  constructor(
    scope: Construct,
    id: string,
    { handlers, name, timeout, memorySize = 512, environment }: HubFunctionProps,
  ) {
    super(scope, id, {
      code: handlers.code(name),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout,
      memorySize,
      environment: { ...environment, NODE_OPTIONS: '--enable-source-maps' },
      logGroup: new LogGroup(scope, `${id}Log`, { retention: RetentionDays.ONE_YEAR }),
    });
  }

  allow(actions: readonly string[], ...resources: readonly string[]): void {
    this.addToRolePolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  /** Only items whose partition key has one of these forms. */
  allowItems(actions: readonly string[], tableArn: string, ...partitionKeys: readonly string[]): void {
    this.addToRolePolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitionKeys] } },
      }),
    );
  }
}
