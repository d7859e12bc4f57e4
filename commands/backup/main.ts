import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Closure,
  directoryOf,
  loadClosure,
  loadDirectory,
  saveClosure,
} from '../../adapters/dynamodb/directory-store.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { commandLine, endWith } from '../cli/command-line.ts';
import { deployedTable, hubOptions } from '../cli/hub-target.ts';
import { ownDataDir } from '../../local/data-folder.ts';
import { defined } from '../../schemas/defined.ts';
import {
  type Backup,
  BadBackup,
  itemsIn,
  makeFolder,
  readBackup,
  refuseInGit,
  writeDataFile,
  writeManifests,
} from './export-files.ts';
import { isTransient, type Item, lineOf, Tally } from './items.ts';
import { deployedPlace, localPlace, type Place } from './place.ts';
import { contentLines, type Contents, contentsCounter } from './report.ts';
import { isDirectory, type Restore, restored } from './restored.ts';
import { arnOf, forgetGuidelines, isUsed, itemWriter, scanSegment, segments } from './table.ts';

/** `npm run backup -- export | verify | restore | close | open`: the hub's table as files, and files as a hub's table. */
const usage = `Usage: npm run backup -- <command> <where>
  export <folder>    writes the whole table into a new folder, outside git; for a table that others write to it is told when to stop them
  verify <folder>    says what a backup holds, and whether it is whole
  restore <folder>   writes a backup into an empty table; the hub stays closed until it is opened. Broken off, begin it again
    --exact          nothing was accepted or told after the backup was made: numbers go on without a gap
  close              the hub takes and tells nothing from now on; who sends is told to keep the message
    --elsewhere <url>  and where the hub is that takes it: its base URL
  open               ends that
    --anyway         also if another hub was named
where:  --local [--data-dir <folder>]         the hub on this machine, running or not (npm start)
        --table <name>                        a deployed hub: TableName of the stack's outputs
An export that AWS made (export-table-to-point-in-time, DYNAMODB_JSON) is verified and restored in the same way.
A backup holds patients' data and secrets: its files are readable by their owner only. Keep it like the table.`;

const told = commandLine(
  usage,
  {
    ...hubOptions,
    exact: { type: 'boolean', default: false },
    elsewhere: { type: 'string' },
    anyway: { type: 'boolean', default: false },
  },
  2,
);

const { values, wrongUse } = told;
const command = told.command(['export', 'verify', 'restore', 'close', 'open']);

const assembly = fileURLToPath(new URL('../../cdk.out', import.meta.url));

/** Says now and then how far it has come. */
const progress = (what: string) => {
  const began = performance.now();
  let said = began;
  const words = (items: number, bytes: number): string => {
    const seconds = (performance.now() - began) / 1000;
    return `${what} ${items} items, ${(bytes / 1_000_000).toFixed(1)} MB in ${seconds.toFixed(1)} s (${Math.round(items / seconds)} items/s)`;
  };
  return {
    at: ({ items, bytes }: Tally): void => {
      if (performance.now() - said < 5_000) return;
      said = performance.now();
      console.error(words(items, bytes));
    },
    end: ({ items, bytes }: Tally): void => console.log(words(items, bytes)),
  };
};

/** The item as a backup has it: whether the hub was closed is said anew where it is restored. */
const kept = (item: Item): Item => {
  if (!isDirectory(item)) return item;
  const { closed: _closed, ...rest } = item;
  return rest;
};

/** Reads the whole table once, segments side by side. `each` gets the lines of one segment. */
const readTable = async <Result>(
  place: Place,
  what: string,
  lineIn: (item: Item) => string,
  each: (segment: number, lines: AsyncIterable<string>) => Promise<Result>,
): Promise<{ readonly tally: Tally; readonly results: readonly Result[] }> => {
  const tally = new Tally();
  const shown = progress(what);
  const lines = async function* (segment: number): AsyncGenerator<string> {
    for await (const item of scanSegment(place, segment)) {
      const line = lineIn(item);
      tally.add(line);
      shown.at(tally);
      yield line;
    }
  };
  const results = await Promise.all(Array.from({ length: segments }, (_, segment) => each(segment, lines(segment))));
  shown.end(tally);
  return { tally, results };
};

const drain = async (_segment: number, lines: AsyncIterable<string>): Promise<void> => {
  for await (const _line of lines);
};

