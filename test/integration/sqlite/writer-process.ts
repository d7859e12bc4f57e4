import { writeSync } from 'node:fs';
import { openDatabase } from '../../../adapters/sqlite/open.ts';
import { storesOf } from '../../../adapters/sqlite/stores.ts';
import { decide } from '../../../core/mission/decide.ts';
import { fingerprintWindow } from '../../../core/mission/known-messages.ts';
import { entryAfter } from '../../../core/mission/log-entry.ts';
import { missionRequest, parties, sentBy } from '../../support/messages.ts';

/**
 * Writers that append entries side by side, each to its own mission. Every entry that the database says it has is printed:
 * mission, number and digest. Arguments: the path of the database, the number of writers, and the entries of each.
 */

const [path = '', writers = '1', entries = '1000000'] = process.argv.slice(2);

const template = (() => {
  const decided = decide(undefined, missionRequest(), { ...sentBy(parties.amk), now: '2026-02-01T11:00:00.000Z' });
  if (decided.outcome === 'refused') throw new Error('the request was refused');
  return entryAfter(undefined, decided.entry, fingerprintWindow);
})();

const { missions } = storesOf(openDatabase(path, { by: 'hub' }));

const writeAll = async (mission: string): Promise<void> => {
  const first = ((await missions.last(mission))?.number ?? 0) + 1;
  for (let number = first; number < first + Number(entries); number += 1) {
    const seal = `${mission} ${number} ${process.pid}`;
    const appended = await missions.append({ ...template, mission, number, seal }, '2099-01-01T00:00:00.000Z');
    if (appended === 'appended') writeSync(1, `answered\t${mission}\t${number}\t${seal}\n`);
    else throw new Error(appended);
  }
};

writeSync(1, 'ready\n');
await Promise.all(Array.from({ length: Number(writers) }, (_, index) => writeAll(`mission-${index}`)));
