import type { DatabaseSync } from 'node:sqlite';
import { asUnavailable, storageFaultOf } from './faults.ts';

/** Runs a write in a transaction. It resolves after COMMIT, so what it returns is on the disk. */
export type Write = <Result>(run: () => Result) => Promise<Result>;

interface Waiting {
  readonly run: () => void;
  readonly commit: () => void;
  readonly fail: (error: unknown) => void;
}

/** A longer transaction would keep the event loop, and all who wait, for too long. */
const mostInGroup = 256;

/**
 * Writes of one turn of the event loop share a transaction, and so one fsync. Each has a savepoint: one that throws takes back
 * its own changes and no others. If the transaction fails (full disk, I/O error), every write of the group throws `Unavailable`,
 * and none of them is stored. The next group begins a transaction of its own, so writes succeed again as soon as the disk does.
 */
export const groupedWrites = (connection: DatabaseSync): Write => {
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const savepoint = connection.prepare('SAVEPOINT one');
  const release = connection.prepare('RELEASE one');
  const takeBack = connection.prepare('ROLLBACK TO one');
  const commit = connection.prepare('COMMIT');
  let waiting: Waiting[] = [];

  const rollBack = (): void => {
    // SQLite may have rolled back already.
    if (connection.isTransaction) connection.exec('ROLLBACK');
  };

  /** Runs the writes in a transaction and returns how each of them is settled after COMMIT. */
  const transact = (group: readonly Waiting[]): readonly (() => void)[] => {
    rollBack();
    begin.run();
    const settled = group.map((one) => {
      savepoint.run();
      try {
        one.run();
        release.run();
        return one.commit;
      } catch (error) {
        if (storageFaultOf(error) !== undefined || !connection.isTransaction) throw error;
        takeBack.run();
        release.run();
        return () => one.fail(error);
      }
    });
    commit.run();
    return settled;
  };

  const commitGroup = (): void => {
    const group = waiting.slice(0, mostInGroup);
    waiting = waiting.slice(mostInGroup);
    if (waiting.length > 0) setImmediate(commitGroup);
    try {
      for (const settle of transact(group)) settle();
    } catch (error) {
      const failure = asUnavailable(error);
      for (const one of group) one.fail(failure);
      try {
        rollBack();
      } catch {
        // The disk still fails: the next group rolls back before it begins.
      }
    }
  };

  return (run) =>
    new Promise((resolve, reject) => {
      let finish: (() => void) | undefined;
      waiting.push({
        run: () => {
          const result = run();
          finish = () => resolve(result);
        },
        commit: () => finish?.(),
        fail: reject,
      });
      // After the callbacks of this turn: all that they write is in the group.
      if (waiting.length === 1) setImmediate(commitGroup);
    });
};

/** Each write in a transaction of its own, at once: for runs in virtual time, and to measure what grouping gains. */
export const singleWrites = (connection: DatabaseSync): Write => {
  return async (run) => {
    try {
      connection.exec('BEGIN IMMEDIATE');
      const result = run();
      connection.exec('COMMIT');
      return result;
    } catch (error) {
      if (connection.isTransaction) connection.exec('ROLLBACK');
      throw asUnavailable(error);
    }
  };
};
