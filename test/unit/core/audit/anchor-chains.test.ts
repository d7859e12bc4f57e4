import { describe, expect, test } from 'vitest';
import { anchorChains, type WrittenAnchor } from '../../../../core/audit/anchor-chains.ts';
import type { Anchor, AnchorFile, AnchorPorts, DatedEnd } from '../../../../core/audit/anchors.ts';
import { readAnchor } from '../../../../core/audit/read-anchor.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { endAt, memoryAnchors } from '../../../memory/anchors.ts';

const hour = 3_600_000;
const begin = Date.parse('2026-12-01T12:00:00Z');

/** A table of two segments with a page each, a clock, and runs of ten minutes. */
const scene = () => {
  let now = begin;
  let pages: readonly (readonly (readonly DatedEnd[])[])[] = [[[]], [[]]];
  const ports = memoryAnchors({ now: () => now, pages: () => pages });
  const run = async (changed: Partial<AnchorPorts> = {}, minutes = 10, isAsked = false) => {
    const written: WrittenAnchor[] = [];
    const end = now + minutes * 60_000;
    const outcome = await anchorChains(
      { ...ports, ...changed },
      { timeLeft: () => end - now, written: (anchor) => written.push(anchor), isAsked },
    );
    return { outcome, written };
  };
  return {
    ports,
    run,
    holds: (...segments: readonly (readonly (readonly DatedEnd[])[])[]) => {
      pages = segments;
    },
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    at: () => new Date(now).toISOString(),
  };
};

const anchorsIn = (files: readonly AnchorFile[]): readonly Anchor[] =>
  files.map((file) => {
    const anchor = readAnchor(file);
    if (anchor === undefined) throw new Error(`${file.name} cannot be read`);
    return anchor;
  });

const endsOf = (anchor: Anchor | undefined): readonly string[] =>
  (anchor?.ends ?? []).map(({ log, chain, number }) => `${log} ${chain} ${number}`).toSorted();

