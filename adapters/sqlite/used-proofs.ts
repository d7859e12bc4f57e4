import type { UsedProofs } from '../used-proofs.ts';
import type { Database } from './database.ts';

/** Expired proofs that one use removes: more than it adds, so that the table stays small. */
const removedAtOnce = 4;

/** Used proofs on SQLite. They are stored, because a replay must be refused after a restart too. `now`: milliseconds since the epoch. */
export const usedProofs = (database: Database, now: () => number = Date.now): UsedProofs => {
  const insert = database.statement(
    'INSERT INTO used_proofs (digest, expires_at) VALUES ($digest, $expiresAt) ON CONFLICT DO NOTHING',
  );
  const removeExpired = database.statement(
    `DELETE FROM used_proofs WHERE digest IN
       (SELECT digest FROM used_proofs WHERE expires_at < $now ORDER BY expires_at LIMIT ${removedAtOnce})`,
  );
  return {
    use: (digest, until) =>
      database.write(() => {
        removeExpired.run({ now: Math.floor(now() / 1000) });
        return insert.run({ digest, expiresAt: Math.ceil(until) }) > 0;
      }),
  };
};

/** Whether a proof was used, by its digest. It does not use the proof. */
export const proofLookup = (database: Database): ((digest: string) => Promise<boolean>) => {
  const one = database.statement('SELECT 1 FROM used_proofs WHERE digest = $digest');
  return async (digest) => one.get({ digest }) !== undefined;
};
