import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { groupedWrites } from '../../../../adapters/sqlite/grouped-writes.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { temporaryFolder } from '../../../support/sqlite.ts';

/** A connection that counts what is committed. */
class Counting extends DatabaseSync {
  commits = 0;
  override prepare(sql: string) {
    const statement = super.prepare(sql);
    if (sql !== 'COMMIT') return statement;
    const run = statement.run.bind(statement);
    statement.run = () => {
      this.commits += 1;
      return run();
    };
    return statement;
  }
}

describe('Grouped writes', () => {
  let path: string;
  let remove: () => void;
  let connection: Counting;
  let other: DatabaseSync;
  let write: ReturnType<typeof groupedWrites>;
  beforeEach(() => {
    const made = temporaryFolder();
    remove = made.remove;
    path = join(made.folder, 'writes.db');
    connection = new Counting(path);
    connection.exec('PRAGMA journal_mode = WAL; CREATE TABLE numbers (number INTEGER PRIMARY KEY, more BLOB) STRICT');
    other = new DatabaseSync(path);
    write = groupedWrites(connection);
  });
  afterEach(() => {
    connection.close();
    other.close();
    remove();
  });

  const insert = (number: number, bytes = 1): number => {
    connection.prepare('INSERT INTO numbers VALUES (?, zeroblob(?))').run(number, bytes);
    return number;
  };
  /** As another connection sees it: committed. */
  const committed = (): readonly unknown[] =>
    other
      .prepare('SELECT number FROM numbers ORDER BY number')
      .all()
      .map(({ number }) => number);

  test('share a transaction in one turn of the event loop', async () => {
    const results = await Promise.all([1, 2, 3, 4].map((number) => write(() => insert(number))));
    expect(results).toEqual([1, 2, 3, 4]);
    expect(connection.commits).toBe(1);
    await write(() => insert(5));
    expect(connection.commits).toBe(2);
  });

  test('resolve after COMMIT, not before', async () => {
    const seen: (readonly unknown[])[] = [];
    const writes = [1, 2].map((number) => write(() => insert(number)).then(() => seen.push(committed())));
    expect(committed()).toEqual([]);
    await Promise.all(writes);
    expect(seen).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test('take back one that throws, and no other', async () => {
    const results = await Promise.allSettled([
      write(() => insert(1)),
      write(() => {
        insert(2);
        throw new Error('refused');
      }),
      write(() => {
        insert(3);
        return insert(1);
      }),
      write(() => insert(4)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { message: 'refused' } });
    expect(committed()).toEqual([1, 4]);
    expect(connection.commits).toBe(1);
  });

  test('run in the order in which they were asked for, each seeing those before it', async () => {
    const count = (): unknown => connection.prepare('SELECT count(*) AS count FROM numbers').get()?.['count'];
    const seen = await Promise.all(
      Array.from({ length: 600 }, (_, number) =>
        write(() => {
          insert(number);
          return count();
        }),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 600 }, (_, number) => number + 1));
    // No transaction is longer than 256 writes.
    expect(connection.commits).toBe(3);
  });

  test('all throw Unavailable on a full disk, store nothing, and succeed by themselves when there is room', async () => {
    await write(() => insert(1));
    const { page_count: pages } = connection.prepare('PRAGMA page_count').get() ?? {};
    connection.exec(`PRAGMA max_page_count = ${Number(pages) + 2}`);
    const results = await Promise.allSettled([
      write(() => insert(2)),
      write(() => insert(3, 100_000)),
      write(() => insert(4)),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'SQLITE_FULL' } });
      expect(result.status === 'rejected' && result.reason instanceof Unavailable).toBe(true);
    }
    expect(committed()).toEqual([1]);
    connection.exec('PRAGMA max_page_count = 100000');
    await Promise.all([write(() => insert(2)), write(() => insert(3, 100_000))]);
    expect(committed()).toEqual([1, 2, 3]);
  });

  test('all throw Unavailable while another process holds the lock, and succeed afterwards', async () => {
    other.exec('BEGIN IMMEDIATE');
    await expect(Promise.all([write(() => insert(1)), write(() => insert(2))])).rejects.toThrow('SQLITE_BUSY');
    other.exec('ROLLBACK');
    await write(() => insert(1));
    expect(committed()).toEqual([1]);
  });
});
