import { count as countOf } from './attributes.ts';
import { UpdateCommand } from './commands.ts';
import type { Table } from './table.ts';
import { update } from './update.ts';

/** Exact rate limits per client: one item per client, budget and window, to which each request adds one. */

/** Messages have a budget of their own, so that polling cannot use it up. */
export type Budget = 'messages' | 'requests' | 'checks';

/** The legal entity and the client of an access token. */
export interface Spender {
  readonly parent: string;
  readonly client: string;
}

export interface Allowance {
  /** Length of a window; windows begin at the same moments for everybody. */
  readonly seconds: number;
  /** Requests in a window. */
  readonly most: number;
}

/** A request that was counted. */
export interface Spent {
  /** Which one of its window it was, from 1, */
  readonly count: number;
  /** and how many there may be. */
  readonly most: number;
  /** Seconds until the next window if there was nothing left for it. */
  readonly waitFor?: number;
  /** Removes it from the count. */
  readonly giveBack: () => Promise<void>;
}

export interface RequestBudgets<Of extends Budget> {
  /** Counts a request. Throws if it cannot be counted in time; the caller lets the request pass. */
  readonly spend: (client: Spender, budget: Of) => Promise<Spent>;
}

/** Milliseconds for which a request may wait for its count. */
const patience = 400;

/** Seconds for which the item of a window is kept after its end: clocks differ. */
const remembered = 60;

export const requestBudgets = <Of extends Budget>(
  { client, name: TableName }: Pick<Table, 'client' | 'name'>,
  allowances: Readonly<Record<Of, Allowance>>,
  now: () => number = Date.now,
): RequestBudgets<Of> => {
  const add = async ({ parent, client: id }: Spender, budget: Of, start: number, requests: number) => {
    const { Attributes } = await client.send(
      new UpdateCommand({
        TableName,
        ...update({
          key: { pk: `LIMIT#${parent}#${id}`, sk: `${budget}#${start}` },
          // `expiresAt` is the table's TTL attribute.
          set: { expiresAt: start + allowances[budget].seconds + remembered },
          add: { spent: requests },
        }),
        ReturnValues: 'UPDATED_NEW',
      }),
      { abortSignal: AbortSignal.timeout(patience) },
    );
    return countOf(Attributes?.['spent']);
  };
  return {
    spend: async (spender, budget) => {
      const { seconds, most } = allowances[budget];
      const at = now() / 1000;
      const start = Math.floor(at / seconds) * seconds;
      const count = await add(spender, budget, start, 1);
      return {
        count,
        most,
        ...(count > most ? { waitFor: Math.max(1, Math.ceil(start + seconds - at)) } : {}),
        giveBack: async () => {
          await add(spender, budget, start, -1);
        },
      };
    },
  };
};
