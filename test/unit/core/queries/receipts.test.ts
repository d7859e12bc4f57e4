import { describe, expect, test } from 'vitest';
import { searchReceipts } from '../../../../core/queries/receipts.ts';
import type { Query } from '../../../../core/queries/search/read-search.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceRequest,
} from '../../../support/messages.ts';
import { callerFor, faultIn, hubAfter, listed, nextOf, resourceIn, searching } from '../../../support/reading.ts';

const { amk, la, operator, otherOperator } = parties;
const view = { base: 'https://hub.example/fhir', directory };
const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);

const played = () =>
  hubAfter(
    [amk, request],
    [la, resourceRequest({ mission, to: [operator.organisation], id: 'ask-1' })],
    [la, resourceRequest({ mission, to: [otherOperator.organisation], id: 'ask-2' })],
    [amk, missionUpdate({ mission, id: 'update' })],
    [la, missionUpdate({ mission, id: 'another', describes: false })],
  );

const search = (hub: MemoryHub, query: Query) =>
  searching('Communication', [['part-of', `ServiceRequest/${mission}`], ...query], (asked) =>
    searchReceipts(hub, callerFor(amk), asked, view),
  );

describe('search of receipts', () => {
  test.each([1, 2, 3, 100])('has at most %i receipts on a page, and each receipt once', async (count) => {
    const hub = await played();
    const all = listed(resourceIn(await search(hub, []))).map(({ id }) => id);
    expect(all.length).toBeGreaterThan(5);
    const seen: unknown[] = [];
    let query: Query | undefined = [['_count', String(count)]];
    while (query !== undefined) {
      const bundle = resourceIn(await search(hub, query));
      const page = listed(bundle);
      expect(page.length).toBeLessThanOrEqual(count);
      expect(page.length).toBeGreaterThan(0);
      seen.push(...page.map(({ id }) => id));
      const next = nextOf(bundle);
      query = next === undefined ? undefined : [...new URL(next).searchParams].filter(([name]) => name !== 'part-of');
    }
    expect(seen).toEqual(all);
  });

  test('finds one by its id, and counts them', async () => {
    const hub = await played();
    const all = listed(resourceIn(await search(hub, []))).map(({ id }) => String(id));
    const third = all[2] ?? '';
    expect(listed(resourceIn(await search(hub, [['_id', third]]))).map(({ id }) => id)).toEqual([third]);
    expect(resourceIn(await search(hub, [['_summary', 'count']]))).toMatchObject({ total: all.length });
  });

  test.each([
    [['part-of', 'ServiceRequest/00000000-0000-8000-8000-000000000000']],
    [['_cursor', '1']],
    [['_cursor', 'x:y']],
  ] as const)('refuses %j', async (parameter) =>
    expect(faultIn(await search(await played(), [parameter]))).toBe('unknown-search'),
  );
});
