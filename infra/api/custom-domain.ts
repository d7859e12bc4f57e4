/* oxlint-disable no-new -- a construct joins its scope by being made */
import { CfnOutput } from 'aws-cdk-lib';
import { CfnDomainName, DomainName, EndpointType, type RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DomainAccess } from './access.ts';

type CustomDomainProps = DomainAccess & {
  readonly api: RestApi;
};

/** A custom domain name that requires a client certificate (mutual TLS). */
export class CustomDomain extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { api, domainName, certificate, ownershipCertificate, truststore, truststoreVersion }: CustomDomainProps,
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
    // `DomainName` has no property for the ownership certificate.
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
