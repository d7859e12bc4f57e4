import { spawnSync } from 'node:child_process';

/**
 * `npm run deploy:localstack -- --parameters TokenIssuer=<url> […]`: bootstraps and deploys by CDK to LocalStack (compose.yaml), or to
 * another emulator that AWS_ENDPOINT_URL names. It never reaches an AWS account: the credentials are dummies.
 */

const region = process.env['AWS_REGION'] ?? 'eu-north-1';
const env = {
  ...process.env,
  // An IP address: with a host name an S3 client would put the bucket in front of it.
  AWS_ENDPOINT_URL: process.env['AWS_ENDPOINT_URL'] ?? 'http://127.0.0.1:4566',
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
};
// They would take precedence over the dummies, or be sent with them.
for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) Reflect.deleteProperty(env, name);

const cdk = (...args: readonly string[]): number =>
  spawnSync(process.execPath, ['node_modules/aws-cdk/bin/cdk', ...args], { stdio: 'inherit', env }).status ?? 1;

const bootstrapped = cdk('bootstrap', `aws://000000000000/${region}`);
process.exitCode =
  bootstrapped === 0 ? cdk('deploy', '--require-approval', 'never', ...process.argv.slice(2)) : bootstrapped;