const exportTable = async (place: Place, into: string): Promise<number> => {
  const takeAway = await makeFolder(into);
  try {
    if (await exportInto(place, into)) return 0;
  } catch (error) {
    await takeAway();
    throw error;
  }
  await takeAway();
  return 1;
};

/** Whether the folder holds a backup now; says why not. */
const exportInto = async (place: Place, into: string): Promise<boolean> => {
  if ((await loadDirectory(place.table)).parties.length === 0) {
    console.error(
      `${place.tableName} holds no directory: it is not the table of a hub that was in use. Nothing is exported; is it the right table?`,
    );
    return false;
  }
  const startTime = new Date().toISOString();
  const tableArn = await arnOf(place);
  const inBackup = (item: Item): string => lineOf(kept(item));
  const { tally, results } = await readTable(place, 'read', inBackup, (segment, lines) =>
    writeDataFile(into, `segment-${segment}`, lines),
  );
  // Between the end of the first reading and the beginning of this one.
  const exportTime = new Date().toISOString();
  if (!place.isOurs) {
    const again = await readTable(place, 'compared', inBackup, drain);
    if (again.tally.seal !== tally.seal || again.tally.items !== tally.items) {
      console.error(
        `The table was written to while it was read: that is no backup, and nothing of it is kept. Close the hub (npm run backup -- close) and begin again a minute later, stop it (on this machine), or have DynamoDB export a point in time (docs/operations.md).`,
      );
      return false;
    }
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

/** Goes through the whole backup. Throws `BadBackup` unless it is as it was written and holds a directory. */
const check = async (backup: Backup): Promise<Contents> => {
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
    throw new BadBackup('The items are not those that were exported: the seal in manifest-summary.json is another.');
  if (!hasDirectory) throw new BadBackup('It holds no directory: this is not the table of a hub that was in use.');
  return counter.contents();
};

const verify = async (from: string): Promise<number> => {
  const backup = await readBackup(from);
  const contents = await check(backup);
  console.log(`${from} is whole, as of ${backup.exportTime}:`);
  for (const line of contentLines(contents)) console.log(`  ${line}`);
  return 0;
};

/** A restore that was broken off goes on as the same one; the table must be empty for a new one. */
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
      `${place.tableName} is not empty${before?.restoring === undefined ? '' : ': another backup was being restored into it'}. Nothing is restored: two histories in one table would be none. Take the table of a new stack (docs/operations.md), or on this machine another --data-dir.`,
    );
    return undefined;
  }
  const closure: Closure = { at: new Date().toISOString(), restoring: { backup: backup.digest, whole: false } };
  const known = (await loadDirectory(table)).parties.length > 0;
  await saveClosure(table, closure);
  await forgetGuidelines(place);
  if (known && !place.isOurs) {
    console.log('Waiting until every function has seen that the hub is closed (65 s) …');
    await wait(65_000);
  }
  return closure;
};

const restoreTable = async (place: Place, from: string): Promise<number> => {
  const { table } = place;
  const backup = await readBackup(from);
  const contents = await check(backup);
  const closure = await begin(place, backup);
  if (closure === undefined) return 1;
  const how: Restore = { at: closure.at, closure, exact: values.exact };
  const tally = new Tally();
  const shown = progress('written');
  const writer = itemWriter(place);
  let leftOut = 0;
  for (const file of backup.files) {
    for await (const item of itemsIn(backup, file)) {
      if (isTransient(item)) {
        leftOut += 1;
        continue;
      }
      const changed = restored(kept(item), how);
      tally.add(lineOf(changed));
      await writer.add(changed);
      shown.at(tally);
    }
  }
  await writer.end();
  shown.end(tally);
  const there = await readTable(place, 'read again', lineOf, drain);
  if (there.tally.seal !== tally.seal || there.tally.items !== tally.items) {
    console.error(
      `${place.tableName} does not hold what was written: ${there.tally.items} items instead of ${tally.items}, or others. Somebody writes to it. The hub stays closed; see that nobody does and begin the restore again.`,
    );
    return 1;
  }
  await saveClosure(table, { ...closure, restoring: { backup: backup.digest, whole: true } });
  console.log(
    `${place.tableName} holds ${tally.items} items as of ${backup.exportTime}; ${leftOut} that expire were left out.`,
  );
  for (const line of contentLines(contents)) console.log(`  ${line}`);
  await sayWhatNext(table, backup, contents);
  return 0;
};

