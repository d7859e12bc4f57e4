import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codesOf } from '../../../../schemas/codes.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import { families, scopeFor, scopes, sendScopeOf } from '../../../../schemas/scopes.ts';

const page = readFileSync(new URL('../../../../docs/identity.md', import.meta.url), 'utf8');
const rowOf = (scope: string): string => page.split('\n').find((line) => line.startsWith(`| \`${scope}\``)) ?? '';

test('names each scope in docs/identity.md', () => {
  for (const scope of codesOf(scopes)) expect(rowOf(scopeFor('luftbro', scope)), scope).not.toBe('');
});

test.each(codesOf(families))('names the messages of the family %s in docs/identity.md', (family) => {
  const sent = catalogue.filter((type) => type.family === family && !type.senders.includes('hub'));
  expect(sent.length).toBeGreaterThan(0);
  const named = [...rowOf(scopeFor('luftbro', sendScopeOf(family))).matchAll(/`([a-z-]+)`/g)].map(([, event]) =>
    String(event),
  );
  expect(named.toSorted()).toEqual(sent.map(({ event }) => event).toSorted());
});
