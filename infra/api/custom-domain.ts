/* oxlint-disable no-new -- a construct joins its scope by being made */
import { CfnOutput } from 'aws-cdk-lib';
import { CfnDomainName, DomainName, EndpointType, type RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DomainEntrance } from './access.ts';

type DomainDoorProps = DomainEntrance & {
  readonly api: RestApi;
};

/** A name of one's own, which asks for a client certificate (mutual TLS) before anything else. */
export class DomainDoor extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { api, domainName, certificate, ownershipCertificate, truststore, truststoreVersion }: DomainDoorProps,
  ) {
    super(scope, id);
    const domain = new DomainName(this, 'Name', {
      domainName,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificate),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mtls: {
        bucket: Bucket.fromBucketName(this, 'Truststore', truststore.bucket),
        key: truststore.key,
        ...(truststoreVersion === undefined ? {} : { version: truststoreVersion }),
      },
    });
    // The construct has no property for it.
    const resource = domain.node.defaultChild;
    if (ownershipCertificate !== undefined && resource instanceof CfnDomainName)
      resource.ownershipVerificationCertificateArn = ownershipCertificate;
    domain.addBasePathMapping(api);
    new CfnOutput(this, 'Target', {
      description: `Where the DNS record of ${domainName} must lead (CNAME or alias)`,
      value: domain.domainNameAliasDomainName,
    });
  }
}
