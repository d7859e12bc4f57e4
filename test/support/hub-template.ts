import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { z } from 'zod';
import { HubStack } from '../../infra/hub-stack.ts';
import { readStage } from '../../infra/stage.ts';

/** A stage's template; nothing is bundled, and CloudFormation's own rules are not checked. */
export const hubTemplate = (
  stage: 'dev' | 'test' | 'prod',
  runbook = 'https://handbook.example/runbook.md',
): Template =>
  Template.fromStack(
    new HubStack(
      new App({
        context: { ...recommendedFeatureFlags, 'aws:cdk:bundling-stacks': [] },
        builtinCloudFormationValidation: false,
      }),
      `luftbro-${stage}`,
      {
        handlers: fileURLToPath(new URL('../../functions', import.meta.url)),
        stage: readStage(stage),
        runbook,
      },
    ),
  );

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
