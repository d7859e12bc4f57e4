import { createRequire } from 'node:module';
import { z } from 'zod';

/**
 * Makes dynalite write an item and its rows in the indexes at once. By itself it deletes the old rows, puts the new ones, and then
 * puts the item, each on its own: if the host is killed in between, a pending item is in no index, and the sweeper never finds it.
 * All of dynalite is in one LevelDB, whose batch is written completely or not at all.
 */

type Done = (error?: unknown) => void;

interface Operation {
  readonly type: 'put' | 'del';
  readonly key: string;
  readonly value?: unknown;
}

/** The items of a table, in the LevelDB below a prefix of the keys. */
interface Items {
  put: (key: string, value: unknown, done: Done) => void;
  del: (key: string, done: Done) => void;
}

interface Store {
  readonly db: { readonly batch: (operations: readonly Operation[], done: Done) => void };
  readonly getItemDb: (table: string) => Items;
}

interface Action {
  readonly index: string;
  readonly key: string;
  readonly item?: unknown;
}

interface TableOfDynalite {
  readonly TableName: string;
  readonly LocalSecondaryIndexes?: readonly unknown[];
  readonly GlobalSecondaryIndexes?: readonly unknown[];
}

type UpdateIndexes = (store: Store, table: TableOfDynalite, before: unknown, after: unknown, done: Done) => void;

interface DynaliteDatabase {
  updateIndexes: UpdateIndexes;
  readonly getIndexActions: (
    indexes: readonly unknown[],
    before: unknown,
    after: unknown,
    table: TableOfDynalite,
  ) => { readonly puts: readonly Action[]; readonly deletes: readonly Action[] };
}

const ofDynalite = createRequire(createRequire(import.meta.url).resolve('dynalite'));
const database = z
  .custom<DynaliteDatabase>((one) => typeof one === 'object' && one !== null && 'updateIndexes' in one)
  .parse(ofDynalite('./db'));

const indexOperations = (table: TableOfDynalite, before: unknown, after: unknown): readonly Operation[] =>
  (['Local', 'Global'] as const).flatMap((kind) => {
    const indexes = table[`${kind}SecondaryIndexes`] ?? [];
    const { puts, deletes } = database.getIndexActions(indexes, before, after, table);
    const keyOf = ({ index, key }: Action): string => `index-${kind.toLowerCase()}~${table.TableName}~${index}~${key}`;
    return [
      ...deletes.map((action) => ({ type: 'del' as const, key: keyOf(action) })),
      ...puts.map((action) => ({ type: 'put' as const, key: keyOf(action), value: action.item })),
    ];
  });

/** `done` puts or deletes the item before it returns; that call takes the rows of the indexes with it. */
database.updateIndexes = (store, table, before, after, done) => {
  const operations = indexOperations(table, before, after);
  const items = store.getItemDb(table.TableName);
  const { put, del } = items;
  const keyOf = (key: string): string => `item-${table.TableName}~${key}`;
  items.put = (key, value, written) =>
    store.db.batch([...operations, { type: 'put', key: keyOf(key), value }], written);
  items.del = (key, written) => store.db.batch([...operations, { type: 'del', key: keyOf(key) }], written);
  try {
    done();
  } finally {
    Object.assign(items, { put, del });
  }
};
