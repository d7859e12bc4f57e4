import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { faults } from '../../../schemas/faults.ts';
import { isObject } from '../../../schemas/json/json.ts';
import { readMessage } from '../../../schemas/reading/read-message.ts';
import { acceptedExtensions } from '../../../schemas/subscription.ts';
import { readSubscription } from '../../../schemas/read-subscription.ts';
import { problemsOf } from '../../support/fhir-validator.ts';

const page = readFileSync(new URL('../../../docs/integrating.md', import.meta.url), 'utf8');

const blocks: readonly unknown[] = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = '']): unknown =>
  JSON.parse(text),
);

const shown = (type: string): readonly (readonly [name: string, resource: Readonly<Record<string, unknown>>])[] =>
  blocks.filter(isObject).flatMap((one, at) => (one['resourceType'] === type ? [[`${type} ${at}`, one] as const] : []));

const types = ['Bundle', 'OperationOutcome', 'Parameters', 'Subscription'];

describe('docs/integrating.md', () => {
  test('shows a resource of each kind that a partner sends or gets', () =>
    expect(types.filter((type) => shown(type).length === 0)).toEqual([]));

  test.each(types.flatMap(shown))('shows valid R4: %s', (_name, resource) => expect(problemsOf(resource)).toEqual([]));

  test.each(shown('Bundle'))('shows a message that the hub reads: %s', (_name, bundle) =>
    expect(readMessage(JSON.stringify(bundle))).toMatchObject({ outcome: 'read' }),
  );

  test.each(shown('Subscription'))('shows a subscription that the hub reads: %s', (_name, subscription) =>
    expect(readSubscription(subscription, 'local-amk')).toMatchObject({ outcome: 'read' }),
  );

  test('shows a test vector that the signature scheme gives', () => {
    const [, secret = ''] = /^secret=whsec_(\S+)$/m.exec(page) ?? [];
    const [, signed = ''] = /^signed='(.+)'$/m.exec(page) ?? [];
    const signature = createHmac('sha256', Buffer.from(secret, 'base64')).update(signed).digest('base64');
    expect(signed).not.toBe('');
    expect(page).toContain(`It prints \`v1,${signature}\``);
  });

  test.each([...new Set(Object.values(acceptedExtensions).flat())])('names the Subscription extension %s', (url) =>
    expect(page).toContain(`\`${url}\``),
  );

  test.each(Object.keys(faults))('says what to do about the refusal %s', (code) =>
    expect(page).toContain(`\`${code}\``),
  );
});
