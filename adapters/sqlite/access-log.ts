import type { Access, AccessLog, AccessRecord } from '../../core/audit/access-log.ts';
import type { Database, Row } from './database.ts';
import { integer, json, text } from './rows.ts';

const storedRecord = (row: Row): AccessRecord => {
  const access: Access = json(row['access']);
  return {
    chain: text(row['chain']),
    number: integer(row['number']),
    previous: text(row['previous']),
    digest: text(row['digest']),
    access,
  };
};

/** The access log on SQLite: records are inserted and never changed; beside them, the newest of each chain. */
export const accessLog = (database: Database): AccessLog => {
  const insert = database.statement(
    `INSERT INTO access_records (chain, number, at, previous, digest, access)
     VALUES ($chain, $number, $at, $previous, $digest, $access)
     ON CONFLICT DO NOTHING`,
  );
  const isSame = database.statement(
    'SELECT 1 FROM access_records WHERE chain = $chain AND number = $number AND digest = $digest',
  );
  // A slower writer must not move the head back.
  const setHead = database.statement(
    `INSERT INTO access_heads (chain, number, digest) VALUES ($chain, $number, $digest)
     ON CONFLICT DO UPDATE SET number = excluded.number, digest = excluded.digest WHERE number < excluded.number`,
  );
  const headOf = database.statement('SELECT number, digest FROM access_heads WHERE chain = $chain');
  const newest = database.statement('SELECT * FROM access_records WHERE chain = $chain ORDER BY number DESC LIMIT 1');
  const from = database.statement(
    'SELECT * FROM access_records WHERE chain = $chain AND number >= $from ORDER BY number LIMIT $limit',
  );
  const insertLink = database.statement(
    'INSERT INTO access_links (mission, chain) VALUES ($mission, $chain) ON CONFLICT DO NOTHING',
  );
  const links = database.statement('SELECT chain FROM access_links WHERE mission = $mission ORDER BY chain');

  return {
    async last(chain) {
      const row = newest.get({ chain });
      return row === undefined ? undefined : storedRecord(row);
    },

    append({ chain, number, previous, digest, access }) {
      const record = { chain, number, at: access.at, previous, digest, access: JSON.stringify(access) };
      return database.write(() => {
        const isMine = insert.run(record) > 0 || isSame.get({ chain, number, digest }) !== undefined;
        if (!isMine) return 'taken';
        setHead.run({ chain, number, digest });
        return 'appended';
      });
    },

    async range(chain, start, limit) {
      return from.all({ chain, from: start, limit }).map(storedRecord);
    },

    async head(chain) {
      const row = headOf.get({ chain });
      return row === undefined ? undefined : { number: integer(row['number']), digest: text(row['digest']) };
    },

    async link(mission, chain) {
      await database.write(() => insertLink.run({ mission, chain }));
    },

    async chainsNaming(mission) {
      return links.all({ mission }).map(({ chain }) => text(chain));
    },
  };
};
