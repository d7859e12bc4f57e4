import { z } from 'zod';

const arnOfKey = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):(\d{12}):key\/[0-9A-Za-z-]+$/;

const exportsSchema = z.strictObject({
  exportBucket: z.string().regex(/^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
  exportKey: z.string().regex(arnOfKey),
});

/**
 * Where the table is exported to each night: a bucket in another account and another region, which the stack does not create
 * (`infra/storage/export-vault.yaml` does). `exportKey`: ARN of the KMS key there that encrypts the exports. It also gives the
 * bucket's account and region, because S3 accepts only a key of its own region.
 */
export type ExportPlace = z.output<typeof exportsSchema>;

/** What to give for each option. */
const help: Readonly<Record<keyof ExportPlace, string>> = {
  exportBucket: 'give the name of the bucket that the nightly exports go to, without s3://',
  exportKey: 'give the ARN of the KMS key of the exports, arn:aws:kms:<region>:<account>:key/<id>, not an alias',
};

/** The names of the options, given as `-c <name>=<value>`. */
export const exportOptions: readonly string[] = Object.keys(help);

/** Reads the place from CDK's context; `undefined` if no option is given. Throws an error that names what is wrong or missing. */
export const readExportPlace = (context: Readonly<Record<string, unknown>>): ExportPlace | undefined => {
  const given = Object.fromEntries(
    exportOptions.map((option) => [option, context[option]]).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(given).length === 0) return undefined;
  const read = exportsSchema.safeParse(given);
  if (read.success) return read.data;
  const wrong = new Set(read.error.issues.map(({ path: [option] }) => String(option)));
  const messages = Object.entries(help)
    .filter(([option]) => wrong.has(option))
    .map(([option, what]) => `-c ${option}=…${given[option] === undefined ? ' is missing' : ''}: ${what}`);
  throw new Error(`${messages.join('; ')}.`);
};

/** The options that select this place, as they are given to CDK. */
export const optionsOfExports = ({ exportBucket, exportKey }: ExportPlace): string =>
  `-c exportBucket=${exportBucket} -c exportKey=${exportKey}`;

/** Account and region of the bucket. */
export const ownerOf = ({
  exportKey,
}: Pick<ExportPlace, 'exportKey'>): { readonly region: string; readonly account: string } => {
  const [, region = '', account = ''] = arnOfKey.exec(exportKey) ?? [];
  return { region, account };
};
