import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ownTypes, searchers } from '../../../functions/read/handler.ts';
import { refused, routes } from '../../../schemas/api/routes.ts';
import { roles } from '../../../schemas/codes.ts';
import { firstGuidelines } from '../../../schemas/guideline.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { capabilityStatement } from '../../../schemas/published/capability-statement.ts';
import { profiledTypes } from '../../../schemas/published/structure-definitions.ts';
import { publishedTypes } from '../../../schemas/published/types.ts';
import { tableRows } from '../../support/named-tests.ts';

/** Pages that are written by hand, or from a list, and must not forget what the catalogue has. */

const eventsIn = (cell: string): readonly string[] =>
  [...cell.matchAll(/\]\(messages\/([a-z-]+)\.md\)/g)].map(([, event = '']) => event).toSorted();

describe('docs/integrating.md, messages by role', () => {
  const rows = new Map(
    tableRows('integrating.md', '### Messages by role').map(([role = '', events = '']) => [role, eventsIn(events)]),
  );
  const nameOf: Readonly<Partial<Record<keyof typeof roles, string>>> = {
    'local-amk': 'local AMK',
    'amk-la': 'AMK LA',
    operator: 'operator',
    hospital: 'hospital',
    hub: 'the hub itself',
  };

  test.each(Object.entries(nameOf))('lists what %s sends', (role, name) =>
    expect(rows.get(name)).toEqual(
      catalogue
        .filter(({ senders }) => senders.some((sender) => sender === role))
        .map(({ event }) => event)
        .toSorted(),
    ),
  );

  test('has a row for every role that sends', () => {
    const senders = new Set(catalogue.flatMap((type) => type.senders));
    expect([...senders].filter((role) => nameOf[role] === undefined)).toEqual([]);
  });
});

describe('docs/mission-rules.md', () => {
  test('has a row for every message that a partner sends into a mission', () => {
    const named = tableRows('mission-rules.md').map(([first = '']) => /^`([a-z-]+)`$/.exec(first)?.[1]);
    const needed = catalogue.filter(
      ({ mission, log, senders }) => mission !== 'opens' && log === undefined && !senders.includes('hub'),
    );
    expect(needed.map(({ event }) => event).filter((event) => !named.includes(event))).toEqual([]);
  });
});

const [server] = capabilityStatement('https://hub.example/fhir', { version: '0', date: '2026-01-01' }).rest ?? [];
const resources = server?.resource ?? [];

describe('CapabilityStatement', () => {
  test('offers every search of the function read, and no other but those of subscribe and metadata', () => {
    const others: readonly string[] = ['Subscription', ...publishedTypes];
    const offered = resources
      .filter(({ interaction = [] }) => interaction.some(({ code }) => code === 'search-type'))
      .map(({ type }) => type)
      .filter((type) => !others.includes(type));
    expect(offered.toSorted()).toEqual(Object.keys(searchers).toSorted());
  });

  const typesWith = (interaction: string): readonly string[] =>
    resources.flatMap(({ type, interaction: all = [] }) =>
      all.some(({ code }) => code === interaction) ? [type] : [],
    );

  test('offers to read what the functions read: what the hub names, what messages contain, and what is published', () => {
    const inMessages = ['Bundle', ...profiledTypes()];
    const read = new Set<string>([...ownTypes, ...inMessages, 'Subscription', ...publishedTypes]);
    expect(typesWith('read').toSorted()).toEqual([...read].toSorted());
  });

  test('offers every interaction that has a route, and no other', () => {
    const methodsAt = (path: string): readonly string[] =>
      routes.flatMap((route) => (route.path === path && !refused.includes(route) ? route.methods : []));
    expect(typesWith('vread')).toEqual(['ServiceRequest']);
    expect(methodsAt('/fhir/{type}/{id}/_history/{version}')).toEqual(['GET', 'HEAD']);
    expect(typesWith('history-instance')).toEqual(['ServiceRequest']);
    expect(methodsAt('/fhir/{type}/{id}/_history')).toEqual(['GET', 'HEAD']);
    const changes = { create: 'POST', update: 'PUT', delete: 'DELETE', patch: 'PATCH' } as const;
    const has = (method: string): boolean =>
      [...methodsAt('/fhir/Subscription'), ...methodsAt('/fhir/Subscription/{id}')].includes(method);
    for (const [interaction, method] of Object.entries(changes))
      expect([interaction, typesWith(interaction)]).toEqual([interaction, has(method) ? ['Subscription'] : []]);
  });

  test('names every operation of the functions, and no other', () => {
    const named = [...(server?.operation ?? []), ...resources.flatMap(({ operation = [] }) => operation)];
    const written = globSync('functions/*/*.ts', { cwd: new URL('../../..', import.meta.url) }).flatMap((file) =>
      [...readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8').matchAll(/'\$([a-z-]+)'/g)].map(
        ([, name = '']) => name,
      ),
    );
    expect([...new Set(named.map(({ name }) => name))].toSorted()).toEqual([...new Set(written)].toSorted());
  });
});

describe('docs/openapi.json', () => {
  test('has every search and read that the CapabilityStatement offers', () => {
    const { paths } = z
      .object({ paths: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')));
    const offered = resources.flatMap(({ type, interaction = [] }) =>
      interaction.flatMap(({ code }) => {
        if (code === 'search-type') return [`/${type}`];
        // A resource that messages carry is read at the address that all of them share.
        return code === 'read' && paths[`/${type}/{id}`] === undefined ? ['/{type}/{id}'] : [];
      }),
    );
    expect(offered.length).toBeGreaterThan(10);
    expect(offered.filter((path) => paths[path] === undefined)).toEqual([]);
  });
});

describe('docs/guideline.md', () => {
  test('names every member of a guideline', () => {
    const named = tableRows('guideline.md').flatMap(([member = '']) =>
      [...member.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    expect(Object.keys(firstGuidelines[0]).filter((member) => !named.includes(member))).toEqual([]);
  });
});
