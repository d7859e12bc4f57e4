import { loadClosure, saveClosure } from '../../adapters/dynamodb/directory-store.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { defined } from '../../schemas/defined.ts';

/** Closes the hub. `elsewhere`: base URL of the hub that accepts messages meanwhile. */
export const closeHub = async (table: Table, elsewhere: string | undefined): Promise<number> => {
  const before = await loadClosure(table);
  if (before?.restoring !== undefined && !before.restoring.whole) {
    console.log('The hub is closed already: a restore has begun and is not finished.');
    return 0;
  }
  await saveClosure(table, { at: new Date().toISOString(), ...before, ...defined({ elsewhere }) });
  console.log(
    `${table.name} is closed. Within a minute every function stops accepting and delivering${elsewhere === undefined ? '' : `, and senders are referred to ${elsewhere}`}. Pending work is kept.`,
  );
  return 0;
};

/** Opens the hub. Refused during a restore, and if another hub was named, unless `anyway`. */
export const openHub = async (table: Table, { anyway }: { readonly anyway: boolean }): Promise<number> => {
  const closed = await loadClosure(table);
  if (closed === undefined) {
    console.log('The hub is open already: nothing to do.');
    return 0;
  }
  if (closed.restoring !== undefined && !closed.restoring.whole) {
    console.error(
      'The hub stays closed: a restore has begun and is not finished. Run restore again with the same backup.',
    );
    return 1;
  }
  if (closed.elsewhere !== undefined && !anyway) {
    console.error(
      `The hub stays closed: senders were referred to ${closed.elsewhere}. Two open hubs give the same numbers to different messages. Close that one first and restore its last state here into an empty table. Use --anyway if it has never accepted a message.`,
    );
    return 1;
  }
  await saveClosure(table, undefined);
  console.log(`${table.name} is open. Pending notifications are sent within a minute.`);
  return 0;
};
