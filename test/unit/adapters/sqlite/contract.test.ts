import { join } from 'node:path';
import { afterAll } from 'vitest';
import { callSlots } from '../../../../adapters/in-process/call-slots.ts';
import { openDatabase } from '../../../../adapters/sqlite/open.ts';
import { storesOf } from '../../../../adapters/sqlite/stores.ts';
import { accessLogContract } from '../../../contract/access-log.ts';
import { portContract } from '../../../contract/contract.ts';
import { temporaryFolder } from '../../../support/sqlite.ts';

const { folder, remove } = temporaryFolder();
const database = openDatabase(join(folder, 'hub.db'), { by: 'hub' });
const stores = storesOf(database);

afterAll(() => {
  database.close();
  remove();
});

portContract(
  'SQLite',
  async () => {
    const ports = { ...stores, slots: callSlots() };
    return {
      ...ports,
      // A change is one transaction, so another one comes before it or after it.
      interrupted: (between) => ({
        ...ports.subscriptions,
        change: async (...args) => {
          const result = await ports.subscriptions.change(...args);
          await between();
          return result;
        },
      }),
    };
  },
  { isListedApart: false },
);

accessLogContract('SQLite', () => stores.accesses);
