import { z } from 'zod';

const arnOfCertificate = z.string().regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/\S+$/);

const entranceSchema = z.discriminatedUnion('entrance', [
  z.strictObject({ entrance: z.literal('public') }),
  z.strictObject({
    entrance: z.literal('private'),
    vpcEndpoints: z
      .string()
      .transform((list) => list.split(',').map((id) => id.trim()))
      .pipe(z.array(z.string().regex(/^vpce-[0-9a-f]{8,17}$/))),
  }),
  z.strictObject({
    entrance: z.literal('domain'),
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
  }),
]);

/**
 * How partners reach the hub.
 *
 * `public`: from the internet, by the name that API Gateway gives.
 *
 * `private`: only through these VPC endpoints of partners' networks or of one's own.
 *
 * `domain`: from the internet, by a name of one's own, and only with a client certificate that an authority in the truststore has
 * signed. `certificate`: ARN in AWS Certificate Manager, in the region of the stack; if it was imported there or is of a private
 * authority, `ownershipCertificate` is a public one for the same name. `truststore`: certificates of authorities, PEM, in S3.
 * Without `truststoreVersion` it is the newest when the domain name is made; a later one is not noticed.
 */
export type Entrance = z.output<typeof entranceSchema>;
export type DomainEntrance = Extract<Entrance, { entrance: 'domain' }>;

const ways = 'public, private or domain';

/** What to give, for each option. */
const help = {
  entrance: `say how partners reach the hub: ${ways}`,
  vpcEndpoints: 'give ids of VPC endpoints, vpce-…, separated by commas',
  domainName: 'give a domain name in lower case, without https://',
  certificate: 'give the ARN of a certificate in AWS Certificate Manager',
  ownershipCertificate: 'give the ARN of a public certificate in AWS Certificate Manager for the same name',
  truststore: 'give s3://<bucket>/<key>',
  truststoreVersion: 'give the S3 version of the truststore',
};

/** The names of the options, as `-c <name>=<value>` gives them. */
export const entranceOptions: readonly string[] = Object.keys(help);

/** The options that ask for it, as they are given to CDK. */
export const optionsOf = (entrance: Entrance): string =>
  Object.entries({
    ...entrance,
    ...(entrance.entrance === 'private' ? { vpcEndpoints: entrance.vpcEndpoints.join(',') } : {}),
    ...(entrance.entrance === 'domain'
      ? { truststore: `s3://${entrance.truststore.bucket}/${entrance.truststore.key}` }
      : {}),
  })
    .flatMap(([option, value]) => (value === undefined ? [] : [`-c ${option}=${String(value)}`]))
    .join(' ');

/** What is said of one thing that is wrong. */
const wrong = (issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): readonly string[] => {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((option) => `-c ${option}=… does not go with -c entrance=${String(given['entrance'])}`);
  const [option] = issue.path;
  const [, what] = Object.entries(help).find(([name]) => name === option) ?? [];
  const missing = given[String(option)] === undefined ? ' is missing' : '';
  return [`-c ${String(option)}=…${missing}: ${what ?? issue.message}`];
};

/** From what `-c` gives. Throws, saying which options are wrong, missing or too many. `usual`: the way in if none is named. */
export const readEntrance = (
  context: Readonly<Record<string, unknown>>,
  usual: Entrance['entrance'] | undefined,
): Entrance => {
  const given = Object.fromEntries(
    entranceOptions
      .map((option) => [option, context[option] ?? (option === 'entrance' ? usual : undefined)])
      .filter(([, value]) => value !== undefined),
  );
  const read = entranceSchema.safeParse(given);
  if (read.success) return read.data;
  throw new Error(`${read.error.issues.flatMap((issue) => wrong(issue, given)).join('; ')}.`);
};
