/* oxlint-disable no-new -- a construct joins its scope by being made */
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { HubStack } from './hub-stack.ts';
import { readOptions } from './options.ts';
import { readRelease } from './release.ts';

const app = new App({
  context: recommendedFeatureFlags,
  // CloudFormation's rules take a second at each start, and cdk-nag nearly another. A test checks every stage by both instead.
  builtinCloudFormationValidation: false,
});

const options = (() => {
  try {
    return readOptions(app.node.getAllContext());
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(1);
  }
})();

new HubStack(app, `luftbro-${options.stage.name}`, {
  description: `FHIR hub for air-ambulance missions (${options.stage.name})`,
  ...options,
  release: readRelease(new URL('../', import.meta.url)),
  handlers: fileURLToPath(new URL('../functions', import.meta.url)),
});

app.synth();
