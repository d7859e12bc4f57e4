import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readAssembly } from '../../local/aws/template.ts';

const resourceSchema = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
});
type Resource = z.output<typeof resourceSchema>;

const parameterSchema = z.looseObject({ AllowedPattern: z.string().optional() });

const templateSchema = z.looseObject({
  Parameters: z.record(z.string(), parameterSchema),
  Resources: z.record(z.string(), resourceSchema),
});

/** What the emulator's CloudFormation refuses. Nothing that a request or a notification passes through may stand here. */
const unknown: readonly ((resource: Resource) => boolean)[] = [
  ({ Type }) => Type === 'AWS::WAFv2::WebACLAssociation',
  ({ Type }) => Type === 'AWS::WAFv2::LoggingConfiguration',
];

/**
 * Removes from the stack in a cloud assembly the resources that the emulator's CloudFormation does not know, and returns their names.
 * A reference to the ARN of one becomes a text. Parameters that accept https only accept http too: nothing on this machine has TLS.
 */
export const leaveOutUnknown = async (assembly: string): Promise<readonly string[]> => {
  const { stackName } = await readAssembly(assembly);
  const file = join(assembly, `${stackName}.template.json`);
  const template = templateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const isUnknown = ([, resource]: readonly [string, Resource]): boolean => unknown.some((is) => is(resource));
  const entries = Object.entries(template.Resources);
  const gone = entries.filter(isUnknown).map(([name]) => name);
  const known = Object.fromEntries(entries.filter((entry) => !isUnknown(entry)));
  const arnOf = z.strictObject({ 'Fn::GetAtt': z.tuple([z.enum(gone), z.literal('Arn')]) });
  const Parameters = Object.fromEntries(
    Object.entries(template.Parameters).map(([name, { AllowedPattern, ...parameter }]) => [
      name,
      AllowedPattern === undefined
        ? parameter
        : { ...parameter, AllowedPattern: AllowedPattern.replace('https://', 'https?://') },
    ]),
  );
  const text = JSON.stringify({ ...template, Parameters, Resources: known }, (_key, value: unknown) => {
    const reference = arnOf.safeParse(value);
    return reference.success ? `left-out:${reference.data['Fn::GetAtt'][0]}` : value;
  });
  await writeFile(file, text);
  return gone;
};
