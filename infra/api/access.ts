import { z } from 'zod';

const arnOfCertificate = z.string().regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/\S+$/);

const publicAccess = z.strictObject({ access: z.literal('public') }).transform(() => ({ kind: 'public' as const }));

const privateAccess = z
  .strictObject({
    access: z.literal('private'),
    vpcEndpoints: z
      .string()
      .transform((list) => list.split(',').map((id) => id.trim()))
      .pipe(z.array(z.string().regex(/^vpce-[0-9a-f]{8,17}$/))),
  })
  .transform(({ access: kind, ...rest }) => ({ kind, ...rest }));

const domainAccess = z
  .strictObject({
    access: z.literal('domain'),
    domainName: z.string().regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/),
    certificate: arnOfCertificate,
    ownershipCertificate: arnOfCertificate.optional(),
    truststore: z
      .string()
      .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/\S+$/)
      .transform((address) => {
        const { hostname, pathname } = new URL(address);
        return { bucket: hostname, key: pathname.slice(1) };
      }),
    truststoreVersion: z.string().min(1).optional(),
  })
  .transform(({ access: kind, ...rest }) => ({ kind, ...rest }));

const accessSchema = z.discriminatedUnion('access', [publicAccess, privateAccess, domainAccess]);

/**
 * How partners reach the hub, the option `-c access=<kind>`.
 *
 * `public`: from the internet, by the name that API Gateway assigns.
 *
 * `private`: only through these VPC endpoints, in partners' networks or in the operator's own.
 *
 * `domain`: from the internet, by a custom domain name, and only with a client certificate that an authority in the truststore
 * has signed. `certificate`: ARN in AWS Certificate Manager, in the region of the stack; if it was imported there or is of a
 * private authority, `ownershipCertificate` is a public one for the same name. `truststore`: certificates of authorities, PEM, in
 * S3. Without `truststoreVersion` the newest version at the creation of the domain name is used; a later one has no effect.
 */
export type Access = z.output<typeof accessSchema>;
export type AccessKind = Access['kind'];
export type DomainAccess = z.output<typeof domainAccess>;

/** What to give for each option. */
const help = {
  access: 'give how partners reach the hub: public, private or domain',
  vpcEndpoints: 'give ids of VPC endpoints, vpce-…, separated by commas',
  domainName: 'give a domain name in lower case, without https://',
  certificate: 'give the ARN of a certificate in AWS Certificate Manager',
  ownershipCertificate: 'give the ARN of a public certificate in AWS Certificate Manager for the same name',
  truststore: 'give s3://<bucket>/<key>',
  truststoreVersion: 'give the S3 version of the truststore',
};

/** The names of the options, given as `-c <name>=<value>`. */
export const accessOptions: readonly string[] = Object.keys(help);

/** The options that select this access, as they are given to CDK. */
export const optionsOfAccess = ({ kind, ...rest }: Access): string =>
  Object.entries({
    access: kind,
    ...rest,
    ...('vpcEndpoints' in rest ? { vpcEndpoints: rest.vpcEndpoints.join(',') } : {}),
    ...('truststore' in rest ? { truststore: `s3://${rest.truststore.bucket}/${rest.truststore.key}` } : {}),
  })
    .flatMap(([option, value]) => (value === undefined ? [] : [`-c ${option}=${String(value)}`]))
    .join(' ');

/** The messages for one fault of the options. */
const messagesOf = (issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): readonly string[] => {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((option) => `-c ${option}=… does not go with -c access=${String(given['access'])}`);
  const [option] = issue.path;
  const [, what] = Object.entries(help).find(([name]) => name === option) ?? [];
  const missing = given[String(option)] === undefined ? ' is missing' : '';
  return [`-c ${String(option)}=…${missing}: ${what ?? issue.message}`];
};

/**
 * Reads the access from CDK's context. `usual`: the kind if none is given. Throws an error that names the options that are wrong,
 * missing or unused.
 */
export const readAccess = (context: Readonly<Record<string, unknown>>, usual: AccessKind | undefined): Access => {
  const given = Object.fromEntries(
    accessOptions
      .map((option) => [option, context[option] ?? (option === 'access' ? usual : undefined)])
      .filter(([, value]) => value !== undefined),
  );
  const read = accessSchema.safeParse(given);
  if (read.success) return read.data;
  throw new Error(`${read.error.issues.flatMap((issue) => messagesOf(issue, given)).join('; ')}.`);
};
