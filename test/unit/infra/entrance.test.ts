import { describe, expect, it } from 'vitest';
import { optionsOf, readEntrance } from '../../../infra/entrance.ts';
import { ways } from '../../support/hub-template.ts';

const read = (options: Readonly<Record<string, unknown>>) => readEntrance((option) => options[option]);

describe('the way in', () => {
  it('is open to the internet unless the one who deploys says otherwise', () => {
    expect(read({})).toEqual({ kind: 'public' });
  });

  it('is through the VPC endpoints that are named', () => {
    expect(read({ vpcEndpoints: 'vpce-0123456789abcdef0, vpce-0fedcba9' })).toEqual({
      kind: 'private',
      vpcEndpoints: ['vpce-0123456789abcdef0', 'vpce-0fedcba9'],
    });
  });

  it('is by a domain name with the authorities of the client certificates', () => {
    expect(read({ ...ways.domain, truststoreVersion: 'abc' })).toEqual({
      kind: 'domain',
      domainName: 'hub.luftbro.example',
      certificate: 'arn:aws:acm:eu-north-1:123456789012:certificate/0a1b2c3d',
      truststore: { bucket: 'luftbro-truststore', key: 'partners.pem' },
      truststoreVersion: 'abc',
    });
  });

  it.each(Object.entries({ ...ways, versioned: { ...ways.domain, truststoreVersion: 'abc' } }))(
    'is told so that the same options may be given again: %s',
    (_way, options) => {
      const entrance = read(options);
      const said = optionsOf(entrance).split(/ ?-c /).slice(1);
      expect(read(Object.fromEntries(said.map((option) => option.split(/=(.*)/, 2))))).toEqual(entrance);
    },
  );

  const { domainName, certificate, truststore } = ways.domain;
  it.each([
    [{ domainName }, '-c domainName=… goes with -c certificate=…, -c truststore=…'],
    [{ domainName, certificate }, '-c domainName=…, -c certificate=… goes with -c truststore=…'],
    [{ certificate, truststore }, '-c certificate=…, -c truststore=… goes with -c domainName=…'],
    [{ truststoreVersion: '1' }, '-c truststoreVersion=… goes with -c domainName=…, -c certificate=…, -c truststore=…'],
    [{ ...ways.private, ...ways.domain }, 'not both'],
    [{ ...ways.private, truststore }, 'not both'],
    [{ vpcEndpoints: '' }, '-c vpcEndpoints=…: give ids of VPC endpoints'],
    [{ vpcEndpoints: 'vpce-0123456789abcdef0,vpc-1' }, '-c vpcEndpoints=…: give ids of VPC endpoints'],
    [{ ...ways.domain, domainName: 'https://hub.luftbro.example' }, '-c domainName=…: give a domain name'],
    [{ ...ways.domain, domainName: 'Hub.luftbro.example' }, '-c domainName=…: give a domain name'],
    [
      { ...ways.domain, certificate: 'arn:aws:iam::123456789012:server-certificate/x' },
      '-c certificate=…: give the ARN',
    ],
    [{ ...ways.domain, truststore: 'https://luftbro-truststore/partners.pem' }, '-c truststore=…: give s3://'],
    [{ ...ways.domain, truststore: 's3://luftbro-truststore' }, '-c truststore=…: give s3://'],
    [{ ...ways.domain, truststoreVersion: '' }, '-c truststoreVersion=…: give the S3 version'],
  ])('that is given by halves or wrongly is refused with what to give: %j', (options, said) => {
    expect(() => read(options)).toThrow(said);
  });
});
