import { beforeEach, describe, expect, test } from 'vitest';
import type { Finding, Reconciled } from '../../../../core/audit/reconcile/findings.ts';
import { type NightlyReconcilePorts, reconcileNightly } from '../../../../core/audit/reconcile/nightly.ts';
import { reconcile } from '../../../../core/audit/reconcile/reconcile.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import { memoryNightlyReconcile, memoryReconcile, partiesIn } from '../../../memory/reconcile.ts';
import { played, say } from '../../../support/history.ts';
import { directory, missionRequest, parties } from '../../../support/messages.ts';

/** The auditor at night, in as many runs as it needs. */

const { amk, la } = parties;
const missions = 5;
const day = 24 * 3_600_000;
const second = 1_000;

/** Missions of which one was not notified, and one receipt of a mission that is not in the table. */
const faultyHub = async (): Promise<MemoryHub> => {
  const hub = await played();
  for (let index = 0; index < missions; index += 1)
    await say(hub, [1, amk, missionRequest({ id: `request-${index}` })]);
  const receipts = [...hub.store.items.values()].filter(({ notification }) => notification.subscription === la.name);
  const [lost, , moved] = receipts.map(({ notification }) => notification);
  if (lost === undefined || moved === undefined) throw new Error('there are too few receipts');
  hub.store.items.delete(`${la.name}/${lost.number}`);
  const stray = { ...moved, number: 900, mission: 'ffffffff-ffff-8fff-8fff-ffffffffffff' };
  hub.store.items.set(`${la.name}/900`, { ...hub.store.items.get(`${la.name}/${moved.number}`), notification: stray });
  return hub;
};

interface Night {
  readonly ports: NightlyReconcilePorts;
  /** One run of so many milliseconds. */
  readonly run: (milliseconds?: number) => Promise<void>;
  readonly results: { readonly result: Reconciled; readonly more: boolean }[];
  readonly clock: { time: number };
  readonly pages: { read: number };
}

/** `slow`: each page takes more than the minute after which a run stores what it has found. */
const nightOver = (hub: MemoryHub, slow: boolean, change: Partial<NightlyReconcilePorts> = {}): Night => {
  const clock = { time: hub.now() };
  const pages = { read: 0 };
  const results: Night['results'] = [];
  const given = memoryNightlyReconcile(hub);
  const ports: NightlyReconcilePorts = {
    ...given,
    survey: (since) => {
      const all = given.survey(since);
      return {
        ...all,
        page: async (...place) => {
          if (slow) clock.time += 61 * second;
          pages.read += 1;
          return all.page(...place);
        },
      };
    },
    now: () => clock.time,
    wait: async (milliseconds) => {
      clock.time += milliseconds;
    },
    ...change,
  };
  return {
    ports,
    results,
    clock,
    pages,
    run: (milliseconds = 900 * second) => {
      const end = clock.time + milliseconds;
      return reconcileNightly(
        ports,
        () => end - clock.time,
        (result, more) => results.push({ result, more }),
      );
    },
  };
};

const inOrder = (findings: readonly Finding[]): readonly string[] => findings.map((one) => JSON.stringify(one)).sort();

const foundIn = ({ results }: Night): readonly string[] => inOrder(results.flatMap(({ result }) => result.findings));

const comparedIn = ({ results }: Night): number => results.reduce((sum, { result }) => sum + result.missions, 0);

let hub: MemoryHub;
let expected: readonly string[];

beforeEach(async () => {
  hub = await faultyHub();
  const { findings } = await reconcile(memoryReconcile(hub, partiesIn(directory)));
  expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['missing', 'unexpected']));
  expected = inOrder(findings);
});

describe('the nightly comparison', () => {
  test('is made once a night', async () => {
    const night = nightOver(hub, false);
    await night.run();
    await night.run();
    expect(night.results).toMatchObject([{ result: { missions }, more: false }]);
    expect(foundIn(night)).toEqual(expected);
    night.clock.time += day;
    await night.run();
    expect(night.results).toHaveLength(2);
  });

  test('is made in parts, each mission in one of them, with the findings of a whole one', async () => {
    const night = nightOver(hub, true);
    await night.run();
    expect(night.results.map(({ more }) => more)).toEqual([true, true, false]);
    expect(comparedIn(night)).toBe(missions);
    expect(foundIn(night)).toEqual(expected);
  });

  test('continues in the next run where its time was over', async () => {
    const night = nightOver(hub, true);
    for (let runs = 0; runs < 3; runs += 1) await night.run(100 * second);
    // Every page was read, but no run had the time to compare.
    expect([night.pages.read, night.results.length]).toEqual([3, 0]);
    await night.run(900 * second);
    expect(night.pages.read).toBe(3);
    expect(foundIn(night)).toEqual(expected);
  });

  test('is begun again if it began days ago', async () => {
    const night = nightOver(hub, true);
    await night.run(100 * second);
    expect((await night.ports.reconcileState.read())?.open).toMatchObject({ parts: 1 });
    night.clock.time += 3 * day;
    await night.run(100 * second);
    expect((await night.ports.reconcileState.read())?.open).toMatchObject({
      from: new Date(night.clock.time - 61 * second).toISOString(),
      parts: 1,
    });
  });

  test('is begun again if the table is now read in another number of segments', async () => {
    const night = nightOver(hub, true);
    await night.run(100 * second);
    const { open } = (await night.ports.reconcileState.read()) ?? {};
    if (open === undefined) throw new Error('the pass is not open');
    await night.ports.reconcileState.replace(await night.ports.reconcileState.read(), {
      open: { ...open, places: [...open.places, 'end'] },
    });
    await night.run(100 * second);
    const begun = (await night.ports.reconcileState.read())?.open;
    expect([begun?.places.length, begun?.parts]).toEqual([1, 1]);
  });

  test('finds the same wherever a run is interrupted', async () => {
    for (let interrupted = 1; ; interrupted += 1) {
      let writes = 0;
      const interrupt = (): void => {
        writes += 1;
        if (writes === interrupted) throw new Unavailable('DynamoDB');
      };
      const { reconcileState, parts } = memoryNightlyReconcile(hub);
      const night = nightOver(hub, true, {
        reconcileState: {
          ...reconcileState,
          replace: async (...change) => {
            interrupt();
            return reconcileState.replace(...change);
          },
        },
        parts: {
          ...parts,
          write: async (...part) => {
            interrupt();
            await parts.write(...part);
          },
        },
      });
      await night.run().catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error;
      });
      if (writes < interrupted) break;
      await night.run();
      // A part whose comparison was not noted is compared, and reported, again.
      expect(new Set(foundIn(night))).toEqual(new Set(expected));
      expect(comparedIn(night)).toBeGreaterThanOrEqual(missions);
      expect((await reconcileState.read())?.completed).toBeDefined();
      expect(interrupted).toBeLessThan(20);
    }
  });

  test('ends if another run is at work', async () => {
    const night = nightOver(hub, true);
    const other = nightOver(hub, true, {
      reconcileState: { ...night.ports.reconcileState, replace: async () => false },
    });
    await other.run();
    expect(other.results).toEqual([]);
  });
});
