import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../../adapters/sqlite/database.ts';
import { cachedDirectory } from '../../../../adapters/sqlite/directory-store.ts';
import { openDatabase } from '../../../../adapters/sqlite/open.ts';
import { nightlyReconcilePorts } from '../../../../adapters/sqlite/reconcile.ts';
import { storesOf } from '../../../../adapters/sqlite/stores.ts';
import { usedProofs } from '../../../../adapters/sqlite/used-proofs.ts';
import type { AnchorState, DatedEnd } from '../../../../core/audit/anchors.ts';
import { HubClosed } from '../../../../core/mission/errors.ts';
import { firstGuidelines, type Guideline } from '../../../../schemas/guideline.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { organisationOf, sampleDirectoryData, sampleParties } from '../../../support/examples.ts';

let database: Database;
let stores: ReturnType<typeof storesOf>;
beforeEach(() => {
  database = openDatabase(':memory:', { by: 'hub' });
  stores = storesOf(database);
});
afterEach(() => database.close());

const nobody = { parties: [], coverage: [], resources: [] };
const at = (): number => Date.parse('2026-02-01T11:00:00.000Z');

describe('The directory on SQLite', () => {
  test('is empty until one is loaded, and then the last one, with its time', async () => {
    const { directoryStore } = stores;
    expect(await directoryStore.read()).toEqual({ data: nobody, closure: undefined, loadedAt: undefined });
    await directoryStore.save({ ...sampleDirectoryData, parties: sampleParties.slice(1) }, at);
    await directoryStore.save(sampleDirectoryData, at);
    const loaded = { data: sampleDirectoryData, closure: undefined, loadedAt: '2026-02-01T11:00:00.000Z' };
    expect(await directoryStore.read()).toEqual(loaded);
  });

  test('is cached for a minute; while it is empty the hub is closed, and each request reads it again', async () => {
    let now = 0;
    const directory = cachedDirectory(stores.directoryStore, () => now);
    await expect(directory()).rejects.toThrow(HubClosed);
    await stores.directoryStore.save(sampleDirectoryData, at);
    const la = organisationOf('amk-la-oslo');
    expect((await directory()).partyOf(la)).toBeDefined();
    await stores.directoryStore.save(nobody, at);
    now = 59_999;
    expect((await directory()).partyOf(la)).toBeDefined();
    now = 60_000;
    await expect(directory()).rejects.toThrow(HubClosed);
  });

  test('closes the hub with the address of the one that takes messages meanwhile, until it is opened', async () => {
    await stores.directoryStore.save(sampleDirectoryData, at);
    const elsewhere = 'https://elsewhere.example/fhir';
    await stores.directoryStore.saveClosure({ at: '2026-02-01T11:00:00.000Z', elsewhere }, at);
    await expect(stores.directory()).rejects.toMatchObject({ name: 'HubClosed', elsewhere });
    // A directory that is loaded meanwhile opens nothing.
    await stores.directoryStore.save(sampleDirectoryData, at);
    await expect(stores.directory()).rejects.toThrow(HubClosed);
    await stores.directoryStore.saveClosure(undefined, at);
    expect((await stores.directory()).partyOf(organisationOf('amk-la-oslo'))).toBeDefined();
  });
});

describe('The guidelines on SQLite', () => {
  const [first] = firstGuidelines;
  const version = (name: string, change: Partial<Guideline> = {}): Guideline => ({
    ...first,
    version: name,
    validFrom: '2026-06-01T00:00:00+02:00',
    ...change,
  });

  test('are those of the release and those that were loaded, in the order in which they come into force', async () => {
    const { guidelineStore } = stores;
    expect(await guidelineStore.read()).toEqual(firstGuidelines);
    const early = version('2025.9', { validFrom: '2025-01-01T00:00:00+01:00', title: 'Før' });
    for (const one of [version('2026.3'), version('2026.2'), early])
      expect(await guidelineStore.save(one)).toBe('loaded');
    expect(await stores.guidelines()).toEqual([early, first, version('2026.3'), version('2026.2')]);
  });

  test('never change: the same again is known, other content under the same version is refused', async () => {
    const { guidelineStore } = stores;
    const results = await Promise.all([
      guidelineStore.save(version('2026.2')),
      guidelineStore.save(version('2026.2')),
      guidelineStore.save(version('2026.2', { title: 'Other' })),
      guidelineStore.save({ ...first, title: 'Other' }),
    ]);
    expect(results).toEqual(['loaded', 'known', 'known-with-other-content', 'known-with-other-content']);
    expect(await guidelineStore.read()).toEqual([first, version('2026.2')]);
  });
});

