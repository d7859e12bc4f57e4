import { loadDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { makeFolder } from './folder.ts';
import { writeDataFile, writeManifests } from './write-files.ts';
import { isSame, type Item, lineOf } from './items.ts';
import type { Place } from './place.ts';
import { readTable, tallyTable } from './read-table.ts';
import { withoutClosure } from './restored.ts';
import { arnOf } from './table.ts';

/** The line of an item in a backup. Whether the hub was closed is not part of it: a restore decides that. */
const backupLine = (item: Item): string => lineOf(withoutClosure(item));

/** Writes the table into a new folder. If that fails, prints why and removes what was written. */
export const exportTable = async (place: Place, into: string): Promise<number> => {
  const remove = await makeFolder(into);
  try {
    if (await exportInto(place, into)) return 0;
  } catch (error) {
    await remove();
    throw error;
  }
  await remove();
  return 1;
};

/** Returns whether the folder holds a backup now; prints why if it does not. */
const exportInto = async (place: Place, into: string): Promise<boolean> => {
  if ((await loadDirectory(place.table)).parties.length === 0) {
    console.error(
      `${place.tableName} holds no directory: it is not the table of a hub that was in use. Nothing is exported. Check the name of the table.`,
    );
    return false;
  }
  const startTime = new Date().toISOString();
  const tableArn = await arnOf(place);
  const { tally, results } = await readTable(place, { what: 'read', lineOf: backupLine }, (segment, lines) =>
    writeDataFile(into, `segment-${segment}`, lines),
  );
  // Between the end of the first reading and the start of the second.
  const exportTime = new Date().toISOString();
  if (!place.isExclusive && !isSame(await tallyTable(place, { what: 'compared', lineOf: backupLine }), tally)) {
    console.error(
      `The table was written to while it was read: this is not a backup, and nothing of it is kept. Close the hub (npm run hub -- backup close) and export again a minute later, stop the hub (on this machine), or let DynamoDB export a point in time (docs/operations.md).`,
    );
    return false;
  }
  await writeManifests(into, {
    tableArn,
    startTime,
    exportTime,
    bytes: tally.bytes,
    itemsSeal: tally.seal,
    files: results,
  });
  console.log(
    `${into} holds ${tally.items} items of ${place.tableName} as of ${exportTime}. They are patients' data: keep them like the table.`,
  );
  return true;
};
