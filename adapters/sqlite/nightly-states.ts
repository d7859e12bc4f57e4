import type { AnchorState } from '../../core/audit/anchors.ts';
import type { ReconcileState } from '../../core/audit/reconcile/nightly.ts';
import type { KeptState } from '../../core/audit/table-pass.ts';
import type { Database } from './database.ts';
import { json } from './rows.ts';

/** What a nightly job keeps between its runs: one row, replaced only as it was read. */
const nightlyState = <State>(database: Database, job: 'anchors' | 'reconciliation'): KeptState<State> => {
  const one = database.statement('SELECT state FROM nightly WHERE job = $job');
  const put = database.statement(
    'INSERT INTO nightly (job, state) VALUES ($job, $state) ON CONFLICT DO UPDATE SET state = excluded.state',
  );
  const stored = () => one.get({ job })?.['state'];
  return {
    async read() {
      return json(stored());
    },

    replace(before, after) {
      const seen = before === undefined ? undefined : JSON.stringify(before);
      const next = JSON.stringify(after);
      return database.write(() => {
        const found = stored();
        // A repeated call finds what it has stored.
        if (found !== seen && found !== next) return false;
        put.run({ job, state: next });
        return true;
      });
    },
  };
};

export const anchorStates = (database: Database): KeptState<AnchorState> => nightlyState(database, 'anchors');

export const reconcileState = (database: Database): KeptState<ReconcileState> =>
  nightlyState(database, 'reconciliation');
