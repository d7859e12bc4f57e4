import { describe, expect, it } from 'vitest';
import { optionsOfAccess, readAccess } from '../../infra/api/access.ts';
import { ways } from '../support/hub-template.ts';

const read = (options: Readonly<Record<string, unknown>>) => readAccess(options, undefined);

describe('access', () => {
  it('is public only if the option or the stage says so', () => {
    expect(read({ access: 'public' })).toEqual({ kind: 'public' });
    expect(readAccess({}, 'public')).toEqual({ kind: 'public' });
  });

  it('is limited to the VPC endpoints that are given', () => {
    expect(read({ access: 'private', vpcEndpoints: 'vpce-0123456789abcdef0, vpce-0fedcba9' })).toEqual({
      kind: 'private',
      vpcEndpoints: ['vpce-0123456789abcdef0', 'vpce-0fedcba9'],
    });
  });

  it('has a domain name with the authorities of the client certificates', () => {
    const { access: kind, ...options } = ways.domain;
    expect(read({ ...ways.domain, truststoreVersion: 'abc' })).toEqual({
      kind,
      ...options,
      truststore: { bucket: 'luftbro-truststore', key: 'partners.pem' },
      truststoreVersion: 'abc',
    });
  });

  it.each(
    Object.entries({
      ...ways,
      all: { ...ways.domain, ownershipCertificate: ways.domain['certificate'], truststoreVersion: 'abc' },
    }),
  )('is written as the options that select it: %s', (_way, options) => {
    const access = read(options);
    const written = optionsOfAccess(access).split(/ ?-c /).slice(1);
    expect(read(Object.fromEntries(written.map((option) => option.split(/=(.*)/, 2))))).toEqual(access);
  });

  const { vpcEndpoints } = ways.private;
  const { access, domainName, truststore } = ways.domain;
  it.each([
    [{}, '-c access=… is missing: give how partners reach the hub: public, private or domain.'],
    [{ vpcEndpoints }, '-c access=… is missing'],
    [{ access: 'open' }, '-c access=…: give how partners reach the hub'],
    [{ access: 'public', vpcEndpoints }, '-c vpcEndpoints=… does not go with -c access=public.'],
    [{ ...ways.domain, access: 'public' }, '-c truststore=… does not go with -c access=public'],
    [{ access: 'private' }, '-c vpcEndpoints=… is missing: give ids of VPC endpoints'],
    [{ ...ways.private, ...ways.domain }, '-c vpcEndpoints=… does not go with -c access=domain'],
    [{ ...ways.private, truststore }, '-c truststore=… does not go with -c access=private'],
    [
      { access, domainName },
      '-c certificate=… is missing: give the ARN of a certificate in AWS Certificate Manager; -c truststore=… is missing: give s3://',
    ],
    [{ access: 'private', vpcEndpoints: '' }, '-c vpcEndpoints=…: give ids of VPC endpoints'],
    [
      { access: 'private', vpcEndpoints: 'vpce-0123456789abcdef0,vpc-1' },
      '-c vpcEndpoints=…: give ids of VPC endpoints',
    ],
    [{ ...ways.domain, domainName: 'https://hub.luftbro.example' }, '-c domainName=…: give a domain name'],
    [{ ...ways.domain, domainName: 'Hub.luftbro.example' }, '-c domainName=…: give a domain name'],
    [
      { ...ways.domain, certificate: 'arn:aws:iam::123456789012:server-certificate/x' },
      '-c certificate=…: give the ARN',
    ],
    [{ ...ways.domain, ownershipCertificate: 'x' }, '-c ownershipCertificate=…: give the ARN of a public certificate'],
    [{ ...ways.domain, truststore: 'https://luftbro-truststore/partners.pem' }, '-c truststore=…: give s3://'],
    [{ ...ways.domain, truststore: 's3://luftbro-truststore' }, '-c truststore=…: give s3://'],
    [{ ...ways.domain, truststoreVersion: '' }, '-c truststoreVersion=…: give the S3 version'],
  ])('is refused with what to give if options are missing or wrong: %j', (options, message) => {
    expect(() => read(options)).toThrow(message);
  });
});
