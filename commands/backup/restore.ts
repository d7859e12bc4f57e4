import { setTimeout as wait } from 'node:timers/promises';
import { loadClosure, loadDirectory, saveClosure } from '../../adapters/dynamodb/directory-store.ts';
import { type Closure, directoryOf } from '../../adapters/party-directory.ts';
import { type Backup, itemsIn, readBackup } from './read-files.ts';
import { isSame, isTransient, type Item, lineOf, Tally } from './items.ts';
import type { Place } from './place.ts';
import { progress } from './progress.ts';
import { tallyTable } from './read-table.ts';
import { contentLines, printBroken, type NextSteps, nextSteps } from './report.ts';
import { isAnchorState, type Restore, restored, restoredAnchorState, withoutClosure } from './restored.ts';
import { forgetGuidelines, isUsed, itemWriter } from './table.ts';
import { checkBackup } from './verify.ts';

/** A function reads the directory, and with it the closure, at most this often; with some seconds on top. */
const closureIsSeenMilliseconds = 65_000;

/** Closes the hub for the restore. An interrupted restore continues as the same one; a new one needs an empty table. */
const begin = async (place: Place, backup: Backup): Promise<Closure | undefined> => {
  const { table } = place;
  const before = await loadClosure(table);
  if (before?.restoring?.backup === backup.digest) {
    const begun: Closure = { ...before, restoring: { backup: backup.digest, whole: false } };
    await saveClosure(table, begun);
    return begun;
  }
  if (before?.restoring !== undefined || (await isUsed(place))) {
    console.error(
      `${place.tableName} is not empty${before?.restoring === undefined ? '' : ': another backup was being restored into it'}. Nothing is restored: the histories of two hubs in one table cannot be separated. Use the table of a new stack (docs/operations.md), or on this machine another --data-dir.`,
    );
    return undefined;
  }
  const closure: Closure = { at: new Date().toISOString(), restoring: { backup: backup.digest, whole: false } };
  const wasInUse = (await loadDirectory(table)).parties.length > 0;
  await saveClosure(table, closure);
  await forgetGuidelines(place);
  if (wasInUse && !place.isExclusive) {
    console.log('Waiting until every function has seen that the hub is closed (65 s) …');
    await wait(closureIsSeenMilliseconds);
  }
  return closure;
};

/** Writes the items of a backup as the restore changes them. Returns their tally and how many expiring items were left out. */
const writeItems = async (
  place: Place,
  backup: Backup,
  how: Restore,
): Promise<{ readonly tally: Tally; readonly leftOut: number }> => {
  const tally = new Tally();
  const shown = progress('written');
  const writer = itemWriter(place);
  let leftOut = 0;
  const add = async (item: Item): Promise<void> => {
    tally.add(lineOf(item));
    await writer.add(item);
    shown.at(tally);
  };
  let anchorState: Item | undefined;
  for (const file of backup.files) {
    for await (const item of itemsIn(backup, file)) {
      if (isTransient(item)) {
        leftOut += 1;
        continue;
      }
      if (isAnchorState(item)) anchorState = item;
      else for (const written of restored(withoutClosure(item), how)) await add(written);
    }
  }
  await add(restoredAnchorState(anchorState, how));
  await writer.end();
  shown.end(tally);
  return { tally, leftOut };
};

/** Writes a backup into an empty table, compares the table with what was written, and prints what to do next. */
export const restoreTable = async (
  place: Place,
  from: string,
  options: Pick<NextSteps, 'exact' | 'isLocal' | 'target'>,
): Promise<number> => {
  const { table, tableName } = place;
  const backup = await readBackup(from);
  const contents = await checkBackup(backup);
  const closure = await begin(place, backup);
  if (closure === undefined) return 1;
  const { tally, leftOut } = await writeItems(place, backup, {
    at: closure.at,
    asOf: backup.exportTime,
    closure,
    exact: options.exact,
    newest: contents.newest,
  });
  const found = await tallyTable(place, { what: 'read again', lineOf });
  if (!isSame(found, tally)) {
    console.error(
      `${tableName} does not hold what was written: ${found.items} items instead of ${tally.items}, or other items. Something else writes to the table. The hub stays closed. Stop the writer, and run the restore again.`,
    );
    return 1;
  }
  await saveClosure(table, { ...closure, restoring: { backup: backup.digest, whole: true } });
  console.log(
    `${tableName} holds ${tally.items} items as of ${backup.exportTime}; ${leftOut} that expire were left out.`,
  );
  const { exportTime } = backup;
  const directory = directoryOf(await loadDirectory(table));
  for (const line of contentLines(contents)) console.log(`  ${line}`);
  printBroken(contents);
  for (const line of nextSteps({ ...options, at: closure.at, exportTime, directory, open: contents.open }))
    console.log(line);
  return 0;
};