/** The hub that this command was given, as the next ones name it. */
const whereGiven = ({ name }: Table): string => {
  if (!values.local) return `--table ${name}`;
  return values['data-dir'] === ownDataDir ? '--local' : `--local --data-dir ${values['data-dir']}`;
};

const sayWhatNext = async (table: Table, backup: Backup, { open }: Contents): Promise<void> => {
  const directory = directoryOf(await loadDirectory(table));
  const where = whereGiven(table);
  console.log('The hub is closed. What to do now:');
  console.log(
    `  1. npm run audit -- verify ${where}: whether the log of reads is whole up to then.${values.local ? ' The hub must run, closed as it is.' : " --log: with the functions' log."}`,
  );
  console.log(`  2. npm run backup -- open ${where}: it takes messages again, and tells what is owed.`);
  if (!values.exact)
    console.log(
      `  3. Ask the senders to send again, with the same ids and in their order, what they have sent since ${backup.exportTime}: the hub has lost it.`,
    );
  console.log(
    `${values.exact ? '  3.' : '  4.'} npm run dead-letters -- list ${values.local ? where : `${where} --queue <url>`}, a quarter of an hour later.`,
  );
  if (open.size === 0) return;
  console.log(`Missions that had open Tasks at ${backup.exportTime}. Phone who coordinates them:`);
  for (const [organisation, missions] of open) {
    const party = directory.partyOf(organisation);
    console.log(`  ${party?.name ?? organisation}: ${party?.phone ?? 'the directory has no number'}`);
    for (const mission of missions) console.log(`    ${mission}`);
  }
};

const closeHub = async (table: Table): Promise<number> => {
  const before = await loadClosure(table);
  if (before?.restoring !== undefined && !before.restoring.whole) {
    console.log('It is closed: a restore has begun and is not finished.');
    return 0;
  }
  await saveClosure(table, { at: new Date().toISOString(), ...before, ...defined({ elsewhere: values.elsewhere }) });
  console.log(
    `${table.name} is closed. Within a minute no function takes or tells anything any more${values.elsewhere === undefined ? '' : `, and senders are told of ${values.elsewhere}`}. What is owed is kept.`,
  );
  return 0;
};

const openHub = async (table: Table): Promise<number> => {
  const closed = await loadClosure(table);
  if (closed === undefined) {
    console.log('It is open: nothing to do.');
    return 0;
  }
  if (closed.restoring !== undefined && !closed.restoring.whole) {
    console.error('It stays closed: a restore has begun and is not finished. Begin it again with the same backup.');
    return 1;
  }
  if (closed.elsewhere !== undefined && !values.anyway) {
    console.error(
      `It stays closed: senders were told of ${closed.elsewhere}. Two hubs that are open give the same numbers to different messages. Close that one first, restore its last state here into an empty table; --anyway if it has never taken a message.`,
    );
    return 1;
  }
  await saveClosure(table, undefined);
  console.log(`${table.name} is open. What is owed goes out within a minute.`);
  return 0;
};

/** Does it on the table that was said. */
const onTable = async (work: (place: Place) => Promise<number>, mayMake = false): Promise<number> => {
  const tableName = deployedTable(told);
  if (tableName === undefined && mayMake) await refuseInGit(values['data-dir']);
  const place =
    tableName === undefined ? await localPlace(values['data-dir'], assembly, mayMake) : deployedPlace(tableName);
  if (place === undefined) return 1;
  try {
    return await work(place);
  } finally {
    await place.close();
  }
};

const main = async (): Promise<number> => {
  const { elsewhere } = values;
  if (elsewhere !== undefined && !URL.canParse(elsewhere))
    return wrongUse(`${elsewhere} is no URL: give the base URL of the other hub, it ends in /fhir.`);
  const [, given] = told.words;
  if (given !== undefined && (command === 'close' || command === 'open'))
    return wrongUse(`${command} takes no folder.`);
  const folder = (): string => given ?? wrongUse(`Say which folder: ${command} <folder>.`);
  switch (command) {
    case 'export': {
      const into = folder();
      return onTable((place) => exportTable(place, into));
    }
    case 'verify':
      return verify(folder());
    case 'restore': {
      const from = folder();
      return onTable((place) => restoreTable(place, from), true);
    }
    case 'close':
      return onTable(({ table }) => closeHub(table));
    case 'open':
      return onTable(({ table }) => openHub(table));
  }
};

await endWith(main(), (why, error) => (error instanceof BadBackup ? why : `The hub's table cannot be used (${why}).`));
