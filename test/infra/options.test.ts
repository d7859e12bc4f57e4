import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../infra/options.ts';
import { ways } from '../support/hub-template.ts';

/** What CDK puts beside the options: its flags, the settings of its commands, what it has looked up. */
const ofCdk = {
  ...recommendedFeatureFlags,
  'cli-telemetry': false,
  'acknowledged-issue-numbers': [1],
  'cdk-migrate': true,
  'aws:cdk:bundling-stacks': ['**'],
  '@aws-cdk/core:failSynthOnValidationErrors': false,
  'availability-zones:account=123456789012:region=eu-north-1': ['eu-north-1a'],
  'hosted-zone:account=123456789012:domainName=luftbro.example:region=eu-north-1': { Id: '/hostedzone/Z1' },
};

describe('who deploys', () => {
  it('may try a public hub without a word', () => {
    expect(readOptions(ofCdk)).toMatchObject({ stage: { name: 'dev' }, entrance: { entrance: 'public' } });
  });

  it.each(['test', 'prod'])('must say each time how partners reach the hub of %s', (stage) => {
    expect(() => readOptions({ ...ofCdk, stage })).toThrow('-c entrance=… is missing');
    expect(readOptions({ ...ofCdk, stage, ...ways.private })).toMatchObject({ entrance: { entrance: 'private' } });
    expect(readOptions({ ...ofCdk, stage, ...ways.public })).toMatchObject({ entrance: { entrance: 'public' } });
  });

  it.each(['dev', 'test', 'prod'])('never opens %s by leaving out the endpoints or the way in', (stage) => {
    expect(() => readOptions({ stage, entrance: 'private' })).toThrow('-c vpcEndpoints=… is missing');
    expect(() => readOptions({ stage, vpcEndpoints: ways.private['vpcEndpoints'] })).toThrow('-c ');
  });

  it.each(['vpcEndpoint', 'vpc-endpoints', 'VpcEndpoints', 'TokenIssuer', 'Stage', 'entrence', '', 'toString'])(
    'is told of an option that there is none of, and which there are: %j',
    (slip) => {
      expect(() => readOptions({ ...ofCdk, ...ways.public, [slip]: 'x' })).toThrow(
        `There is no option ${slip}. There are stage, runbook, entrance, vpcEndpoints, domainName, certificate, ownershipCertificate, truststore, truststoreVersion, exportBucket, exportKey, table-dev, table-test, table-prod.`,
      );
    },
  );
});
