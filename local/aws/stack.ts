import { z } from 'zod';
import { createEvaluator, type Physical } from './intrinsics.ts';
import type { Template } from './template.ts';

/** A template on this machine: every resource that has to run, with its name and its resolved properties. */

/** Types that the host runs. */
const running = [
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
] as const;
type RunningType = (typeof running)[number];

/** Types without effect on one machine, and why. A type in neither list stops the host. */
const withoutWork: Readonly<Record<string, string>> = {
  'AWS::ApiGateway::Account': 'there is no account',
  'AWS::ApiGateway::Deployment': 'the routes are served as in the template',
  'AWS::CDK::Metadata': 'only counted by AWS',
  'AWS::CloudWatch::Alarm': 'nobody is on call for a laptop',
  'AWS::CloudWatch::Dashboard': 'a laptop has no metrics',
  'AWS::KMS::Alias': 'no key is looked up here',
  'AWS::KMS::Key': 'only the disk encrypts here; the right to use a key is checked all the same',
  'AWS::Lambda::EventInvokeConfig': 'schedules are never repeated here',
  'AWS::Lambda::Permission': 'only the API and the schedules call functions',
  'AWS::Logs::LogGroup': 'all logs go to one file',
  'AWS::Logs::MetricFilter': 'a laptop has no metrics',
  'AWS::S3::BucketPolicy': 'it requires TLS, which is not needed within one machine; nothing here replaces an object',
  'AWS::Scheduler::Schedule': "the hub's data are exported by hand here (npm run hub -- backup)",
  'AWS::Scheduler::ScheduleGroup': 'no schedule of its kind runs here',
  'AWS::SNS::Topic': 'nobody is on call for a laptop',
  'AWS::SNS::TopicPolicy': 'nobody is on call for a laptop',
  'AWS::SQS::QueuePolicy': 'it requires TLS, which is not needed within one machine',
  'AWS::WAFv2::LoggingConfiguration': 'a laptop has no firewall',
  'AWS::WAFv2::WebACL': 'a laptop has no firewall',
  'AWS::WAFv2::WebACLAssociation': 'a laptop has no firewall',
};

export interface Resource<Properties> {
  readonly logicalId: string;
  readonly ref: string;
  readonly arn: string;
  readonly properties: Properties;
}

export interface StackSettings {
  readonly name: string;
  readonly region: string;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  readonly queueUrl: (queueName: string) => string;
}

export interface Stack {
  readonly name: string;
  readonly region: string;
  readonly accountId: string;
  /** All resources of a type. A property that the schema does not know stops the host; it would otherwise be ignored silently. */
  readonly resources: <Properties>(type: RunningType, schema: z.ZodType<Properties>) => readonly Resource<Properties>[];
  readonly outputs: () => Readonly<Record<string, string>>;
}

// The account of the queues of fauxqs.
const accountId = '000000000000';

export const createStack = ({ name: stackName, region, template, parameters, queueUrl }: StackSettings): Stack => {
  const known = new Set<string>([...running, ...Object.keys(withoutWork)]);
  for (const [logicalId, { Type }] of Object.entries(template.Resources)) {
    if (!known.has(Type))
      throw new Error(
        `The embedded host does not know how to run ${Type} (${logicalId}). Implement it in local/, or list it in local/aws/stack.ts with the reason why it has no effect.`,
      );
  }

  const physical = (logicalId: string): Physical => {
    const resource = template.Resources[logicalId];
    if (resource === undefined) throw new Error(`No resource is called ${logicalId}.`);
    const { Type, Properties } = resource;

    const givenName = (property: string): string | undefined => {
      const value = Properties[property];
      const resolved = value === undefined ? undefined : evaluator.resolve(value, `Resources.${logicalId}.${property}`);
      return typeof resolved === 'string' ? resolved : undefined;
    };
    const arn = (service: string, resourcePart: string): string =>
      `arn:aws:${service}:${region}:${accountId}:${resourcePart}`;
    const generated = `${stackName}-${logicalId}`;

    switch (Type) {
      case 'AWS::DynamoDB::Table': {
        const name = givenName('TableName') ?? generated;
        return { ref: name, attributes: { Arn: arn('dynamodb', `table/${name}`) } };
      }
      case 'AWS::SQS::Queue': {
        const name = givenName('QueueName') ?? `${generated}${Properties['FifoQueue'] === true ? '.fifo' : ''}`;
        const url = queueUrl(name);
        return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
      }
      case 'AWS::Lambda::Function': {
        const name = givenName('FunctionName') ?? generated;
        return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
      }
      case 'AWS::S3::Bucket': {
        const name = givenName('BucketName') ?? generated.toLowerCase();
        return { ref: name, attributes: { Arn: `arn:aws:s3:::${name}` } };
      }
      case 'AWS::KMS::Key':
        return { ref: generated, attributes: { Arn: arn('kms', `key/${generated}`), KeyId: generated } };
      case 'AWS::ApiGateway::RestApi':
        return { ref: logicalId, attributes: { RootResourceId: `${logicalId}/root` } };
      case 'AWS::ApiGateway::Stage':
        return { ref: givenName('StageName') ?? generated, attributes: {} };
      case 'AWS::ApiGateway::Resource':
        return { ref: logicalId, attributes: { ResourceId: logicalId } };
      case 'AWS::ApiGateway::Authorizer':
        return { ref: logicalId, attributes: { AuthorizerId: logicalId } };
      default:
        return { ref: generated, attributes: { Arn: arn(Type.replaceAll('::', '-').toLowerCase(), generated) } };
    }
  };

  const evaluator = createEvaluator({
    template,
    parameters,
    physical,
    pseudo: {
      'AWS::AccountId': accountId,
      'AWS::Partition': 'aws',
      'AWS::Region': region,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/local`,
      'AWS::StackName': stackName,
      'AWS::URLSuffix': 'amazonaws.com',
    },
  });

  const resources = <Properties>(type: RunningType, schema: z.ZodType<Properties>): readonly Resource<Properties>[] =>
    Object.entries(template.Resources).flatMap(([logicalId, resource]) => {
      if (resource.Type !== type) return [];
      if (resource.Condition !== undefined && !evaluator.condition(resource.Condition)) return [];
      const properties = schema.safeParse(evaluator.resolve(resource.Properties, `Resources.${logicalId}`));
      if (!properties.success) {
        throw new Error(
          `The embedded host cannot run ${logicalId} (${type}) as the template has it:\n${z.prettifyError(properties.error)}`,
        );
      }
      const { ref, attributes } = physical(logicalId);
      return [{ logicalId, ref, arn: attributes['Arn'] ?? ref, properties: properties.data }];
    });

  const outputs = (): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(template.Outputs).flatMap(([name, { Value }]) => {
        const value = evaluator.resolve(Value, `Outputs.${name}`);
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );

  return { name: stackName, region, accountId, resources, outputs };
};
