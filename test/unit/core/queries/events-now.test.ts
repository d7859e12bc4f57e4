import { describe, expect, test } from 'vitest';
import type { Caller } from '../../../../core/audit/access-log.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { readMission } from '../../../../core/queries/mission.ts';
import { readSent } from '../../../../core/queries/sent-resources.ts';
import { eventsBundle, readEvents } from '../../../../core/queries/subscription-events.ts';
import { readTask } from '../../../../core/queries/tasks.ts';
import { isRefusal } from '../../../../schemas/faults.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { PayloadContent } from '../../../../schemas/subscription.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { callerFor, hubAfter, nextOf, type Resource } from '../../../support/reading.ts';
import {
  accepted,
  asksCrew,
  crewSays,
  directory,
  forwards,
  hospitalSays,
  mission,
  missionRequest,
  missionUpdate,
  opened,
  parties,
  resourceAvailability,
  task,
  warnsHospital,
} from '../../../support/scenario.ts';

/** `$events` shows what single reads show now, and each reference in an answer has one target. */

const { amk, la, otherLa, operator, otherOperator, hospital, otherHospital } = parties;
const view = { base: 'https://hub.example/fhir', directory };

interface Page {
  readonly bundle: Resource;
  readonly entries: readonly Resource[];
}

const entriesOf = (bundle: Resource): readonly Resource[] => {
  const list: unknown = bundle['entry'];
  return (Array.isArray(list) ? list : []).filter(isObject);
};

/** All pages of `$events` of the party's subscription, read in a role. */
const pagesOf = async (
  hub: MemoryHub,
  party: Party,
  { role = party.role, content = 'full-resource' }: { role?: Caller['role']; content?: PayloadContent } = {},
): Promise<readonly Page[]> => {
  const subscription = await hub.subscriptions.read(party.organisation);
  if (subscription === undefined) throw new Error('there is no subscription');
  const pages: Page[] = [];
  for (let search: ReadonlyMap<string, string> | undefined = new Map([['content', content]]); search !== undefined; ) {
    const found = await readEvents(hub, { organisation: party.organisation, role }, subscription, search);
    if (isRefusal(found)) throw new Error(JSON.stringify(found.faults));
    const bundle: unknown = JSON.parse(eventsBundle(found, view, '2026-02-01T12:00:00.000Z'));
    if (!isObject(bundle)) throw new Error('is no Bundle');
    pages.push({ bundle, entries: entriesOf(bundle) });
    const next = nextOf(bundle);
    search = next === undefined ? undefined : new Map(new URL(next).searchParams);
  }
  return pages;
};

const addressesIn = (pages: readonly Page[]): readonly string[] =>
  pages.flatMap(({ entries }) => entries.slice(1).map(({ fullUrl }) => String(fullUrl)));

const textOf = (pages: readonly Page[]): string => JSON.stringify(pages.map(({ bundle }) => bundle));

/** Whether a single read finds the resource at an address of the hub. */
const isReadable = async (hub: MemoryHub, caller: Caller, address: string): Promise<boolean> => {
  const [type = '', id = ''] = address.replace(`${view.base}/`, '').split('/');
  if (type === 'ServiceRequest' && id === mission) return !isRefusal(await readMission(hub.missions, caller, id));
  if (type === 'Task' && id.split('.').length === 2) return !isRefusal(await readTask(hub.missions, caller, id, view));
  return !isRefusal(await readSent(hub.missions, caller, type, id, view));
};

/** Addresses of the hub in the answer that a single read does not find. */
const unreadableIn = async (
  hub: MemoryHub,
  party: Party,
  role: Caller['role'] = party.role,
): Promise<readonly string[]> => {
  const caller = { organisation: party.organisation, role };
  const found: string[] = [];
  for (const content of ['full-resource', 'id-only'] as const)
    for (const address of addressesIn(await pagesOf(hub, party, { role, content })))
      if (address.startsWith(view.base) && !(await isReadable(hub, caller, address))) found.push(address);
  return found;
};

const describing = missionUpdate({ mission, id: 'describing', describes: true });

