import { BadBackup } from './bad-backup.ts';
import { type Backup, itemsIn, readBackup } from './read-files.ts';
import { lineOf, Tally } from './items.ts';
import { progress } from './progress.ts';
import { contentLines, type Contents, contentsCounter, printBroken } from './report.ts';
import { isDirectory } from './restored.ts';

/** Reads the whole backup. Throws `BadBackup` unless it is as it was written and holds a directory. */
export const checkBackup = async (backup: Backup): Promise<Contents> => {
  const tally = new Tally();
  const counter = contentsCounter();
  const shown = progress('verified');
  let hasDirectory = false;
  for (const file of backup.files) {
    for await (const item of itemsIn(backup, file)) {
      tally.add(lineOf(item));
      counter.add(item);
      hasDirectory ||= isDirectory(item);
      shown.at(tally);
    }
  }
  shown.end(tally);
  if (backup.itemsSeal !== undefined && backup.itemsSeal !== tally.seal)
    throw new BadBackup(
      'The items are not those that were exported: the seal in manifest-summary.json differs. Fetch it again, or take another backup.',
    );
  if (!hasDirectory)
    throw new BadBackup('The backup holds no directory: it is not one of the table of a hub that was in use.');
  return counter.contents();
};

/** Checks a backup and prints its contents. */
export const verifyBackup = async (from: string): Promise<number> => {
  const backup = await readBackup(from);
  const contents = await checkBackup(backup);
  console.log(`${from} is whole, as of ${backup.exportTime}:`);
  for (const line of contentLines(contents)) console.log(`  ${line}`);
  printBroken(contents);
  return contents.broken.length === 0 ? 0 : 1;
};
