import { writeFileSync } from 'node:fs';
import { openDatabase } from '../adapters/sqlite/open.ts';
import { storesOf } from '../adapters/sqlite/stores.ts';
import { messageText, steps } from './messages.ts';

/**
 * Appends entries of real size to a database, by writers side by side, each to a mission of its own, and writes what that took as
 * JSON. Arguments: path of the database, writers, grouping (`turn` or `none`), entries of all writers, file of the result.
 */

type Entry = Parameters<ReturnType<typeof storesOf>['missions']['append']>[0];

const [path = '', writers = '1', grouping, entries = '1000', result = ''] = process.argv.slice(2);

const text = JSON.stringify(JSON.parse(messageText(steps.update)));

const entryOf = (mission: string, number: number): Entry => ({
  mission,
  number,
  event: 'mission-update',
  sender: '999999999',
  messageId: `${mission}.${number}`,
  exercise: false,
  receivedAt: new Date().toISOString(),
  facts: {},
  text,
  digest: '',
  recipients: [],
  notParties: [],
  pendingFrom: number,
  fingerprints: { messages: '', bundles: '' },
  state: {
    mission,
    version: number,
    status: 'active',
    exercise: false,
    urgency: 'stat',
    requester: '999999999',
    coordinator: '999999998',
    openedAt: '',
    changedAt: '',
    request: { entry: 1, index: 0 },
    tasks: [],
  },
  fold: 1,
  previous: '',
  seal: '',
});

const database = openDatabase(path, { by: 'hub', grouping: grouping === 'none' ? 'none' : 'turn' });
const { missions } = storesOf(database);
const waits: number[] = [];

const append = async (mission: string, count: number): Promise<void> => {
  for (let number = 1; number <= count; number += 1) {
    const began = performance.now();
    await missions.append(entryOf(mission, number), '2099-01-01T00:00:00.000Z');
    waits.push(performance.now() - began);
  }
};

const began = performance.now();
const cpu = process.cpuUsage();
const each = Math.ceil(Number(entries) / Number(writers));
await Promise.all(Array.from({ length: Number(writers) }, (_, index) => append(`mission-${index}`, each)));
const { user, system } = process.cpuUsage(cpu);
writeFileSync(
  result,
  JSON.stringify({
    entries: waits.length,
    bytes: Buffer.byteLength(text),
    milliseconds: performance.now() - began,
    cpuMicroseconds: user + system,
    waits,
  }),
);
database.close();