describe('Used proofs on SQLite', () => {
  test('are used once, also by requests at the same time, until they have expired', async () => {
    let now = 1_000_000;
    const { use } = usedProofs(database, () => now);
    expect(await Promise.all([use('a', 1_060), use('a', 1_060), use('b', 1_060.5)])).toEqual([true, false, true]);
    expect([await stores.wasUsed('a'), await stores.wasUsed('c')]).toEqual([true, false]);
    now = 1_061_000;
    await use('c', 1_120);
    expect([await stores.wasUsed('a'), await stores.wasUsed('b')]).toEqual([false, true]);
  });
});

describe('The states of the nightly jobs on SQLite', () => {
  test('are replaced only as they were read; a repeated call finds its own', async () => {
    const { anchorStates } = stores;
    const [one, other]: readonly AnchorState[] = [{ leasedUntil: 1 }, { leasedUntil: 2 }];
    if (one === undefined || other === undefined) throw new Error('no state');
    expect(await anchorStates.read()).toBeUndefined();
    expect(await Promise.all([anchorStates.replace(undefined, one), anchorStates.replace(undefined, other)])).toEqual([
      true,
      false,
    ]);
    expect(await anchorStates.replace(undefined, one)).toBe(true);
    expect(await anchorStates.replace(other, other)).toBe(false);
    expect(await anchorStates.replace(one, other)).toBe(true);
    expect(await anchorStates.read()).toEqual(other);
  });

  test('keep what a pass of the auditor has found, in parts, and survey page by page', async () => {
    const { directoryStore, subscriptions } = stores;
    const ports = nightlyReconcilePorts(database, directoryStore, { now: at, wait: async () => undefined });
    const insert = database.statement(
      `INSERT INTO entries VALUES ($mission, 1, 'mission-update', 's', 'i', $receivedAt, 1, 'd', x'00')`,
    );
    const missions = Array.from({ length: 1_500 }, (_, index) => `mission ${String(index).padStart(4, '0')}`);
    await database.write(() => {
      for (const mission of missions) insert.run({ mission, receivedAt: '2026-02-01T11:00:00.000Z' });
      insert.run({ mission: 'an old mission', receivedAt: '2026-01-01T11:00:00.000Z' });
    });
    await subscriptions.create(sampleSubscription('a', '999999999'), '2099-01-01T00:00:00.000Z');
    const survey = ports.survey('2026-02-01T00:00:00.000Z');
    const found: { missions: string[]; subscriptions: string[] } = { missions: [], subscriptions: [] };
    for (let segment = 0; segment < survey.segments; segment += 1)
      for (let from = ''; from !== 'end'; ) {
        const page = await survey.page(segment, from);
        found.missions.push(...page.missions);
        found.subscriptions.push(...page.subscriptions);
        from = page.next;
      }
    expect(found).toEqual({ missions, subscriptions: ['a'] });
    for (const part of [found, { missions: ['m'], subscriptions: [] }]) await ports.parts.write(0, part);
    expect(await ports.parts.read(0)).toEqual({ missions: ['m'], subscriptions: [] });
    expect(await ports.subscriptionsOf(['a', 'b'])).toMatchObject([{ id: 'a', isOff: false }]);
    expect(await ports.reconcileState.replace(undefined, { completed: '2026-02-01' })).toBe(true);
    expect(await ports.reconcileState.read()).toEqual({ completed: '2026-02-01' });
    expect(await stores.anchorStates.read()).toBeUndefined();
  });
});

describe('The chain ends on SQLite', () => {
  test('are the newest record of every chain, page by page', async () => {
    const insert = database.statement(
      `INSERT INTO entries VALUES ($mission, $number, 'mission-update', 's', 'i', $at, 1, $digest, x'00')`,
    );
    const names = Array.from({ length: 1_201 }, (_, index) => `mission ${String(index).padStart(4, '0')}`);
    await database.write(() => {
      for (const mission of names)
        for (const number of [1, 2, 10])
          insert.run({ mission, number, at: `at ${number}`, digest: `${mission} ${number}` });
    });
    const access = {
      at: 'a time',
      organisation: '999999999',
      role: 'local-amk',
      client: 'c',
      reading: 'mission',
      outcome: 'shown',
      missions: [],
      request: 'r',
    } as const;
    await stores.accesses.append({ chain: 'reads', number: 1, previous: '', digest: 'd', access });
    const found: DatedEnd[] = [];
    let pages = 0;
    for (let segment = 0; segment < stores.wholeTable.segments; segment += 1)
      for (let from = ''; from !== 'end'; pages += 1) {
        const page = await stores.wholeTable.page(segment, from);
        found.push(...page.ends);
        from = page.next;
      }
    expect(pages).toBe(4);
    expect(found).toEqual([
      { log: 'reads', chain: 'reads', number: 1, digest: 'd', at: 'a time' },
      ...names.map((chain) => ({ log: 'missions', chain, number: 10, digest: `${chain} 10`, at: 'at 10' })),
    ]);
  });
});
