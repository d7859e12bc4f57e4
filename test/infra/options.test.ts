import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../infra/options.ts';
import { ways } from '../support/hub-template.ts';

/** Context of CDK beside the options: flags, settings of its commands, lookups. */
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

describe('options of a deployment', () => {
  it('may be empty for a public hub in dev', () => {
    expect(readOptions(ofCdk)).toMatchObject({ stage: { name: 'dev' }, access: { kind: 'public' } });
  });

  it.each(['test', 'prod'])('must give the access each time in %s', (stage) => {
    expect(() => readOptions({ ...ofCdk, stage })).toThrow('-c access=… is missing');
    expect(readOptions({ ...ofCdk, stage, ...ways.private })).toMatchObject({ access: { kind: 'private' } });
    expect(readOptions({ ...ofCdk, stage, ...ways.public })).toMatchObject({ access: { kind: 'public' } });
  });

  it.each(['dev', 'test', 'prod'])('never open %s to the internet when endpoints or access are missing', (stage) => {
    expect(() => readOptions({ stage, access: 'private' })).toThrow('-c vpcEndpoints=… is missing');
    expect(() => readOptions({ stage, vpcEndpoints: ways.private['vpcEndpoints'] })).toThrow('-c ');
  });

  it.each(['vpcEndpoint', 'vpc-endpoints', 'VpcEndpoints', 'TokenIssuer', 'Stage', 'entrence', '', 'toString'])(
    'are refused with the list of options if one is unknown: %j',
    (slip) => {
      expect(() => readOptions({ ...ofCdk, ...ways.public, [slip]: 'x' })).toThrow(
        `Unknown option ${slip}. Use stage, runbook, access, vpcEndpoints, domainName, certificate, ownershipCertificate, truststore, truststoreVersion, exportBucket, exportKey, table-dev, table-test, table-prod.`,
      );
    },
  );
});
