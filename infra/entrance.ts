import { z } from 'zod';

/** How partners reach the hub, by CDK context. */
export type Entrance =
  /** From the internet, by the name that API Gateway gives. */
  | { readonly kind: 'public' }
  /** Only through these VPC endpoints (`vpce-…`) of partners' networks or of one's own. */
  | { readonly kind: 'private'; readonly vpcEndpoints: readonly string[] }
  | DomainEntrance;

/** From the internet, by a name of one's own, and only with a client certificate that an authority in the truststore has signed. */
export interface DomainEntrance {
  readonly kind: 'domain';
  readonly domainName: string;
  /** ARN of the domain name's certificate in AWS Certificate Manager, in the region of the stack. */
  readonly certificate: string;
  /** Bundle of certificates of authorities, PEM, in S3. */
  readonly truststore: { readonly bucket: string; readonly key: string };
  /** S3 version of the bundle. Absent: the newest when the domain name is made; a later one is not noticed. */
  readonly truststoreVersion: string | undefined;
}

const optionsSchema = z.object({
  vpcEndpoints: z
    .string()
    .transform((list) => list.split(',').map((id) => id.trim()))
    .pipe(z.array(z.string().regex(/^vpce-[0-9a-f]{8,17}$/, 'give ids of VPC endpoints, vpce-…, separated by commas')))
    .optional(),
  domainName: z
    .string()
    .regex(
      /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
      'give a domain name in lower case, without https://',
    )
    .optional(),
  certificate: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/\S+$/,
      'give the ARN of a certificate in AWS Certificate Manager',
    )
    .optional(),
  truststore: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/\S+$/, 'give s3://<bucket>/<key>')
    .transform((address) => {
      const { hostname, pathname } = new URL(address);
      return { bucket: hostname, key: pathname.slice(1) };
    })
    .optional(),
  truststoreVersion: z.string().min(1, 'give the S3 version of the truststore').optional(),
});

/** The names of the options, as `-c <name>=<value>` gives them. */
type Option = keyof z.output<typeof optionsSchema>;

/** The options that ask for it, as they are given to CDK. */
export const optionsOf = (entrance: Entrance): string => {
  const options = ((): Partial<Record<Option, string | undefined>> => {
    switch (entrance.kind) {
      case 'public':
        return {};
      case 'private':
        return { vpcEndpoints: entrance.vpcEndpoints.join(',') };
      case 'domain': {
        const { domainName, certificate, truststore, truststoreVersion } = entrance;
        return {
          domainName,
          certificate,
          truststore: `s3://${truststore.bucket}/${truststore.key}`,
          truststoreVersion,
        };
      }
    }
  })();
  return Object.entries({ entrance: entrance.kind, ...options })
    .flatMap(([option, value]) => (value === undefined ? [] : [`-c ${option}=${value}`]))
    .join(' ');
};

/** Throws, saying which option is wrong or missing. `contextOf` is asked for each option by its name. */
export const readEntrance = (contextOf: (option: string) => unknown): Entrance => {
  const given = optionsSchema.safeParse(
    Object.fromEntries(Object.keys(optionsSchema.shape).map((option) => [option, contextOf(option)])),
  );
  if (!given.success) {
    const wrong = given.error.issues.map(({ path: [option], message }) => `-c ${String(option)}=…: ${message}`);
    throw new Error(`${wrong.join('; ')}.`);
  }
  const { vpcEndpoints, domainName, certificate, truststore, truststoreVersion } = given.data;
  const ofDomain = { domainName, certificate, truststore, truststoreVersion } satisfies Partial<
    Record<Option, unknown>
  >;
  const named = Object.entries(ofDomain).flatMap(([option, value]) => (value === undefined ? [] : [option]));

  if (vpcEndpoints !== undefined && named.length > 0)
    throw new Error(
      `A hub is reached through VPC endpoints or by a domain name with client certificates, not both: give -c vpcEndpoints=… or -c ${named.join('=…, -c ')}=….`,
    );
  if (vpcEndpoints !== undefined) return { kind: 'private', vpcEndpoints };
  if (named.length === 0) return { kind: 'public' };
  if (domainName === undefined || certificate === undefined || truststore === undefined) {
    const missing = (['domainName', 'certificate', 'truststore'] as const).filter(
      (option) => ofDomain[option] === undefined,
    );
    throw new Error(
      `-c ${named.join('=…, -c ')}=… goes with -c ${missing.join('=…, -c ')}=…: all are needed for a domain name.`,
    );
  }
  return { kind: 'domain', domainName, certificate, truststore, truststoreVersion };
};