describe('$events of a party whose part has ended', () => {
  test('shows an operator that declined what single reads show: no text of a description that it did not get', async () => {
    const hub = await hubAfter(opened, asksCrew);
    const before = textOf(await pagesOf(hub, operator));
    const declined = await hubAfter(opened, asksCrew, crewSays(task(2), 'declined'));
    const after = textOf(await pagesOf(declined, operator));
    const single = await readMission(declined.missions, callerFor(operator), mission);
    if (isRefusal(single)) throw new Error('not found');
    expect(JSON.stringify(single.resource)).toContain('REDACTED');
    expect(before).not.toContain('REDACTED');
    expect(after).toContain('REDACTED');
    expect(await unreadableIn(declined, operator)).toEqual([]);
  });

  test('shows an AMK LA that forwarded the mission only the Tasks that it may read now', async () => {
    const hub = await hubAfter(opened, asksCrew, crewSays(task(2), 'accepted'), forwards());
    expect(await unreadableIn(hub, la)).toEqual([]);
    expect(await unreadableIn(hub, otherLa)).toEqual([]);
    const [one] = addressesIn(await pagesOf(hub, la)).filter((address) => address.includes('/Task/'));
    expect(one).toBeDefined();
  });

  test('shows a hospital from which the patient was diverted no later message, and the other one all of them', async () => {
    const hub = await hubAfter(
      opened,
      accepted,
      asksCrew,
      crewSays(task(3), 'accepted'),
      warnsHospital({ partOf: task(3) }),
      hospitalSays(task(5), 'diverted', { divertedTo: otherHospital.organisation }),
      [amk, describing],
    );
    for (const party of [hospital, otherHospital, operator, otherOperator, amk, la])
      expect([party.name, await unreadableIn(hub, party)]).toEqual([party.name, []]);
  });
});

describe('$events of a party whose role in the directory has changed', () => {
  test.each(['observer', 'quality'] as const)('shows no person and no text to the role %s', async (role) => {
    const hub = await hubAfter(opened, accepted, asksCrew, crewSays(task(3), 'accepted'), [amk, describing]);
    const pages = await pagesOf(hub, la, { role });
    const shown = pages.flatMap(({ entries }) => entries.slice(1)).map(({ resource }) => JSON.stringify(resource));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.every((text) => text.includes('REDACTED'))).toBe(true);
    expect(await unreadableIn(hub, la, role)).toEqual([]);
  });

  test('names nothing of a report of availability that the role does not read', async () => {
    const hub = await hubAfter([operator, resourceAvailability({ resource: 'HELI-1' })]);
    expect(textOf(await pagesOf(hub, la))).toContain('HELI-1');
    const pages = await pagesOf(hub, la, { role: 'observer' });
    expect(addressesIn(pages)).toEqual([]);
    expect(textOf(pages)).toContain('"event-number"');
    expect(textOf(pages)).not.toMatch(/HELI-1|focus/);
  });
});

describe('an answer of $events', () => {
  /** References of the resources, and how many entries each leads to. */
  const targets = (bundle: Resource): readonly number[] => {
    const entries = entriesOf(bundle);
    const references = [...JSON.stringify(bundle).matchAll(/"reference":"([^"]+)"/g)].map(
      ([, reference = '']) => reference,
    );
    return references.map(
      (reference) =>
        entries.filter(({ fullUrl }) => fullUrl === reference || fullUrl === `${view.base}/${reference}`).length,
    );
  };

  test('has one target for each reference, and each address once', async () => {
    const hub = await hubAfter(
      opened,
      [amk, missionUpdate({ mission, id: 'same' })],
      [amk, missionUpdate({ mission, id: 'again' })],
      [otherOperator, resourceAvailability({ resource: 'HELI-2' })],
      [amk, missionRequest({ id: 'other' })],
      [amk, missionRequest({ id: 'third' })],
    );
    const pages = await pagesOf(hub, la);
    for (const { bundle } of pages) {
      expect(problemsOf(bundle)).toEqual([]);
      const addresses = entriesOf(bundle).map(({ fullUrl }) => fullUrl);
      expect(new Set(addresses).size).toBe(addresses.length);
      expect(targets(bundle).filter((count) => count > 1)).toEqual([]);
    }
    // The events are all there, each once, in order.
    const numbers = [...textOf(pages).matchAll(/"event-number","valueString":"(\d+)"/g)].map(([, number]) =>
      Number(number),
    );
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
    expect(pages.length).toBeGreaterThan(2);
  });

  test('names each address once with id-only, in one page', async () => {
    const hub = await hubAfter(opened, [amk, missionUpdate({ mission, id: 'same' })], asksCrew, [amk, describing]);
    const pages = await pagesOf(hub, la, { content: 'id-only' });
    expect(pages).toHaveLength(1);
    const addresses = addressesIn(pages);
    expect(new Set(addresses).size).toBe(addresses.length);
  });
});
