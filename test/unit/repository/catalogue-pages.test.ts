import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { searchers } from '../../../functions/read/handler.ts';
import { roles } from '../../../schemas/codes.ts';
import { firstGuidelines } from '../../../schemas/guideline.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { capabilityStatement } from '../../../schemas/published/capability-statement.ts';
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
      [...member.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(Object.keys(firstGuidelines[0]).filter((member) => !named.includes(member))).toEqual([]);
  });
});