describe('anchorChains', () => {
  test('anchors the newest record of every chain at first, over pages and segments', async () => {
    const { holds, run, ports, at } = scene();
    holds(
      [
        [endAt('reads', 'a', 3, at()), endAt('missions', 'a', 7, at())],
        [endAt('missions', 'a', 9, at()), endAt('reads', 'b', 1, '2020-01-01')],
      ],
      [[], [endAt('reads', 'c', 2, at())]],
    );
    const { outcome, written } = await run();
    expect(outcome).toBe('complete');
    const [anchor] = anchorsIn(ports.files);
    expect(endsOf(anchor)).toEqual(['missions a 9', 'reads a 3', 'reads b 1', 'reads c 2']);
    expect(anchor).toMatchObject({
      anchor: 1,
      previous: '',
      hub: 'a-table',
      pass: { from: at(), since: '', complete: true },
    });
    expect(written).toEqual([{ anchor: 1, digest: anchor?.digest, chains: 4, complete: true }]);
  });

  test('begins a pass once a night, at one o’clock UTC, and one that is asked for at any time', async () => {
    const { run, pass } = scene();
    expect((await run()).outcome).toBe('complete');
    expect((await run()).outcome).toBe('not due');
    pass(12.9 * hour);
    expect((await run()).outcome).toBe('not due');
    expect((await run({}, 10, true)).outcome).toBe('complete');
    pass(0.2 * hour);
    expect((await run()).outcome).toBe('complete');
    // Nights in which nothing ran are one pass.
    pass(100 * hour);
    expect((await run()).outcome).toBe('complete');
    expect((await run()).outcome).toBe('not due');
  });

  test('carries the digest of the anchor before, and writes one also if no chain changed', async () => {
    const { run, pass, ports } = scene();
    for (let night = 0; night < 3; night += 1) {
      await run();
      pass(24 * hour);
    }
    const anchors = anchorsIn(ports.files);
    expect(anchors.map(({ anchor }) => anchor)).toEqual([1, 2, 3]);
    expect(anchors.map(({ previous }) => previous)).toEqual(['', ...anchors.slice(0, 2).map(({ digest }) => digest)]);
  });

  test('leaves out chains that did not change since a day before the pass before, but none without a time', async () => {
    const { run, pass, holds, ports, at } = scene();
    await run();
    const [old, recent] = ['2026-11-30T11:59:59.000Z', '2026-11-30T12:00:01.000Z'];
    pass(24 * hour);
    holds(
      [[endAt('reads', 'old', 1, old), endAt('reads', 'recent', 1, recent)]],
      [[endAt('missions', 'new', 1, at()), endAt('missions', 'timeless', 1, undefined)]],
    );
    await run();
    expect(endsOf(anchorsIn(ports.files)[1])).toEqual(['missions new 1', 'missions timeless 1', 'reads recent 1']);
  });

  test('continues in the next run where it stopped, with files that each name the one before', async () => {
    const { run, pass, holds, ports, at } = scene();
    const pages = Array.from({ length: 6 }, (_, index) => [endAt('reads', `chain-${index}`, 1, at())]);
    holds(pages, [[]]);
    // Each page takes 25 s.
    const wholeTable = {
      ...ports.wholeTable,
      page: async (segment: number, from: string) => {
        if (segment === 0) pass(25_000);
        return ports.wholeTable.page(segment, from);
      },
    };
    const first = await run({ wholeTable }, 80 / 60);
    expect(first).toMatchObject({ outcome: 'continues', written: [{ anchor: 1, complete: false }] });
    expect((await run({ wholeTable }, 80 / 60)).outcome).toBe('continues');
    expect((await run({ wholeTable }, 80 / 60)).outcome).toBe('complete');
    const anchors = anchorsIn(ports.files);
    expect(anchors.flatMap(endsOf)).toEqual(pages.map((_, index) => `reads chain-${index} 1`));
    expect(new Set(anchors.map(({ pass: { from } }) => from)).size).toBe(1);
    expect(anchors.map(({ pass: { complete } }) => complete)).toEqual([false, false, true]);
    expect(anchors[2]?.previous).toBe(anchors[1]?.digest);
  });

  test.each([
    ['of two days ago', '2026-11-29T12:00:00.000Z'],
    ['that is no time', 'long ago'],
  ])('begins a pass again whose begin is one %s', async (_what, from) => {
    const { run, holds, ports, at } = scene();
    holds([[endAt('reads', 'a', 1, at())]], [[]]);
    await ports.anchorStates.replace(undefined, {
      leasedUntil: 0,
      open: { from, since: '2099-01-01T00:00:00.000Z', places: ['end', 'end'] },
    });
    expect((await run()).outcome).toBe('complete');
    const [anchor] = anchorsIn(ports.files);
    expect(anchor?.pass).toEqual({ from: at(), since: '', complete: true });
    expect(endsOf(anchor)).toEqual(['reads a 1']);
  });

  test('splits a pass with many chains into files of bounded size', async () => {
    const { run, holds, ports, at } = scene();
    const page = (name: string) =>
      Array.from({ length: 20_000 }, (_, index) => endAt('reads', `${name}-${index}`, 1, at()));
    holds([page('a'), page('b'), page('c'), page('d'), page('e'), page('f')], [[]]);
    expect((await run()).outcome).toBe('complete');
    expect(anchorsIn(ports.files).map(({ ends }) => ends.length)).toEqual([60_000, 60_000]);
  });

  test('asks again for a page that is throttled, and keeps what it has read each minute', async () => {
    const { holds, run, ports, pass, at } = scene();
    holds(
      Array.from({ length: 4 }, (_, index) => [endAt('reads', `chain-${index}`, 1, at())]),
      [[]],
    );
    const waits: number[] = [];
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds);
    };
    let calls = 0;
    const page = async (segment: number, from: string) => {
      calls += 1;
      if (calls === 2 || calls === 3) throw new Unavailable('throttled');
      if (segment === 0) pass(40_000);
      return ports.wholeTable.page(segment, from);
    };
    expect((await run({ wait, wholeTable: { ...ports.wholeTable, page } })).outcome).toBe('complete');
    expect(waits.filter((milliseconds) => milliseconds >= 500)).toEqual([500, 1_000]);
    expect(anchorsIn(ports.files).map(({ ends }) => ends.length)).toEqual([2, 2]);
    const refusing = async (): Promise<never> => Promise.reject(new Unavailable('throttled'));
    await expect(run({ wait, wholeTable: { ...ports.wholeTable, page: refusing } }, 10, true)).rejects.toThrow(
      Unavailable,
    );
  });

  test('does nothing while another run works, and takes over from one that was interrupted', async () => {
    const { run, ports, pass } = scene();
    const add = async (): Promise<never> => Promise.reject(new Unavailable('S3'));
    await expect(run({ anchors: { add } })).rejects.toThrow(Unavailable);
    expect(await run()).toEqual({ outcome: 'busy', written: [] });
    pass(15 * 60_000);
    expect((await run()).outcome).toBe('complete');
    expect(ports.files).toHaveLength(1);
  });

  test('stops if another run has replaced the state', async () => {
    const { run, ports } = scene();
    const anchorStates = { ...ports.anchorStates, replace: async () => false };
    expect(await run({ anchorStates })).toEqual({ outcome: 'busy', written: [] });
  });

  test('reads at most 4 000 units a second, all segments together', async () => {
    const { holds, run, at } = scene();
    const waits: number[] = [];
    holds(
      Array.from({ length: 40 }, (_, index) => [endAt('reads', `one-${index}`, 1, at())]),
      Array.from({ length: 40 }, (_, index) => [endAt('reads', `other-${index}`, 1, at())]),
    );
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds);
    };
    await run({ wait });
    // 80 pages of 100 units: the clock of the test does not go on.
    expect(Math.max(...waits)).toBe(2_000);
  });

  test('notes a restore in every anchor after it', async () => {
    const { run, pass, ports } = scene();
    const restored = { at: '2026-12-01T11:00:00.000Z', asOf: '2026-11-30T01:17:00.000Z' };
    await ports.anchorStates.replace(undefined, { leasedUntil: 0, restored });
    await run();
    pass(24 * hour);
    await run();
    expect(anchorsIn(ports.files).map((anchor) => anchor.restored)).toEqual([restored, restored]);
  });
});

describe('readAnchor', () => {
  test('refuses a file that is cut, changed, or under another name', async () => {
    const { run, holds, ports, at } = scene();
    holds([[endAt('reads', 'a', 3, at())]], [[]]);
    await run();
    const [file] = ports.files;
    const { name, text } = file ?? { name: '', text: '' };
    expect(readAnchor({ name, text })).toBeDefined();
    for (const broken of [text.slice(0, -1), text.replace('"number":3', '"number":2'), `${text}{}\n`, ''])
      expect(readAnchor({ name, text: broken })).toBeUndefined();
    expect(readAnchor({ name: name.replace(/-[0-9a-f]{64}/, `-${'0'.repeat(64)}`), text })).toBeUndefined();
  });
});
