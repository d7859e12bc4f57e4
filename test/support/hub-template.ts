import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, type Stack, Validations } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import { z } from 'zod';
import type { AccessKind } from '../../infra/api/access.ts';
import { HubStack } from '../../infra/hub-stack.ts';
import { readOptions } from '../../infra/options.ts';

type StageName = 'dev' | 'test' | 'prod';
type Options = Readonly<Record<string, string>>;

/** The options of each kind of access, as they are given to CDK. */
export const ways: Readonly<Record<AccessKind, Options>> = {
  public: { access: 'public' },
  private: { access: 'private', vpcEndpoints: 'vpce-0123456789abcdef0,vpce-0fedcba9876543210' },
  domain: {
    access: 'domain',
    domainName: 'hub.luftbro.example',
    certificate: 'arn:aws:acm:eu-north-1:123456789012:certificate/0a1b2c3d',
    truststore: 's3://luftbro-truststore/partners.pem',
  },
};

/** The options for exports to another account. */
export const exported: Options = {
  exportBucket: 'luftbro-exports',
  exportKey: 'arn:aws:kms:eu-west-1:210987654321:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
};

const handbook = 'https://handbook.example/runbook.md';

/** Without the functions' code. */
const hubStack = (stage: StageName, options: Options, runbook: string, builtinCloudFormationValidation: boolean) => {
  const app = new App({
    context: { ...recommendedFeatureFlags, 'aws:cdk:bundling-stacks': [] },
    builtinCloudFormationValidation,
  });
  const stack = new HubStack(app, `luftbro-${stage}`, {
    handlers: fileURLToPath(new URL('../../functions', import.meta.url)),
    ...readOptions({ stage, runbook, ...options }),
    release: '1.2.3 (0a1b2c3d4e5f)',
  });
  return { app, stack };
};

/** A stage's template; nothing is checked. */
export const hubTemplate = (stage: StageName, runbook = handbook, options: Options = ways.public): Template =>
  Template.fromStack(hubStack(stage, options, runbook, false).stack);

const reportSchema = z.object({ pluginReports: z.array(z.object({ violations: z.array(z.unknown()) })) });

/** What CloudFormation's own rules, cdk-nag and CDK say against an app's only stack: throws for errors and returns warnings. */
export const objectionsIn = (app: App, stack: Stack): readonly unknown[] => {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const { directory } = app.synth();
  const report = reportSchema.parse(JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')));
  return [
    ...report.pluginReports.flatMap(({ violations }) => violations),
    ...Annotations.fromStack(stack).findWarning('*', Match.anyValue()),
  ];
};

/** What is said against a stage's stack. `change`: done to it before. */
export const objectionsTo = (
  stage: StageName,
  options: Options,
  change: (stack: HubStack) => void = () => {},
): readonly unknown[] => {
  const { app, stack } = hubStack(stage, options, handbook, true);
  change(stack);
  return objectionsIn(app, stack);
};

/** The properties of all resources of a type, by their names in the stack. */
export const propertiesOf = <Properties>(
  template: Template,
  type: string,
  schema: z.ZodType<Properties>,
): Readonly<Record<string, Properties>> =>
  Object.fromEntries(
    Object.entries(z.record(z.string(), z.object({ Properties: schema })).parse(template.findResources(type))).map(
      ([name, { Properties }]) => [name, Properties],
    ),
  );
