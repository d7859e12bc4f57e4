import { ScanCommand } from '../../adapters/dynamodb/commands.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RequestBudgets, requestBudgets } from '../../adapters/dynamodb/rate-limits.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';

let aws: EmbeddedAws;
let budgets: RequestBudgets<'messages' | 'requests'>;
/** Milliseconds; a window of ten seconds begins at each round ten. */
let now: number;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  const allowances = { messages: { most: 4, seconds: 10 }, requests: { most: 3, seconds: 10 } };
  const table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  // Without a time limit, slow counting lets no request in uncounted.
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(new AbortController().signal);
  budgets = requestBudgets(table, allowances, () => now);
});

afterAll(async () => {
  vi.restoreAllMocks();
  await aws.close();
});

const amk = { parent: '311000012', client: 'dispatch' };

describe('the rate limit of a client', () => {
  test('counts exactly, also 30 requests at once', async () => {
    now = 1_000_000_000_000;
    const many = await Promise.all(Array.from({ length: 30 }, () => budgets.spend(amk, 'requests')));
    expect(many.map(({ count }) => count).toSorted((one, other) => one - other)).toEqual(many.map((_, at) => at + 1));
    expect(many.filter(({ waitFor }) => waitFor === undefined)).toHaveLength(3);
  });

  test('starts again with the next window, and gives the seconds until then', async () => {
    now = 1_000_000_107_001;
    for (const waitFor of [undefined, undefined, undefined, 3, 3])
      expect((await budgets.spend(amk, 'requests')).waitFor).toBe(waitFor);
    now = 1_000_000_109_999;
    expect((await budgets.spend(amk, 'requests')).waitFor).toBe(1);
    now = 1_000_000_110_000;
    expect(await budgets.spend(amk, 'requests')).toMatchObject({ count: 1 });
  });

  test('is separate for messages, for each client and for each organisation', async () => {
    now = 1_000_000_200_000;
    for (let index = 0; index < 9; index += 1) await budgets.spend(amk, 'requests');
    expect((await budgets.spend(amk, 'requests')).waitFor).toBe(10);
    for (const [who, budget] of [
      [amk, 'messages'],
      [{ ...amk, client: 'archive' }, 'requests'],
      [{ ...amk, parent: '312000016' }, 'requests'],
    ] as const)
      expect(await budgets.spend(who, budget)).toMatchObject({ count: 1 });
  });

  test('gives back a request that was counted wrongly', async () => {
    now = 1_000_000_300_000;
    const spent = await budgets.spend(amk, 'messages');
    await spent.giveBack();
    expect(await budgets.spend(amk, 'messages')).toMatchObject({ count: 1 });
  });

  test('stores one small item for each window, which expires', async () => {
    now = 1_000_000_400_000;
    await budgets.spend(amk, 'messages');
    await budgets.spend(amk, 'messages');
    const { Items } = await openTable(aws.tableName).client.send(new ScanCommand({ TableName: aws.tableName }));
    expect(Items.filter(({ sk }) => sk === 'messages#1000000400')).toEqual([
      { pk: 'LIMIT#311000012#dispatch', sk: 'messages#1000000400', spent: 2, expiresAt: 1_000_000_470 },
    ]);
  });
});
