import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { z } from 'zod';
import '../../../local/aws/atomic-writes.ts';

type Call = (...given: readonly unknown[]) => void;

const { updateIndexes } = z
  .object({ updateIndexes: z.custom<Call>((one) => typeof one === 'function') })
  .parse(createRequire(createRequire(import.meta.url).resolve('dynalite'))('./db'));

const table = {
  TableName: 'hub',
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'dueAt', AttributeType: 'S' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'obligations',
      KeySchema: [{ AttributeName: 'dueAt', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
};
const due = (at: string) => ({ pk: { S: 'NOTE' }, dueAt: { S: at } });
const settled = { pk: { S: 'NOTE' } };

/** What LevelDB is asked to write: a kill can come between two calls, not within one. */
const writesOf = (before: unknown, after: unknown): readonly (readonly string[])[] => {
  const writes: string[][] = [];
  const single = (): void => {
    writes.push(['a write of its own']);
  };
  const items = { put: single, del: single };
  const store = {
    getItemDb: () => items,
    getIndexDb: () => ({ put: single, del: single }),
    db: {
      batch: (operations: readonly { readonly type: string; readonly key: string }[]) => {
        writes.push(operations.map(({ type, key }) => `${type} ${key.replace(/~[^~]*$/, '')}`));
      },
    },
  };
  updateIndexes(store, table, before, after, () =>
    after === null
      ? Reflect.apply(items.del, items, ['key', () => {}])
      : Reflect.apply(items.put, items, ['key', after, () => {}]),
  );
  expect(items).toEqual({ put: single, del: single });
  return writes;
};

const index = 'index-global~hub~obligations';

test.each([
  ['is new', null, due('1'), [`put ${index}`, 'put item-hub']],
  ['is postponed', due('1'), due('2'), [`del ${index}`, `put ${index}`, 'put item-hub']],
  ['is completed', due('1'), settled, [`del ${index}`, 'put item-hub']],
  ['is deleted', due('1'), null, [`del ${index}`, 'del item-hub']],
])('writes an obligation that %s at once with its row in the index', (_, before, after, expected) => {
  expect(writesOf(before, after)).toEqual([expected]);
});
