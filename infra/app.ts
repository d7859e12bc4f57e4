/* oxlint-disable no-new -- a construct joins its scope by being made */
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { readEntrance } from './entrance.ts';
import { HubStack } from './hub-stack.ts';
import { readRunbook } from './on-call.ts';
import { readRelease } from './release.ts';
import { readStage } from './stage.ts';

const app = new App({
  context: recommendedFeatureFlags,
  // CloudFormation's own rules take a second at each start, and cdk-nag nearly another; a test checks every stage by both instead.
  builtinCloudFormationValidation: false,
});

const stage = readStage(app.node.tryGetContext('stage'));
new HubStack(app, `luftbro-${stage.name}`, {
  description: `FHIR hub for air-ambulance missions (${stage.name})`,
  stage,
  release: readRelease(new URL('../', import.meta.url)),
  runbook: readRunbook(app.node.tryGetContext('runbook')),
  entrance: readEntrance((option): unknown => app.node.tryGetContext(option)),
  handlers: fileURLToPath(new URL('../functions', import.meta.url)),
});

app.synth();
