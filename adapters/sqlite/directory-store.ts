import type { DirectoryData } from '../../schemas/directory/directory.ts';
import {
  cachedFor,
  type Closure,
  emptyDirectory,
  type PartyDirectory,
  type StoredDirectory,
} from '../party-directory.ts';
import type { Database } from './database.ts';
import { json, optionalText } from './rows.ts';

export interface DirectoryStore {
  /** The directory, empty if none was ever loaded; why the hub is closed, if it is; and since when the directory is so, ISO 8601. */
  readonly read: () => Promise<StoredDirectory & { readonly loadedAt: string | undefined }>;
  /** Replaces the directory. A hub that is closed stays closed. */
  readonly save: (data: DirectoryData, now: () => number) => Promise<void>;
  /** Closes the hub, or opens it. */
  readonly saveClosure: (closure: Closure | undefined, now: () => number) => Promise<void>;
}

/** The directory on SQLite, and beside it whether the hub is closed. */
export const directoryStore = (database: Database): DirectoryStore => {
  const documents = database.statement('SELECT name, content, changed_at FROM documents');
  const put = database.statement(
    `INSERT INTO documents (name, content, changed_at) VALUES ($name, $content, $changedAt)
     ON CONFLICT DO UPDATE SET content = excluded.content, changed_at = excluded.changed_at`,
  );
  const removeClosure = database.statement(`DELETE FROM documents WHERE name = 'closure'`);
  const changedAt = (now: () => number): string => new Date(now()).toISOString();

  return {
    async read() {
      const rows = documents.all({});
      const directory = rows.find(({ name }) => name === 'directory');
      const closure: Closure | undefined = json(rows.find(({ name }) => name === 'closure')?.['content']);
      const data: DirectoryData = json(directory?.['content']) ?? emptyDirectory;
      return { data, closure, loadedAt: optionalText(directory?.['changed_at']) };
    },

    async save(data, now) {
      const content = JSON.stringify(data);
      await database.write(() => put.run({ name: 'directory', content, changedAt: changedAt(now) }));
    },

    async saveClosure(closure, now) {
      const content = JSON.stringify(closure);
      await database.write(() =>
        closure === undefined
          ? removeClosure.run({})
          : put.run({ name: 'closure', content, changedAt: changedAt(now) }),
      );
    },
  };
};

/** The directory of a database as functions use it (`cachedFor`). */
export const cachedDirectory = (
  store: Pick<DirectoryStore, 'read'>,
  now: () => number = Date.now,
): (() => Promise<PartyDirectory>) => cachedFor(() => store.read(), now);
