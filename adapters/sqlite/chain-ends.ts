import type { ChainsPage } from '../../core/audit/anchors.ts';
import type { TablePages } from '../../core/audit/table-pass.ts';
import type { Database } from './database.ts';
import { integer, text } from './rows.ts';

/** Chains of one page. */
const chainsPerPage = 500;

/** The newest record of each chain, page by page: one segment for each log that is chained by digests. No pass costs read units. */
export const chainEnds = (database: Database): TablePages<ChainsPage> => {
  // Of a group with max(), SQLite takes the other columns from the row that has the maximum.
  const segments = [
    {
      log: 'reads',
      page: database.statement(
        `SELECT chain, max(number) AS number, digest, at FROM access_records WHERE chain > $from
         GROUP BY chain ORDER BY chain LIMIT $limit`,
      ),
    },
    {
      log: 'missions',
      page: database.statement(
        `SELECT mission AS chain, max(number) AS number, digest, received_at AS at FROM entries WHERE mission > $from
         GROUP BY mission ORDER BY mission LIMIT $limit`,
      ),
    },
  ] as const;

  return {
    segments: segments.length,
    async page(segment, from) {
      const found = segments[segment];
      const rows = found?.page.all({ from, limit: chainsPerPage }) ?? [];
      const last = rows.length < chainsPerPage ? undefined : rows.at(-1);
      return {
        ends: rows.map(({ chain, number, digest, at }) => ({
          log: found?.log ?? 'missions',
          chain: text(chain),
          number: integer(number),
          digest: text(digest),
          at: text(at),
        })),
        next: last === undefined ? 'end' : text(last['chain']),
        units: 0,
      };
    },
  };
};
