import { describe, expect, it } from 'vitest';
import { optionsOf, readEntrance } from '../../infra/api/access.ts';
import { ways } from '../support/hub-template.ts';

const read = (options: Readonly<Record<string, unknown>>) => readEntrance(options, undefined);

describe('the way in', () => {
  it('is open to the internet only if the one who deploys says so, or the stage does', () => {
    expect(read({ entrance: 'public' })).toEqual({ entrance: 'public' });
    expect(readEntrance({}, 'public')).toEqual({ entrance: 'public' });
  });

  it('is through the VPC endpoints that are named', () => {
    expect(read({ entrance: 'private', vpcEndpoints: 'vpce-0123456789abcdef0, vpce-0fedcba9' })).toEqual({
      entrance: 'private',
      vpcEndpoints: ['vpce-0123456789abcdef0', 'vpce-0fedcba9'],
    });
  });

  it('is by a domain name with the authorities of the client certificates', () => {
    expect(read({ ...ways.domain, truststoreVersion: 'abc' })).toEqual({
      ...ways.domain,
      truststore: { bucket: 'luftbro-truststore', key: 'partners.pem' },
      truststoreVersion: 'abc',
    });
  });

  it.each(
    Object.entries({
      ...ways,
      all: { ...ways.domain, ownershipCertificate: ways.domain['certificate'], truststoreVersion: 'abc' },
    }),
  )('is told so that the same options may be given again: %s', (_way, options) => {
    const entrance = read(options);
    const said = optionsOf(entrance).split(/ ?-c /).slice(1);
    expect(read(Object.fromEntries(said.map((option) => option.split(/=(.*)/, 2))))).toEqual(entrance);
  });

  const { vpcEndpoints } = ways.private;
  const { entrance, domainName, truststore } = ways.domain;
  it.each([
    [{}, '-c entrance=… is missing: say how partners reach the hub: public, private or domain.'],
    [{ vpcEndpoints }, '-c entrance=… is missing'],
    [{ entrance: 'open' }, '-c entrance=…: say how partners reach the hub'],
    [{ entrance: 'public', vpcEndpoints }, '-c vpcEndpoints=… does not go with -c entrance=public.'],
    [{ ...ways.domain, entrance: 'public' }, '-c truststore=… does not go with -c entrance=public'],
    [{ entrance: 'private' }, '-c vpcEndpoints=… is missing: give ids of VPC endpoints'],
    [{ ...ways.private, ...ways.domain }, '-c vpcEndpoints=… does not go with -c entrance=domain'],
    [{ ...ways.private, truststore }, '-c truststore=… does not go with -c entrance=private'],
    [
      { entrance, domainName },
      '-c certificate=… is missing: give the ARN of a certificate in AWS Certificate Manager; -c truststore=… is missing: give s3://',
    ],
    [{ entrance: 'private', vpcEndpoints: '' }, '-c vpcEndpoints=…: give ids of VPC endpoints'],
    [
      { entrance: 'private', vpcEndpoints: 'vpce-0123456789abcdef0,vpc-1' },
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
  ])('that is given by halves or wrongly is refused with what to give: %j', (options, said) => {
    expect(() => read(options)).toThrow(said);
  });
});
