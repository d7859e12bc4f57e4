import { GetCommand } from './commands.ts';
import type { DirectoryData } from '../../schemas/directory/directory.ts';
import { cachedFor, type Closure, emptyDirectory, type PartyDirectory } from '../party-directory.ts';
import { pack, unpack } from '../packed.ts';
import { keys, type Table, updateItem } from './table.ts';
import { reach } from '../transient-faults.ts';

/** Replaces the directory. Running functions see it within a minute; a hub that is closed stays closed. */
export const saveDirectory = async (
  table: Table,
  { parties, ...places }: DirectoryData,
  now: () => number = Date.now,
): Promise<void> => {
  await updateItem(table, {
    key: keys.directory,
    set: {
      parties: parties.length,
      packed: pack(parties),
      places: pack(places),
      loadedAt: new Date(now()).toISOString(),
    },
  });
};

const readItem = async ({ client, name: TableName }: Table): Promise<Record<string, unknown>> => {
  const { Item } = await reach(() => client.send(new GetCommand({ TableName, Key: keys.directory })));
  return Item ?? {};
};

const directoryIn = ({ packed, places }: Record<string, unknown>): DirectoryData =>
  packed === undefined ? emptyDirectory : { parties: unpack(packed), ...unpack(places) };

const closureIn = ({ closed }: Record<string, unknown>): Closure | undefined =>
  typeof closed === 'string' ? JSON.parse(closed) : undefined;

/** The directory of a table; an empty one if none was ever loaded. */
export const loadDirectory = async (table: Table): Promise<DirectoryData> => directoryIn(await readItem(table));

/** The directory of a table, and since when it is so, ISO 8601; nothing if that is not stored. */
export const readDirectory = async (
  table: Table,
): Promise<{ readonly data: DirectoryData; readonly loadedAt: string | undefined }> => {
  const item = await readItem(table);
  const { loadedAt } = item;
  return { data: directoryIn(item), loadedAt: typeof loadedAt === 'string' ? loadedAt : undefined };
};

/** Whether the hub is closed, and why. */
export const loadClosure = async (table: Table): Promise<Closure | undefined> => closureIn(await readItem(table));

/** Closes the hub, or opens it. Running functions see that it is closed within a minute, and that it is open at once. */
export const saveClosure = async (table: Table, closure: Closure | undefined): Promise<void> => {
  const change = closure === undefined ? { remove: ['closed'] } : { set: { closed: JSON.stringify(closure) } };
  await updateItem(table, { key: keys.directory, ...change });
};

/** The directory of a table as functions use it (`cachedFor`). */
export const cachedDirectory = (table: Table, now: () => number = Date.now): (() => Promise<PartyDirectory>) =>
  cachedFor(async () => {
    const item = await readItem(table);
    return { data: directoryIn(item), closure: closureIn(item) };
  }, now);
